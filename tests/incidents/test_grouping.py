"""Alerts that belong together are one incident; life-safety alerts never are."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsguard_assets.config.routing import InhibitRule
from opsguard_assets.incidents.grouping import GroupRules
from tests.incidents.given import Book, alert
from tests.properties import examples


def test_alerts_of_one_client_site_and_cause_are_one_incident_and_others_are_not():
    book = Book()
    book.run(alert(1), alert(2), alert(3, site_id="S2"), alert(4, client_id="C2"), alert(5, cause="battery"))
    assert book.homes[1] == book.homes[2]
    assert len({book.homes[number] for number in (1, 3, 4, 5)}) == 4
    assert dict(book.joins)[1] == "same client, site and cause"


def test_a_later_alert_joins_the_incident_that_is_there_and_raises_it():
    book = Book()
    book.run(alert(1))
    done = book.run(alert(1), alert(2, priority=85, severity="high", title="Worse"))
    (change,) = done.changes.iter_rows(named=True)
    assert (change["unresolved"], change["priority"], change["severity"], change["title"]) == (2, 85, "high", "Worse")
    assert change["is_shown"]
    assert done.opens.is_empty()


def test_nothing_changes_when_nothing_changed():
    book = Book()
    alerts = (alert(1), alert(2), alert(3, site_id="S2"))
    book.run(*alerts)
    done = book.run(*alerts)
    assert (len(done.joins), len(done.opens), len(done.changes)) == (0, 0, 0)


def test_a_priority_that_moves_a_little_is_kept_and_not_shown_and_one_that_crosses_a_level_is_shown():
    book = Book(GroupRules(levels=(83,)))
    book.run(alert(1, priority=81))
    (change,) = book.run(alert(1, priority=82)).changes.iter_rows(named=True)
    assert (change["priority"], change["is_shown"]) == (82, False)
    assert book.run(alert(1, priority=83)).changes["is_shown"].to_list() == [True]


def test_an_incident_ends_with_its_last_alert_and_the_next_alert_opens_another():
    book = Book()
    book.run(alert(1), alert(2))
    assert book.run(alert(2)).changes["unresolved"].to_list() == [1]
    assert book.run().changes["state"].to_list() == ["resolved"]
    book.run(alert(3))
    assert book.homes[3] != book.homes[1]


def test_an_alert_that_comes_back_after_its_incident_was_resolved_leaves_it_for_another():
    book = Book()
    book.run(alert(1))
    book.run()
    done = book.run(alert(1))
    assert done.joins.select("alert_id", "left").rows() == [(1, 1)]
    assert book.homes[1] == 2


def test_a_muted_alert_opens_nothing_and_an_incident_of_muted_alerts_ends():
    book = Book()
    assert book.run(alert(1, state="suppressed")).opens.is_empty()
    book.run(alert(1))
    assert book.run(alert(1, state="suppressed")).changes["detail"].to_list() == [
        "all its alerts are resolved or muted"
    ]


def test_an_incident_is_acknowledged_once_all_its_alerts_are():
    book = Book()
    book.run(alert(1), alert(2))
    assert book.run(alert(1, state="acknowledged"), alert(2)).changes.is_empty()
    done = book.run(alert(1, state="acknowledged"), alert(2, state="acknowledged"))
    assert done.changes["state"].to_list() == ["acknowledged"]


@pytest.mark.parametrize(("joining", "state"), [(79, "acknowledged"), (85, "acknowledged"), (86, "open")])
def test_an_acknowledged_incident_opens_again_only_for_what_is_urgent_and_worse(joining, state):
    book = Book()
    book.run(alert(1, priority=85))
    book.acknowledge(1)
    book.run(alert(1, priority=85, state="acknowledged"), alert(2, priority=joining))
    assert book.incidents[1]["state"] == state


def test_staffing_of_one_shift_is_one_incident_whatever_found_it():
    book = Book()
    book.run(
        alert(1, "coverage_gap", cause="staffing", entity_type="post"),
        alert(2, "no_show", cause="staffing", entity_type="shift"),
    )
    assert book.homes[1] == book.homes[2]


def test_what_is_nowhere_is_not_the_same():
    book = Book()
    nowhere = {"client_id": None, "site_id": None, "entity_type": "vendor"}
    book.run(alert(1, **nowhere), alert(2, **nowhere))
    assert book.homes[1] != book.homes[2]


def test_an_untriaged_alert_is_as_urgent_as_its_severity_says():
    book = Book()
    book.run(alert(1, priority=None, severity="critical"))
    assert book.incidents[1]["priority"] == 85


def test_a_life_safety_alert_is_alone_and_at_least_ninety():
    book = Book()
    fire = {"is_life_safety": True, "cause": "power_or_line", "priority": 12}
    book.run(alert(1), alert(2, "fire", **fire), alert(3, "fire", **fire))
    assert len(set(book.homes.values())) == 3
    assert [book.incidents[book.homes[n]]["priority"] for n in (2, 3)] == [90, 90]
    assert book.incidents[book.homes[2]]["cause"] == "fire:D2"


def rule(**more):
    base = {"name": "gateway", "source": {"type": "gateway_down"}, "target": {"cause": "sensor"}, "equal": ["site"]}
    return GroupRules(inhibit=[InhibitRule.model_validate(base | more)])


def test_a_silenced_alert_goes_to_the_incident_of_what_silences_it_and_does_not_raise_it():
    book = Book(rule())
    book.run(alert(1, "gateway_down", priority=60, title="Gateway down"), alert(2, cause="sensor", priority=95))
    assert book.homes[1] == book.homes[2]
    assert book.incidents[1]["priority"] == 60
    assert dict(book.joins)[2] == "silenced by “Gateway down” (inhibit rule gateway)"


def test_an_incident_that_is_silenced_later_moves_to_the_other_and_ends():
    book = Book(rule())
    book.run(alert(2, cause="sensor"))
    book.run(alert(2, cause="sensor"), alert(1, "gateway_down"))
    assert book.homes[1] == book.homes[2] == 2
    assert book.incidents[1]["state"] == "resolved"
    done = book.run(alert(2, cause="sensor"), alert(1, "gateway_down"))
    assert (len(done.joins), len(done.changes)) == (0, 0)


def test_once_nothing_silences_it_an_alert_counts_again():
    book = Book(rule())
    book.run(alert(1, "gateway_down", priority=60), alert(2, cause="sensor", priority=95))
    book.run(alert(2, cause="sensor", priority=95))
    assert (book.incidents[1]["priority"], book.incidents[1]["state"]) == (95, "open")


@pytest.mark.parametrize(
    "other",
    [{"site_id": "S2"}, {"site_id": None}, {"client_id": "C2"}, {"is_in_plan": False}, {"is_life_safety": True}],
)
def test_nothing_is_silenced_elsewhere_or_across_clients_or_plans_nor_where_life_is_at_stake(other):
    book = Book(rule())
    book.run(alert(1, "gateway_down"), alert(2, cause="sensor", **other))
    assert book.homes[1] != book.homes[2]


def test_what_is_outside_the_plan_is_apart_and_moves_with_the_plan():
    book = Book()
    book.run(alert(1), alert(2, is_in_plan=False))
    assert book.homes[1] != book.homes[2]
    assert [book.incidents[book.homes[number]]["is_in_plan"] for number in (1, 2)] == [True, False]
    book.run(alert(1), alert(2))
    assert book.homes[1] == book.homes[2]


STATES = st.sampled_from(["open", "open", "acknowledged", "suppressed"])
ALERTS = st.builds(
    lambda number, kind, site, client, state, priority, is_in_plan: alert(
        number, kind, site_id=site, client_id=client, state=state, priority=priority, is_in_plan=is_in_plan,
        is_life_safety=kind == "fire", cause=kind if kind == "fire" else "power_or_line",
        severity="critical" if kind == "fire" else "medium",
    ),
    st.integers(1, 12), st.sampled_from(["site_silent", "device_silent", "fire", "device_failure_risk"]),
    st.sampled_from(["S1", "S2", None]), st.sampled_from(["C1", "C2", None]), STATES, st.integers(0, 100),
    st.booleans(),
)  # fmt: skip


@settings(max_examples=examples(120))
@given(st.lists(st.lists(ALERTS, max_size=8, unique_by=lambda row: row["alert_id"]), max_size=6))
def test_over_any_history_every_alert_has_one_living_incident_and_a_second_run_changes_nothing(history):
    book, born = Book(), {}
    for tick in history:
        # What an alert is about never changes.
        kept = ("alert_type", "dedup_key", "cause", "site_id", "client_id", "is_life_safety", "severity")
        alerts = [row | {k: v for k, v in born.setdefault(row["alert_id"], row).items() if k in kept} for row in tick]
        book.run(*alerts)
        active = [row for row in alerts if row["state"] != "suppressed"]
        for row in active:
            incident = book.incidents[book.homes[row["alert_id"]]]
            assert incident["state"] != "resolved"
            assert incident["is_in_plan"] == (row["is_in_plan"] or row["is_life_safety"])
        lives = [row["alert_id"] for row in active if row["is_life_safety"]]
        mates = pl.Series([book.homes[row["alert_id"]] for row in active], dtype=pl.Int64)
        assert all((mates == book.homes[number]).sum() == 1 for number in lives)
        counted = dict(mates.value_counts().iter_rows())
        living = {n: row["unresolved"] for n, row in book.incidents.items() if row["state"] != "resolved"}
        assert living == counted
        again = book.run(*alerts)
        assert (len(again.joins), len(again.opens), len(again.changes)) == (0, 0, 0)
