"""The daily housekeeping knows every table that the house writes, and forgets the old scores of every tick."""

import pkgutil
from datetime import UTC, date, datetime
from importlib import import_module

import polars as pl
import pytest

import opsguard_assets
from opsguard_assets.config.settings import Settings
from opsguard_assets.housekeeping import SCORES, forget_scores, lake_tables
from opsguard_assets.tables.table import Table
from resources.canonical import folder
from resources.lake import Lake

DAY = date(2026, 3, 2)


def stored_tables() -> dict[str, Table]:
    """Every derived table that a room declares."""
    names = [module.name for module in pkgutil.walk_packages(opsguard_assets.__path__, "opsguard_assets.")]
    modules = [import_module(name) for name in names if name.endswith(".schemas")]
    return {table.name: table for module in modules for table in vars(module).values() if isinstance(table, Table)}


def test_no_table_that_a_room_declares_is_missing():
    found, known = stored_tables(), set(lake_tables(Settings()))
    assert len(found) >= 15
    assert [name for name, table in found.items() if not {folder(table), table.derived_name} & known] == []


def test_every_table_that_ticks_write_by_day_forgets_its_old_scores():
    by_day = {name for name, table in stored_tables().items() if {"as_of", "date"} <= set(table.columns)}
    assert {table.name for table in SCORES} == by_day


@pytest.mark.parametrize("table", SCORES, ids=lambda table: table.name)
def test_old_scores_are_deleted_and_recent_ones_stay(tmp_path, table):
    lake = Lake(str(tmp_path))
    for day in (DAY, DAY.replace(day=3)):
        row = dict.fromkeys(table.columns) | {"date": day, "as_of": datetime(day.year, day.month, day.day, tzinfo=UTC)}
        rows = pl.DataFrame([row], schema=table.dtypes)
        lake.replace_slice(table.derived_name, rows, where={"date": day}, partition_by=["date"])
    assert forget_scores(lake, DAY.replace(day=3)) == {table.derived_name: 1}
    assert lake.scan(table.derived_name).collect()["date"].to_list() == [DAY.replace(day=3)]
