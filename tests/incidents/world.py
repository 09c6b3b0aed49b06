"""Alerts in a real database, and incidents made of them."""

from datetime import timedelta

import polars as pl
from sqlalchemy import text

from opsguard_assets.alerts.finding import FINDING
from opsguard_assets.alerts.lifecycle import Monitor, settle
from opsguard_assets.config.plans import Plans
from opsguard_assets.config.routing import Routing
from opsguard_assets.entitlements.entitled import entitlements
from opsguard_assets.incidents.grouping import GroupRules
from opsguard_assets.incidents.io import Context, group_alerts
from tests.alerts.given import NOON, finding

MONITOR = Monitor("tests", ("device_silent", "site_silent", "fire", "no_show", "coverage_gap", "sla_breach_risk"))
CAUSES = {"fire": "fire", "no_show": "staffing", "coverage_gap": "staffing", "sla_breach_risk": "tickets"}
TEAMS = {"fire": "emergency-response", "no_show": "field-supervisors", "coverage_gap": "field-supervisors"}
HELD = Plans(bronze={"alerts": ("fire",)}, silver={"alerts": MONITOR.alert_types}, gold={"alerts": MONITOR.alert_types})


def describe(kinds):
    rows = [(kind, CAUSES.get(kind, "power_or_line"), TEAMS.get(kind, "iot-specialists")) for kind in kinds]
    return pl.DataFrame(rows, schema={"alert_type": pl.String, "cause": pl.String, "team": pl.String}, orient="row")


def context(plans=(("C1", "gold"),)):
    known = pl.DataFrame(list(plans), schema={"client_id": pl.String, "plan": pl.String}, orient="row")
    held = entitlements(known, HELD, NOON.date())
    return Context(describe=describe, entitlements=held, features={}, life_safety=("fire",))


def found(number, kind="device_silent", **more):
    row = {"dedup_key": f"{kind}:{number}", "alert_type": kind, "entity_type": "device", "entity_id": str(number)}
    return finding(**{**row, "title": f"Trouble {number}", **more})


def at(minutes):
    return NOON + timedelta(minutes=minutes)


def tick(database, minutes, *findings, plans=(("C1", "gold"),), rules=None):
    """Settles findings and groups their alerts."""
    settle(database, pl.DataFrame(list(findings), schema=FINDING), MONITOR, at(minutes))
    known = rules or GroupRules(inhibit=Routing().inhibit_rules)
    return group_alerts(database, context(plans), known, at=at(minutes))


def give_priority(database, alert_id, priority):
    """What triage would write."""
    with database.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO alert_priorities (alert_id, opening, as_of, action_probability, priority, hourly_harm, "
                "reasons, basis) SELECT alert_id, openings, last_seen_at, 0.5, :priority, 10, '[]', 'rule' FROM alerts "
                "WHERE alert_id = :alert_id ON CONFLICT (alert_id) DO UPDATE SET priority = excluded.priority, "
                "opening = excluded.opening"
            ),
            {"alert_id": alert_id, "priority": priority},
        )


def rows(database, query, **values):
    with database.begin() as connection:
        return [dict(row) for row in connection.execute(text(query), values).mappings()]


def incidents(database):
    return rows(database, "SELECT * FROM incidents ORDER BY incident_id")


def members(database):
    """Alert -> incident, now."""
    found = rows(database, "SELECT alert_id, incident_id FROM incident_alerts WHERE left_at IS NULL")
    return {row["alert_id"]: row["incident_id"] for row in found}
