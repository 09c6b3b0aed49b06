"""What a tick finds of devices: failures to come, silence, empty batteries, devices to replace, sites gone silent.

Here: health and risk in, findings out. Not here: suppression by plan, and the alert lifecycle.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import dataframely as dy
import polars as pl

from ml.problems.device_failure.words import BATTERY
from ml.words import counted, durations, likely, reached, rounded
from opsguard_assets.alerts.finding import FINDING, GROUPED, IN_MAINTENANCE
from opsguard_assets.alerts.suppression import suppress_covered
from opsguard_assets.devices.alerts.alert_types import FAILURE_RISK, LOW_BATTERY, REPLACE, SILENT, SITE_SILENT
from opsguard_assets.devices.failure.schemas import DeviceRisk
from opsguard_assets.devices.health.schemas import DeviceHealth
from opsguard_assets.devices.telemetry.site_silence import Together, silent_together, waited_for
from opsguard_assets.tables.devices import DeviceEvents
from opsguard_assets.tables.values import INSTANT

_SPANS = {"1h": "1 hour", "24h": "24 hours", "7d": "7 days", "30d": "30 days"}
# What was raised holds until things are this much better: silence of one interval less, half again as long a charge.
_HELD_INTERVALS, _HELD_EMPTY = 1.0, 1.5
# A charge that low has no slope to wait for.
_EMPTY_PCT, _LOW_PCT = 5.0, 20.0
_COUNTED_HOURS = 100_000.0


@dataclass(frozen=True)
class Levels:
    """The thresholds of findings; the fields of `opsguard_assets.config.devices` and `.failures`.

    Attributes:
        within: The horizon by which failures are alerted, such as "24h".
        alert_from: Failure risk that raises an alert of low severity.
        medium_from: Failure risk of medium severity.
        high_from: Failure risk of high severity.
        clear_below: Failure risk below which the alert clears.
        silent_intervals: Reporting intervals without a report after which silence raises.
        empty_within_hours: A battery raises if its charge lasts no longer than this.
        replace_below: Health score below which a device is unwell.
        replace_after_days: Days of being unwell after which a device should be replaced.
        site_devices: Minimum number of devices for a site to count as silent.
        site_share: Minimum share of them that are silent.
        site_within_intervals: Maximum time between their last reports, in reporting intervals.
        maintenance_minutes: Time after maintenance in which nothing is raised.
    """

    within: str = "24h"
    alert_from: float = 0.65
    medium_from: float = 0.70
    high_from: float = 0.80
    clear_below: float = 0.55
    silent_intervals: float = 3.0
    empty_within_hours: float = 48.0
    replace_below: float = 60.0
    replace_after_days: float = 7.0
    site_devices: int = 5
    site_share: float = 0.6
    site_within_intervals: float = 2.0
    maintenance_minutes: float = 240.0


def device_findings(
    health: dy.DataFrame[DeviceHealth],
    risk: dy.DataFrame[DeviceRisk] | None,
    events: dy.DataFrame[DeviceEvents],
    levels: Levels,
    as_of: datetime,
    before: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The findings of one tick.

    Args:
        health: The health of the tick.
        risk: The risks of the tick; None where there are none.
        events: The events that were known.
        levels: The thresholds.
        as_of: The tick.
        before: Rows of `device_health` of the ticks before (`site_silence.READ`, `as_of`); None where there are none.

    Returns:
        Rows of `FINDING`. Silence and risk of the devices of a site that fell silent as one are marked as grouped under
        it, also until they had time to report after it came back; devices in maintenance are marked as such.
    """
    together = silent_together(health, _together(levels))
    waiting = [] if before is None else [waited_for(health, before, _together(levels), as_of)]
    members = pl.concat([together["device_id"], *waiting])
    found = [
        *([] if risk is None else [_failures(risk, levels)]),
        _silent(health, levels),
        _empty(health, levels),
        _replace(health, levels, as_of),
        _sites(together),
    ]
    rows = pl.concat(found, how="vertical_relaxed")
    is_device = pl.col("entity_type") == "device"
    of_site = pl.col("entity_id").is_in(members.implode()) & pl.col("alert_type").is_in([SILENT, FAILURE_RISK])
    worked = pl.col("entity_id").is_in(_in_maintenance(events, levels, as_of).implode())
    why = pl.when(is_device & of_site).then(pl.lit(GROUPED)).when(is_device & worked).then(pl.lit(IN_MAINTENANCE))
    return rows.with_columns(withheld=why)


