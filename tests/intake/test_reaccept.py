"""Rows that were rejected are accepted from the raw records when the mapping was corrected, once, in their place."""

from tempfile import TemporaryDirectory

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from opsguard_assets.intake.accepting.accept import accept
from opsguard_assets.tables.registry import TABLES as CONTRACT
from resources.lake import Lake
from tests.intake.accept.given import TABLES, case, deliver, raw, source
from tests.intake.accept.test_accept import Killed, Mortal
from tests.intake.test_rows_that_fill_each_other import long_form, row, values
from tests.long import around_writes, long

CASES = TABLES["cases"]
WORDS = {"Work in progress": "open"}
WRONG, RIGHT = source(), source({"state": {"from": "State", "values": {**WORDS, "Neu": "new"}}})
ROWS = [case("A", "Neu"), case("B", "open"), case("C", "Neu"), case("D", "what")]


def totals(lake):
    counts = pl.col("received", "accepted", "rejected", "unchanged").sum()
    return lake.scan("intake/loads").select(counts).collect().row(0)


def states(lake, table=CASES):
    return dict(lake.known(table).select("case_id", "state").sort("case_id").collect().iter_rows())


def test_after_the_mapping_was_corrected_rows_that_fit_now_are_accepted_and_the_ledger_adds_up(tmp_path):
    lake = Lake(str(tmp_path))
    deliver(lake, raw(ROWS))
    accept(lake, WRONG, TABLES)
    assert totals(lake) == (4, 1, 3, 0)
    assert accept(lake, WRONG, TABLES) == []
    (told,) = accept(lake, RIGHT, TABLES)
    assert (told.received, told.accepted, told.rejected, told.unchanged) == (0, 2, -2, 0)
    assert totals(lake) == (4, 3, 1, 0)
    assert states(lake) == {"A": "new", "B": "open", "C": "new"}
    assert len(lake.scan("quarantine/cases").collect()) == 3
    assert lake.scan("intake/repaired").sort("position").collect()["position"].to_list() == [1, 3]
    assert accept(lake, RIGHT, TABLES) == []


def test_they_are_known_from_now_on_and_not_before(tmp_path):
    lake = Lake(str(tmp_path))
    deliver(lake, raw(ROWS))
    accept(lake, WRONG, TABLES)
    then = lake.versions(CASES).select(pl.col("known_at").max()).collect().item()
    (told,) = accept(lake, RIGHT, TABLES)
    assert lake.known(CASES, then).collect()["case_id"].to_list() == ["B"]
    assert set(lake.known(CASES, told.recorded_at).collect()["case_id"]) == {"A", "B", "C"}


def test_a_state_that_a_newer_one_has_outdated_meanwhile_does_not_come_back(tmp_path):
    lake = Lake(str(tmp_path))
    columns = {"work_order_id": "number", "vendor_id": {"constant": "v"}, "created_at": "opened", "cost": "cost"}
    orders = source().model_dump() | {"feeds": [{"table": "work_orders", "columns": columns}]}
    wrong = type(source()).model_validate(orders)
    columns["cost"] = {"from": "cost", "decimal": ","}
    right = type(source()).model_validate(orders | {"feeds": [{"table": "work_orders", "columns": columns}]})
    deliver(lake, raw([case("A", cost="1,5"), case("B", cost="2,5"), case("C", cost="7")], load=1))
    deliver(lake, raw([case("A", cost="3")], load=2))
    accept(lake, wrong, CONTRACT)
    accept(lake, right, CONTRACT)
    known = lake.known(CONTRACT["work_orders"]).sort("work_order_id").collect()
    assert dict(known.select("work_order_id", "cost").iter_rows()) == {"A": 3.0, "B": 2.5, "C": 7.0}
    assert totals(lake) == (4, 3, 1, 0)


def test_a_value_of_a_report_that_fits_now_fills_the_report(tmp_path):
    lake = Lake(str(tmp_path))
    rows = [row("a", 0, "temperature", 21.5), {**row("a", 0, "battery", 88), "value": "88,5"}]
    deliver(lake, raw([*rows, row("a", 0, "temperature", 22)]))
    accept(lake, long_form(), CONTRACT)
    assert totals(lake) == (3, 1, 2, 0)
    columns = long_form().feeds[0].model_dump(by_alias=True)["columns"]
    columns["battery_pct"] = {"from": "value", "only_when": {"key": "battery"}, "decimal": ","}
    accept(lake, long_form(columns=columns), CONTRACT)
    # What contradicts another row of its file still does.
    assert values(lake) == {("a", 0): {"temperature_c": 21.5, "battery_pct": 88.5}}
    assert totals(lake) == (3, 2, 1, 0)


@long
@pytest.mark.parametrize(("write", "before"), around_writes(8))
def test_killed_at_any_write_and_run_again_everything_is_as_if_never_killed(write, before):
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        for folder in (one, other):
            for load in (1, 2):
                deliver(Lake(folder), raw([{**r, "number": f"{r['number']}{load}"} for r in ROWS], load=load))
            accept(Lake(folder), WRONG, TABLES)
        accept(Lake(one), RIGHT, TABLES)
        try:
            accept(Mortal(other, write=write, before=before), RIGHT, TABLES, batch_rows=3)
        except Killed:
            accept(Lake(other), RIGHT, TABLES, batch_rows=3)
        assert totals(Lake(other)) == totals(Lake(one)) == (8, 6, 2, 0)
        assert states(Lake(other)) == states(Lake(one))
        places = [Lake(f).scan("intake/repaired").select("load_id", "position").collect() for f in (one, other)]
        assert_frame_equal(*places, check_row_order=False)
        assert len(Lake(other).versions(CASES).collect()) == len(Lake(one).versions(CASES).collect())
