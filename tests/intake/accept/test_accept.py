"""Loads become versions, quarantine and ledger rows: once, in any order, also when killed in between."""

from contextlib import contextmanager
from datetime import timedelta
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from opsguard_assets.intake.accepting.accept import accept
from opsguard_assets.intake.accepting.arrival import pending_loads, plan_batches
from opsguard_assets.intake.ledger import ledger
from opsguard_assets.intake.mapping.origin import MappingError
from opsguard_assets.tables.table import Table
from resources.lake import Lake
from tests.intake.accept.given import CASES, START, TABLES, case, deliver, raw, source
from tests.long import around_writes, chosen
from tests.properties import examples

MAPPED = source({"updated_at": "changed", "known_at": "changed", "title": "title"})


def change(number, hour, state="open", **more):
    return case(number, state, changed=f"2025-03-01 {hour:02}:00", **{"title": None, **more})


@pytest.fixture
def lake(tmp_path):
    return Lake(str(tmp_path))


def counts(loads):
    return [(load.received, load.accepted, load.rejected, load.unchanged) for load in loads]


def test_a_load_is_accepted_once(lake):
    deliver(lake, raw([change("A", 1), change("A", 2, "closed"), change("B", 1, "bad"), change("A", 1)]))
    assert counts(accept(lake, MAPPED, TABLES)) == [(4, 2, 1, 1)]
    assert accept(lake, MAPPED, TABLES) == []
    assert lake.known(CASES).collect().select("case_id", "state").rows() == [("A", "closed")]
    assert lake.scan("quarantine/cases").collect()["value"].to_list() == ["bad"]


def test_loads_are_accepted_oldest_first_and_a_repeated_delivery_is_unchanged(lake):
    deliver(lake, raw([change("A", 2, "closed"), change("B", 1)], load=2))
    deliver(lake, raw([change("A", 1), change("B", 1)], load=1))
    loads = accept(lake, MAPPED, TABLES)
    assert [load.load_id for load in loads] == ["0001", "0002"]
    assert counts(loads) == [(2, 2, 0, 0), (2, 1, 0, 1)]


def test_nothing_received_is_nothing_to_accept(lake):
    assert accept(lake, MAPPED, TABLES) == []
    assert pending_loads(lake, "helpdesk") == []


def test_a_mapping_that_does_not_fit_writes_nothing(lake):
    deliver(lake, raw([change("A", 1)]))
    misspelt = source({"title": "titel"})
    with pytest.raises(MappingError, match="close to it: title"):
        accept(lake, misspelt, TABLES)
    assert not lake.exists("tables/cases")
    assert not lake.exists(ledger.NAME)
    assert counts(accept(lake, MAPPED, TABLES)) == [(1, 1, 0, 0)]


def test_an_unknown_table_is_an_error_that_names_close_ones(lake):
    mapped = source()
    feed = mapped.feeds[0].model_copy(update={"table": "case"})
    with pytest.raises(MappingError, match="no table 'case'; close to it: cases"):
        accept(lake, mapped.model_copy(update={"feeds": (feed,)}), TABLES)


def test_two_feeds_of_one_table_are_one_line_of_the_ledger(lake):
    deliver(lake, raw([change("A", 1), change("B", 2, "bad")]))
    other = MAPPED.feeds[0].model_copy(update={"where": {"number": ("A",)}})
    both = MAPPED.model_copy(update={"feeds": (MAPPED.feeds[0], other)})
    assert counts(accept(lake, both, TABLES)) == [(3, 1, 1, 1)]


ROWS = [change("A", 1), change("A", 2, "closed"), change("B", 1, "bad"), change("B", 3), change("C", 4), change("C", 4)]


class Killed(Exception):  # noqa: N818 - what happens, not what is wrong
    """The process ends here."""


