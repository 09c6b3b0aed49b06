"""Formats mean what Python's strptime says, name zones, and are refused when `opsguard.yaml` is read if they cannot."""

import warnings
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsguard_assets.config.mapping import ColumnMapping
from opsguard_assets.intake.mapping.formats import FormatError, read_format
from opsguard_assets.intake.mapping.instants import moments
from opsguard_assets.intake.mapping.parse import complaint, parse
from opsguard_assets.intake.mapping.zone_names import OFFSETS
from opsguard_assets.tables.values import INSTANT
from tests.properties import examples

DAYS = ["%Y{0}%m{0}%d", "%d{0}%m{0}%y", "%d{0}%b{0}%Y", "%B %d, %Y", "%A, %d %B %Y", "%j{0}%Y", "%Y{0}%U{0}%w"]
WEEKS = ["%Y{0}%W{0}%a", "%G{0}%V{0}%u", "%a %d %b %y", "%m{0}%d{0}%Y", "%Y%m%d", "%y%m%d", "%G-W%V-%u"]
TIMES = ["", "%H:%M", "%H:%M:%S", "%H%M%S", "%I:%M %p", "%I.%M.%S %p", "%H:%M:%S.%f", "%H:%M:%S,%f", "%H h %M"]
ZONES = ["", "%z", " %z", " UTC%z"]
formats = st.builds(
    lambda day, between, mark, time, zone, flip: (
        f"{time}{between}{day.format(mark)}"
        if flip and time
        else day.format(mark) + (between + time + zone if time else "")
    ),
    st.sampled_from(DAYS + WEEKS),
    st.sampled_from([" ", "T", " at ", "  ", "_"]),
    st.sampled_from(["-", "/", ".", " "]),
    st.sampled_from(TIMES),
    st.sampled_from(ZONES),
    st.booleans(),
)
instants = st.datetimes(datetime(1970, 1, 2), datetime(2068, 12, 30))  # noqa: DTZ001 - hypothesis wants naive bounds
offsets = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timedelta(minutes=minutes))


def wall(text: str, form: str) -> tuple[datetime | None, datetime | None]:
    """(wall-clock time, instant) that Python reads."""
    try:
        found = datetime.strptime(text.strip(), form)  # noqa: DTZ007 - with and without zones
    except ValueError:
        return None, None
    return (found, None) if found.tzinfo is None else (None, found.astimezone(UTC))


def ours(texts: list[str], form: str) -> list[tuple[datetime | None, datetime | None]]:
    mapping = ColumnMapping.model_validate({"from": "c", "format": form})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = moments(pl.Series(texts, dtype=pl.String), mapping, "UTC")
    return list(zip(found.local.to_list(), found.at.to_list(), strict=True))


@settings(max_examples=examples(300))
@given(formats, st.lists(st.tuples(instants, offsets), min_size=1, max_size=6))
def test_what_a_format_writes_is_read_as_python_reads_it(form, given_instants):
    texts = [at.replace(tzinfo=timezone(offset)).strftime(form) for at, offset in given_instants]
    assert ours(texts, form) == [wall(text, form) for text in texts]


@settings(max_examples=examples(300))
@given(
    st.sampled_from(["%d.%m.%Y %H:%M", "%d/%m/%y", "%Y%m%d%H%M%S", "%d%m%Y", "%H:%M:%S.%f %j %Y", "%I:%M %p %d %b %Y"]),
    st.lists(st.text("0123456789 .:/-apmPMJjanuFeb", max_size=22), max_size=6),
    st.lists(st.tuples(instants, st.integers(0, 20), st.sampled_from("0 9:.-x")), max_size=6),
)
def test_any_text_that_python_reads_is_read_alike(form, noise, damaged):
    texts = [*noise]
    for at, place, letter in damaged:
        text = at.strftime(form)
        texts.append(text[:place] + letter + text[place:])
    result = zip(texts, ours(texts, form), strict=True)
    assert [text for text, read in result if wall(text, form) not in (read, (None, None))] == []


REFUSED = {
    "%H:%M %p": "does not say the day|twelve-hour",
    "%Y-%m-%d %H:%M %p": "write `%I` instead of `%H`",
    "%Y-%m-%d %I:%M": "add `%p`",
    "%Q": "is not a directive of strptime",
    "%Y-%m-%d %": "lone `%`",
    "%c": "depends on the language",
    "%x %X": "depends on the language",
    "%H:%M:%S": "does not say the day",
    "%Y-%m": "does not say the day",
    "%Y-%W": "does not say the day",
    "%Y-%m-%d %Y": "the year twice",
    "%d %m %b %Y": "the month twice",
    "%s %H": "whole timestamp",
    "%Y-%m-%d %M": "without the hour",
    "yyyy-MM-dd": "does not say the day",
    "": "does not say the day",
}


