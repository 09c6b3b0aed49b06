"""The clocks' rules one by one, among them everything of the replaced system's clocks that was wrong."""

from datetime import timedelta

import polars as pl
import pytest

from opsguard_assets.tickets.sla.calendars import working_time
from opsguard_assets.tickets.sla.clocks import sla_clocks
from opsguard_assets.tickets.sla.intervals import sla_intervals
from opsguard_assets.tickets.sla.tick import clocks_at
from tests.tickets.frames import hours, tables, utc

OPENED = utc(2026, 6, 5, 14)  # a Friday, 16:00 in Berlin
LATER = utc(2026, 6, 10)
OFFICE = hours("office", range(1, 6), "08:00", "17:00")
SITE = {"site_id": "s", "client_id": "c", "timezone": "Europe/Berlin", "calendar_id": "office"}
TICKET = {
    "ticket_id": "t",
    "client_id": "c",
    "priority": "high",
    "status": "in_progress",
    "opened_at": OPENED,
    "updated_at": OPENED,
}


def policy(**changes):
    return {
        "policy_id": "p",
        "priority": "high",
        "response_minutes": 60,
        "resolution_minutes": 120,
        "pauses_on": ["on_hold"],
        "stops_at": "resolved",
        **changes,
    }


def went(*changes):
    """Status events of ticket t: (hours after opening, status) pairs, from `new`."""
    old, events = "new", []
    for after, status in changes:
        events.append(
            {"ticket_id": "t", "at": OPENED + timedelta(hours=after), "field": "status", "old": old, "new": status}
        )
        old = status
    return events


def clock(ticket=None, events=(), policies=(), as_of=LATER, calendars=OFFICE, sites=(SITE,), clients=()):
    given = tables([{**TICKET, **(ticket or {})}], events, policies, calendars, sites, clients)
    return sla_clocks(*given, as_of).row(0, named=True)


def at(**after):
    return OPENED + timedelta(**after)


@pytest.mark.parametrize(
    ("priority", "response", "resolution"),
    [("critical", 30, 240), ("high", 60, 480), ("medium", 240, 1440), ("low", 480, 4320)],
)
def test_defaults_hold_round_the_clock_where_no_policy_matches(priority, response, resolution):
    found = clock({"priority": priority})
    assert found["response_due_at"] == at(minutes=response)
    assert found["resolution_due_at"] == at(minutes=resolution)
    assert found["policy_id"] is None


def test_the_resolution_deadline_is_not_the_response_target():
    found = clock(policies=[policy(response_minutes=15, resolution_minutes=300)])
    assert (found["response_due_at"], found["resolution_due_at"]) == (at(minutes=15), at(minutes=300))


def test_policy_priorities_match_ticket_priorities_and_the_clients_own_wins():
    policies = [
        policy(policy_id="all"),
        policy(policy_id="own", client_id="c", resolution_minutes=45),
        policy(policy_id="low", priority="low", client_id="c"),
        policy(policy_id="other", client_id="x"),
    ]
    assert clock(policies=policies)["policy_id"] == "own"
    assert clock({"client_id": "d"}, policies=policies)["policy_id"] == "all"
    assert clock({"priority": "low"}, policies=policies)["policy_id"] == "low"
    assert clock({"priority": "medium"}, policies=policies)["policy_id"] is None


def test_hours_are_those_of_the_site_not_of_utc():
    # 16:00 in Berlin: one working hour on Friday, the second on Monday from 08:00 local, which is 06:00 UTC.
    assert clock({"site_id": "s"}, policies=[policy()])["resolution_due_at"] == utc(2026, 6, 8, 7)


def test_working_time_is_counted_and_not_elapsed_time_in_a_ratio():
    found = clock({"site_id": "s"}, policies=[policy(resolution_minutes=5000)], as_of=utc(2026, 6, 8, 8))
    assert found["elapsed_minutes"] == 60 + 120
    assert found["age_minutes"] == (2 * 24 + 18) * 60


def test_the_clients_time_zone_serves_tickets_without_a_site():
    clients = [{"client_id": "c", "timezone": "America/New_York"}]
    found = clock(policies=[policy(calendar_id="office")], clients=clients)
    assert found["timezone"] == "America/New_York"
    assert found["resolution_due_at"] == at(hours=2)  # 10:00 in New York


def test_on_hold_pauses_over_a_weekend_and_moves_the_deadline():
    events = went((0.5, "on_hold"), (67, "in_progress"))  # until Monday 11:00 in Berlin
    found = clock({"site_id": "s"}, events, [policy()])
    assert found["resolution_due_at"] == utc(2026, 6, 8, 9) + timedelta(minutes=90)
    assert found["paused_minutes"] == 66.5 * 60


