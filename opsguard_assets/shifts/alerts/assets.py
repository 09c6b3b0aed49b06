"""The alerts of a tick of shifts as an asset. Not here: findings (`findings`), settling (`alerts.monitor_assets`)."""

from datetime import datetime, timedelta

import dagster as dg
import polars as pl
from sqlalchemy import Connection

from opsguard_assets.alerts.lifecycle import Monitor
from opsguard_assets.alerts.monitor_assets import Watched, monitor_asset
from opsguard_assets.alerts.queries import unresolved_in
from opsguard_assets.alerts.suppression import suppress_outside_plan
from opsguard_assets.config.settings import Settings
from opsguard_assets.entitlements.entitled import entitled_to_alerts
from opsguard_assets.entitlements.io import entitlements_at
from opsguard_assets.shifts.alerts.alert_types import ALERT_TYPES, FEATURES, MONITOR
from opsguard_assets.shifts.alerts.findings import (
    Found,
    Levels,
    expired_findings,
    key_of_gap,
    key_of_part,
    key_of_position,
    suppress_repeated,
)
from opsguard_assets.shifts.calendar.io import calendar_at
from opsguard_assets.shifts.calendar.posts import coverage_ahead
from opsguard_assets.shifts.coverage.coverage import coverage_now
from opsguard_assets.shifts.coverage.substitutes import Terms, Workforce, proposals, since_of
from opsguard_assets.shifts.no_show.assets import SHIFT_RISK_KEY
from opsguard_assets.shifts.no_show.problem_io import last_risk
from opsguard_assets.shifts.no_show.schemas import SHIFT_RISK
from opsguard_assets.shifts.verdicts.assets import SHIFT_COMPLIANCE_KEY
from opsguard_assets.shifts.verdicts.io import Judged, compliance_at, last_said, limits_of
from opsguard_assets.shifts.verdicts.schemas import SHIFT_COMPLIANCE
from opsguard_assets.shifts.verdicts.verdicts import NO_SHOW, UNATTENDED, WRONG_SITE
from opsguard_assets.tables.registry import ABSENCES, PEOPLE, SITES
from opsguard_assets.tables.values import INSTANT
from resources.database import Database
from resources.lake import Lake

SHIFT_ALERTS_KEY = dg.AssetKey(["alerts", "shift_alerts"])
SHIFT_MONITOR = Monitor(MONITOR, ALERT_TYPES)
_AHEAD = timedelta(days=2)


def shift_alerts_asset(settings: Settings) -> dg.AssetsDefinition:
    """The asset of the alerts of shifts."""

    def findings(lake: Lake, database: Database, as_of: datetime) -> pl.DataFrame:
        return findings_at(lake, database, settings, as_of)

    watched = Watched(
        monitor=SHIFT_MONITOR,
        key=SHIFT_ALERTS_KEY,
        room="shifts",
        deps=(SHIFT_COMPLIANCE_KEY, SHIFT_RISK_KEY),
        description="One alert per part in a shift that nobody attends, that changes with what becomes of it and "
        "resolves itself on arrival, with substitutes who could come; posts that are short; punches from far away.",
        findings=findings,
    )
    return monitor_asset(watched, settings)


def findings_at(lake: Lake, database: Database, settings: Settings, as_of: datetime) -> pl.DataFrame:
    """The findings of a tick, with marks on those that must not raise an alert and those that end one."""
    risk = lake.rows_at(SHIFT_RISK, as_of)
    with database.begin() as connection:
        return found_in(lake, connection, settings, risk, as_of)


def found_in(
    lake: Lake, connection: Connection, settings: Settings, risk: pl.DataFrame, as_of: datetime
) -> pl.DataFrame:
    """The findings of a tick, with suppression marks.

    Args:
        lake: The records that the tick saw.
        connection: Unresolved alerts are read through it.
        settings: Thresholds, and the plans of clients.
        risk: Rows of `shift_risk` of the tick.
        as_of: The tick.
    """
    judged = compliance_at(lake, as_of, limits_of(settings))
    around = calendar_at(lake, as_of, since=since_of(as_of), until=as_of + _AHEAD).shifts
    ahead = coverage_ahead(around, as_of)
    now = coverage_now(judged.shifts, judged.verdicts, as_of)
    coverage = pl.concat(
        [now.with_columns(is_ahead=pl.lit(value=False)), ahead.with_columns(is_ahead=pl.lit(value=True))]
    )
    people = PEOPLE.typed(lake.known(PEOPLE, as_of).unique("person_id")).collect()
    sites = SITES.typed(lake.known(SITES, as_of).unique("site_id")).collect()
    absences = lake.known(ABSENCES, as_of).collect()
    workforce = Workforce(people, sites, around, absences)
    needs = _needs(judged, coverage, as_of)
    proposed = proposals(needs, workforce, terms_of(settings))
    found = Found(
        judged.verdicts,
        coverage,
        proposed,
        risk,
        last_risk(lake, as_of),
        levels_of(settings),
    )
    held = entitlements_at(lake, settings, as_of)

    def in_plan(rows: pl.DataFrame) -> pl.DataFrame:
        return suppress_outside_plan(rows, entitled_to_alerts(rows, held, FEATURES))

    findings = suppress_repeated(found, in_plan)
    return pl.concat([findings, in_plan(_expired(lake, connection, found, as_of))])


def levels_of(settings: Settings) -> Levels:
    """The thresholds of findings."""
    chosen = settings.shifts
    return Levels(chosen.late_after_minutes, chosen.no_show_alert_from, chosen.no_show_clear_below)


def terms_of(settings: Settings) -> Terms:
    """Who may be proposed as a substitute."""
    chosen = settings.shifts
    return Terms(chosen.rest_hours, chosen.substitute_within_km, chosen.proposals)


def _expired(lake: Lake, connection: Connection, found: Found, as_of: datetime) -> pl.DataFrame:
    """The findings that end unresolved alerts of shifts that are no longer judged."""
    living = unresolved_in(connection, ALERT_TYPES)
    is_told = key_of_part().is_in(living) | key_of_position().is_in(living)
    judged = found.verdicts.lazy().select(SHIFT_COMPLIANCE.key)
    over = last_said(lake, as_of).filter(is_told).join(judged, on=SHIFT_COMPLIANCE.key, how="anti")
    return expired_findings(found, over.collect(), living)


def _needs(judged: Judged, coverage: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Where and when somebody is needed; `need` is the key of the alert."""
    now = pl.lit(as_of, INSTANT)
    key = ["shift_id", "person_id"]
    absent = (
        judged.verdicts.filter(
            pl.col("verdict").is_in([UNATTENDED, NO_SHOW, WRONG_SITE]), pl.col("expected_until_at") > now
        )
        .join(judged.shifts.select(*key, "requires"), on=key, how="left")
        .select(
            "requires", need=key_of_part(), site_id="site_id", post="post", starts_at=now, ends_at="expected_until_at"
        )
    )
    short = coverage.filter(pl.col("missing") > 0).select(
        "requires",
        need=key_of_gap(),
        site_id="site_id",
        post="post",
        starts_at=pl.max_horizontal(now, "starts_at"),
        ends_at="ends_at",
    )
    return pl.concat([absent, short]).unique("need", keep="first", maintain_order=True)