@pytest.mark.parametrize("form", REFUSED)
def test_a_format_that_says_no_timestamp_is_refused_with_a_remedy(form):
    with pytest.raises(FormatError, match=REFUSED[form]):
        read_format(form)


def is_refused(form):
    try:
        read_format(form)
    except FormatError:
        return True
    return False


@given(st.text("%YmdHIMSfzZpjUWGVuabAB -:/.TQ", max_size=16))
def test_every_format_is_read_or_refused_and_none_fails_in_a_load(form):
    texts = ["2024-03-15 10:00", "", "x", "15/03/2024"]
    assert is_refused(form) or len(ours(texts, form)) == len(texts)


def read(values, zone="UTC", **how):
    mapping = ColumnMapping.model_validate({"from": "c", **how})
    series = pl.Series(values)
    found = parse(series, INSTANT, mapping, zone)
    unread = series.filter(found.is_null() & series.is_not_null())
    return found.to_list(), complaint(unread, INSTANT, mapping, zone).to_list() if len(unread) else []


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


def test_the_name_of_a_zone_says_the_instant_or_rejects_the_row():
    texts = ["2024-03-15 10:00:00 UTC", "2024-03-15 10:00:00 CET", "2024-03-15 10:00:00 PST"]
    texts += ["2024-07-15 10:00:00 CEST", "2024-03-15 10:00:00 America/Chicago", "2024-03-15 10:00:00 z"]
    texts += ["2024-07-15 10:00:00 CET", "2024-03-15 10:00:00 XYZ", "2024-03-15 10:00:00 IST", "2024-03-15 10:00:00"]
    found, reasons = read(texts, "Europe/Berlin", format="%Y-%m-%d %H:%M:%S %Z")
    assert found[:6] == [
        utc(2024, 3, 15, 10), utc(2024, 3, 15, 9), utc(2024, 3, 15, 18), utc(2024, 7, 15, 8), utc(2024, 3, 15, 15),
        utc(2024, 3, 15, 10),
    ]  # fmt: skip
    assert found[6:] == [None] * 4
    assert "not in force in Europe/Berlin" in reasons[0]
    assert "is not known" in reasons[1]
    assert "is not known" in reasons[2]
    assert "not a valid timestamp" in reasons[3]


def test_the_name_tells_the_two_hours_of_an_autumn_night_apart_and_the_zone_of_the_column_knows_its_own_names():
    form = "%Y-%m-%d %H:%M %Z"
    assert read(["2024-10-27 02:30 CEST", "2024-10-27 02:30 CET"], "Europe/Berlin", format=form)[0] == [
        utc(2024, 10, 27, 0, 30), utc(2024, 10, 27, 1, 30)
    ]  # fmt: skip
    assert read(["2024-03-15 10:00 CST"], "Asia/Shanghai", format=form)[0] == [utc(2024, 3, 15, 2)]
    assert read(["2024-03-15 10:00 CST"], "Europe/Berlin", format=form)[0] == [utc(2024, 3, 15, 16)]
    assert read(["2024-07-15 10:00 IST"], "Asia/Kolkata", format=form)[0] == [utc(2024, 7, 15, 4, 30)]
    assert read(["2024-07-15 10:00 BST", "2024-07-15 10:00 GMT"], "Europe/London", format=form)[0] == [
        utc(2024, 7, 15, 9), utc(2024, 7, 15, 10)
    ]  # fmt: skip


