"""Every rule of the contract can be broken, is named with the value that broke it, and touches no other row."""

import math
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from polars.testing.parametric import column, dataframes

from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tables.table import Table
from opsguard_assets.tables.validate import BROKEN, validate
from tests.properties import examples
from tests.tables.rows import BREAKING, broken, rules_of, sound, with_every_rule_broken, words_of

every_table = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)


@every_table
def test_a_row_that_keeps_every_rule_is_accepted_as_it_is(table):
    frame = pl.DataFrame([sound(table)], schema=table.dtypes)
    outcome = validate(frame, table)
    assert_frame_equal(outcome.accepted, frame)
    assert outcome.broken.is_empty()
    assert outcome.broken.schema == BROKEN


@every_table
def test_a_row_that_knows_only_what_is_required_is_accepted(table):
    required = {name for name, described in table.schema.columns().items() if not described.nullable}
    row = {name: value if name in required else None for name, value in sound(table).items()}
    assert len(validate(pl.DataFrame([row], schema=table.dtypes), table).accepted) == 1


@every_table
def test_each_rule_of_a_table_rejects_the_row_that_breaks_it_by_name_and_value(table):
    frame = with_every_rule_broken(table)
    outcome = validate(frame, table)
    assert_frame_equal(outcome.accepted, frame[:1])
    for row, rule in enumerate(rules_of(table), start=1):
        found = outcome.broken.filter(row=row, rule=words_of(table, rule))
        assert len(found) == 1, f"{rule}: {outcome.broken.filter(row=row).to_dicts()}"
        involved = rule.rpartition("|")[0] or None
        assert found["column"].item() == involved
        assert_shows(found["value"].item(), table, rule, involved)


def assert_shows(text: str | None, table: Table, rule: str, involved: str | None) -> None:
    """The offending value is readable in the finding; long ones are cut."""
    row = broken(table, rule)
    if involved is None:
        for name in BREAKING[table.name, rule]:
            assert f"{name}=" in (text or "")
        return
    value = row[involved]
    if value is None:
        assert text is None
        return
    assert text
    assert len(text) <= 200
    assert as_text(value) in text


def as_text(value: Any) -> str:
    """The beginning of a value as a finding shows it."""
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else str(value).removesuffix(".0")
    if isinstance(value, list):
        return ""
    return str(value).removesuffix("+00:00")[:200]


def test_the_rules_over_several_columns_are_all_tried():
    existing = {(t.name, rule) for t in TABLES.values() for rule in rules_of(t) if "|" not in rule}
    assert existing == set(BREAKING)


@pytest.mark.parametrize(
    ("name", "changes", "value"),
    [
        ("tours", {"checkpoints": 4, "checkpoints_done": 5}, "checkpoints_done=5, checkpoints=4"),
        ("work_orders", {"work_order_id": "w", "is_rework_of": "w"}, "is_rework_of=w, work_order_id=w"),
    ],
)
def test_a_rule_over_several_columns_shows_the_value_of_each(name, changes, value):
    table = TABLES[name]
    outcome = validate(pl.DataFrame([{**sound(table), **changes}], schema=table.dtypes), table)
    assert outcome.broken["value"].to_list() == [value]


def test_a_row_that_breaks_two_rules_is_told_both_and_counted_once():
    table = TABLES["tickets"]
    row = {**sound(table), "priority": "urgent", "sentiment": 3.0}
    outcome = validate(pl.DataFrame([row], schema=table.dtypes), table)
    assert outcome.broken.to_dicts() == [
        {
            "row": 0,
            "rule": "priority: not one of critical, high, medium, low",
            "column": "priority",
            "value": "urgent",
        },
        {"row": 0, "rule": "sentiment: too large", "column": "sentiment", "value": "3.0"},
    ]


@pytest.mark.parametrize(
    ("name", "column", "entries", "value"),
    [
        ("clients", "executive_emails", ["a@example.com", None], "[a@example.com; unknown]"),
        (
            "telemetry",
            "metrics",
            [{"channel": "co2", "value": 1.5}, {"channel": None, "value": None}, None],
            "[channel=co2, value=1.5; channel=unknown, value=unknown; unknown]",
        ),
    ],
)
def test_a_list_with_a_broken_entry_is_shown_entry_by_entry(name, column, entries, value):
    table = TABLES[name]
    outcome = validate(pl.DataFrame([{**sound(table), column: entries}], schema=table.dtypes), table)
    assert outcome.broken["column"].unique().to_list() == [column]
    assert set(outcome.broken["value"]) == {value}


def test_versions_of_one_key_are_all_accepted():
    table = TABLES["tickets"]
    frame = pl.DataFrame([sound(table)] * 3, schema=table.dtypes)
    assert len(validate(frame, table).accepted) == 3


def test_columns_in_another_order_and_columns_of_nobody_do_not_disturb():
    table = TABLES["sites"]
    frame = with_every_rule_broken(table)
    disturbed = frame.select(*reversed(frame.columns), stray=pl.lit(1))
    assert_frame_equal(validate(disturbed, table).accepted, validate(frame, table).accepted)
    assert_frame_equal(validate(disturbed, table).broken, validate(frame, table).broken)


def test_a_frame_without_rows_is_neither_accepted_nor_broken():
    for table in TABLES.values():
        outcome = validate(table.empty(), table)
        assert outcome.accepted.schema == table.dtypes
        assert len(outcome.accepted) == len(outcome.broken) == 0


@settings(max_examples=examples(40), deadline=None)
@given(table=st.sampled_from(list(TABLES.values())), data=st.data())
def test_any_mixture_of_sound_and_broken_rows_is_parted_without_loss(table, data):
    rows = with_every_rule_broken(table)
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=30))
    frame = rows[chosen] if chosen else table.empty()
    outcome = validate(frame, table)
    assert len(outcome.accepted) == chosen.count(0)
    assert set(outcome.broken["row"]) == {place for place, origin in enumerate(chosen) if origin}


@pytest.mark.parametrize("name", ["tickets", "sla_policies", "clients", "telemetry", "work_orders", "tours"])
def test_of_any_values_every_row_is_accepted_or_broken_and_what_is_accepted_stays_so(name):
    table = TABLES[name]
    anything = dataframes(cols=[column(c, dtype=dtype) for c, dtype in table.dtypes.items()], max_size=6)
    plausible = with_every_rule_broken(table)

    @settings(max_examples=examples(15), deadline=None)
    @given(noise=anything, chosen=st.lists(st.integers(0, len(plausible) - 1), max_size=6))
    def parts_every_row(noise: pl.DataFrame, chosen: list[int]) -> None:
        frame = pl.concat([noise.cast(dict(table.dtypes)), plausible[chosen] if chosen else table.empty()])
        outcome = validate(frame, table)
        assert len(outcome.accepted) + outcome.broken["row"].n_unique() == len(frame)
        again = validate(outcome.accepted, table)
        assert_frame_equal(again.accepted, outcome.accepted)

    parts_every_row()
