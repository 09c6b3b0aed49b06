"""A lake that was written before the contract got a column is read as before, and written on."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from opsguard_assets.tables.registry import SECURITY_EVENTS, WORK_ORDERS
from opsguard_assets.tables.table import Table
from resources.lake import Lake

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
OF_ORDERS = {"work_order_id": "w", "vendor_id": "v", "created_at": START, "known_at": START}
OF_EVENTS = {"event_id": "e", "site_id": "s", "at": START, "known_at": START}


def rows_of(table: Table, **values: object) -> pl.DataFrame:
    nothing: dict[str, object] = dict.fromkeys(table.columns)
    return pl.DataFrame([nothing | values], schema=table.dtypes, orient="row")


@pytest.mark.parametrize(
    ("table", "column", "given", "value"),
    [
        (WORK_ORDERS, "is_planned", OF_ORDERS, True),
        (SECURITY_EVENTS, "responded_at", OF_EVENTS, START + timedelta(minutes=9)),
    ],
    ids=lambda what: what.name if isinstance(what, Table) else "",
)
def test_what_was_written_before_the_column_is_unknown_and_a_later_version_says_it(
    tmp_path, table, column, given, value
):
    lake, name = Lake(str(tmp_path / "lake")), f"tables/{table.name}"
    lake.record(table, rows_of(table, **given), loaded_at=START)
    lake.replace(name, lake.scan(name).drop(column).collect(), partition_by=["_slice"])
    assert column not in lake.scan(name).collect_schema()
    assert lake.known(table).collect()[column].to_list() == [None]
    later = START + timedelta(hours=1)
    lake.record(table, rows_of(table, **given | {column: value, "known_at": later}), loaded_at=later)
    assert lake.known(table).collect()[column].to_list() == [value]
    assert lake.known(table, START).collect()[column].to_list() == [None]
