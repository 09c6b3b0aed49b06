"""What the priority of an alert is computed from: its type's cost, its deadline, whether it protects lives.

Here: from alerts as the database holds them to the inputs of the scale and of the rule. Not here: the scale
(`priority`), reading (`io`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from opsguard_assets.alerts.alert_type import AlertType
from opsguard_assets.alerts.kinds import life_safety_kinds, type_of_kind
from opsguard_assets.config.settings import Settings
from opsguard_assets.tables.values import INSTANT, SEVERITIES

# Unresolved alerts as `sql/unresolved` makes them.
UNRESOLVED = pl.Schema(
    {
        "alert_id": pl.Int64(),
        "opening": pl.Int64(),
        "alert_type": pl.String(),
        "severity": pl.String(),
        "site_id": pl.String(),
        "last_seen_at": INSTANT,
        "due": pl.String(),  # as the evidence says it
        "days_to_empty": pl.String(),
        "entity_week": pl.Int64(),  # alerts of the same key within the week before
        "old_opening": pl.Int64(),
        "old_as_of": INSTANT,
        "old_priority": pl.Int16(),
        "old_probability": pl.Float64(),
        "old_reasons": pl.String(),
        "old_basis": pl.String(),
        "old_version": pl.String(),
        "said_priority": pl.Int16(),  # the last one in its history
    }
)
_BATTERY = "low_battery_predicted"
_DAY_US = 86_400e6


@dataclass(frozen=True)
class Described:
    """The types of alerts, as triage needs them.

    Attributes:
        declared: The types that domains declare, by name.
        settings: Costs, and what protects lives.
    """

    declared: Mapping[str, AlertType]
    settings: Settings

    def types(self, names: pl.Series) -> pl.DataFrame:
        """`alert_type`, `cost` in money, `type_minutes`, `is_life_safety` of some types; others by their kind."""
        further = self.settings.triage.life_safety
        lives = life_safety_kinds(further)
        known = [self.declared.get(name) or type_of_kind(name, further) for name in names.unique().sort()]
        rows = [(each.name, cost_of(each, self.settings), each.minutes, each.name in lives) for each in known]
        schema = {
            "alert_type": pl.String,
            "cost": pl.Float64,
            "type_minutes": pl.Float64,
            "is_life_safety": pl.Boolean,
        }
        return pl.DataFrame(rows, schema=schema, orient="row")


def cost_of(kind: AlertType, settings: Settings) -> float:
    """What one trouble of a type costs when nobody acts, in money: `triage.costs`, else as its type declares."""
    given = settings.triage.costs.get(kind.name)
    return float(getattr(settings.money, kind.cost)) * kind.cost_share if given is None else given


def with_inputs(alerts: pl.DataFrame, described: Described) -> pl.DataFrame:
    """Unresolved alerts with what the scale and the rule read.

    Args:
        alerts: Rows of `UNRESOLVED`.
        described: The types.

    Returns:
        The rows with `cost`, `due_at`, `is_life_safety` (`priority.INPUTS`), and the inputs of the rule
        (`ml.problems.alert_action.rule.INPUTS`). Plan, working hours and duty are left unknown: a priority is the same
        for all clients, day and night.
    """
    rank = {name: float(place) for place, name in enumerate(SEVERITIES, start=1)}
    others = pl.len().over("site_id") - 1
    return alerts.join(
        described.types(alerts["alert_type"]), on="alert_type", how="left", maintain_order="left"
    ).select(
        *alerts.columns,
        "cost",
        "type_minutes",
        "is_life_safety",
        due_at=due_at(),
        severity_rank=pl.col("severity").replace_strict(rank, return_dtype=pl.Float64),
        plan_rank=pl.lit(None, pl.Float64),
        is_working_hours=pl.lit(None, pl.Float64),
        on_duty=pl.lit(None, pl.Float64),
        site_open=pl.when(pl.col("site_id").is_not_null()).then(others).otherwise(0),
    )


def due_at() -> pl.Expr:
    """By when something can still be done, of rows of `UNRESOLVED`; null where nobody can say.

    Evidence says it in ISO 8601 or as "2026-03-02 12:00 UTC"; without an offset it is UTC. A battery is empty its days
    after the alert was seen last.
    """
    text = pl.col("due").str.strip_suffix(" UTC").str.replace(" ", "T", literal=True)
    with_seconds = text.str.replace(r"T(\d\d:\d\d)($|[+\-Z])", "T${1}:00${2}")
    plain = with_seconds.str.replace(r"Z$", "+00:00").str.replace(r"(T[0-9:.]+)$", "${1}+00:00")
    said = plain.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%:z", time_unit="us", strict=False, time_zone="UTC")
    days = pl.col("days_to_empty").cast(pl.Float64, strict=False)
    empty = pl.col("last_seen_at") + pl.duration(microseconds=(days * _DAY_US).cast(pl.Int64, strict=False))
    return pl.when(pl.col("alert_type") == _BATTERY).then(empty).otherwise(said)
