"""Every part in a shift gets the verdict of a fair supervisor, and blame never lands on the wrong shift."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from opsguard_assets.shifts.calendar.schemas import SHIFT_CALENDAR
from opsguard_assets.shifts.verdicts.presence import distance_m
from opsguard_assets.shifts.verdicts.verdicts import Attended, Limits, shift_compliance
from tests.shifts.rosters import rows, site

DAY = datetime(2026, 1, 5, tzinfo=UTC)
BERLIN = {"latitude": 52.5200, "longitude": 13.4050}


def at(clock: str) -> datetime:
    """An instant of the day; beyond 24:00 it is the next one."""
    hours, minutes = map(int, clock.split(":"))
    return DAY + timedelta(hours=hours, minutes=minutes)


def shift(starts: str, ends: str, name: str | None = None, **more: Any) -> dict[str, Any]:
    bounds = {
        "starts_at": at(starts),
        "ends_at": at(ends),
        "expected_from_at": at(starts),
        "expected_until_at": at(ends),
    }
    name = name or f"{starts}-{ends}"
    plain = {"shift_id": name, "roster_id": name, "on": DAY.date(), "site_id": "hall", "client_id": "acme"}
    return (
        plain | bounds | {"person_id": "ann", "place": 0, "status": "planned", "timezone": "UTC", "post": "gate"} | more
    )


def punch(came: str, left: str | None = None, **more: Any) -> dict[str, Any]:
    times = {"punched_in_at": at(came), "punched_out_at": None if left is None else at(left)}
    return {"person_id": "ann", "site_id": "hall", "known_at": at(left or came)} | times | more


def judged(
    shifts: list[dict[str, Any]], punches: list[dict[str, Any]], now: str, heard: str | None = None
) -> dict[str, dict[str, Any]]:
    """The rows of compliance by shift; the clock of every site has been heard up to `heard`, or up to now."""
    beats = [
        {"site_id": s, "reported_upto_at": at(heard or now), "known_at": at(heard or now)} for s in ("hall", "dock")
    ]
    sites = [
        site(**BERLIN, geofence_radius_m=150.0),
        site("dock", latitude=52.6, longitude=13.5, geofence_radius_m=100.0),
    ]
    known = Attended(rows("attendance", *punches), rows("punch_feeds", *beats), rows("sites", *sites))
    verdicts = shift_compliance(rows(SHIFT_CALENDAR, *shifts), known, Limits(), at(now))
    assert len(verdicts) == len(shifts)
    return {
        f"{row['shift_id']} {row['person_id']}"
        if len(shifts) > 1 and len({s["shift_id"] for s in shifts}) < len(shifts)
        else row["shift_id"]: row
        for row in verdicts.iter_rows(named=True)
    }


def verdict(
    shifts: list[dict[str, Any]], punches: list[dict[str, Any]], now: str, heard: str | None = None
) -> list[str]:
    result = judged(shifts, punches, now, heard)
    return [result[s["shift_id"]]["verdict"] for s in shifts]


LONG = shift("08:00", "16:00")


@pytest.mark.parametrize(
    ("punches", "now", "expected"),
    [
        ([], "07:00", "upcoming"),
        ([], "08:15", "upcoming"),
        ([], "08:16", "unattended"),
        ([], "09:59", "unattended"),
        ([], "10:00", "no_show"),
        ([], "20:00", "no_show"),
        ([punch("07:30")], "07:45", "on_time"),
        ([punch("08:15")], "09:00", "on_time"),
        ([punch("08:16")], "09:00", "late"),
        ([punch("13:00")], "14:00", "late"),
        ([punch("07:55", "16:02")], "20:00", "on_time"),
        ([punch("07:55", "15:45")], "20:00", "on_time"),
        ([punch("07:55", "15:44")], "20:00", "early_exit"),
        ([punch("07:55", "10:00")], "10:30", "early_exit"),
        ([punch("07:55", "10:00"), punch("10:40")], "11:00", "on_time"),
        ([punch("07:55")], "16:30", "on_time"),
        ([punch("07:55")], "17:01", "left_open"),
        ([punch("07:55", site_id="dock")], "09:00", "wrong_site"),
        ([punch("07:00", "07:40")], "09:00", "unattended"),
    ],
)
def test_a_long_shift(punches, now, expected):
    assert verdict([LONG], punches, now) == [expected]


def test_a_shift_that_ends_before_two_hours_have_passed_is_a_no_show_at_its_end():
    assert verdict([shift("08:00", "09:00")], [], "08:59") == ["unattended"]
    assert verdict([shift("08:00", "09:00")], [], "09:00") == ["no_show"]


TWO = [shift("08:00", "10:00"), shift("10:00", "12:00")]


@pytest.mark.parametrize(
    ("punches", "expected"),
    [
        ([punch("07:50", "10:05")], ["on_time", "no_show"]),  # stayed a little longer
        ([punch("09:55", "12:00")], ["no_show", "on_time"]),  # came a little early
        ([punch("07:58", "12:01")], ["on_time", "on_time"]),  # one presence for both
        ([punch("07:58")], ["on_time", "left_open"]),  # forgot to leave
        ([punch("07:58"), punch("08:01", "10:00"), punch("10:02", "12:00")], ["on_time", "on_time"]),  # punched twice
        ([punch("07:58"), punch("10:02", "12:00")], ["on_time", "on_time"]),  # forgot to leave in between
        ([punch("07:50", "09:00"), punch("09:20", "10:05")], ["on_time", "no_show"]),  # a long break
        ([punch("09:55", "12:00"), punch("10:01")], ["no_show", "on_time"]),  # early, and twice
        ([punch("08:40", "10:00")], ["late", "no_show"]),
        ([punch("10:40", "12:00")], ["no_show", "late"]),
        ([], ["no_show", "no_show"]),
    ],
)
def test_two_short_shifts_never_swap_their_blame(punches, expected):
    assert verdict(TWO, punches, "20:00") == expected


def test_an_open_arrival_goes_on_into_the_adjoining_shift_from_its_first_minute():
    assert verdict(TWO, [punch("07:58")], "10:20") == ["on_time", "on_time"]


def test_an_open_arrival_of_the_morning_does_not_attend_the_evening():
    evening = [shift("08:00", "10:00"), shift("18:00", "22:00")]
    assert verdict(evening, [punch("07:58")], "20:30") == ["left_open", "no_show"]


def test_two_sites_in_one_day_keep_their_own_punches():
    shifts = [shift("08:00", "10:00"), shift("10:30", "12:00", site_id="dock")]
    assert (
        verdict(shifts, [punch("08:00", "10:00"), punch("10:29", "12:00", site_id="dock")], "13:00") == ["on_time"] * 2
    )
    assert verdict(shifts, [punch("08:00", "12:00")], "13:00") == ["on_time", "no_show"]


def test_nobody_is_accused_while_the_feed_is_blind_and_the_words_say_so():
    row = judged([LONG], [], "12:00", heard="07:30")["08:00-16:00"]
    assert row["verdict"] == "unknown"
    assert row["rule"] == "feed late: the site's punches are reported up to 2026-01-05 07:30 UTC only"
    assert verdict([LONG], [], "12:00", heard="08:14") == ["unknown"]
    assert verdict([LONG], [], "12:00", heard="08:15") == ["no_show"]


@pytest.mark.parametrize(
    ("punches", "heard", "verdicts"),
    [
        # The punch at the right site is held back, the departure from the other one was forgotten.
        ([punch("07:30", site_id="dock")], "06:00", ["unknown", "wrong_site"]),
        # Out for half an hour; the return is held back.
        ([punch("07:58", "10:00")], "10:05", ["unknown", "early_exit"]),
        ([punch("07:58", "10:00")], "10:14", ["unknown", "early_exit"]),
        # The first stay is held back, the second arrival was heard.
        ([punch("09:00")], "07:30", ["unknown", "late"]),
        ([punch("09:00")], "08:59", ["unknown", "late"]),
        ([], "08:14", ["unknown", "no_show"]),
    ],
)
def test_whatever_accuses_waits_until_the_feed_has_passed_the_punch_that_is_missing(punches, heard, verdicts):
    assert verdict([LONG], punches, "12:00", heard=heard) + verdict([LONG], punches, "12:00") == verdicts


def test_at_the_same_minute_as_the_missing_punch_the_feed_has_passed_it():
    assert verdict([LONG], [punch("07:58", "10:00")], "12:00", heard="10:15") == ["early_exit"]
    assert verdict([LONG], [punch("09:00")], "12:00", heard="09:00") == ["late"]
    assert verdict([LONG], [punch("07:30", site_id="dock")], "12:00", heard="08:15") == ["wrong_site"]


def test_what_was_heard_of_somebody_stands_beside_what_is_not_known():
    left = judged([LONG], [punch("07:58", "10:00")], "12:00", heard="10:05")["08:00-16:00"]
    assert left["rule"] == (
        "feed late: the site's punches are reported up to 2026-01-05 10:05 UTC only; "
        "a departure at 2026-01-05 10:00 UTC was heard"
    )
    there = judged([LONG], [punch("09:00")], "12:00", heard="07:30")["08:00-16:00"]
    assert there["rule"].endswith("; an arrival at 2026-01-05 09:00 UTC was heard")
    away = judged([LONG], [punch("07:30", site_id="dock")], "12:00", heard="07:30")["08:00-16:00"]
    assert away["rule"].endswith("; a punch at dock was heard")


def test_a_punch_that_gets_through_does_not_make_a_stuck_heartbeat_look_alive():
    colleague = punch("11:50", person_id="bob")
    assert verdict([LONG], [colleague], "12:00", heard="06:00") == ["unknown"]


@pytest.mark.parametrize(
    "colleague",
    [
        punch("06:00", "14:00", person_id="bob", known_at=at("06:01")),  # the departure is filled in beforehand
        punch("12:00", person_id="bob", known_at=at("07:00")),  # the clock runs fast
    ],
)
def test_a_punch_dated_in_the_future_proves_nothing_beyond_when_it_became_known(colleague):
    known = Attended(rows("attendance", colleague), rows("punch_feeds"), rows("sites", site()))
    verdicts = shift_compliance(rows(SHIFT_CALENDAR, LONG), known, Limits(), at("10:30"))
    assert verdicts["verdict"].to_list() == ["unknown"]
    assert verdicts["feed_reported_upto_at"].item() == colleague["known_at"]


def test_a_heartbeat_dated_in_the_future_proves_nothing_beyond_when_it_became_known():
    beat = {"site_id": "hall", "reported_upto_at": at("14:00"), "known_at": at("06:01")}
    known = Attended(rows("attendance"), rows("punch_feeds", beat), rows("sites", site()))
    verdicts = shift_compliance(rows(SHIFT_CALENDAR, LONG), known, Limits(), at("10:30"))
    assert verdicts["verdict"].to_list() == ["unknown"]


def test_without_a_heartbeat_a_colleague_who_punched_proves_the_feed_but_accuses_only_later():
    colleague = punch("08:02", person_id="bob")
    sites = rows("sites", site())
    shifts = rows(SHIFT_CALENDAR, LONG, shift("08:00", "16:00", "other", person_id="bob"))

    def said(now: str, *more: dict[str, Any]) -> str:
        known = Attended(rows("attendance", colleague, *more), rows("punch_feeds"), sites)
        verdicts = shift_compliance(shifts, known, Limits(), at(now))
        return verdicts.filter(pl.col("person_id") == "ann")["verdict"].item()

    assert said("08:30") == "unattended"
    assert said("11:00") == "unattended"
    assert said("11:00", punch("09:00", person_id="cem")) == "no_show"


def test_the_learned_delay_of_a_feed_is_waited_for():
    slow = [
        punch("00:00", known_at=DAY - timedelta(days=n) + timedelta(minutes=30), punched_in_at=DAY - timedelta(days=n))
        for n in range(1, 28)
    ]
    assert verdict([LONG], slow, "08:40") == ["unknown"]
    assert verdict([LONG], slow, "08:46") == ["unattended"]


def test_whoever_is_replaced_is_covered_and_excused_when_the_substitute_does_not_come():
    pair = [
        shift("08:00", "16:00", "s", status="replaced"),
        shift("08:00", "16:00", "s", person_id="bob", place=1, replaces_id="ann"),
    ]
    came = judged(pair, [punch("08:00", person_id="bob")], "12:00")
    assert (came["s ann"]["verdict"], came["s bob"]["verdict"]) == ("covered_by_substitute", "on_time")
    alone = judged(pair, [], "12:00")
    assert (alone["s ann"]["verdict"], alone["s bob"]["verdict"]) == ("excused", "no_show")


def test_leave_and_holidays_are_no_offence():
    assert verdict([shift("08:00", "16:00", status="excused")], [], "12:00") == ["excused"]
    assert verdict([shift("08:00", "16:00", status="holiday", holiday="Epiphany")], [], "12:00") == ["not_due"]


def test_minutes_and_evidence_stand_in_the_row():
    row = judged([LONG], [punch("08:20", "15:30", **BERLIN, accuracy_m=10.0)], "18:00")["08:00-16:00"]
    assert (row["late_minutes"], row["early_minutes"], row["present_minutes"]) == (20, 30, 430)
    assert (row["arrived_at"], row["left_at"]) == (at("08:20"), at("15:30"))
    assert (row["distance_m"], row["is_outside"]) == (0, False)


def test_a_position_is_outside_only_where_its_uncertainty_cannot_explain_it():
    def outside(accuracy: float | None) -> bool | None:
        near = punch("08:00", latitude=52.52225, longitude=13.4050, accuracy_m=accuracy)  # 250 m north, fence 150 m
        return judged([LONG], [near], "09:00")["08:00-16:00"]["is_outside"]

    assert [outside(50.0), outside(99.0), outside(120.0), outside(None)] == [True, True, False, True]
    assert judged([LONG], [punch("08:00")], "09:00")["08:00-16:00"]["is_outside"] is None


def test_distances_are_great_circles():
    places = pl.DataFrame(
        {"a": [52.52, 0.0, 60.0], "b": [13.405, 179.9, 0.0], "c": [48.8566, 0.0, 60.0], "d": [2.3522, -179.9, 0.001]}
    )
    metres = places.select(distance_m(*(pl.col(name) for name in "abcd"))).to_series().to_list()
    assert metres == [pytest.approx(877_464, rel=1e-4), pytest.approx(22_239, rel=1e-4), pytest.approx(55.6, rel=1e-3)]


def test_the_order_of_punches_and_shifts_does_not_matter():
    punches = [punch("07:58"), punch("08:01", "10:00"), punch("10:02", "12:00")]
    assert judged(TWO, punches, "20:00") == judged(TWO[::-1], punches[::-1], "20:00")


@pytest.mark.parametrize(
    ("now", "punches", "verdicts"),
    [
        ("10:30", [], ("covered_by_substitute", "upcoming")),
        ("11:30", [("10:55", None)], ("covered_by_substitute", "on_time")),
        ("11:30", [("11:10", None)], ("covered_by_substitute", "late")),
        ("11:30", [], ("excused", "unattended")),
        ("13:00", [], ("excused", "no_show")),
    ],
)
def test_who_takes_a_running_shift_over_is_judged_from_when_they_are_expected(now, punches, verdicts):
    gone = shift("08:00", "16:00", status="replaced")
    taken = shift("08:00", "16:00", person_id="bob", replaces_id="ann", place=1, expected_from_at=at("10:45"))
    came = [punch(*each, person_id="bob") for each in punches]
    found = judged([gone, taken], came, now)
    assert (found["08:00-16:00 ann"]["verdict"], found["08:00-16:00 bob"]["verdict"]) == verdicts
    if verdicts[1] == "on_time":
        assert found["08:00-16:00 bob"]["rule"] == "arrived within 15 min of 2026-01-05 10:45 UTC"
