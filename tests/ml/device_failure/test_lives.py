"""Lives of devices: failures, silence, maintenance, removal, and what nobody has seen."""

import random
from datetime import timedelta

import polars as pl
import pytest

from ml.problems.device_failure.lives import after, lives
from tests.ml.device_failure.fleets import HOUR, START, devices, events, hourly, up


def told(hours, happened=(), *, until=100, interval=15.0):
    found = lives(
        hourly(up("a", hours)), devices("a", interval=interval), events(*happened), START + timedelta(hours=until)
    )
    return [
        ((row["begins_at"] - START) / HOUR, (row["ends_at"] - START) / HOUR, row["ended_by"])
        for row in found.iter_rows(named=True)
    ]


def test_a_device_that_is_heard_to_the_end_is_alive_and_no_negative():
    assert told(range(50), until=49) == [(0, 49, None)]


def test_four_hours_of_silence_are_the_end_dated_to_when_they_had_passed():
    heard = [*range(10), *range(20, 31)]
    assert told(heard, until=30) == [(0, 9.75 + 4, "offline"), (20, 30, None)]


def test_three_intervals_count_where_they_are_longer():
    assert told([0, 1, 2, 12], until=12, interval=300.0) == [(0, 12, None)]
    assert told([0, 1, 2, 20], until=20, interval=300.0) == [(0, 2.75 + 15, "offline")]


def test_a_device_that_reports_on_change_is_never_offline():
    assert told([0, 90], until=90, interval=None) == [(0, 90, None)]


def test_a_failure_ends_a_life_and_the_next_report_begins_another():
    assert told(range(40), [("a", 20.5, "failure")], until=39) == [(0, 20.5, "failure"), (21, 39, None)]


def test_silence_around_maintenance_is_censored():
    heard = [*range(10), *range(20, 31)]
    assert told(heard, [("a", 11, "maintenance")], until=30)[0] == (0, 9.75 + 4, "maintenance")
    assert told(heard, [("a", 18, "maintenance")], until=30)[0] == (0, 9.75 + 4, "offline")


def test_a_removed_device_is_censored():
    assert told(range(30), [("a", 25, "removed")], until=29)[0] == (0, 25, "removed")


def test_a_device_that_is_removed_when_it_fails_has_failed():
    assert told(range(30), [("a", 25, "removed"), ("a", 25, "failure")], until=29)[0] == (0, 25, "failure")


def test_the_end_of_all_records_ends_the_observation():
    assert told(range(10), until=5_000) == [(0, 9.75, None)]


def labelled(ends, *, kind="failure", horizon=24, moment=0.0):
    happened = events(("a", ends, kind)) if kind else events()
    every = lives(hourly(up("a", range(200))), devices("a"), happened, START + 199 * HOUR)
    asked = pl.DataFrame({"life_id": every["life_id"][:1], "as_of": [START + timedelta(hours=moment)]})
    asked = asked.with_columns(pl.col("as_of").cast(pl.Datetime("us", "UTC")))
    return after(asked, every, pl.lit(horizon * 60.0), START + 199 * HOUR).row(0, named=True)


@pytest.mark.parametrize(
    ("ends", "moment", "expected"), [(24, 0, True), (24.1, 0, False), (100, 70, False), (100, 80, True)]
)
def test_an_event_within_the_horizon_is_one_and_a_later_one_is_none(ends, moment, expected):
    row = labelled(ends, moment=moment)
    assert row["is_event"] is expected
    assert row["lead_minutes"] == ((ends - moment) * 60 if expected else None)


def test_who_was_not_seen_for_so_long_has_no_outcome():
    assert labelled(20, kind="removed")["is_event"] is None
    assert labelled(30, kind="removed")["is_event"] is False
    assert labelled(0, kind=None, moment=180)["is_event"] is None
    assert labelled(0, kind=None, moment=160)["is_event"] is False


def test_an_outcome_is_settled_when_its_horizon_has_passed_and_not_when_it_came():
    assert labelled(10)["settled_at"] == START + 24 * HOUR
    assert labelled(90)["settled_at"] == START + 24 * HOUR


def test_a_failure_is_no_example_before_others_could_be_counter_examples():
    assert labelled(180, moment=174)["is_event"] is True
    assert labelled(180, moment=176)["is_event"] is None


def oracle(heard, failures, until, limit):
    """The lives of one device, hour by hour: a plain walk."""
    found, begins, last = [], None, None
    marks = sorted([(at, 1, "heard", begin) for begin, at in heard] + [(at, 0, "failure", None) for at in failures])
    for at, _, what, begin in marks:
        if begins is not None and last is not None and (begin or at) - last > limit and last + limit < (begin or at):
            found.append((begins, last + limit, "offline"))
            begins = None
        if what == "failure" and begins is not None:
            found.append((begins, at, "failure"))
            begins = None
        elif what == "heard":
            begins = begin if begins is None else begins
            last = at
    if begins is not None:
        ended = last + limit < until
        found.append((begins, last + limit if ended else until, "offline" if ended else None))
    return [life for life in found if life[0] < life[1]]


@pytest.mark.parametrize("seed", range(25))
def test_lives_agree_with_a_plain_walk(seed):
    luck = random.Random(seed)  # noqa: S311 - worlds, not secrets
    hours = sorted(luck.sample(range(120), luck.randrange(5, 60)))
    failures = sorted(luck.sample(range(120), luck.randrange(3)))
    # Failures strike a quarter of an hour before a full hour: no report lies there.
    failed = [hour + 0.9 for hour in failures]
    expected = oracle([(h, h + 0.75) for h in hours], failed, min(130, max([hours[-1] + 0.75, *failed])), 4.0)
    found = told(hours, [("a", at, "failure") for at in failed], until=130)
    assert [(round(a, 6), round(b, 6), c) for a, b, c in found] == [
        (round(a, 6), round(b, 6), c) for a, b, c in expected
    ]
