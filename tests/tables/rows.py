"""A sound row of every canonical table, and one row per rule that breaks this rule: made from the schemas."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import dataframely as dy
import polars as pl

from opsguard_assets.tables.table import Table

START = datetime(2025, 3, 3, 6, tzinfo=UTC)
PREVIOUS_CENTURY = datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
FAR_FUTURE = datetime(2200, 1, 1, tzinfo=UTC)

# What breaks each rule over several columns of a sound row, as (table, rule): changed columns.
BREAKING: dict[tuple[str, str], dict[str, Any]] = {
    ("duty", "ends_after_start"): {"starts_at": START, "ends_at": START},
    ("tickets", "answered_not_before_opened"): {"first_response_at": START - timedelta(days=1)},
    ("tickets", "resolved_not_before_opened"): {"resolved_at": START - timedelta(days=1)},
    ("tickets", "closed_not_before_opened"): {"closed_at": START - timedelta(days=1)},
    ("tickets", "updated_not_before_opened"): {"updated_at": START - timedelta(days=1)},
    ("rosters", "valid_until_not_before_valid_from"): {"valid_until": date(2024, 1, 1)},
    ("absences", "ends_after_start"): {"starts_at": START, "ends_at": START},
    ("attendance", "left_not_before_arrived"): {"punched_out_at": START - timedelta(days=1)},
    ("tours", "done_not_above_checkpoints"): {"checkpoints": 4, "checkpoints_done": 5},
    ("work_orders", "accepted_not_before_created"): {"accepted_at": START - timedelta(days=1)},
    ("work_orders", "completed_not_before_created"): {"completed_at": START - timedelta(days=1)},
    ("work_orders", "no_rework_of_itself"): {"work_order_id": "w-9", "is_rework_of": "w-9"},
    ("security_events", "responded_not_before_happened"): {"responded_at": START - timedelta(days=1)},
    ("security_events", "resolved_not_before_happened"): {"resolved_at": START - timedelta(days=1)},
    ("external_alerts", "acknowledged_not_before_raised"): {"acknowledged_at": START - timedelta(days=1)},
    ("external_alerts", "resolved_not_before_raised"): {"resolved_at": START - timedelta(days=1)},
}

# How a person reads what breaks each kind of rule of one column.
WORDS = {
    "nullability": "required",
    "check__not_blank": "blank",
    "check__printable": "holds control characters",
    "check__known_zone": "no IANA time zone",
    "check__within_reason": "beyond 10^18",
    "max_length": "too long",
    "regex": "malformed",
    "min": "too small",
    "max": "too large",
    "max_exclusive": "too large",
    "inf": "infinite",
    "nan": "not a number",
    "inner_nullability": "entry required",
    "inner_max_length": "entry too long",
    "inner_inner_channel_nullability": "entry channel required",
    "inner_inner_channel_max_length": "entry channel too long",
    "inner_inner_value_inf": "entry value infinite",
    "inner_inner_value_nan": "entry value not a number",
    "inner_inner_value_check__within_reason": "entry value beyond 10^18",
}


def rules_of(table: Table) -> list[str]:
    """Every rule of a table: `column|kind`, or a name alone for rules over several columns."""
    return list(table.schema._validation_rules(with_cast=False))


def sound(table: Table) -> dict[str, Any]:
    """A row that keeps every rule and knows every column; instants and days follow each other in column order."""
    columns = table.schema.columns().items()
    return {name: _sound_value(name, column, place) for place, (name, column) in enumerate(columns)}


def _sound_value(name: str, column: dy.Column, place: int) -> Any:
    match column:
        case dy.Datetime():
            return START + timedelta(hours=place)
        case dy.Date():
            return date(2025, 3, 3) + timedelta(days=place)
        case dy.Float64() | dy.Int64():
            return (column.min or 0) + 1 if column.max is None else column.max
        case dy.Bool():
            return True
        case dy.List():
            return [{"channel": "co2", "value": 1.5}] if isinstance(column.inner, dy.Struct) else ["DE"]
    return _sound_text(name, column)


def _sound_text(name: str, column: dy.Column) -> str:
    if column.check and "known_zone" in column.check:
        return "Europe/Berlin"
    if column.check and "known" in column.check:
        return (column.description or "").rpartition(": ")[2].split(", ")[0]
    if column.regex:
        return "EUR" if "A-Z" in column.regex else "08:30"
    return f"{name}-1"


def broken(table: Table, rule: str) -> dict[str, Any]:
    """The sound row with what breaks one rule."""
    column, _, kind = rule.rpartition("|")
    if not column:
        return {**sound(table), **BREAKING[table.name, rule]}
    return {**sound(table), column: offending(table.schema.columns()[column], kind)}


def offending(column: dy.Column, kind: str) -> Any:
    """A value of the column's type that breaks one kind of rule."""
    if kind in {"min", "max", "max_exclusive"}:
        return _out_of_bounds(column, kind)
    return {
        "nullability": None,
        "check__not_blank": " \t ",
        "check__printable": "a\x07b",
        "check__known": "nonsense",
        "check__known_zone": "Mars/Olympus_Mons",
        "check__within_reason": 2e18,
        "regex": "25:99",
        "max_length": "x" * (getattr(column, "max_length", None) or 0) + "y",
        "inf": float("-inf"),
        "nan": float("nan"),
        "inner_nullability": [None],
        "inner_max_length": ["x" * 1_001],
        "inner_inner_channel_nullability": [{"channel": None, "value": 1.0}],
        "inner_inner_channel_max_length": [{"channel": "x" * 201, "value": 1.0}],
        "inner_inner_value_inf": [{"channel": "co2", "value": float("inf")}],
        "inner_inner_value_nan": [{"channel": "co2", "value": float("nan")}],
        "inner_inner_value_check__within_reason": [{"channel": "co2", "value": -2e18}],
    }[kind]


def _out_of_bounds(column: dy.Column, kind: str) -> Any:
    if isinstance(column, dy.Datetime):
        return PREVIOUS_CENTURY if kind == "min" else FAR_FUTURE
    if isinstance(column, dy.Date):
        return date(1969, 12, 31) if kind == "min" else date(2200, 1, 1)
    return column.min - 1 if kind == "min" else column.max + 1


def words_of(table: Table, rule: str) -> str:
    """The rule as quarantine names it."""
    column, _, kind = rule.rpartition("|")
    if not column:
        return rule
    if kind == "check__known":
        return f"{column}: not one of {(table.schema.columns()[column].description or '').rpartition(': ')[2]}"
    return f"{column}: {WORDS[kind]}"


def with_every_rule_broken(table: Table) -> pl.DataFrame:
    """Row 0 is sound; row n breaks the n-th rule of `rules_of`."""
    rows = [sound(table), *(broken(table, rule) for rule in rules_of(table))]
    return pl.DataFrame(rows, schema=table.dtypes, orient="row")
