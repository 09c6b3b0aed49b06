"""Incidents in the database: grouped with every tick, and what people do to them."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from opsguard_assets.alerts import people as alert_people
from opsguard_assets.alerts.people import ActionError
from opsguard_assets.incidents.io import homeless
from opsguard_assets.incidents.people import acknowledge, acknowledged_alert, merge, resolve, split
from tests.incidents.world import at, found, give_priority, incidents, members, rows, tick


def history(database, incident_id):
    asked = "SELECT actor, from_state, to_state, detail FROM incident_transitions WHERE incident_id = :n ORDER BY 1, 2"
    return rows(database, asked, n=incident_id)


def test_a_thousand_alerts_of_one_cause_are_one_incident_that_counts(database):
    done = tick(database, 0, *(found(n) for n in range(1000)))
    assert (done.opened, done.joined) == (1, 1000)
    (incident,) = incidents(database)
    assert (incident["alerts"], incident["unresolved"], incident["version"]) == (1000, 1000, 1)
    tick(database, 15, *(found(n) for n in range(1010)))
    (incident,) = incidents(database)
    assert (incident["alerts"], incident["unresolved"], incident["version"]) == (1010, 1010, 2)
    assert homeless(database) == (1010, 0)


def test_grouping_the_same_again_changes_nothing(database):
    tick(database, 0, found(1), found(2, site_id="S2"))
    before = incidents(database)
    done = tick(database, 0, found(1), found(2, site_id="S2"))
    assert (done.opened, done.joined, done.changed) == (0, 0, 0)
    assert incidents(database) == before


def test_an_incident_ends_with_its_alerts_and_a_late_one_opens_another(database):
    tick(database, 0, found(1))
    assert tick(database, 15).resolved == 1
    assert incidents(database)[0]["resolved_at"] == at(15)
    # The alert itself is reopened, as the same row.
    tick(database, 30, found(1))
    assert [row["state"] for row in incidents(database)] == ["resolved", "open"]
    (alert_id,) = members(database)
    assert members(database) == {alert_id: incidents(database)[1]["incident_id"]}
    assert homeless(database) == (1, 0)


def test_the_database_refuses_a_second_unresolved_incident_of_a_group_and_a_second_home(database):
    tick(database, 0, found(1), found(2, site_id="S2"))
    copy = "INSERT INTO incidents (group_key, cause, title, state, severity, priority, alerts, unresolved, opened_at, "
    copy += "updated_at) SELECT group_key, cause, title, state, severity, priority, 1, 1, opened_at, updated_at "
    with pytest.raises(IntegrityError, match="one_unresolved_incident"):
        rows(database, f"{copy} FROM incidents LIMIT 1 RETURNING 1")
    (first, second) = (row["incident_id"] for row in incidents(database))
    with pytest.raises(IntegrityError, match="one_incident_per_alert"), database.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO incident_alerts (incident_id, alert_id, joined_at, why) "
                "SELECT :second, alert_id, joined_at, why FROM incident_alerts WHERE incident_id = :first"
            ),
            {"first": first, "second": second},
        )


def test_acknowledging_an_incident_acknowledges_its_alerts_once(database):
    tick(database, 0, found(1), found(2))
    done = acknowledge(database, 1, at=at(5), actor="ana", surface="cli")
    assert (done.is_new, done.state) == (True, "acknowledged")
    assert {row["state"] for row in rows(database, "SELECT state FROM alerts")} == {"acknowledged"}
    again = acknowledge(database, 1, at=at(6), actor="bo", surface="web")
    assert (again.is_new, again.words) == (False, "Incident 1 was acknowledged by ana at 2026-03-02 12:05 UTC.")
    assert incidents(database)[0]["acknowledged_by"] == "ana"
    assert [row["to_state"] for row in history(database, 1) if row["actor"] == "ana"] == ["acknowledged"]
    with pytest.raises(ActionError, match="no incident 99"):
        acknowledge(database, 99, at=at(6), actor="bo", surface="web")


def test_acknowledging_the_last_open_alert_acknowledges_the_incident(database):
    tick(database, 0, found(1), found(2))
    first, second = sorted(members(database))
    for number, state in ((first, "open"), (second, "acknowledged")):
        alert_people.acknowledge(database, number, at=at(1), actor="ana")
        with database.begin() as connection:
            acknowledged_alert(connection, number, at=at(1), actor="ana", surface="cli")
        assert incidents(database)[0]["state"] == state


def test_an_acknowledged_incident_that_gets_worse_opens_again_and_its_chain_begins_again_at_once(database):
    tick(database, 0, found(1))
    acknowledge(database, 1, at=at(5), actor="ana", surface="cli")
    tick(database, 15, found(1), found(2, severity="critical"))
    (incident,) = incidents(database)
    assert (incident["state"], incident["next_step_at"], incident["chain_base"]) == ("open", at(15), 1)
    assert incident["acknowledged_by"] is None


def test_resolving_an_incident_resolves_its_alerts_and_they_stay_so_while_they_hold(database):
    tick(database, 0, found(1), found(2))
    assert resolve(database, 1, at=at(5), actor="ana", surface="cli", note="line is back").is_new
    assert not resolve(database, 1, at=at(6), actor="bo", surface="cli", note="again").is_new
    tick(database, 15, found(1), found(2))
    assert [row["state"] for row in incidents(database)] == ["resolved"]


def test_a_split_incident_keeps_its_alerts_and_what_comes_later_joins_the_old_one(database):
    tick(database, 0, found(1), found(2), found(3))
    numbers = sorted(members(database))
    done = split(database, 1, numbers[:1], at=at(5), actor="ana", note="another gateway")
    tick(database, 15, *(found(n) for n in (1, 2, 3, 4)))
    homes = members(database)
    assert [homes[number] for number in numbers] == [done.incident_id, 1, 1]
    assert homes[max(homes)] == 1
    assert [row["unresolved"] for row in incidents(database)] == [3, 1]
    with pytest.raises(ActionError, match="nothing would stay"):
        split(database, done.incident_id, numbers[:1], at=at(16), actor="ana", note="all")
    with pytest.raises(ActionError, match="is not among"):
        split(database, 1, numbers[:1], at=at(16), actor="ana", note="not there")
    other = split(database, 1, numbers[1:2], at=at(17), actor="ana", note="and another")
    assert other.incident_id == 3


def test_merged_incidents_are_one_and_the_other_says_where_it_went(database):
    tick(database, 0, found(1), found(2, site_id="S2"))
    give_priority(database, max(members(database)), 88)
    tick(database, 1, found(1), found(2, site_id="S2"))
    merge(database, 2, 1, at=at(5), actor="ana", note="one line")
    one, other = incidents(database)
    assert (one["unresolved"], one["alerts"], one["priority"]) == (2, 2, 88)
    assert (other["state"], other["merged_into"]) == ("resolved", 1)
    tick(database, 15, found(1), found(2, site_id="S2"))
    assert set(members(database).values()) == {1}


def test_clients_and_life_safety_are_never_merged(database):
    tick(database, 0, found(1), found(2, client_id="C2"), found(3, "fire"), plans=[])
    by = {row["cause"] + str(row["client_id"]): row["incident_id"] for row in incidents(database)}
    with pytest.raises(ActionError, match="one client"):
        merge(database, by["power_or_lineC1"], by["power_or_lineC2"], at=at(1), actor="ana", note="x")
    with pytest.raises(ActionError, match="life safety"):
        merge(database, by["fire:3C1"], by["power_or_lineC1"], at=at(1), actor="ana", note="x")


def test_what_the_plan_does_not_hold_is_an_incident_apart(database):
    tick(database, 0, found(1), found(2, "fire"), plans=[("C1", "bronze")])
    assert {row["cause"]: row["is_in_plan"] for row in incidents(database)} == {"power_or_line": False, "fire:2": True}
