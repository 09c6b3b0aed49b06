"""Complete lists: what a newer one no longer names is withdrawn from then on; no list in doubt withdraws anything."""

import os
from datetime import timedelta

import pytest

from opsguard_assets.config.sources import FileSource
from opsguard_assets.intake.accepting.accept import accept
from opsguard_assets.intake.ledger import ledger
from opsguard_assets.tables.registry import TABLES
from resources.lake import Lake
from tests.intake.accept.test_accept import Killed, Mortal
from tests.intake.receive.inboxes import Mailbox
from tests.long import around_writes, chosen, long

ROSTERS = TABLES["rosters"]
HEADER = "id,guard,site,begins,ends,since,state"
COLUMNS = {
    "roster_id": "id", "person_id": "guard", "site_id": "site", "starts_local": "begins", "ends_local": "ends",
    "valid_from": "since",
}  # fmt: skip


def roster(number, site="S1", since="2026-01-01", state="active"):
    return f"{number},P1,{site},08:00,16:00,{since},{state}"


class Desk:
    """A folder of exports, and what a lake makes of them."""

    def __init__(self, home, *, name="rota", **feed):
        self.folder, self.mailbox, self.name = home / name, Mailbox(home), name
        self.folder.mkdir(parents=True)
        self.lake = Lake(self.mailbox.lake_uri)
        self.written = 0
        self.feed = {"table": "rosters", "columns": COLUMNS, **(feed or {"snapshot": True})}

    @property
    def source(self):
        given = {"name": self.name, "kind": "files", "path": f"{self.folder}/*.csv", "feeds": [self.feed]}
        return FileSource.model_validate(given)

    def put(self, *rows, name=None, hours=None):
        """Writes an export, an hour after the one before it."""
        self.written += 1
        path = self.folder / (name or f"{self.written}.csv")
        path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
        at = 1_767_000_000 + 3600 * (self.written if hours is None else hours)
        os.utime(path, (at, at))

    def load(self):
        self.received = self.mailbox.receive(self.source)
        return accept(self.lake, self.source, TABLES)

    def sync(self, *rows, **where):
        self.put(*rows, **where)
        return self.load()

    def known(self, as_of=None):
        return sorted(self.lake.known(ROSTERS, as_of).collect()["roster_id"])


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def counts(load):
    return (load.received, load.accepted, load.rejected, load.unchanged, load.withdrawn)


def test_a_row_removed_from_the_list_is_gone_from_that_load_on_and_still_there_before(desk):
    (first,) = desk.sync(roster("A"), roster("B"), roster("C"), name="list.csv")
    (second,) = desk.sync(roster("A"), roster("C"), name="list.csv")
    assert desk.known() == ["A", "C"]
    assert desk.known(first.recorded_at) == ["A", "B", "C"]
    assert desk.known(second.recorded_at - timedelta(microseconds=1)) == ["A", "B", "C"]
    assert desk.known(second.recorded_at) == ["A", "C"]
    assert [counts(first), counts(second)] == [(3, 3, 0, 0, 0), (2, 0, 0, 2, 1)]
    assert desk.load() == []
    book = desk.lake.scan(ledger.NAME).collect()
    assert (book["received"] == book["accepted"] + book["rejected"] + book["unchanged"]).all()
    assert book["withdrawn"].sum() == 1


def test_a_row_that_comes_back_is_there_again(desk):
    desk.sync(roster("A"), roster("B"))
    (gone,) = desk.sync(roster("A"))
    desk.sync(roster("A"), roster("B"))
    assert desk.known() == ["A", "B"]
    assert desk.known(gone.recorded_at) == ["A"]


def test_lists_that_wait_together_are_told_one_after_the_other_oldest_first(desk):
    desk.put(roster("A"), name="z.csv", hours=1)
    desk.put(roster("A"), roster("B"), name="y.csv", hours=2)
    desk.put(roster("A"), roster("C"), name="x.csv", hours=3)
    loads = desk.load()
    assert desk.received.origins == ("z.csv", "y.csv", "x.csv")
    assert [counts(load) for load in loads] == [(1, 1, 0, 0, 0), (2, 1, 0, 1, 0), (2, 1, 0, 1, 1)]
    assert desk.known() == ["A", "C"]


def test_a_list_older_than_the_one_that_counts_is_not_read_and_said_to_be_so(desk):
    desk.sync(roster("A"), roster("C"), name="tuesday.csv", hours=48)
    assert desk.sync(roster("A"), roster("B"), name="monday.csv", hours=24) == []
    (failure,) = desk.received.failures
    assert failure.origin == "monday.csv"
    assert "older than tuesday.csv, which was loaded before" in failure.reason
    assert desk.known() == ["A", "C"]


