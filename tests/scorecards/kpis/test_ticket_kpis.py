"""Key figures of the helpdesk on hard cases, each worked out by hand."""

from datetime import timedelta
from itertools import pairwise

import pytest

from opsguard_assets.config.settings import Settings
from opsguard_assets.tables.versions import IS_WITHDRAWN
from tests.scorecards.kpis.worlds import computed, excluded, figure, record, utc, world

POLICY = {"policy_id": "p", "priority": "high", "response_minutes": 60, "resolution_minutes": 24 * 60,
          "pauses_on": ["on_hold"]}  # fmt: skip


def ticket(number: str, opened_at, ended_at=None, **others):
    status = others.pop("status", "resolved" if ended_at else "open")
    return {
        "ticket_id": number, "client_id": "a", "site_id": "a1", "priority": "high", "status": status,
        "opened_at": opened_at, "resolved_at": ended_at if status == "resolved" else None,
        "updated_at": ended_at or opened_at, **others,
    }  # fmt: skip


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    tickets = [
        ticket("in time", utc(2026, 11, 2), utc(2026, 11, 2, 12)),
        ticket("late and open", utc(2026, 11, 3)),
        # The deadline decides: 24 hours after an opening on the last evening of October in Berlin.
        ticket("over the border", utc(2026, 10, 31, 1), utc(2026, 11, 1, 1)),
        # 23:30 UTC of the last of October is November in Berlin, not in New York.
        ticket("november in berlin", utc(2026, 10, 30, 23, 30), utc(2026, 10, 31, 12)),
        ticket("october in new york", utc(2026, 10, 30, 23, 30), utc(2026, 10, 31, 12), client_id="b", site_id="b1"),
        ticket("cancelled", utc(2026, 11, 4), status="cancelled", closed_at=utc(2026, 11, 4, 1)),
        ticket("paused", utc(2026, 10, 20), status="on_hold", updated_at=utc(2026, 10, 20, 5)),
        ticket("not due", utc(2026, 11, 30, 2)),
        ticket("withdrawn", utc(2026, 11, 5)),
        ticket("of tokyo", utc(2026, 11, 6), utc(2026, 11, 8), site_id="a2"),
        ticket("somebody else's site", utc(2026, 11, 7), utc(2026, 11, 7, 5), site_id="b1"),
    ]
    lake = world(tmp_path_factory.mktemp("lake"), sla_policies=[POLICY], tickets=tickets)
    record(lake, "tickets", [{**tickets[8], IS_WITHDRAWN: True}], at=utc(2026, 11, 30, 4))
    return computed(lake, "sla_performance", "first_response_sla", "helpdesk_sentiment")


def test_late_and_open_counts_where_it_was_due(found):
    november = figure(found, "sla_performance")
    assert (november["numerator"], november["denominator"]) == (4, 6)
    assert november["value"] == pytest.approx(100 * 4 / 6)
    assert november["band"] == "bad"


def test_the_month_is_that_of_the_deadline_in_the_zone_of_the_client(found):
    assert figure(found, "sla_performance", month="2026-10-01")["denominator"] == 0
    assert figure(found, "sla_performance", month="2026-10-01")["missing"] == "nothing"
    assert figure(found, "sla_performance", "b", month="2026-10-01")["denominator"] == 1


def test_what_does_not_count_is_shown_by_reason(found):
    assert excluded(figure(found, "sla_performance")) == {"cancelled": 1, "paused": 1}
    assert excluded(figure(found, "sla_performance", month="2026-10-01")) == {"paused": 1}


def test_a_deadline_that_data_do_not_reach_is_not_missed_yet(found):
    december = figure(found, "sla_performance", month="2026-12-01")
    assert december["missing"] == "nothing"
    assert excluded(december) == {"not_due": 1}


def test_sites_add_up_and_a_foreign_site_counts_for_the_client_alone(found):
    assert figure(found, "sla_performance", site="a1")["denominator"] == 4
    assert figure(found, "sla_performance", site="a2")["denominator"] == 1
    assert found.rows.filter(entity_id="somebody else's site")["site_id"].to_list() == [None] * 3


def test_a_month_is_provisional_until_data_reach_past_its_end(found):
    assert figure(found, "sla_performance")["is_provisional"]
    assert not figure(found, "sla_performance", month="2026-10-01")["is_provisional"]


def test_fewer_than_ten_tones_make_no_figure(found):
    assert figure(found, "helpdesk_sentiment")["missing"] == "nothing"
    assert excluded(figure(found, "helpdesk_sentiment"))["no_tone"] > 0


def test_a_ticket_came_again_that_was_opened_again_within_thirty_days_after_its_first_solution(tmp_path):
    first, day = utc(2026, 9, 1), timedelta(days=1)
    histories = {
        "once": ["open", "resolved", "closed"],
        "again": ["open", "resolved", "in_progress", "resolved"],
        "called off": ["open", "resolved", "cancelled"],
        "never solved": ["open", "cancelled"],
    }
    changes = [
        {"ticket_id": name, "at": first + n * day, "field": "status", "old": old, "new": new}
        for name, states in histories.items()
        for n, (old, new) in enumerate(pairwise([None, *states]))
    ]
    changes += [
        {"ticket_id": "much later", "at": first + n * day, "field": "status", "old": old, "new": new}
        for n, old, new in ((0, None, "open"), (1, "open", "closed"), (31.1, "closed", "open"), (32, "open", "closed"))
    ]
    changes += [
        {"ticket_id": "just solved", "at": utc(2026, 11, 5), "field": "status", "old": "open", "new": "resolved"}
    ]
    names = {each["ticket_id"] for each in changes}
    tickets = [ticket(name, first, category="door") for name in sorted(names)]
    tickets.append(ticket("newest", utc(2026, 11, 29)))  # data reach until then
    lake = world(tmp_path, sla_policies=[POLICY], tickets=tickets, ticket_events=changes)
    found = computed(lake, "repeat_tickets")
    september = figure(found, "repeat_tickets", month="2026-09-01")
    assert (september["numerator"], september["denominator"]) == (1, 4)
    assert figure(found, "repeat_tickets", month="2026-10-01")["denominator"] == 0
    assert excluded(figure(found, "repeat_tickets"))["too_recent"] == 1


def test_bands_of_a_client_win_over_those_of_all(tmp_path):
    tickets = [ticket(f"{n}", utc(2026, 11, 2), utc(2026, 11, 2 if n else 9, 12)) for n in range(10)]
    lake = world(tmp_path, sla_policies=[POLICY], tickets=tickets)
    terms = {"figures": {"sla_performance": {"good": 99, "warning": 98}},
             "clients": {"a": {"sla_performance": {"good": 90, "target": 97}}}}  # fmt: skip
    with pytest.raises(ValueError, match="must be not below"):
        computed(lake, "sla_performance", settings=Settings(kpis=terms))
    terms["clients"]["a"]["sla_performance"]["warning"] = 80
    found = figure(computed(lake, "sla_performance", settings=Settings(kpis=terms)), "sla_performance")
    assert (found["value"], found["band"], found["target"]) == (90, "good", 97)
    assert 55 < found["low"] < 90 < found["high"] < 99