def suppress_repeated(findings: pl.DataFrame, living: Sequence[str]) -> pl.DataFrame:
    """Suppresses findings that another finding of the same device covers; all other marks are set already.

    Silence covers a likely failure and a low battery, and takes over the higher severity. A low battery covers a
    failure that is likely because of the battery.

    Args:
        findings: Frame of `FINDING`.
        living: Keys of the unresolved alerts of devices.
    """
    of_battery = pl.col("evidence").str.json_path_match("$.mode") == BATTERY
    told_by = {
        SILENT: pl.col("alert_type").is_in([FAILURE_RISK, LOW_BATTERY]),
        LOW_BATTERY: (pl.col("alert_type") == FAILURE_RISK) & of_battery,
    }
    pairs = [
        findings.filter(result).select(told="dedup_key", by=pl.format(f"{teller}:{{}}", "entity_id"))
        for teller, result in told_by.items()
    ]
    return suppress_covered(findings, pl.concat(pairs), living=living)


def _together(levels: Levels) -> Together:
    return Together(levels.silent_intervals, levels.site_devices, levels.site_share, levels.site_within_intervals)


def _failures(risk: pl.DataFrame, levels: Levels) -> pl.DataFrame:
    value = pl.col(f"risk_{levels.within}")
    rows = risk.filter(value >= levels.clear_below).with_columns(score=value)
    severity = (
        pl.when(value >= levels.high_from)
        .then(pl.lit("high"))
        .when(value >= levels.medium_from)
        .then(pl.lit("medium"))
        .otherwise(pl.lit("low"))
    )
    title = pl.format(
        "Device {} {} fail or go offline within {} ({})",
        "device_id",
        likely(value, "is likely to", "may"),
        pl.lit(_SPANS[levels.within]),
        reached(value),
    )
    evidence = ("kind", "state", "risk_1h", "risk_24h", "risk_7d", "risk_30d", "mode", "action", "silence_minutes")
    return _found(rows, FAILURE_RISK, severity, title, value >= levels.alert_from, evidence)


def _silent(health: pl.DataFrame, levels: Levels) -> pl.DataFrame:
    interval, silence = pl.col("reports_every_minutes"), pl.col("silence_minutes")
    raised = silence >= levels.silent_intervals * interval
    held = silence >= (levels.silent_intervals - _HELD_INTERVALS) * interval
    found = health.filter(interval > 0, held)
    rows = found.with_columns(
        score=pl.lit(None, pl.Float64),
        _silent=durations(found["silence_minutes"].clip(lower_bound=0)),
        reason=pl.format(
            "last heard {}; it should report every {} min, and raises an alert after {} intervals",
            pl.col("last_at").dt.strftime("%Y-%m-%d %H:%M UTC").fill_null("never"),
            rounded(interval, 1),
            pl.lit(f"{levels.silent_intervals:g}"),
        )
        + _charge(),
    )
    title = pl.format("Device {} has been silent for {}", "device_id", "_silent")
    evidence = ("kind", "last_at", "silence_minutes", "reports_every_minutes")
    return _found(rows, SILENT, pl.lit("medium"), title, raised, evidence)


def _charge() -> pl.Expr:
    """The last known charge of a silent device, if it is low enough to be the cause."""
    charge = pl.format("; its battery was at {} %", pl.col("battery_pct").round(0).cast(pl.Int64))
    return pl.when(pl.col("battery_pct") <= _LOW_PCT).then(charge).otherwise(pl.lit(""))