@given(
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Sydney", "Asia/Tokyo", "Europe/London"]), instants
)
def test_a_time_written_with_its_zones_name_is_read_back(zone, at):
    at = at.replace(second=0, microsecond=0, tzinfo=UTC, year=min(max(at.year, 1990), 2030), day=min(at.day, 28))
    text = at.astimezone(ZoneInfo(zone)).strftime("%d.%m.%Y %H:%M %Z")
    assert read([text], zone, format="%d.%m.%Y %H:%M %Z")[0] == [at], text


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        ("%Y-%m-%dT%H:%M:%SZ", "2024-03-15T10:00:00Z", utc(2024, 3, 15, 10)),
        ("%Y-%m-%dT%H:%M:%S.%fZ", "2024-03-15T10:00:00.250Z", utc(2024, 3, 15, 10, 0, 0, 250_000)),
        ("%Y-%m-%d %H:%M UTC", "2024-03-15 10:00 UTC", utc(2024, 3, 15, 10)),
        ("%Y-%m-%d %H:%M (GMT)", "2024-03-15 10:00 (GMT)", utc(2024, 3, 15, 10)),
        ("%Y-%m-%d %H:%M PST", "2024-03-15 10:00 PST", utc(2024, 3, 15, 18)),
        ("%Y-%m-%d %H:%M-05:00", "2024-03-15 10:00-05:00", utc(2024, 3, 15, 15)),
        ("%a %b %d %Y %H:%M:%S GMT%z", "Fri Mar 15 2024 10:00:00 GMT+0100", utc(2024, 3, 15, 9)),
        ("%Y-%m-%dT%H:%M:%S", "2024-03-15T10:00:00", utc(2024, 3, 15, 9)),
    ],
)
def test_a_zone_that_stands_in_the_format_itself_counts(form, text, expected):
    assert read([text], "Europe/Berlin", format=form)[0] == [expected]


def test_names_with_one_offset_have_it_in_every_zone_that_uses_them():
    at = datetime(2024, 1, 15, tzinfo=UTC)
    for name in ("CET", "EET", "WET", "JST", "NZDT", "AEDT", "AKST", "HST"):
        zones = [z for z in ("Europe/Berlin", "Europe/Helsinki", "Europe/Lisbon", "Asia/Tokyo", "Pacific/Auckland",
                             "Australia/Sydney", "America/Anchorage", "Pacific/Honolulu")
                 if at.astimezone(ZoneInfo(z)).tzname() == name]  # fmt: skip
        assert [at.astimezone(ZoneInfo(z)).utcoffset() for z in zones] == [timedelta(hours=OFFSETS[name])], name


def test_fractions_of_a_second_are_decimals():
    texts = ["2024-03-15 10:00:00.900", "2024-03-15 10:00:00.123456", "2024-03-15 10:00:00.1234567"]
    assert read(texts, format="%Y-%m-%d %H:%M:%S.%f")[0] == [
        utc(2024, 3, 15, 10, 0, 0, 900_000), utc(2024, 3, 15, 10, 0, 0, 123_456), utc(2024, 3, 15, 10, 0, 0, 123_456)
    ]  # fmt: skip


def test_twelve_hour_clocks_of_other_languages():
    texts = ["15/3/2024 1:05 p. m.", "15/3/2024 12:05 a. m.", "15/3/2024 1:05 PM", "15/3/2024 12:05 am"]
    texts += ["15/3/2024 1:05 p.m.", "15/3/2024 1:05\u202fPM", "15/3/2024 1:05 p.\u00a0m.", "2024年3月15日 下午 1:05"]
    found, reasons = read(texts, "America/Mexico_City", format=["%d/%m/%Y %I:%M %p", "%Y年%m月%d日 %p %I:%M"])
    afternoon, night = utc(2024, 3, 15, 19, 5), utc(2024, 3, 15, 6, 5)
    assert found == [afternoon, night, afternoon, night, *[afternoon] * 4]
    assert reasons == []


MIDNIGHTS = [
    ("%d.%m.%Y %H:%M", "28.11.2026 24:00"),
    ("%Y-%m-%d %H:%M:%S", "2026-11-28 24:00:00"),
    (None, "2026-11-28 24:00"),
    (None, "2026-11-28T24:00:00"),
]


@pytest.mark.parametrize(("form", "text"), MIDNIGHTS)
def test_24_00_is_the_beginning_of_the_next_day(form, text):
    how = {"format": form} if form else {}
    assert read([text], "Europe/Berlin", **how)[0] == [utc(2026, 11, 28, 23)]
    assert read([text.replace("24:00", "24:01")], "Europe/Berlin", **how)[0] == [None]


def test_day_numbers_of_a_spreadsheet():
    found, reasons = read(["45366.5", "45366", "45366.336805556", "x"], "Europe/Berlin", unit="excel")
    assert found == [utc(2024, 3, 15, 11), utc(2024, 3, 14, 23), utc(2024, 3, 15, 7, 5), None]
    assert reasons == ["not a day number of a spreadsheet"]
    assert read(["45366,5"], unit="excel", decimal=",")[0] == [utc(2024, 3, 15, 12)]
