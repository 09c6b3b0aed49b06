"""Records that arrive in any order end in one history: the events, clocks and intervals do not tell how they came."""

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from opsguard_assets.tables.registry import SLA_POLICIES, TICKET_EVENTS, TICKETS
from opsguard_assets.tickets.learning.schemas import RECENT_TICKETS, TICKET_OUTCOMES
from opsguard_assets.tickets.sla.derive_io import FOLLOWERS, update_clocks, update_events, update_intervals
from opsguard_assets.tickets.sla.event_history import corrections, event_history
from opsguard_assets.tickets.sla.events import derive_ticket_events
from opsguard_assets.tickets.sla.schemas import SLA_CLOCKS, SLA_INTERVALS
from resources.lake import Lake
from resources.progress import Silent
from tests.properties import examples
from tests.tickets.frames import utc

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
OPENED = utc(2026, 4, 2, 8)
# Loads happen long after what they tell was known.
LOADED = utc(2026, 5, 1)
SAID = ["ticket_id", "at", "field", "old", "new", "actor_id"]


def state(hour, status, known_minutes, *, ticket="A", who=None):
    """A state of a ticket so many hours after its opening, known so many minutes after the opening."""
    return {
        "ticket_id": ticket,
        "client_id": "c",
        "priority": "high",
        "status": status,
        "assignee_id": who,
        "opened_at": OPENED,
        "updated_at": OPENED + hour * HOUR,
        "known_at": OPENED + known_minutes * MINUTE,
    }


def tickets(states):
    empty = dict.fromkeys(TICKETS.columns)
    return pl.DataFrame([{**empty, **row} for row in states], schema=TICKETS.dtypes)


def delivered(lake, *loads):
    """Each load recorded and followed on its own, the last one at the same instant whatever there was before it."""
    for hours, states in zip(reversed(range(len(loads))), loads, strict=True):
        lake.record(TICKETS, tickets(states), loaded_at=LOADED - hours * HOUR)
        followed(lake)


def followed(lake):
    for update in (update_events, update_clocks, update_intervals):
        update(lake, progress=Silent())


def looked_at_again(lake):
    """A promise to somebody else: all open tickets are looked at, so that their intervals end at one instant."""
    row = dict.fromkeys(SLA_POLICIES.columns) | {"policy_id": "p", "client_id": "x", "priority": "low"}
    promise = row | {"response_minutes": 5, "resolution_minutes": 9, "known_at": LOADED + HOUR}
    lake.record(SLA_POLICIES, pl.DataFrame([promise], schema=SLA_POLICIES.dtypes), loaded_at=LOADED + HOUR)
    followed(lake)


def events(lake, as_of=None):
    return lake.known(TICKET_EVENTS, as_of).select(SAID).collect().sort(SAID)


def clocks(lake):
    """The stored clocks; when each was computed last is told by the loads, not by the tickets."""
    return lake.known(SLA_CLOCKS).drop("known_at").collect().sort("ticket_id")


def intervals(lake):
    return lake.scan(SLA_INTERVALS.derived_name).collect().sort("ticket_id", "starts_at")


@pytest.fixture
def lakes(tmp_path):
    return Lake(str(tmp_path / "one")), Lake(str(tmp_path / "other"))


NEW, ON_HOLD = state(0, "new", 2), state(6, "on_hold", 362)


def test_a_first_state_that_arrives_last_corrects_the_creation(lakes):
    in_order, reversed_ = lakes
    delivered(in_order, [NEW], [ON_HOLD])
    delivered(reversed_, [ON_HOLD], [NEW])
    assert events(reversed_).select("at", "old", "new").rows() == [
        (OPENED, None, "new"),
        (OPENED + 6 * HOUR, "new", "on_hold"),
    ]
    assert intervals(reversed_)["state"].to_list() == ["running", "paused"]
    assert_frame_equal(events(reversed_), events(in_order))
    assert_frame_equal(clocks(reversed_), clocks(in_order))
    assert_frame_equal(intervals(reversed_), intervals(in_order))


