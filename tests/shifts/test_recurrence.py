"""Rules of rosters become the same days as the library finds, and rules that say nothing are named."""

from datetime import UTC, date, datetime, time, timedelta

import polars as pl
import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from opsguard_assets.shifts.calendar.recurrence import days_of
from tests.properties import examples
from tests.shifts.rule_oracle import walk

FIRST, LAST = date(2028, 2, 20), date(2028, 3, 20)
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
EDGES = (
    "FREQ=WEEKLY;BYDAY=MO,FR;BYSETPOS=1",
    "FREQ=WEEKLY;BYDAY=MO,FR;BYSETPOS=-1;WKST=SU",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU,SU;BYSETPOS=1,-1",
    "FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO,TU,SU",
    "FREQ=YEARLY;BYWEEKNO=-1;BYDAY=MO,TU,SU",
    "FREQ=YEARLY;BYWEEKNO=-52;BYDAY=MO,SU",
    "FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO,SU;WKST=SU",
    "FREQ=YEARLY;BYWEEKNO=20",
    "FREQ=YEARLY;BYYEARDAY=-366,366,-1,1",
    "FREQ=YEARLY;BYYEARDAY=60,-306;BYMONTH=2,3",
    "FREQ=YEARLY;BYDAY=53MO,-53TU",
    "FREQ=YEARLY;BYMONTH=1,12;BYDAY=5FR,-5FR",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
    "FREQ=MONTHLY;BYMONTHDAY=31,-31",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
    "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
    "FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1,1",
    "FREQ=DAILY;INTERVAL=7;BYMONTH=1,12",
    "FREQ=YEARLY;INTERVAL=4;BYMONTHDAY=-1;COUNT=30",
)


def found(recurrence: str | None, valid_from: date, valid_until: date | None = None) -> list[date]:
    days = days_of(rosters([(recurrence, valid_from, valid_until)]), FIRST, LAST)
    assert days.unreadable.is_empty(), days.unreadable
    return sorted(days.found["on"])


def rosters(rows: list[tuple[str | None, date, date | None]]) -> pl.DataFrame:
    schema = {"recurrence": pl.String, "valid_from": pl.Date, "valid_until": pl.Date}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame.with_columns(
        roster_id=pl.lit("r") + pl.int_range(pl.len()).cast(pl.String),
        starts_local=pl.lit("22:00"),
        timezone=pl.lit("Europe/Berlin"),
    )


numbers = st.integers
by_day = st.lists(st.sampled_from(DAYS), min_size=1, max_size=3, unique=True).map(",".join)
nth_day = st.lists(
    st.tuples(st.sampled_from([1, 2, 3, 4, 5, -1, -2, -5, 20, 53, -53]), st.sampled_from(DAYS)), min_size=1, max_size=3
).map(lambda named: ",".join(f"{nth}{day}" for nth, day in named))


def one_of_each(number: st.SearchStrategy[int]) -> st.SearchStrategy[str]:
    return st.lists(number.filter(bool), min_size=1, max_size=4).map(lambda found: ",".join(map(str, found)))


PARTS = {
    "BYDAY": st.one_of(by_day, nth_day),
    "BYMONTH": one_of_each(numbers(1, 12)),
    "BYMONTHDAY": one_of_each(st.sampled_from([1, 13, 28, 29, 30, 31, -1, -2, -31])),
    "BYYEARDAY": one_of_each(st.sampled_from([1, 59, 60, 61, 365, 366, -1, -306, -307, -365, -366])),
    "BYWEEKNO": one_of_each(st.sampled_from([1, 2, 20, 51, 52, 53, -1, -2, -52, -53])),
    "BYSETPOS": one_of_each(st.sampled_from([1, 2, 3, -1, -2])),
    "INTERVAL": numbers(1, 4).map(str),
    "COUNT": st.sampled_from(["1", "5", "40", "700"]),
    "WKST": st.sampled_from(DAYS),
}
ALLOWED = {
    "DAILY": ("BYDAY", "BYMONTH", "BYMONTHDAY", "BYSETPOS"),
    "WEEKLY": ("BYDAY", "BYMONTH", "BYSETPOS"),
    "MONTHLY": ("BYDAY", "BYMONTH", "BYMONTHDAY", "BYSETPOS"),
    "YEARLY": ("BYDAY", "BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS"),
}


@st.composite
def rules(draw) -> str:
    frequency = draw(st.sampled_from(list(ALLOWED)))
    names = draw(st.lists(st.sampled_from([*ALLOWED[frequency], "INTERVAL", "COUNT", "WKST"]), max_size=4, unique=True))
    parts = {name: draw(PARTS[name]) for name in names}
    return ";".join([f"FREQ={frequency}", *(f"{name}={value}" for name, value in parts.items())])


