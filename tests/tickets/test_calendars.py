"""Local hours as exact UTC windows, and the count of working time with its inverse."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tickets.sla.calendars import working_time
from tests.properties import examples
from tests.tickets.frames import CALENDARS, frame, hours, utc

EVERY_DAY = range(1, 8)
MINUTE = 60_000_000


def built(rows, zone="Europe/Berlin"):
    used = pl.DataFrame({"calendar_id": [rows[0]["calendar_id"]], "timezone": [zone]})
    return working_time(frame(rows, CALENDARS), used, since=utc(2025, 1, 1), until=utc(2028, 1, 1))


def minutes(rows, first, last, zone="Europe/Berlin"):
    work = built(rows, zone)
    keys = pl.Series([work.keys[0]] * 2)
    before, after = work.worked_us(keys, pl.Series([first, last], dtype=INSTANT))
    return (after - before) / MINUTE


def test_a_round_the_clock_calendar_loses_no_minute_at_midnight():
    whole = hours("c", EVERY_DAY, "00:00", "24:00")
    assert minutes(whole, utc(2026, 1, 1), utc(2027, 1, 1)) == 365 * 1440
    assert built(whole).segments.height == 1


def test_zero_to_zero_is_a_whole_day():
    assert minutes(hours("c", EVERY_DAY, "00:00", "00:00"), utc(2026, 1, 1), utc(2026, 1, 8)) == 7 * 1440


@pytest.mark.parametrize(
    ("zone", "evening", "length"),
    [
        ("Europe/Berlin", utc(2026, 3, 28, 12), 7 * 60),
        ("Europe/Berlin", utc(2026, 10, 24, 12), 9 * 60),
        ("America/New_York", utc(2026, 3, 7, 20), 7 * 60),
        ("America/New_York", utc(2026, 10, 31, 20), 9 * 60),
        ("Australia/Lord_Howe", utc(2026, 10, 3, 2), 7 * 60 + 30),
        ("Australia/Lord_Howe", utc(2026, 4, 4, 2), 8 * 60 + 30),
        ("Asia/Kathmandu", utc(2026, 3, 28, 10), 8 * 60),
    ],
)
def test_a_night_shift_has_its_true_length_on_the_nights_of_the_clock_change(zone, evening, length):
    night = hours("c", EVERY_DAY, "22:00", "06:00")
    assert (
        minutes(
            night, evening, evening.replace(day=evening.day + 1) if evening.day < 31 else utc(2026, 11, 1, 20), zone
        )
        == length
    )


def test_hours_that_spring_skips_begin_at_the_change_and_may_vanish():
    day = utc(2026, 3, 29), utc(2026, 3, 30)
    assert minutes(hours("c", [7], "02:30", "04:00"), *day) == 60
    assert minutes(hours("c", [7], "02:00", "02:45"), *day) == 0


def test_hours_that_autumn_repeats_are_those_of_the_first_pass():
    day = utc(2026, 10, 25), utc(2026, 10, 26)
    assert minutes(hours("c", [7], "02:00", "02:30"), *day) == 30
    assert minutes(hours("c", [7], "02:30", "03:30"), *day) == 120


def test_a_day_that_a_zone_skipped_has_no_hours():
    work = working_time(
        frame(hours("c", EVERY_DAY, "08:00", "16:00"), CALENDARS),
        pl.DataFrame({"calendar_id": ["c"], "timezone": ["Pacific/Apia"]}),
        since=utc(2011, 1, 1),
        until=utc(2012, 1, 1),
    )
    # Friday 30 December 2011 did not exist in Samoa.
    opened = work.segments.filter("is_open", pl.col("starts_at").is_between(utc(2011, 12, 29), utc(2011, 12, 31)))
    assert opened["starts_at"].to_list() == [utc(2011, 12, 29, 18), utc(2011, 12, 30, 18)]


def test_a_night_shift_belongs_to_the_day_on_which_it_starts():
    night = hours("c", EVERY_DAY, "22:00", "06:00", ["2026-06-10"])
    # The shift of the 9th runs into the holiday; the one of the 10th does not take place.
    assert minutes(night, utc(2026, 6, 9, 12), utc(2026, 6, 10, 12)) == 480
    assert minutes(night, utc(2026, 6, 10, 12), utc(2026, 6, 11, 12)) == 0


def test_holidays_of_a_country_a_subdivision_and_a_day():
    first, last = (
        utc(2026, 6, 3, 22),
        utc(2026, 6, 4, 22),
    )  # Corpus Christi: a holiday in Bavaria, not in all of Germany
    assert minutes(hours("c", EVERY_DAY, "08:00", "17:00", ["DE"]), first, last) == 540
    assert minutes(hours("c", EVERY_DAY, "08:00", "17:00", ["DE/BY"]), first, last) == 0
    assert minutes(hours("c", EVERY_DAY, "08:00", "17:00", ["2026-06-04"]), first, last) == 0


def test_overlapping_and_adjoining_hours_are_counted_once():
    rows = hours("c", [1], "08:00", "13:00") + hours("c", [1], "12:00", "15:00") + hours("c", [1], "15:00", "16:00")
    assert minutes(rows, utc(2026, 6, 8), utc(2026, 6, 9)) == 480
    assert minutes([*rows, *rows], utc(2026, 6, 8), utc(2026, 6, 9)) == 480


@pytest.mark.parametrize(
    ("rows", "zone", "message"),
    [
        (hours("c", [1], "8 am", "17:00"), "UTC", "calendar 'c' are not times of day"),
        (hours("c", [1], "08:00", "24:30"), "UTC", "not times of day"),
        (hours("c", [1], "08:00", "17:00"), "Mars/Olympus", "time zone 'Mars/Olympus' is not known"),
        (hours("c", [1], "08:00", "17:00", ["Atlantis"]), "UTC", "holidays entry 'Atlantis' of calendar c"),
        (hours("c", [1], "08:00", "17:00", ["DE/XX"]), "UTC", "holidays entry 'DE/XX'"),
    ],
)
def test_what_cannot_be_understood_is_named(rows, zone, message):
    with pytest.raises(ValueError, match=message):
        built(rows, zone)


def test_counts_do_not_depend_on_the_years_that_were_built():
    rows, used = (
        frame(hours("c", [1, 2, 3], "09:00", "12:30"), CALENDARS),
        {"calendar_id": ["c"], "timezone": ["Asia/Kathmandu"]},
    )
    at = utc(2026, 6, 9, 5)
    spans = [(utc(2026, 1, 1), utc(2026, 12, 31)), (utc(1970, 1, 1), utc(2050, 1, 1)), (at, at)]
    found = {working_time(rows, pl.DataFrame(used), since=a, until=b).at(at)["worked_us"][1] for a, b in spans}
    assert len(found) == 1


@settings(deadline=None, max_examples=examples(30))
@given(st.lists(st.integers(1_740_000_000_000_000, 1_830_000_000_000_000), min_size=1, max_size=200))
def test_the_inverse_is_the_first_instant_at_which_a_count_is_reached(instants):
    rows = hours("c", [1, 2, 3, 5], "21:30", "05:15", ["DE"])
    work = _WORK.setdefault("c", built(rows))
    at = pl.Series(instants).cast(INSTANT)
    keys = pl.Series([work.keys[0]] * len(at))
    counted = work.worked_us(keys, at)
    first = work.instant_of(keys, counted)
    assert first.null_count() == 0
    assert (first <= at).all()
    assert (work.worked_us(keys, first) == counted).all()
    assert (work.worked_us(keys, first.dt.offset_by("-1us")) < counted).all()


_WORK: dict = {}
