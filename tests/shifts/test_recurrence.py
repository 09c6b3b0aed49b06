"""Rules of rosters become the same days as the library finds, and rules that say nothing are named."""

from datetime import UTC, date, datetime, time, timedelta

import polars as pl
import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from opsguard_assets.shifts.recurrence import days_of

FIRST, LAST = date(2028, 2, 20), date(2028, 3, 20)
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def found(recurrence: str | None, valid_from: date, valid_until: date | None = None) -> list[date]:
    days = days_of(rosters([(recurrence, valid_from, valid_until)]), FIRST, LAST)
    assert days.unreadable.is_empty(), days.unreadable
    return sorted(days.found["on"])


def rosters(rows: list[tuple[str | None, date, date | None]]) -> pl.DataFrame:
    schema = {"recurrence": pl.String, "valid_from": pl.Date, "valid_until": pl.Date}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame.with_columns(roster_id=pl.lit("r") + pl.int_range(pl.len()).cast(pl.String))


by_day = st.lists(st.sampled_from(DAYS), min_size=1, max_size=5, unique=True).map(lambda d: f";BYDAY={','.join(d)}")
extras = st.sampled_from(
    [
        "",
        "",
        ";COUNT=5",
        ";COUNT=400",
        ";BYMONTH=2,3",
        ";BYMONTHDAY=1,15,-1",
        ";BYDAY=1MO,-1FR",
        ";BYSETPOS=1;BYDAY=MO,TU",
        ";BYWEEKNO=9,10;BYDAY=TU",
        ";BYYEARDAY=60,-300",
        ";BYMONTH=2;BYMONTHDAY=29",
    ]
)
rules = st.builds(
    lambda freq, interval, days, start, extra: (
        f"FREQ={freq}{interval}{days if 'BYDAY' not in extra else ''}{start}{extra}"
    ),
    st.sampled_from(["DAILY", "WEEKLY", "WEEKLY", "MONTHLY", "YEARLY"]),
    st.sampled_from(["", ";INTERVAL=1", ";INTERVAL=2", ";INTERVAL=3", ";INTERVAL=11"]),
    st.one_of(st.just(""), by_day),
    st.sampled_from(["", ";WKST=SU", ";WKST=WE"]),
    extras,
)
begins = st.dates(date(2027, 6, 1), date(2028, 3, 25))


@given(st.lists(st.tuples(rules, begins, st.one_of(st.none(), begins)), min_size=1, max_size=12))
def test_every_rule_gives_the_days_that_the_library_gives(given_rules):
    def expected(rule: str, first: date, last: date | None) -> list[date]:
        every = rrulestr(rule, dtstart=datetime.combine(first, time()))
        days = [
            at.date() for at in every.between(datetime.combine(FIRST, time()), datetime.combine(LAST, time()), inc=True)
        ]
        return [day for day in days if last is None or day <= last]

    days = days_of(rosters(given_rules), FIRST, LAST)
    assert days.unreadable.is_empty()
    for number, (rule, first, last) in enumerate(given_rules):
        on = days.found.filter(pl.col("roster_id") == f"r{number}")["on"]
        assert sorted(on) == expected(rule, first, last), rule


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
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL is no positive number"),
        ("FREQ=DAILY;INTERVAL=-2", "INTERVAL is no positive number"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20280301", "exclude each other"),
        ("FREQ=DAILY;UNTIL=tomorrow", "not a rule of RFC 5545"),
        ("FREQ=WEEKLY;WKST=XX", "not a rule of RFC 5545"),
        ("FREQ=DAILY;FREQ=WEEKLY", "given twice"),
        ("FREQ=DAILY;COUNT=many", "not a rule of RFC 5545"),
    ],
)
def test_a_rule_that_says_nothing_is_named_and_the_others_go_on(rule, words):
    days = days_of(rosters([(rule, FIRST, None), ("FREQ=DAILY", FIRST, FIRST)]), FIRST, LAST)
    assert words in days.unreadable["problem"].item()
    assert days.found["roster_id"].to_list() == ["r1"]
