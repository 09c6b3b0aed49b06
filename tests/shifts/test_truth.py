"""What the twin planted is found, all of it and nothing else, wherever a clock changes in the period."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import polars as pl
import pytest

from opsguard_assets.shifts.calendar.calendar import Rosters, shift_calendar
from opsguard_assets.shifts.verdicts.verdicts import Attended, Limits, shift_compliance
from opsguard_assets.simulator.guards import Guarded, guarded
from opsguard_assets.simulator.punches import Punched, punched
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.tables.registry import TABLES
from tests.long import chosen

PERIODS = {"spring": datetime(2026, 3, 24, tzinfo=UTC), "autumn": datetime(2026, 10, 20, tzinfo=UTC)}
DAYS = 8


def changing_zones(starts: datetime) -> list[str]:
    """The zones of the tz database whose clock changes within the period."""
    days = [starts + timedelta(days=n) for n in range(DAYS + 1)]
    return sorted(
        name
        for name in available_timezones()
        if "/" in name and len({at.astimezone(ZoneInfo(name)).utcoffset() for at in days}) > 1
    )


def contract(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    table = TABLES[name]
    return pl.concat([table.empty(), frame], how="diagonal_relaxed").select(table.columns)


def sites_of(starts: datetime) -> pl.DataFrame:
    zones = changing_zones(starts)
    assert len(zones) > 50
    return pl.DataFrame(
        {
            "site_id": [f"S{n:04d}" for n in range(len(zones))],
            "client_id": "acme",
            "name": zones,
            "timezone": zones,
            "latitude": [n / 10 - 20 for n in range(len(zones))],
            "longitude": 10.0,
            "geofence_radius_m": 150.0,
            "known_at": starts,
        }
    )


class World:
    """Guards of one site per zone, and their punches."""

    def __init__(self, starts: datetime) -> None:
        self.starts, self.ends = starts, starts + timedelta(days=DAYS)
        self.sites = contract("sites", sites_of(starts))
        settings = SimulationSettings(starts_at=starts, sites=len(self.sites), seed=7)
        self.guards: Guarded = guarded(settings, 0, self.sites, self.ends)
        self.clocks: Punched = punched(settings, 0, self.guards, self.sites, self.ends + timedelta(days=1))

    def judged(self, as_of: datetime, *, since: datetime, until: datetime) -> pl.DataFrame:
        """The verdicts of a moment on the shifts that start in a span, beside what really happened."""
        known = {
            name: contract(name, frame).filter(pl.col("known_at") <= as_of)
            for name, frame in self.guards.tables.items()
        }
        rosters = Rosters(
            known["rosters"], known["absences"], known["substitutions"], self.sites, TABLES["calendars"].empty()
        )
        shifts = shift_calendar(rosters, since=since - timedelta(days=1), until=until + timedelta(days=1)).shifts
        versions = contract("attendance", self.clocks.attendance).filter(pl.col("known_at") <= as_of)
        punches = versions.sort("known_at").unique(TABLES["attendance"].key, keep="last")
        beats = contract("punch_feeds", self.clocks.punch_feeds).filter(pl.col("known_at") <= as_of)
        verdicts = shift_compliance(shifts, Attended(punches, beats, self.sites), Limits(), as_of)
        truth = self.clocks.truth.with_columns(shift_id=pl.format("{}@{}", "roster_id", "on"))
        return verdicts.filter(pl.col("starts_at").is_between(since, until, closed="left")).join(
            truth.select("shift_id", "person_id", "happened", "minutes", came_by="starts_at"),
            on=["shift_id", "person_id"],
            how="left",
        )


@cache
def world(period: str) -> World:
    return World(PERIODS[period])


@pytest.mark.parametrize("period", PERIODS)
def test_when_everything_has_been_heard_every_verdict_is_what_happened(period):
    things = world(period)
    since, until = things.starts + timedelta(days=1), things.ends - timedelta(days=1)
    result = things.judged(things.ends + timedelta(hours=20), since=since, until=until)
    assert len(result) > 1_000
    due = result.filter(~pl.col("verdict").is_in(["excused", "covered_by_substitute"]))
    same = pl.col("verdict") == pl.col("happened")
    forgot = (pl.col("verdict") == "left_open") & (pl.col("happened") == "on_time")
    # Leave that begins during the shift excuses who left before its end.
    on_leave_by_then = (pl.col("happened") == "early_exit") & (pl.col("left_at") >= pl.col("expected_until_at"))
    wrong = due.filter(~(same | forgot | on_leave_by_then).fill_null(value=False))
    assert wrong.is_empty(), wrong.select("shift_id", "person_id", "site_id", "verdict", "happened", "minutes", "rule")
    assert {"no_show", "late", "early_exit", "wrong_site", "on_time", "left_open"} <= set(due["verdict"])


def test_guards_hold_what_their_own_post_demands_and_who_else_could_come_differs():
    tables = world("spring").guards.tables
    posts = tables["rosters"].select("person_id", "post", "requires").join(tables["people"], on="person_id")
    lacking = posts.filter(pl.col("requires").list.set_difference("qualifications").list.len() > 0)
    assert lacking.is_empty()
    assert posts.filter(pl.col("requires").is_null())["post"].unique().to_list() == ["patrol"]
    guards = tables["people"].filter(~pl.col("person_id").str.contains("relief"))["qualifications"]
    assert 0.05 < guards.list.contains("dog handler").mean() < 0.3
    relief = tables["people"].filter(pl.col("person_id").str.contains("relief"))["qualifications"]
    assert set(relief.list.len()) == {3}


ACCUSING = ["no_show", "unattended", "wrong_site", "early_exit", "late"]


def is_true(as_of: datetime) -> pl.Expr:
    """Whether a verdict that accuses somebody says what happened."""
    absent = pl.col("happened").is_in(["no_show", "wrong_site"])
    # Somebody who comes later is not there yet: the word is right when it is said.
    arrived_at = pl.col("came_by") + pl.duration(seconds=(pl.col("minutes") * 60).cast(pl.Int64))
    not_yet = (pl.col("happened") == "late") & (arrived_at > as_of - timedelta(minutes=5))
    missing = pl.col("verdict").is_in(["no_show", "unattended"]) & (absent | not_yet)
    return missing | (pl.col("verdict") == pl.col("happened"))


@pytest.mark.parametrize("period", chosen(PERIODS))
def test_at_no_moment_is_anybody_accused_who_came_or_whose_punch_was_still_held_back(period):
    things = world(period)
    ticks = [things.starts + timedelta(days=4, minutes=30 * n) for n in range(0, 96, 3)]
    counts = Counter()
    for as_of in ticks:
        result = things.judged(as_of, since=as_of - timedelta(hours=30), until=as_of)
        false = result.filter(pl.col("verdict").is_in(ACCUSING), ~is_true(as_of).fill_null(value=False))
        assert false.is_empty(), false.select("shift_id", "person_id", "verdict", "happened", "feed_reported_upto_at")
        counts.update(result["verdict"])
    assert counts["no_show"] > 100
    assert counts["late"] > 100
    assert counts["early_exit"] > 50
    assert counts["unattended"] > 10
    assert counts["wrong_site"] > 5


TICKS = [PERIODS["spring"] + timedelta(days=4, hours=hours, minutes=35) for hours in range(-48, 60, 6)]


@cache
def told_by(as_of: datetime) -> pl.DataFrame:
    """The verdicts of a tick on what its last heartbeat proves: the missing punch was due before it."""
    things = world("spring")
    result = things.judged(as_of, since=as_of - timedelta(hours=24), until=as_of)
    minutes = pl.duration(seconds=(pl.col("minutes") * 60).cast(pl.Int64))
    arrival, departure = pl.col("came_by") + minutes, pl.col("expected_until_at") - minutes
    proven_at = (
        pl.when(pl.col("happened") == "late")
        .then(arrival)
        .when(pl.col("happened") == "early_exit")
        .then(departure + timedelta(minutes=15))
        .otherwise(pl.col("expected_from_at") + timedelta(minutes=15))
    )
    healthy = pl.col("feed_reported_upto_at") > as_of - timedelta(minutes=10)
    is_proven = proven_at <= pl.col("feed_reported_upto_at")
    return result.filter(healthy & is_proven, ~pl.col("verdict").is_in(["excused", "covered_by_substitute"]))


def test_on_healthy_feeds_a_no_show_is_told_at_the_tick_after_the_quarter_of_an_hour():
    absent = pl.concat(told_by(as_of) for as_of in TICKS).filter(pl.col("happened") == "no_show")
    assert len(absent) > 30
    assert set(absent["verdict"]) <= {"unattended", "no_show"}


def test_on_healthy_feeds_everything_that_happened_before_the_last_heartbeat_is_told():
    result = pl.concat(told_by(as_of) for as_of in TICKS)
    planted = result.filter(pl.col("happened").is_in(["late", "early_exit", "wrong_site"]))
    on_leave_by_then = pl.col("left_at") >= pl.col("expected_until_at")
    missed = planted.filter(pl.col("verdict") != pl.col("happened"), ~on_leave_by_then.fill_null(value=False))
    assert missed.is_empty(), missed.select("shift_id", "verdict", "happened", "rule", "minutes")
    found = Counter(planted["happened"])
    assert found["late"] > 50
    assert found["early_exit"] > 10
    assert found["wrong_site"] > 1