def test_a_paused_clock_has_no_deadline_and_keeps_what_remains():
    events = went((0.5, "on_hold"))
    for as_of in (at(hours=1), at(days=400)):
        found = clock({"status": "on_hold"}, events, [policy()], as_of)
        assert found["resolution_due_at"] is None
        assert found["no_deadline_reason"] == "paused: on_hold"
        assert (found["remaining_minutes"], found["resolution_state"]) == (90, "paused")
        assert (found["paused_since_at"], found["paused_by"]) == (at(minutes=30), "on_hold")
        assert found["is_breached"] is False


def test_a_policy_that_does_not_say_pauses_on_hold_and_an_empty_list_never_pauses():
    events = went((0.5, "on_hold"))
    assert clock({"status": "on_hold"}, events, [policy(pauses_on=None)])["resolution_state"] == "paused"
    assert clock({"status": "on_hold"}, events, [policy(pauses_on=[])])["resolution_state"] == "breached"


def test_a_ticket_breached_before_its_pause_stays_breached():
    found = clock({"status": "on_hold"}, went((3, "on_hold")), [policy()])
    assert (found["resolution_state"], found["resolution_due_at"]) == ("breached", at(hours=2))


def test_a_deadline_is_missed_after_it_and_not_at_it():
    assert clock(policies=[policy()], as_of=at(hours=2))["resolution_state"] == "running"
    assert clock(policies=[policy()], as_of=at(hours=2, microseconds=1))["resolution_state"] == "breached"
    assert clock({"status": "resolved"}, went((2, "resolved")), [policy()])["resolution_state"] == "met"


def test_load_and_age_do_not_lower_what_was_used():
    found = [clock(policies=[policy()], as_of=at(minutes=m))["fraction_used"] for m in (0, 30, 60, 90, 120)]
    assert found == [0, 0.25, 0.5, 0.75, 1]


@pytest.mark.parametrize(("stops_at", "ended"), [("resolved", 1), ("closed", 30)])
def test_a_policy_says_whether_its_clock_stops_at_resolved_or_at_closed(stops_at, ended):
    found = clock({"status": "closed"}, went((1, "resolved"), (30, "closed")), [policy(stops_at=stops_at)])
    assert found["ended_at"] == at(hours=ended)
    assert found["resolution_state"] == ("met" if ended == 1 else "breached")


def test_a_reopened_ticket_goes_on_where_it_stopped():
    events = went((1, "resolved"), (25, "in_progress"))
    found = clock({}, events, [policy()], as_of=at(hours=25, minutes=10))
    assert (found["elapsed_minutes"], found["remaining_minutes"]) == (70, 50)
    assert found["resolution_due_at"] == at(hours=26)
    assert found["ended_at"] is None


def test_a_cancelled_ticket_is_neither_met_nor_missed():
    found = clock({"status": "cancelled"}, went((9, "cancelled")), [policy()])
    assert (found["resolution_state"], found["response_state"]) == ("cancelled", "cancelled")
    assert found["ended_at"] == at(hours=9)


def test_the_response_clock_stops_at_the_first_response_and_pauses_like_the_other():
    events = went((0.5, "on_hold"), (5, "open"))
    found = clock({"first_response_at": at(hours=5.4)}, events, [policy()])
    assert (found["response_state"], found["response_remaining_minutes"]) == ("met", pytest.approx(6))
    late = clock({"first_response_at": at(hours=5.6)}, events, [policy()])
    assert late["response_state"] == "breached"
    assert late["response_due_at"] == at(hours=5.5)


def test_a_resolution_answers_the_requester():
    found = clock({"status": "resolved"}, went((0.9, "resolved")), [policy()])
    assert (found["response_at"], found["response_state"]) == (at(hours=0.9), "met")


def test_a_deadline_given_by_the_source_wins_and_is_not_moved_by_pauses():
    events = went((0.5, "on_hold"))
    found = clock({"status": "on_hold", "due_at": at(hours=4)}, events, [policy()], at(hours=3))
    assert found["resolution_due_at"] == at(hours=4)
    assert (found["resolution_state"], found["remaining_minutes"]) == ("running", 60)
    assert clock({"due_at": at(hours=4)}, events, as_of=at(hours=5))["resolution_state"] == "breached"


def test_an_imported_ticket_of_one_row_ends_when_its_row_says():
    row = {"status": "closed", "resolved_at": at(hours=1), "closed_at": at(hours=90), "updated_at": at(hours=90)}
    created = {"ticket_id": "t", "at": OPENED, "field": "status", "old": None, "new": "closed"}
    for events in ([], [created]):
        found = clock(row, events, [policy()])
        assert (found["ended_at"], found["elapsed_minutes"], found["resolution_state"]) == (at(hours=1), 60, "met")


def test_the_rows_newer_status_counts_from_when_it_was_updated():
    row = {"status": "on_hold", "updated_at": at(hours=1)}
    assert clock(row, went((0.5, "open")), [policy()])["paused_since_at"] == at(hours=1)