def _empty(health: pl.DataFrame, levels: Levels) -> pl.DataFrame:
    hours = pl.col("days_to_empty") * 24
    drained = pl.col("battery_pct") <= _EMPTY_PCT
    raised = (hours <= levels.empty_within_hours) | drained
    held = (hours <= levels.empty_within_hours * _HELD_EMPTY) | (pl.col("battery_pct") <= 2 * _EMPTY_PCT)
    days, trend = pl.col("days_to_empty"), "{} days of charge left at its rate; raised from {} h on"
    rows = health.filter(held.fill_null(value=False)).with_columns(
        score=pl.lit(None, pl.Float64),
        reason=pl.when(hours < _COUNTED_HOURS)
        .then(pl.format(trend, rounded(days, 1), pl.lit(f"{levels.empty_within_hours:g}")))
        .otherwise(pl.lit(f"a charge of {_EMPTY_PCT:g} % or less has no rate to wait for")),
    )
    soon = (hours <= levels.empty_within_hours / 2) | drained
    severity = pl.when(soon.fill_null(value=False)).then(pl.lit("high")).otherwise(pl.lit("medium"))
    # What is hardly lost lasts for longer than anybody can count.
    left = pl.when(hours < _COUNTED_HOURS).then(pl.format("empty in {} h", hours.round(0).cast(pl.Int64, strict=False)))
    charge = pl.format("at {} %", pl.col("battery_pct").round(0).cast(pl.Int64))
    said = pl.concat_str(charge, left, separator=", ", ignore_nulls=True)
    title = pl.format("Battery of device {} {}", "device_id", said)
    evidence = ("kind", "battery_pct", "days_to_empty", "battery_score")
    return _found(rows, LOW_BATTERY, severity, title, raised.fill_null(value=False), evidence)


def _replace(health: pl.DataFrame, levels: Levels, as_of: datetime) -> pl.DataFrame:
    since = pl.lit(as_of - timedelta(days=levels.replace_after_days), INSTANT)
    rows = health.filter(pl.col("below_60_since_at") <= since)
    days = ((pl.lit(as_of, INSTANT) - pl.col("below_60_since_at")).dt.total_minutes() / 1440).floor()
    title = pl.format(
        "Health of device {} has been below {} for {}: replace it",
        "device_id",
        pl.lit(f"{levels.replace_below:g}"),
        counted(days, "day"),
    )
    frame = rows.with_columns(
        _health="score",
        score=pl.lit(None, pl.Float64),
        reason=pl.format(
            "health {} now: {}", rounded(pl.col("score"), 1), pl.col("reason").fill_null("no reason known")
        ),
    )
    evidence = ("kind", "_health", "below_60_since_at", "battery_score", "signal_score", "uptime_score")
    return _found(frame, REPLACE, pl.lit("low"), title, pl.lit(value=True), evidence)


def _sites(together: pl.DataFrame) -> pl.DataFrame:
    """One finding per site. It raises as soon as one of its devices is silent for long enough."""
    sites = together.unique("site_id").sort("site_id")
    title = pl.format("Site {} has fallen silent: {} of {} devices", "site_id", "silent", "devices")
    rows = sites.with_columns(
        device_id="site_id",
        score=pl.lit(None, pl.Float64),
        reason=pl.format("last heard {}", pl.col("since_at").dt.strftime("%Y-%m-%d %H:%M UTC")),
    )
    found = _found(rows, SITE_SILENT, pl.lit("high"), title, pl.col("is_raising"), ("devices", "silent", "since_at"))
    return found.with_columns(entity_type=pl.lit("site"))


def _in_maintenance(events: pl.DataFrame, levels: Levels, as_of: datetime) -> pl.Series:
    since = pl.lit(as_of - timedelta(minutes=levels.maintenance_minutes), INSTANT)
    return events.filter(pl.col("kind") == "maintenance", pl.col("at") > since, pl.col("at") <= pl.lit(as_of, INSTANT))[
        "device_id"
    ].unique()


def _found(
    rows: pl.DataFrame,
    alert_type: str,
    severity: pl.Expr,
    title: pl.Expr,
    raising: pl.Expr,
    evidence: tuple[str, ...],
) -> pl.DataFrame:
    """Findings out of rows with `device_id`, `site_id`, `client_id`, `score`, `reason` and the evidence."""
    instants = {name for name in evidence if rows.schema[name] == INSTANT}
    facts = pl.struct(
        pl.col(name).dt.strftime("%Y-%m-%dT%H:%M:%S+00:00") if name in instants else pl.col(name) for name in evidence
    )
    nothing = [name for name in ("model_name", "model_version", "model_run_id") if name not in rows.columns]
    return (
        rows.with_columns(pl.lit(None, pl.String).alias(name) for name in nothing)
        .with_columns(
            alert_type=pl.lit(alert_type),
            entity_type=pl.lit("device"),
            entity_id="device_id",
            severity=severity,
            title=title,
            evidence=facts.struct.json_encode(),
            is_raising=raising,
            withheld=pl.lit(None, pl.String),
            told_by=pl.lit(None, pl.String),
        )
        .with_columns(dedup_key=pl.concat_str(pl.lit(f"{alert_type}:"), "entity_id"))
        .select(*FINDING)
    )
