"""The figures that people ask for first, checked by hand."""

from datetime import UTC, datetime, timedelta

import polars as pl

from opsguard_assets.tickets.sla.figures import breach_rates, moments_between, open_over_time, without_deadline

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
INSTANT = pl.Datetime("us", "UTC")


def at(hours):
    return None if hours is None else NOON + timedelta(hours=hours)


def frame(*rows, columns):
    schema = {c: INSTANT if c.endswith("_at") else pl.String for c in columns}
    return pl.DataFrame([dict(zip(columns, row, strict=True)) for row in rows], schema=schema)


def test_a_ticket_is_open_from_its_opening_until_it_is_solved_closed_or_cancelled():
    tickets = frame(
        (at(0), at(4), at(9), "closed", at(9)),
        (at(1), None, at(3), "closed", at(3)),
        (at(1), None, None, "cancelled", at(2)),
        (at(2), None, None, "open", at(8)),
        columns=["opened_at", "resolved_at", "closed_at", "status", "updated_at"],
    )
    counted = open_over_time(tickets, [at(h) for h in (-1, 0, 1, 2, 3, 4, 10)])
    assert counted["open_tickets"].to_list() == [0, 1, 3, 3, 2, 1, 1]


def test_a_history_is_told_in_few_moments():
    for days in (1, 10, 60, 400, 3000):
        moments = moments_between(NOON, NOON + timedelta(days=days))
        assert 1 <= len(moments) <= 14
        assert all(NOON <= moment <= NOON + timedelta(days=days) for moment in moments)


def test_only_ended_tickets_with_a_deadline_are_judged():
    clocks = frame(
        ("high", "closed", at(5), at(4)),
        ("high", "closed", at(4), at(4)),
        ("high", "cancelled", at(9), at(4)),
        ("high", "open", None, at(4)),
        ("low", "closed", at(5), None),
        ("critical", "closed", at(1), at(4)),
        columns=["priority", "status", "ended_at", "resolution_due_at"],
    )
    assert breach_rates(clocks).rows() == [("critical", 1, 0, 0.0), ("high", 2, 1, 0.5)]


def test_why_clocks_have_no_deadline_is_counted():
    clocks = pl.LazyFrame({"no_deadline_reason": ["paused", None, "paused", "never"]})
    assert without_deadline(clocks).rows() == [("paused", 2), ("never", 1)]