def test_a_calendar_that_never_opens_gives_no_deadline_and_says_why():
    shut = [{"calendar_id": "shut", "weekday": 1, "opens": None, "closes": None}]
    found = clock(policies=[policy(calendar_id="shut")], calendars=shut)
    assert found["resolution_due_at"] is None
    assert found["no_deadline_reason"] == "calendar shut never opens"
    assert (found["elapsed_minutes"], found["resolution_state"]) == (0, "running")


def test_a_deadline_beyond_the_usual_horizon_is_found_and_one_beyond_2100_is_explained():
    rare = hours("rare", [1], "08:00", "08:10")
    found = clock(
        {"site_id": "s"}, policies=[policy(calendar_id="rare", resolution_minutes=10 * 52 * 20)], calendars=rare
    )
    assert found["resolution_due_at"].year == 2046
    never = clock(policies=[policy(calendar_id="rare", resolution_minutes=10**9)], calendars=rare)
    assert never["resolution_due_at"] is None
    assert never["no_deadline_reason"] == "the deadline lies after 2100-01-01"


def test_hostile_instants_give_answers_and_not_crashes():
    for opened in (utc(1, 1, 1), utc(1900, 1, 1), utc(2026, 6, 1)):
        row = {"site_id": "s", "opened_at": opened, "updated_at": opened, "due_at": utc(9999, 12, 31)}
        assert clock(row, policies=[policy()])["resolution_state"] == "running"
    early = {"first_response_at": at(days=-9), "resolved_at": at(days=-3), "status": "resolved"}
    found = clock(early, policies=[policy()])
    assert (found["response_at"], found["ended_at"], found["elapsed_minutes"]) == (OPENED, OPENED, 0)
    assert clock({"priority": "urgent!"})["no_deadline_reason"] == "no target for priority urgent!"


def test_what_happens_after_as_of_has_not_happened():
    row = {"status": "resolved", "first_response_at": at(hours=4), "updated_at": at(hours=6)}
    found = clock(row, went((5, "on_hold"), (6, "resolved")), [policy()], at(hours=1))
    assert (found["status"], found["ended_at"], found["response_at"]) == ("new", None, None)
    assert found["changes_at"] == at(hours=4)
    given = tables([{**TICKET, "opened_at": at(hours=9)}])
    assert sla_clocks(*given, OPENED).is_empty()


def test_a_clock_that_knows_too_little_or_too_much_is_not_read():
    given = tables([{**TICKET, "site_id": "s"}], went((5, "on_hold")), [policy()], OFFICE, [SITE])
    stored = sla_clocks(*given, at(hours=1))
    pairs = stored.select("calendar_id", "timezone")
    work = working_time(given[3], pairs, since=OPENED, until=at(days=2))
    with pytest.raises(ValueError, match="1 of 1 clocks are outdated"):
        clocks_at(stored, work, at(hours=5))
    with pytest.raises(ValueError, match="were computed after"):
        clocks_at(stored, work, OPENED)
    changed = working_time(given[3].with_columns(closes=pl.lit("18:00")), pairs, since=OPENED, until=at(days=2))
    with pytest.raises(ValueError, match="outdated"):
        clocks_at(stored, changed, at(hours=2))
    with pytest.raises(ValueError, match="Build it over a longer range"):
        clocks_at(stored.with_columns(changes_at=None), work, at(days=900))


def test_why_is_it_due_then_is_a_query():
    holiday = hours("office", range(1, 6), "08:00", "17:00", ["2026-06-08"])
    given = tables(
        [{**TICKET, "site_id": "s", "status": "new"}],
        went((0.25, "on_hold"), (0.5, "new")),
        [policy()],
        holiday,
        [SITE],
    )
    found = sla_intervals(*given, utc(2026, 6, 9, 6, 30))
    assert found.select("state", "reason", "running_minutes").rows() == [
        ("running", None, 15),
        ("paused", "on_hold", 0),
        ("running", None, 30),
        ("closed_by_calendar", "outside hours", 0),
        ("closed_by_calendar", "weekend", 0),
        ("closed_by_calendar", "holiday: 2026-06-08", 0),
        ("closed_by_calendar", "outside hours", 0),
        ("running", None, 30),
    ]


def test_tickets_from_before_the_computed_years_are_closed_until_then():
    given = tables([{**TICKET, "site_id": "s", "opened_at": utc(1969, 12, 31)}], (), [policy()], OFFICE, [SITE])
    found = sla_intervals(*given, utc(1970, 1, 2))
    assert found["reason"][0] == "outside the years 1970 to 2099"
    assert (found["starts_at"][0], found["ends_at"][-1]) == (utc(1969, 12, 31), utc(1970, 1, 2))
