"""Clocks and intervals against a slow walk over the minutes, on thousands of tickets around nights that matter."""

from datetime import timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from opsguard_assets.tickets.sla.calendars import working_time
from opsguard_assets.tickets.sla.clocks import sla_clocks
from opsguard_assets.tickets.sla.intervals import sla_intervals
from opsguard_assets.tickets.sla.tick import READINGS, clocks_at, is_outdated
from tests.properties import examples
from tests.tickets.oracle import Verdict
from tests.tickets.worlds import DAYS, World, world

SEEDS = st.integers(0, 2**32 - 1)
THOUSANDS = settings(max_examples=examples(60, quick=3), deadline=None, suppress_health_check=[HealthCheck.too_slow])
QUICK = settings(THOUSANDS, max_examples=examples(15, quick=2))


def _differences(name: str, clock: dict, verdict: Verdict, given: dict, last: object) -> list[str]:
    def due(found: object, expected: object) -> bool:
        return found == expected or (expected == last and (found is None or found >= last))

    remaining = None
    if verdict.resolution_due_at is None or given["due_at"] is None:
        remaining = clock["resolution_target_minutes"] - verdict.elapsed
    wrong = {
        "elapsed_minutes": (clock["elapsed_minutes"], verdict.elapsed),
        "paused_minutes": (clock["paused_minutes"], verdict.paused),
        "response_at": (clock["response_at"], verdict.response_at),
        "ended_at": (clock["ended_at"], verdict.ended_at),
        "response_state": (clock["response_state"], verdict.response_state),
        "resolution_state": (clock["resolution_state"], verdict.resolution_state),
    }
    if remaining is not None:
        wrong["remaining_minutes"] = (clock["remaining_minutes"], remaining)
    found = [f"{name} {what}: {a} instead of {b}" for what, (a, b) in wrong.items() if a != b]
    dues = {what: (clock[what], getattr(verdict, what)) for what in ("response_due_at", "resolution_due_at")}
    return found + [f"{name} {what}: {a} instead of {b}" for what, (a, b) in dues.items() if not due(a, b)]


def _disagreements(some: World) -> list[str]:
    clocks = {row["ticket_id"]: row for row in sla_clocks(*some.tables, some.as_of).iter_rows(named=True)}
    verdicts = some.verdicts(some.as_of)
    given = {ticket["ticket_id"]: ticket for ticket in some.tickets}
    last = some.start + timedelta(days=DAYS)
    assert clocks.keys() == verdicts.keys()
    return [line for name, v in verdicts.items() for line in _differences(name, clocks[name], v, given[name], last)]


@THOUSANDS
@given(SEEDS)
def test_clocks_agree_minute_by_minute(seed: int) -> None:
    assert _disagreements(world(seed)) == []


@QUICK
@given(SEEDS)
def test_intervals_agree_minute_by_minute(seed: int) -> None:
    some = world(seed)
    found = sla_intervals(*some.tables, some.as_of)
    by_ticket: dict[str, list[tuple]] = {}
    for name, *interval, running in found.iter_rows():
        assert running == (interval[1] - interval[0]) / timedelta(minutes=1) * (interval[2] == "running")
        by_ticket.setdefault(name, []).append(tuple(interval))
    for name, verdict in some.verdicts(some.as_of).items():
        assert by_ticket.get(name, []) == verdict.intervals, name


@QUICK
@given(SEEDS)
def test_intervals_partition_a_life_and_their_running_time_is_the_elapsed_time(seed: int) -> None:
    some = world(seed, size=200)
    lives = (
        sla_intervals(*some.tables, some.as_of)
        .group_by("ticket_id")
        .agg(
            pl.col("starts_at").min().alias("first"),
            pl.col("ends_at").max().alias("last"),
            (pl.col("ends_at") - pl.col("starts_at")).sum().alias("covered"),
            pl.col("running_minutes").sum(),
            gaps=(pl.col("starts_at").shift(-1) != pl.col("ends_at")).sum(),
        )
    )
    clocks = sla_clocks(*some.tables, some.as_of).with_columns(end=pl.min_horizontal("ended_at", "as_of"))
    both = clocks.join(lives, on="ticket_id", how="left", validate="1:1").filter(pl.col("end") > pl.col("opened_at"))
    broken = both.filter(
        (pl.col("first") != pl.col("opened_at"))
        | (pl.col("last") != pl.col("end"))
        | (pl.col("covered") != pl.col("end") - pl.col("opened_at"))
        | (pl.col("gaps") != 0)
        | ((pl.col("running_minutes") - pl.col("elapsed_minutes")).abs() > 1e-6)
        | pl.col("first").is_null()
    )
    assert broken.is_empty()


@QUICK
@given(SEEDS, st.integers(0, 10_000_000_000))
def test_stored_clocks_read_later_equal_clocks_computed_later(seed: int, later_us: int) -> None:
    some = world(seed, size=200)
    later = some.as_of + timedelta(microseconds=later_us)
    stored = sla_clocks(*some.tables, some.as_of)
    pairs = stored.select("calendar_id", "timezone").unique()
    work = working_time(some.tables[3], pairs, since=later, until=later)
    current = stored.filter(~is_outdated(work, later))
    fresh = sla_clocks(*some.tables, later).filter(pl.col("ticket_id").is_in(current["ticket_id"].implode()))
    columns = ["ticket_id", "status", "response_due_at", "resolution_due_at", "no_deadline_reason", *READINGS]
    assert_frame_equal(clocks_at(current, work, later).select(columns), fresh.select(columns), abs_tol=1e-9)


@QUICK
@given(SEEDS)
def test_clocks_do_not_depend_on_the_order_of_rows_or_on_other_tickets(seed: int) -> None:
    some = world(seed, size=30)
    tickets, events, *rest = some.tables
    whole = sla_clocks(tickets, events, *rest, some.as_of).sort("ticket_id")
    order = events.with_row_index("n").with_columns(pl.col("n").hash(seed)).sort("n").drop("n")
    half = tickets.filter(pl.col("ticket_id") < "t015")
    other = tickets.filter(pl.col("ticket_id") >= "t015")
    parts = [sla_clocks(part, order, *rest, some.as_of) for part in (other, half)]
    assert_frame_equal(pl.concat(parts).sort("ticket_id"), whole)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_changed_policy_is_the_promise_from_when_it_is_known(moment: str) -> None:
    some = world(7)
    if moment == "after":
        some.policies = [
            {**p, "resolution_minutes": 45, "calendar_id": "night", "pauses_on": []} for p in world(11).policies
        ]
    assert _disagreements(some) == []