class Mortal(Lake):
    """A real lake whose writer is killed right before or right after its n-th write."""

    def __init__(self, uri, *, write, before):
        super().__init__(uri)
        object.__setattr__(self, "state", {"left": write, "before": before})

    def _counted(self, write):
        self.state["left"] -= 1
        if self.state["left"] == 0 and self.state["before"]:
            raise Killed
        result = write()
        if self.state["left"] == 0:
            raise Killed
        return result

    def record(self, *args, **kwargs):
        return self._counted(lambda: super(Mortal, self).record(*args, **kwargs))

    def append_once(self, *args, **kwargs):
        return self._counted(lambda: super(Mortal, self).append_once(*args, **kwargs))

    def replace_slice(self, *args, **kwargs):
        return self._counted(lambda: super(Mortal, self).replace_slice(*args, **kwargs))


@pytest.mark.parametrize(("write", "before"), around_writes(9))
def test_killed_at_any_write_and_run_again_everything_is_as_if_never_killed(tmp_path, write, before):
    calm, shaken = Lake(str(tmp_path / "calm")), Lake(str(tmp_path / "shaken"))
    for lake in (calm, shaken):
        deliver(lake, raw(ROWS))
    accept(calm, MAPPED, TABLES, batch_rows=2)
    with pytest.raises(Killed):
        accept(Mortal(shaken.uri, write=write, before=before), MAPPED, TABLES, batch_rows=2)
    accept(shaken, MAPPED, TABLES, batch_rows=2)
    same(shaken.scan(ledger.NAME).collect().drop("recorded_at"), calm.scan(ledger.NAME).collect().drop("recorded_at"))
    same(shaken.scan("quarantine/cases").collect(), calm.scan("quarantine/cases").collect())
    same(*(lake.versions(CASES).collect().drop("_loaded_at") for lake in (shaken, calm)))


def same(left, right):
    assert_frame_equal(left, right, check_row_order=False)


@pytest.mark.parametrize("write", chosen([5, 8, 1, 2, 3, 4, 6, 7]))
def test_killed_and_run_again_a_table_that_takes_the_last_word_has_no_word_twice(tmp_path, write):
    flip = [case("A", state) for state in ("open", "closed", "open", "new")]
    table = Table(name="cases", room="tests", schema=CASES.schema, key=("case_id",))
    lakes = [Lake(str(tmp_path / name)) for name in ("calm", "shaken")]
    for lake in lakes:
        deliver(lake, raw(flip))
    accept(lakes[0], source(), {"cases": table}, batch_rows=1)
    with pytest.raises(Killed):
        accept(Mortal(lakes[1].uri, write=write, before=False), source(), {"cases": table}, batch_rows=1)
    accept(lakes[1], source(), {"cases": table}, batch_rows=1)
    states = [lake.versions(table).collect().sort("known_at")["state"].to_list() for lake in lakes]
    assert states[1] == states[0] == ["open", "closed", "open", "new"]


def test_a_row_without_an_instant_of_knowledge_is_known_when_its_batch_is_written_not_when_its_load_set_out(lake):
    moments = iter([START + timedelta(hours=9), START + timedelta(hours=10)])

    @contextmanager
    def turn():
        yield next(moments)

    deliver(lake, raw([case("A"), case("B")], load=1))
    (load,) = accept(lake, source(), TABLES, turn=turn, batch_rows=1)
    known = lake.versions(CASES).collect().sort("case_id")
    assert known["known_at"].to_list() == [START + timedelta(hours=9), START + timedelta(hours=10)]
    assert load.recorded_at == START + timedelta(hours=10)


def test_batches_are_recorded_one_after_the_other_even_when_the_clock_stands_still(lake):
    @contextmanager
    def turn():
        yield START

    deliver(lake, raw([case("A"), case("B")], load=1))
    accept(lake, source(), TABLES, turn=turn, batch_rows=1)
    assert lake.versions(CASES).collect()["_loaded_at"].n_unique() == 2


deliveries = st.lists(
    st.lists(
        st.builds(
            change,
            st.sampled_from(["A", "B"]),
            st.integers(1, 5),
            st.sampled_from(["open", "closed", "bad"]),
        ),
        min_size=1,
        max_size=4,
    ),
    min_size=1,
    max_size=4,
)


def states(lake):
    return lake.known(CASES).collect().drop("known_at").sort("case_id")