def test_a_correction_wins_where_both_were_known_at_one_instant(lakes):
    lake, _ = lakes
    delivered(lake, [state(6, "on_hold", 400)], [state(0, "new", 400)])
    assert events(lake).select("old", "new").rows() == [(None, "new"), ("new", "on_hold")]


def test_what_had_been_recorded_stays_for_those_who_ask_what_had_been(lakes):
    lake, _ = lakes
    delivered(lake, [ON_HOLD], [NEW])
    then = lake.as_recorded(LOADED - HOUR)
    assert events(then).select("old", "new").rows() == [(None, "on_hold")]
    assert events(then, OPENED + 7 * HOUR).select("old", "new").rows() == [(None, "on_hold")]


def test_an_event_that_a_late_state_removes_was_none_from_when_that_state_was_known(lakes):
    lake, _ = lakes
    delivered(lake, [NEW, ON_HOLD], [state(3, "on_hold", 500)])
    at = pl.col("at") == OPENED + 6 * HOUR
    assert len(events(lake, OPENED + 499 * MINUTE).filter(at)) == 1
    assert events(lake, OPENED + 500 * MINUTE).filter(at).is_empty()


def test_deriving_again_writes_nothing(lakes):
    lake, _ = lakes
    delivered(lake, [ON_HOLD], [NEW])
    stored, states = (lake.versions(table).collect() for table in (TICKET_EVENTS, TICKETS))
    assert corrections(stored, event_history(states)).is_empty()


arrivals = st.lists(
    st.builds(
        state,
        hour=st.integers(0, 5),
        status=st.sampled_from(["new", "open", "on_hold", "resolved"]),
        known_minutes=st.integers(0, 8).map(lambda n: 360 + 30 * n),
        ticket=st.sampled_from("AB"),
        who=st.sampled_from([None, "a"]),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda row: (row["ticket_id"], row["updated_at"], row["known_at"]),
)


@given(arrivals)
@settings(max_examples=examples(60))
def test_the_history_says_of_every_moment_what_the_states_known_by_then_say(states):
    history = event_history(tickets(states)).sort("known_at")
    assert not history.is_empty()
    for moment in {row["known_at"] for row in states}:
        by_then = history.filter(pl.col("known_at") <= moment).unique(
            TICKET_EVENTS.key, keep="last", maintain_order=True
        )
        said = by_then.filter(~pl.col("_is_withdrawn")).select(SAID).sort(SAID)
        known = tickets([row for row in states if row["known_at"] <= moment])
        assert_frame_equal(said, derive_ticket_events(known).select(SAID).sort(SAID))


@given(arrivals, st.randoms(use_true_random=False), st.integers(1, 3))
@settings(max_examples=examples(10, quick=1))
def test_no_order_and_no_split_of_deliveries_changes_events_clocks_or_intervals(states, random, loads):
    shuffled = random.sample(states, len(states))
    split = [part for n in range(loads) if (part := shuffled[n::loads])]
    with TemporaryDirectory() as folder:
        at_once, one_by_one = Lake(str(Path(folder) / "one")), Lake(str(Path(folder) / "other"))
        delivered(at_once, states)
        delivered(one_by_one, *split)
        looked_at_again(at_once)
        looked_at_again(one_by_one)
        for moment in (None, *sorted({row["known_at"] for row in states})):
            assert_frame_equal(events(one_by_one, moment), events(at_once, moment))
        assert_frame_equal(clocks(one_by_one), clocks(at_once))
        assert_frame_equal(intervals(one_by_one), intervals(at_once))


def test_events_are_recorded_after_the_marks_of_all_who_follow_them():
    assert set(FOLLOWERS) == {table.name for table in (SLA_CLOCKS, SLA_INTERVALS, TICKET_OUTCOMES, RECENT_TICKETS)}