begins = st.dates(date(2019, 12, 20), date(2022, 1, 15))
YEARS = (date(2020, 1, 1), date(2050, 1, 15))


@settings(max_examples=examples(150))
@given(st.lists(st.tuples(rules(), begins), min_size=1, max_size=3))
def test_every_rule_gives_the_days_of_a_plain_walk_over_thirty_years_or_is_refused(given_rules):
    days = days_of(rosters([(rule, first, None) for rule, first in given_rules]), *YEARS)
    refused = dict(days.unreadable.select("roster_id", "problem").iter_rows())
    assert refused.keys() <= {f"r{number}" for number in range(len(given_rules))}
    for number, (rule, first) in enumerate(given_rules):
        if f"r{number}" in refused:
            assert (
                "not a rule of RFC 5545" in refused[f"r{number}"] or "may belong to two years" in refused[f"r{number}"]
            )
            continue
        on = days.found.filter(pl.col("roster_id") == f"r{number}")["on"]
        expected = [day for day in walk(rule, first, YEARS[1]) if day >= YEARS[0]]
        assert sorted(on) == expected, (rule, first)


@pytest.mark.parametrize("rule", EDGES)
def test_days_at_the_edges_of_a_year_are_those_of_the_standard(rule):
    first = date(2019, 12, 20)
    assert found_between(rule, first, *YEARS) == [day for day in walk(rule, first, YEARS[1]) if day >= YEARS[0]]


def found_between(rule: str, valid_from: date, first: date, last: date) -> list[date]:
    days = days_of(rosters([(rule, valid_from, None)]), first, last)
    assert days.unreadable.is_empty(), days.unreadable
    return sorted(days.found["on"])


@given(
    st.lists(
        st.tuples(st.sampled_from(["", ";INTERVAL=2", ";INTERVAL=11"]), st.sampled_from(["DAILY", "WEEKLY"]), begins)
    )
)
def test_plain_rules_computed_for_all_rosters_at_once_are_those_of_the_library(given_rules):
    rows = [(f"FREQ={frequency}{interval}", first, None) for interval, frequency, first in given_rules]
    days = days_of(rosters(rows), date(2021, 12, 1), date(2022, 2, 1))
    assert days.unreadable.is_empty()
    for number, (rule, first, _) in enumerate(rows):
        every = rrulestr(rule, dtstart=datetime.combine(first, time()))
        expected = [at.date() for at in every.between(datetime(2021, 12, 1), datetime(2022, 2, 1), inc=True)]  # noqa: DTZ001
        assert sorted(days.found.filter(pl.col("roster_id") == f"r{number}")["on"]) == expected, rule


def test_a_window_in_the_middle_of_a_year_sees_the_same_days():
    for rule in EDGES:
        every = found_between(rule, date(2019, 12, 20), *YEARS)
        for first in (date(2024, 12, 27), date(2026, 1, 2), date(2032, 2, 28)):
            last = first + timedelta(days=16)
            assert found_between(rule, date(2019, 12, 20), first, last) == [d for d in every if first <= d <= last], (
                rule
            )


def test_no_rule_means_every_day_from_the_first_to_the_last():
    assert found(None, date(2028, 2, 27), date(2028, 3, 1)) == [date(2028, 2, 27) + timedelta(days=n) for n in range(4)]


def test_the_29th_of_february_is_a_day_of_its_own():
    assert found("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", date(2020, 1, 1)) == [date(2028, 2, 29)]
    assert date(2028, 2, 29) in found("FREQ=DAILY", date(2028, 2, 1))


def test_words_around_a_rule_do_not_matter():
    assert found(" rrule:freq=weekly;byday=tu; ", date(2028, 1, 1)) == [
        date(2028, 2, 22) + timedelta(weeks=n) for n in range(4)
    ]


