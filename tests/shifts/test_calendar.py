"""The calendar is exact: nights, changes of the clock, leave, substitutes, holidays, and a walk over every minute."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from opsguard_assets.shifts.calendar.calendar import shift_calendar
from tests.properties import examples
from tests.shifts.calendar_oracle import shifts
from tests.shifts.rosters import known, roster, site

ZONES = {"hall": "Europe/Berlin", "dock": "America/New_York", "mine": "Australia/Lord_Howe", "quay": "Asia/Kolkata"}
SITES = [site(name, zone) for name, zone in ZONES.items()]


def at(day: int, hour: int, minute: int = 0, month: int = 1) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def only(calendar, person: str | None = None) -> dict[str, object]:
    rows = calendar.shifts if person is None else calendar.shifts.filter(pl.col("person_id") == person)
    return rows.row(0, named=True) if len(rows) == 1 else {"rows": rows.to_dicts()}


def night(start: datetime, **more):
    return only(shift_calendar(known(roster(**more)), since=start, until=start + timedelta(days=1)))


def test_a_night_shift_ends_on_the_next_day():
    row = night(at(5, 12))
    assert (row["shift_id"], row["starts_at"], row["ends_at"]) == ("night@2026-01-05", at(5, 21), at(6, 5))


def test_the_spring_night_is_an_hour_shorter_and_the_autumn_night_longer():
    spring, autumn = night(at(28, 12, month=3)), night(at(24, 12, month=10))
    assert spring["ends_at"] - spring["starts_at"] == timedelta(hours=7)
    assert autumn["ends_at"] - autumn["starts_at"] == timedelta(hours=9)


def test_a_shift_inside_the_hour_that_spring_skips_does_not_take_place():
    rosters = known(roster(starts_local="02:10", ends_local="02:50"))
    assert shift_calendar(rosters, since=at(29, 0, month=3), until=at(30, 0, month=3)).shifts.is_empty()


def test_somebody_on_leave_is_excused_and_a_substitute_comes():
    leave = {"person_id": "ann", "starts_at": at(5, 0), "ends_at": at(7, 0), "kind": "leave"}
    swap = {"roster_id": "night", "on": date(2026, 1, 5), "person_id": "ann", "substitute_id": "bob"}
    alone = shift_calendar(known(roster(), absences=[leave]), since=at(5, 12), until=at(6, 12))
    assert only(alone)["status"] == "excused"
    helped = shift_calendar(known(roster(), absences=[leave], substitutions=[swap]), since=at(5, 12), until=at(6, 12))
    assert only(helped, "ann")["status"] == "replaced"
    bob = only(helped, "bob")
    assert (bob["status"], bob["replaces_id"], bob["place"]) == ("planned", "ann", 1)


def test_a_substitute_who_takes_over_a_running_shift_is_expected_from_then_and_one_asked_before_from_the_start():
    swap = {"roster_id": "night", "on": date(2026, 1, 5), "person_id": "ann", "substitute_id": "bob"}
    expected = {}
    for said in (at(5, 20), at(6, 1), at(6, 9)):
        swaps = [{**swap, "expected_from_at": said}]
        bob = only(shift_calendar(known(roster(), substitutions=swaps), since=at(5, 12), until=at(6, 12)), "bob")
        expected[said] = (bob["status"], bob["expected_from_at"])
    assert expected == {
        at(5, 20): ("planned", at(5, 21)), at(6, 1): ("planned", at(6, 1)), at(6, 9): ("excused", at(5, 21)),
    }  # fmt: skip


def test_a_substitute_who_is_absent_is_excused_or_replaced_in_turn():
    day = date(2026, 1, 5)
    swap = {"roster_id": "night", "on": day, "person_id": "ann", "substitute_id": "bob"}
    ill = {"person_id": "bob", "starts_at": at(5, 0), "ends_at": at(9, 0)}
    sick = shift_calendar(known(roster(), absences=[ill], substitutions=[swap]), since=at(5, 12), until=at(6, 12))
    assert only(sick, "bob")["status"] == "excused"
    again = {"roster_id": "night", "on": day, "person_id": "bob", "substitute_id": "cem"}
    saved = known(roster(), absences=[ill], substitutions=[swap, again])
    rows = shift_calendar(saved, since=at(5, 12), until=at(6, 12)).shifts.sort("place")
    assert rows["status"].to_list() == ["replaced", "replaced", "planned"]


def test_substitutes_who_replace_each_other_in_a_circle_end_the_chain():
    day = date(2026, 1, 5)
    swaps = [
        {"roster_id": "night", "on": day, "person_id": a, "substitute_id": b}
        for a, b in [("ann", "bob"), ("bob", "ann")]
    ]
    rows = shift_calendar(known(roster(), substitutions=swaps), since=at(5, 12), until=at(6, 12)).shifts.sort("place")
    assert rows.select("person_id", "status").rows() == [("ann", "replaced"), ("bob", "planned")]


def test_leave_at_the_start_moves_the_expected_start_and_leave_in_the_middle_moves_nothing():
    morning = {"person_id": "ann", "starts_at": at(5, 20), "ends_at": at(5, 23)}
    middle = {"person_id": "ann", "starts_at": at(6, 1), "ends_at": at(6, 2)}
    row = only(shift_calendar(known(roster(), absences=[morning, middle]), since=at(5, 12), until=at(6, 12)))
    assert (row["expected_from_at"], row["expected_until_at"], row["status"]) == (at(5, 23), at(6, 5), "planned")


def test_on_a_holiday_only_critical_posts_are_manned():
    hours = [{"calendar_id": "de", "weekday": 1, "opens": "08:00", "closes": "17:00", "holidays": ["2026-01-06"]}]
    rosters = [roster(), roster("gate", is_critical=True)]
    asked = known(*rosters, sites=[site(calendar_id="de")], calendars=hours)
    rows = shift_calendar(asked, since=at(6, 12), until=at(7, 12)).shifts
    assert dict(rows.select("roster_id", "status").iter_rows()) == {"night": "holiday", "gate": "planned"}


def test_a_rule_ends_with_the_start_of_its_last_shift():
    def starts(until: str) -> list[datetime]:
        asked = known(roster(recurrence=f"FREQ=DAILY;UNTIL={until}"))
        return shift_calendar(asked, since=at(4, 0), until=at(9, 0)).shifts["starts_at"].to_list()

    assert starts("20260105")[-1] == at(5, 21)
    assert starts("20260105T220000")[-1] == at(5, 21)
    assert starts("20260105T215959")[-1] == at(4, 21)
    assert starts("20260105T210000Z")[-1] == at(5, 21)
    assert starts("20260105T205959Z")[-1] == at(4, 21)


def test_a_roster_without_a_site_or_with_a_broken_rule_is_named_and_the_others_go_on():
    asked = known(roster("a", site_id="gone"), roster("b", recurrence="mondays"), roster("c"))
    calendar = shift_calendar(asked, since=at(5, 12), until=at(6, 12))
    assert calendar.shifts["roster_id"].to_list() == ["c"]
    assert dict(calendar.unreadable.select("roster_id", "problem").iter_rows())["a"] == "site gone is not known"
    assert calendar.unreadable["roster_id"].to_list() == ["a", "b"]


clock = st.builds(lambda h, q: f"{h:02}:{q * 15:02}", st.integers(0, 23), st.integers(0, 3))
people = st.sampled_from(["ann", "bob", "cem"])
weekdays = st.lists(st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]), min_size=1, unique=True)
rules = st.one_of(
    st.none(),
    st.builds(lambda n: f"FREQ=DAILY;INTERVAL={n}", st.integers(1, 3)),
    st.builds(lambda n, d: f"FREQ=WEEKLY;INTERVAL={n};BYDAY={','.join(d)}", st.integers(1, 2), weekdays),
)


@st.composite
def provider(draw):
    """Rosters, leave and substitutions around a day on which some clock changes."""
    around = draw(
        st.sampled_from([date(2026, 3, 29), date(2026, 10, 25), date(2026, 3, 8), date(2026, 4, 5), date(2028, 2, 29)])
    )
    first = datetime(around.year, around.month, around.day, tzinfo=UTC) - timedelta(days=1)
    count = draw(st.integers(1, 4))
    rosters = [
        roster(
            f"r{n}",
            person_id=draw(people),
            site_id=draw(st.sampled_from(sorted(ZONES))),
            starts_local=draw(clock),
            ends_local=draw(st.one_of(clock, st.just("24:00"))),
            recurrence=draw(rules),
            valid_from=around - timedelta(days=draw(st.integers(0, 20))),
            valid_until=draw(st.one_of(st.none(), st.just(around))),
        )
        for n in range(count)
    ]
    quarter = st.integers(-40, 200).map(lambda n: first + timedelta(minutes=15 * n))
    absences = {
        (person, starts): {"person_id": person, "starts_at": starts, "ends_at": starts + timedelta(minutes=15 * length)}
        for person, starts, length in draw(st.lists(st.tuples(people, quarter, st.integers(1, 100)), max_size=4))
    }
    swaps = {
        (number, day, person): {
            "roster_id": f"r{number}", "on": around + timedelta(days=day), "person_id": person, "substitute_id": other,
            "expected_from_at": expected,
        }
        for number, day, person, other, expected in draw(
            st.lists(
                st.tuples(st.integers(0, 3), st.integers(-1, 1), people, people, st.one_of(st.none(), quarter)),
                max_size=4,
            )
        )
    }  # fmt: skip
    return first, rosters, list(absences.values()), list(swaps.values())


@settings(max_examples=examples(60), deadline=None)
@given(provider())
def test_the_calendar_agrees_with_a_walk_over_every_minute(given_provider):
    first, rosters, absences, swaps = given_provider
    until = first + timedelta(days=3)
    asked = known(*rosters, sites=SITES, absences=absences, substitutions=swaps)
    calendar = shift_calendar(asked, since=first, until=until)
    columns = (
        "roster_id",
        "on",
        "person_id",
        "status",
        "starts_at",
        "ends_at",
        "expected_from_at",
        "expected_until_at",
    )
    with_ends = [r | {"valid_until": r.get("valid_until")} for r in rosters]
    assert set(calendar.shifts.select(columns).iter_rows()) == shifts(with_ends, ZONES, absences, swaps, first, until)


def test_a_night_that_the_recurrence_of_a_calendar_excepts_is_no_shift_and_accuses_nobody():
    recurrence = "RRULE:FREQ=DAILY;COUNT=3\nEXDATE:20261202T220000"
    rules = known(roster(recurrence=recurrence, valid_from=date(2026, 12, 1)))
    since, until = datetime(2026, 11, 30, tzinfo=UTC), datetime(2026, 12, 9, tzinfo=UTC)
    shifts = shift_calendar(rules, since=since, until=until)
    assert shifts.unreadable.is_empty()
    assert shifts.shifts["starts_at"].to_list() == [datetime(2026, 12, day, 21, tzinfo=UTC) for day in (1, 3)]


def test_an_exception_at_another_time_than_the_shift_is_told_and_not_passed_over():
    recurrence = "RRULE:FREQ=DAILY;COUNT=3\nEXDATE:20261202T080000"
    rules = known(roster(recurrence=recurrence, valid_from=date(2026, 12, 1)))
    calendar = shift_calendar(rules, since=datetime(2026, 11, 30, tzinfo=UTC), until=datetime(2026, 12, 9, tzinfo=UTC))
    assert calendar.shifts.is_empty()
    assert "EXDATE 2026-12-02 08:00 is not the start of a shift" in calendar.unreadable["problem"].item()