@settings(max_examples=examples(8, quick=2), deadline=None)
@given(files=deliveries, order=st.randoms(use_true_random=False), twice=st.integers(0, 3))
def test_files_in_any_order_and_twice_give_the_same_tables_and_every_load_adds_up(files, order, twice):
    # One state per case and instant: two different ones would be a conflict of the source, not a delivery problem.
    seen: dict[tuple[str, str], str] = {}
    for file in files:
        for row in file:
            row["state"] = seen.setdefault((row["number"], row["changed"]), row["state"])
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        straight, shuffled = Lake(one), Lake(other)
        for number, file in enumerate(files):
            deliver(straight, raw(file, load=number, origin=f"{number}.csv"))
        again = [*files, *files[:twice]]
        order.shuffle(again)
        for number, file in enumerate(again):
            deliver(shuffled, raw(file, load=number, origin=f"{number}.csv"))
            accept(shuffled, MAPPED, TABLES)
        accept(straight, MAPPED, TABLES)
        assert_frame_equal(states(straight), states(shuffled))
        book = shuffled.scan(ledger.NAME).collect()
        assert len(book) == len(again)
        assert (book["received"] == book["accepted"] + book["rejected"] + book["unchanged"]).all()
        assert book["accepted"].sum() == len(shuffled.versions(CASES).collect())


@given(spans=st.lists(st.integers(1, 30), min_size=1, max_size=8), size=st.integers(1, 12))
def test_batches_hold_every_row_once_and_no_more_than_asked(spans, size):
    origins = pl.DataFrame(
        {"_origin": [f"f{i}" for i in range(len(spans))], "first": [1] * len(spans), "last": spans},
        schema_overrides={"first": pl.Int64, "last": pl.Int64},
    )
    rows = origins.with_columns(_position=pl.int_ranges("first", pl.col("last") + 1)).explode(
        "_position", empty_as_null=False
    )
    batches = plan_batches(origins, size)
    held = rows.select(pl.sum_horizontal(batch.cast(pl.Int64) for batch in batches))
    assert held.to_series().to_list() == [1] * len(rows)
    assert all(0 < rows.filter(batch).height <= size for batch in batches)


def test_drift_is_reported_by_name(lake):
    deliver(lake, raw([change("A", 1, title="x", floor="1"), change("B", 1, title="y", floor="2")], load=1))
    deliver(lake, raw([change("C", 1, room="7"), change("D", 1, room="8")], load=2))
    first, second = accept(lake, MAPPED, TABLES)
    assert first.drift == ()
    assert second.drift == ("new column: room", "missing column: floor", "missing column: title")


def test_a_value_of_another_type_is_drift_of_its_column(lake):
    deliver(lake, raw([change("A", 1, weight=1.5)], load=1))
    deliver(lake, raw([change("B", 1, weight=None, weight__v_text="heavy")], load=2).drop("weight"))
    _, second = accept(lake, MAPPED, TABLES)
    assert second.drift == ("changed type: weight now also holds text",)


def test_a_column_that_is_seldom_filled_is_not_missed_by_a_small_load(lake):
    deliver(lake, raw([change(f"A{i}", 1, title="x" if i == 0 else None) for i in range(50)], load=1))
    deliver(lake, raw([change("B", 1), change("C", 1)], load=2))
    assert [load.drift for load in accept(lake, MAPPED, TABLES)] == [(), ()]


def test_a_load_older_than_an_accepted_one_is_still_accepted_once(lake):
    deliver(lake, raw([change("A", 2)], load=5))
    accept(lake, MAPPED, TABLES)
    deliver(lake, raw([change("B", 1)], load=3))
    assert counts(accept(lake, MAPPED, TABLES)) == [(1, 1, 0, 0)]
    assert accept(lake, MAPPED, TABLES) == []
    assert len(lake.scan(ledger.NAME).collect()) == 2


def test_the_ledger_says_when_and_how_much_of_a_load_was_rejected(lake):
    deliver(lake, raw([change("A", 1), change("B", 1, "bad")], load=4))
    accept(lake, MAPPED, TABLES)
    row = lake.scan(ledger.NAME).collect().row(0, named=True)
    assert (row["source"], row["table"], row["rejected_share"]) == ("helpdesk", "cases", 0.5)
    assert row["loaded_at"] == START + timedelta(hours=4)
