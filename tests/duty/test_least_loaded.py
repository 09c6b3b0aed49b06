"""Giving out many tickets at once equals giving them out one after the other."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from opsguard_assets.duty.least_loaded import assign, next_of
from tests.tickets.desks import given_out

PEOPLE, GROUPS = [f"P{n}" for n in range(7)], [f"G{n}" for n in range(4)]


def assigned(tickets, members, loads):
    frame = assign(
        pl.DataFrame(tickets, schema={"item_id": pl.String, "group_id": pl.String}, orient="row"),
        pl.DataFrame(members, schema={"person_id": pl.String, "group_id": pl.String}, orient="row"),
        pl.DataFrame(list(loads.items()), schema={"person_id": pl.String, "load": pl.Int64}, orient="row"),
    )
    assert frame["item_id"].is_unique().all()
    return dict(frame.select("item_id", "given_to").iter_rows())


@given(
    st.lists(st.sampled_from([*GROUPS, None]), max_size=30),
    st.sets(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(GROUPS)), max_size=20),
    st.dictionaries(st.sampled_from(PEOPLE), st.integers(0, 12)),
)
def test_all_at_once_equals_one_after_the_other_also_for_people_in_several_groups(groups, members, loads):
    tickets = [(f"T{number}", group) for number, group in enumerate(groups)]
    assert assigned(tickets, sorted(members), loads) == given_out(tickets, members, loads)


@given(st.integers(1, 60), st.lists(st.integers(0, 9), min_size=1, max_size=7))
def test_afterwards_nobody_who_was_given_something_has_more_than_one_ticket_above_the_least_loaded(tickets, loads):
    before = dict(zip(PEOPLE, loads, strict=False))
    given_to = assigned([(f"T{n}", "G") for n in range(tickets)], [(person, "G") for person in before], before)
    counts = {person: load + list(given_to.values()).count(person) for person, load in before.items()}
    assert len(given_to) == tickets
    assert max(counts[person] for person in given_to.values()) <= min(counts.values()) + 1


def test_one_with_a_thousand_tickets_gets_none_and_costs_nothing():
    given_to = assigned([(f"T{n}", "G") for n in range(100)], [("A", "G"), ("B", "G")], {"A": 1_000_000})
    assert set(given_to.values()) == {"B"}


@given(
    st.sets(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(GROUPS)), max_size=20),
    st.dictionaries(st.sampled_from(PEOPLE), st.integers(0, 12)),
)
def test_the_next_of_each_group_is_who_would_get_its_only_item(members, loads):
    there = pl.DataFrame(sorted(members), schema={"person_id": pl.String, "group_id": pl.String}, orient="row")
    known = pl.DataFrame(list(loads.items()), schema={"person_id": pl.String, "load": pl.Int64}, orient="row")
    found = {row["group_id"]: row["given_to"] for row in next_of(there, known).to_dicts()}
    assert found == {group: assigned([("T", group)], sorted(members), loads)["T"] for _, group in members}
