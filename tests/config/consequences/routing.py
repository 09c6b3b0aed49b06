"""What settings of routing do: which alerts are one incident, and who is told when. Not here: other settings."""

from datetime import timedelta

import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.incidents.grouping import ALERT, INCIDENT, GroupRules, group
from opsguard_assets.routing.decide import decide
from opsguard_assets.routing.frames import PAST, WORK, Case
from opsguard_assets.routing.roster_io import rules_of
from tests.alerts.given import NOON
from tests.config.consequences.given import Seen
from tests.incidents.given import alert
from tests.routing.given import CHANNELS, roster


def incidents_of(settings: Settings) -> Seen:
    """Incidents of alerts at two sites."""
    alerts = pl.DataFrame([alert(1), alert(2, site_id="S2")], schema=ALERT)
    rules = GroupRules(group_by=settings.routing.group_by)
    return group(alerts, pl.DataFrame(schema=INCIDENT), rules).opens["group_key"].to_list()


def decided(settings: Settings) -> Seen:
    """The decisions on incidents of all severities, one with a message that changed, one at the end of its chain."""
    base = {
        "version": 2, "routed_version": 1, "state": "open", "is_life_safety": False, "is_in_plan": True,
        "client_id": "C1", "cause": "power_or_line", "team": "iot-specialists", "alerts": 1, "chain_step": 0,
        "chain_base": 0, "last_seen_at": NOON, "alert_type": "device_silent", "entity_type": "device",
    }  # fmt: skip
    rows = [
        {"severity": "critical", "priority": 96},
        {"severity": "high", "priority": 92},
        {"severity": "medium", "priority": 85},
        {"severity": "low", "priority": 85},
        {"severity": "high", "priority": 75},
        {"severity": "high", "priority": 85, "last_seen_at": NOON - timedelta(minutes=60)},
        {"severity": "high", "priority": 85, "routed_version": 2, "chain_step": 2, "next_step_at": NOON},
        {"severity": "high", "priority": 85, "state": "acknowledged"},
    ]
    work = pl.DataFrame([base | {"incident_id": n, **row} for n, row in enumerate(rows, 1)], schema=WORK)
    message = {
        "incident_id": 8, "kind": "raised", "step": 0, "audience": "owner", "person_id": "ana", "channel": "slack",
        "address": "UANA", "decision": "told", "urgency": "now", "due_at": NOON - timedelta(minutes=1),
        "message_key": "incident/8/slack/UANA/raised", "state": "done",
    }  # fmt: skip
    case = Case(
        work=work,
        past=pl.DataFrame([message], schema=PAST),
        loads=pl.DataFrame(schema={"person_id": pl.String, "load": pl.Int64}),
        sent=pl.DataFrame(schema={"channel": pl.String, "address": pl.String, "sent": pl.Int64}),
        now=NOON,
    )
    # It is 23:00 where these people live.
    done = decide(case, roster(zone="Australia/Sydney"), rules_of(settings, CHANNELS))
    return done.notices.rows(), done.moves.rows()
