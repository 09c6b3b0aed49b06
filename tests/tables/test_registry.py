"""The canonical tables describe themselves soundly: keys, clocks, versions and words."""

import polars as pl
import pytest

from opsguard_assets.tables.registry import TABLES, UnknownTableError, table

every_table = pytest.mark.parametrize("described", TABLES.values(), ids=TABLES)


def test_the_contract_has_these_tables():
    assert set(TABLES) == {
        "absences", "attendance", "calendars", "clients", "device_events", "devices", "duty", "external_alerts",
        "groups", "memberships", "people", "punch_feeds", "rosters", "security_events", "sensor_readings", "sites",
        "sla_policies", "substitutions", "telemetry", "ticket_events", "tickets", "tours", "vendors", "work_orders",
    }  # fmt: skip
    assert all(name == known.name for name, known in TABLES.items())


@every_table
def test_the_columns_that_play_a_part_exist(described):
    assert described.key
    assert len(set(described.key)) == len(described.key)
    assert set(described.key) <= set(described.columns)
    named = {described.happened_at, described.version} - {None}
    assert all(described.dtypes[column] == pl.Datetime("us", "UTC") for column in named)


@every_table
def test_the_second_clock_closes_the_contract_and_is_never_unknown(described):
    assert described.columns[-1] == "known_at"
    assert not described.schema.columns()["known_at"].nullable


@every_table
def test_every_column_says_what_it_means(described):
    silent = [name for name, column in described.schema.columns().items() if not column.description]
    assert silent == []
    assert described.grain.endswith(".")


@every_table
def test_types_are_those_of_the_house(described):
    for name, dtype in described.dtypes.items():
        if isinstance(dtype, pl.Datetime):
            assert dtype == pl.Datetime("us", "UTC"), name
        if name.endswith("_id"):
            assert dtype == pl.String, name
        if name in {"stops_at", "pauses_on"}:  # statuses at which a clock stops and pauses, no instants
            continue
        if name.endswith("_at"):
            assert isinstance(dtype, pl.Datetime), name
        if name.endswith("_on"):
            assert dtype == pl.Date, name


@every_table
def test_no_column_takes_a_name_that_storage_uses(described):
    assert [name for name in described.columns if name.startswith("_") or name == "superseded_at"] == []


@every_table
def test_what_is_live_is_a_condition_on_the_columns_of_the_table(described):
    if described.is_live is None:
        return
    assert set(described.is_live.meta.root_names()) <= set(described.columns)
    assert described.empty().select(described.is_live).dtypes == [pl.Boolean]


def test_a_name_that_is_nearly_right_is_answered_with_the_right_one():
    with pytest.raises(UnknownTableError, match=r"^There is no canonical table 'ticket'; did you mean tickets"):
        table("ticket")


def test_a_name_like_no_other_is_answered_with_where_to_look():
    with pytest.raises(UnknownTableError) as caught:
        table("payroll_2025")
    assert str(caught.value) == "There is no canonical table 'payroll_2025'; `opsguard tables` lists them."


def test_a_known_name_gives_its_table():
    assert table("tickets") is TABLES["tickets"]
