"""Events derived from successive states of tickets."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from opsguard_assets.tickets.sla.events import TRACKED, derive_ticket_events
from tests.properties import examples
from tests.tickets.frames import INSTANT, TICKETS, frame, utc

VERSIONS = {**TICKETS, "updated_by": pl.String, "known_at": INSTANT, "_sequence": pl.Int64}


def state(hour, **changes):
    """A state of ticket t updated at that hour and known a minute later."""
    return {
        "ticket_id": "t",
        "priority": "low",
        "status": "new",
        "opened_at": utc(2026, 6, 1),
        "updated_at": utc(2026, 6, 1, hour),
        "known_at": utc(2026, 6, 1, hour, 1),
        "_sequence": 0,
        **changes,
    }


def events(*states):
    return derive_ticket_events(frame(states, VERSIONS)).select("field", "old", "new", "actor_id").rows()


def test_the_first_state_is_the_creation_at_the_opening():
    found = derive_ticket_events(frame([state(3, status="open", updated_by="anna")], VERSIONS))
    assert found.rows() == [("t", utc(2026, 6, 1), "status", None, "open", None, utc(2026, 6, 1, 3, 1))]
    assert events(state(0, updated_by="anna")) == [("status", None, "new", "anna")]


def test_every_tracked_field_that_changes_is_an_event_of_who_changed_it():
    changed = {name: f"other {name}" for name in TRACKED}
    found = events(state(0), state(1, **changed, updated_by="ben", description="not tracked"))
    assert found[0][2] == "new"
    assert sorted(found[1:]) == sorted(
        (name, {"status": "new", "priority": "low"}.get(name), f"other {name}", "ben") for name in TRACKED
    )


def test_to_and_from_null_is_a_change():
    found = events(state(0), state(1, assignee_id="a"), state(2, assignee_id=None))
    assert [f[:3] for f in found[1:]] == [("assignee_id", None, "a"), ("assignee_id", "a", None)]


def test_states_of_one_instant_are_one_change_to_the_last_of_them():
    found = events(state(0), state(1, status="resolved", _sequence=2), state(1, status="open", _sequence=1))
    assert [f[1:3] for f in found] == [(None, "new"), ("new", "resolved")]


def test_tickets_do_not_run_into_each_other():
    assert len(events(state(0), state(5, ticket_id="u", status="closed", priority="high"))) == 2


def test_a_late_state_makes_events_that_nobody_knew_before_it_came():
    late = state(1, status="open", known_at=utc(2026, 6, 9))
    found = derive_ticket_events(frame([state(0), state(2, status="resolved"), late], VERSIONS))
    assert found.select("old", "new", "known_at").rows()[1:] == [
        ("new", "open", utc(2026, 6, 9)),
        ("open", "resolved", utc(2026, 6, 9)),
    ]


def test_no_states_give_no_events_and_optional_columns_may_be_missing():
    assert derive_ticket_events(frame([], VERSIONS)).is_empty()
    assert len(derive_ticket_events(frame([state(0)], VERSIONS).drop("updated_by", "_sequence"))) == 1


@settings(deadline=None, max_examples=examples(60))
@given(
    st.lists(
        st.tuples(
            st.sampled_from("tu"),
            st.integers(0, 6),
            st.sampled_from(["new", "open", "resolved"]),
            st.sampled_from([None, "a", "b"]),
            st.integers(0, 2),
        ),
        max_size=20,
    ),
    st.randoms(use_true_random=False),
)
def test_neither_order_nor_repetition_changes_the_events(drawn, random):
    states = [
        state(hour, ticket_id=ticket, status=status, assignee_id=who, _sequence=n)
        for ticket, hour, status, who, n in drawn
    ]
    again = [{**s, "known_at": utc(2026, 6, 20)} for s in random.choices(states, k=len(states))] if states else []
    shuffled = [*states, *again, *states]
    random.shuffle(shuffled)
    first = derive_ticket_events(frame(states, VERSIONS))
    assert_frame_equal(derive_ticket_events(frame(shuffled, VERSIONS)), first)
    changes = first.filter(pl.col("old").is_not_null() | (pl.col("field") != "status"))
    assert changes.filter(pl.col("old").eq_missing(pl.col("new"))).is_empty()


@pytest.mark.parametrize("field", TRACKED)
def test_the_events_of_a_field_form_a_chain(field):
    values = ["x", "y", "y", "z", "x"]
    found = derive_ticket_events(frame([state(n, **{field: value}) for n, value in enumerate(values)], VERSIONS))
    chain = found.filter((pl.col("field") == field) & pl.col("old").is_not_null())
    assert list(zip(chain["old"], chain["new"], strict=True)) == [("x", "y"), ("y", "z"), ("z", "x")]
