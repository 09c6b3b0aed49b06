"""Alerts as people read them: context in words, and an order in which nothing that is over stands above the rest."""

from hypothesis import given, settings
from hypothesis import strategies as st

from opsguard_assets.alerts.finding import COSTS
from opsguard_assets.views.alerts import AHEAD, LOST, TIMELESS, as_json, described
from opsguard_assets.views.names import Names
from tests.properties import examples
from tests.views.given import NOW, alert, minutes

NAMES = Names(
    clients={"C1": "Acme"},
    sites={"S1": {"name": "Harbour", "timezone": "Europe/Berlin"}},
    people={"P1": "Ada Byron"},
    tickets={"T1": {"title": "Lift stuck", "category": "lift", "assignee_id": "P1"}},
)


def test_an_alert_says_where_by_when_who_has_it_and_why():
    (row,) = described([alert(due=minutes(40), priority=70, priority_reasons=["one hour costs 90"])], NAMES, NOW)
    assert (row["client_name"], row["site_name"], row["site_zone"]) == ("Acme", "Harbour", "Europe/Berlin")
    assert (row["subject"], row["holder"]) == ("Lift stuck", "Ada Byron (assignee)")
    assert (row["due_at"], row["minutes_left"], row["standing"]) == (minutes(40), 40, AHEAD)
    assert row["why"] == ["nobody has it; 40 min of working time left", "one hour costs 90"]
    assert row["next"] == "ask the assignee, or move it"


def test_what_nobody_has_is_to_be_given_to_somebody():
    (row,) = described([alert(2, due=minutes(40))], NAMES, NOW)
    assert (row["holder"], row["next"]) == ("nobody", "give it to somebody")


def test_a_title_names_the_site_and_json_keeps_it_as_it_is_stored():
    stored = "Shift 2026-03-02 08:00 UTC at S1: nobody came"
    (row,) = described([alert(title=stored)], NAMES, NOW)
    assert row["title"] == "Shift 2026-03-02 08:00 UTC at Harbour: nobody came"
    assert as_json(row)["title"] == stored
    (unknown,) = described([alert(title=stored, site_id="S2")], NAMES, NOW)
    assert unknown["title"] == stored


def test_who_does_not_work_for_the_provider_does_not_read_what_an_alert_costs_it():
    said = ["protects lives: at least 90", COSTS.format("1,000"), "severity is high"]
    for inside, why in ((True, said[:2]), (False, [said[0], said[2]])):
        (row,) = described([alert(reason=None, priority_reasons=said)], NAMES, NOW, inside=inside)
        assert row["why"] == why


def test_the_same_reason_is_said_once():
    (row,) = described([alert(reason="little time", priority_reasons=["little time", "a", "b"])], NAMES, NOW)
    assert row["why"] == ["little time", "a"]


def test_a_deadline_that_passed_a_minute_ago_stands_below_a_low_alert_that_can_be_saved():
    lost = alert(1, due=minutes(-1), severity="critical", priority=99)
    low = alert(2, due=minutes(600), severity="low", priority=3)
    assert [row["alert_id"] for row in described([lost, low], NAMES, NOW)] == [2, 1]


def test_a_critical_alert_that_is_not_triaged_yet_waits_for_nobody():
    rows = [alert(1, priority=95), alert(2, severity="critical"), alert(3, severity="medium"), alert(4, priority=5)]
    assert [row["alert_id"] for row in described(rows, NAMES, NOW)] == [2, 1, 4, 3]


STATES = st.sampled_from(["open", "acknowledged", "suppressed", "resolved"])
ALERTS = st.lists(
    st.builds(
        lambda due, priority, severity, state: {
            "due": None if due is None else minutes(due), "priority": priority, "severity": severity, "state": state,
        },
        st.one_of(st.none(), st.integers(-500, 500)),
        st.one_of(st.none(), st.integers(0, 100)),
        st.sampled_from(["low", "medium", "high", "critical"]),
        STATES,
    ),
    max_size=12,
)  # fmt: skip


@settings(max_examples=examples(200))
@given(ALERTS)
def test_nothing_that_is_over_stands_above_what_can_be_saved(drawn):
    rows = described([alert(number, **one) for number, one in enumerate(drawn)], NAMES, NOW)
    over = [row["standing"] == LOST or row["state"] in {"suppressed", "resolved"} for row in rows]
    assert over == sorted(over)
    saved = [row for row, is_over in zip(rows, over, strict=True) if not is_over and row["priority"] is not None]
    assert [row["priority"] for row in saved] == sorted((row["priority"] for row in saved), reverse=True)
    assert {row["standing"] for row in rows} <= {AHEAD, TIMELESS, LOST}