def test_an_empty_list_withdraws_nothing_and_is_told_until_a_whole_one_arrives(desk):
    desk.sync(roster("A"), roster("B"))
    assert desk.sync(name="empty.csv") == []
    (failure,) = desk.received.failures
    assert "would withdraw everything; nothing is withdrawn. Deliver the whole list." in failure.reason
    assert desk.known() == ["A", "B"]
    desk.sync(roster("A"), name="empty.csv")
    assert (desk.received.failures, desk.known()) == ((), ["A"])


def test_a_first_list_may_be_empty(desk):
    assert desk.sync() == []
    assert desk.received.failures == ()


def test_a_row_that_is_rejected_is_listed_all_the_same(desk):
    desk.sync(roster("A"), roster("B"), roster("C"))
    (load,) = desk.sync(roster("A", since="soon"), roster("B"))
    assert counts(load) == (2, 0, 1, 1, 1)
    assert desk.known() == ["A", "B"]
    (load,) = desk.sync(roster("A", since="soon"), roster("B", since="soon"))
    assert (counts(load), load.incomplete, desk.known()) == ((2, 0, 2, 0, 0), None, ["A", "B"])


@pytest.mark.parametrize("broken", chosen([roster(""), "A,P1,S1"]), ids=["no key", "a row cut short"])
def test_a_list_with_a_row_that_does_not_tell_its_key_withdraws_nothing_and_says_so(desk, broken):
    desk.sync(roster("A"), roster("B"), roster("C"))
    (load,) = desk.sync(roster("A"), broken)
    assert load.withdrawn == 0
    assert load.incomplete.startswith("1 rows do not tell their key, so the list is not complete and the 2 rows of")
    assert desk.known() == ["A", "B", "C"]
    (load,) = desk.sync(roster("A"), roster("B"))
    assert (load.withdrawn, load.incomplete, desk.known()) == (1, None, ["A", "B"])


def test_a_list_of_strangers_withdraws_nothing_until_a_second_one_agrees(desk):
    desk.sync(roster("A"), roster("B"))
    (load,) = desk.sync(roster("X-A"), roster("X-B"))
    assert load.incomplete.startswith("the list names none of the 2 rows of rosters that were listed before")
    assert desk.known() == ["A", "B", "X-A", "X-B"]
    (load,) = desk.sync(roster("X-A"), roster("X-B"))
    assert (load.withdrawn, load.incomplete, desk.known()) == (2, None, ["X-A", "X-B"])


def test_rows_of_loads_before_the_lists_began_must_be_listed_from_then_on(tmp_path):
    desk = Desk(tmp_path, same_names=False)
    desk.sync(roster("A"), roster("B"))
    desk.sync(roster("C"))
    assert desk.known() == ["A", "B", "C"]
    desk.feed["snapshot"] = True
    (load,) = desk.sync(roster("A"), roster("C"))
    assert (load.withdrawn, desk.known()) == (1, ["A", "C"])


def test_a_row_stays_while_the_list_of_another_source_names_it(tmp_path):
    one, other = Desk(tmp_path, name="north"), Desk(tmp_path, name="south")
    one.sync(roster("A"), roster("B"), roster("C"))
    other.sync(roster("B"), roster("D"))
    one.sync(roster("A"))
    assert one.known() == ["A", "B", "D"]


def test_a_row_that_says_that_it_is_deleted_is_withdrawn(tmp_path):
    desk = Desk(tmp_path, withdrawn_when={"state": "deleted"})
    (first,) = desk.sync(roster("A"), roster("B"))
    (second,) = desk.sync(roster("A", state="Deleted"))
    assert counts(second) == (1, 1, 0, 0, 1)
    assert (desk.known(), desk.known(first.recorded_at)) == (["B"], ["A", "B"])
    desk.sync(roster("A"))
    assert desk.known() == ["A", "B"]


@long
@pytest.mark.parametrize(("write", "before"), around_writes(6))
def test_killed_at_any_write_and_run_again_the_list_counts_as_if_never_killed(desk, write, before):
    desk.sync(roster("A"), roster("B"), roster("C"))
    desk.put(roster("A"), roster("D"))
    desk.mailbox.receive(desk.source)
    with pytest.raises(Killed):
        accept(Mortal(desk.lake.uri, write=write, before=before), desk.source, TABLES)
    (load,) = accept(desk.lake, desk.source, TABLES)
    assert counts(load) == (2, 1, 0, 1, 2)
    assert desk.known() == ["A", "D"]
    assert desk.lake.versions(ROSTERS).collect().height == 6


@long
@pytest.mark.parametrize(("write", "before"), around_writes(5))
def test_killed_at_any_write_a_list_in_doubt_is_still_in_doubt(desk, write, before):
    desk.sync(roster("A"), roster("B"))
    desk.put(roster("X-A"))
    desk.mailbox.receive(desk.source)
    with pytest.raises(Killed):
        accept(Mortal(desk.lake.uri, write=write, before=before), desk.source, TABLES)
    (load,) = accept(desk.lake, desk.source, TABLES)
    assert load.incomplete is not None
    assert desk.known() == ["A", "B", "X-A"]