@pytest.mark.parametrize(
    ("until", "local", "instant"),
    [
        ("20280301", datetime(2028, 3, 1, 23, 59, 59, 999999), None),  # noqa: DTZ001 - local, of the site
        ("20280301T200000", datetime(2028, 3, 1, 20), None),  # noqa: DTZ001 - local, of the site
        ("20280301T200000Z", None, datetime(2028, 3, 1, 20, tzinfo=UTC)),
    ],
)
def test_the_end_of_a_rule_is_handed_on_with_its_days(until, local, instant):
    days = days_of(rosters([(f"FREQ=DAILY;UNTIL={until}", date(2028, 1, 1), None)]), FIRST, LAST).found
    assert days["until_local"].unique().to_list() == [local]
    assert days["until_at"].unique().to_list() == [instant]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("every Monday", "FREQ is none of"),
        ("FREQ=HOURLY", "FREQ is none of"),
        ("FREQ=DAILY;BYHOUR=8", "BYHOUR cannot be used"),
        ("FREQ=WEEKLY;BYDAY=XX", "not a rule of RFC 5545"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL is not a positive number"),
        ("FREQ=DAILY;INTERVAL=-2", "INTERVAL is not a positive number"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20280301", "exclude each other"),
        ("FREQ=DAILY;UNTIL=tomorrow", "not a rule of RFC 5545"),
        ("FREQ=WEEKLY;WKST=XX", "not a rule of RFC 5545"),
        ("FREQ=DAILY;FREQ=WEEKLY", "given twice"),
        ("FREQ=DAILY;COUNT=many", "COUNT is not a positive number"),
        ("FREQ=DAILY;BYDAY=1MO", "a number before a weekday"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY does not go with FREQ=WEEKLY"),
        ("FREQ=MONTHLY;BYWEEKNO=1", "BYWEEKNO does not go with FREQ=MONTHLY"),
        ("FREQ=DAILY;BYYEARDAY=1", "BYYEARDAY does not go with FREQ=DAILY"),
        ("FREQ=YEARLY;BYWEEKNO=1;BYDAY=1MO", "a number before a weekday"),
        ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS needs another part"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY is a list of numbers"),
        ("FREQ=YEARLY;INTERVAL=2;BYWEEKNO=1;BYDAY=MO", "may belong to two years"),
        ("RRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY", "two rules"),
        ("RRULE:FREQ=DAILY\nEXRULE:FREQ=WEEKLY", "a line EXRULE cannot be used"),
        ("EXDATE:20280301", "dates but no rule"),
        ("RRULE:FREQ=DAILY\nEXDATE:tomorrow", "EXDATE TOMORROW is not a date"),
        ("RRULE:FREQ=DAILY\nRDATE;VALUE=PERIOD:20280301T100000Z/PT1H", "cannot be used"),
        ("RRULE:FREQ=DAILY\nEXDATE;TZID=Mars/Base:20280301T220000", "names the time zone MARS/BASE"),
        (
            "RRULE:FREQ=DAILY\nEXDATE:20280301T080000",
            "EXDATE 2028-03-01 08:00 is not the start of a shift, which is 22:00",
        ),
        ("RRULE:FREQ=DAILY\nEXDATE:20280301T220000Z", "EXDATE 2028-03-01 22:00 UTC is not the start of a shift"),
        ("DTSTART:20280301T080000\nRRULE:FREQ=DAILY", "DTSTART 2028-03-01 08:00 is not the start"),
    ],
)
def test_a_rule_that_says_nothing_is_named_and_the_others_go_on(rule, words):
    days = days_of(rosters([(rule, FIRST, None), ("FREQ=DAILY", FIRST, FIRST)]), FIRST, LAST)
    assert words in days.unreadable["problem"].item()
    assert days.found["roster_id"].to_list() == ["r1"]


EXCEPTED = [
    "EXDATE:20280222T220000",
    "EXDATE;VALUE=DATE:20280222",
    "EXDATE:20280222T210000Z",
    "EXDATE;TZID=Europe/Berlin:20280222T220000",
    'EXDATE;TZID="America/New_York":20280222T160000',
    "EXDATE:20280\r\n 222T220000",
]


@pytest.mark.parametrize("line", EXCEPTED)
@pytest.mark.parametrize("rule", ["FREQ=DAILY;COUNT=3", "FREQ=MONTHLY;BYMONTHDAY=21,22,23;COUNT=3"])
def test_a_day_that_the_recurrence_excepts_is_no_day_and_counts_all_the_same(line, rule):
    expected = [date(2028, 2, 21), date(2028, 2, 23)]
    assert found(f"RRULE:{rule}\n{line}", date(2028, 2, 21)) == expected
    assert found(f"{line}\n{rule}", date(2028, 2, 21)) == expected


def test_days_beside_the_rule_and_a_start_of_its_own():
    text = "DTSTART;TZID=Europe/Berlin:20280221T220000\nRRULE:FREQ=DAILY;INTERVAL=2;COUNT=2\n"
    text += "RDATE;VALUE=DATE:20280301,20280223"
    assert found(text, date(2028, 2, 20)) == [date(2028, 2, 21), date(2028, 2, 23), date(2028, 3, 1)]
    assert found("RDATE:20280301T220000,20280302T220000\nEXDATE:20280302", date(2028, 1, 1)) == [date(2028, 3, 1)]
    assert found("RRULE:FREQ=DAILY;COUNT=2\nRDATE:20280301", date(2028, 2, 21), date(2028, 2, 28)) == [
        date(2028, 2, 21), date(2028, 2, 22)
    ]  # fmt: skip
