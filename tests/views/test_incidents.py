"""One incident as people read it: what its alerts say together, read from a real database."""

import pytest

from opsguard_assets.alerts.lifecycle import settle
from opsguard_assets.alerts.queries import alerts as open_alerts
from opsguard_assets.views.alerts import AHEAD, LOST, TIMELESS
from opsguard_assets.views.incidents import composed, incident_view, incident_views, names_of_incidents
from opsguard_assets.views.names import Names
from resources.lake import Lake
from tests.alerts.given import MONITOR, finding, frame
from tests.commands.test_alerts import TICKET, record
from tests.views.given import NOW, alert, incident, minutes, put_incident, put_priority

NAMES = Names(clients={"C1": "Acme"}, sites={"S1": {"name": "Harbour", "timezone": "Europe/Berlin"}})


def view_of(alerts, **more):
    return composed(incident(**more), alerts, [], NAMES, NOW)


def test_the_nearest_deadline_that_can_be_kept_counts_and_not_one_that_has_passed():
    view = view_of([alert(1, due=minutes(-5)), alert(2, due=minutes(90), priority=80), alert(3, due=minutes(20))])
    assert (view.due_at, view.minutes_left, view.standing) == (minutes(20), 20, AHEAD)
    passed = view_of([alert(1, due=minutes(-5)), alert(2, due=minutes(-50))])
    assert (passed.minutes_left, passed.standing) == (-5, LOST)
    assert (view_of([alert(1)]).due_at, view_of([alert(1)]).standing) == (None, TIMELESS)
    assert view_of([alert(1), alert(2, due=minutes(-5))]).standing == TIMELESS


def test_a_title_names_what_its_alert_is_about_and_how_many_more_there_are():
    tickets = {"T1": {"title": "Lift stuck", "category": "lift", "assignee_id": None}}
    names = Names(tickets=tickets)
    bearing = alert(1, entity_id="T1", title="Ticket T1 will be late")
    alone = composed(incident(title="Ticket T1 will be late"), [bearing], [], names, NOW)
    assert alone.title == "Ticket T1 will be late: Lift stuck"
    three = [bearing, alert(2), alert(3)]
    assert composed(incident(title="Ticket T1 will be late"), three, [], names, NOW).title.endswith(
        "stuck (and 2 more)"
    )
    assert view_of([alert(1)], title="Power cut").title == "Power cut"
    assert (alone.topic, alone.others) == ("“Lift stuck” will be late", 0)
    assert (
        view_of([alert(1)], title="gate at S1: nobody came at S1-north").title
        == "gate at Harbour: nobody came at S1-north"
    )


def test_a_title_beside_time_left_is_of_an_alert_that_can_still_be_saved():
    over, ahead = alert(1, title="T1 is late", due=minutes(-90)), alert(2, title="T2 will be late", due=minutes(20))
    view = view_of([over, ahead], title="T1 is late")
    assert (view.title, view.minutes_left) == ("T2 will be late (and 1 more)", 20)
    assert view_of([over], title="T1 is late").title == "T1 is late"


def test_only_who_works_for_the_provider_learns_who_could_come():
    evidence = {"proposals": [{"name": "Bo", "reason": "rested 19 h"}], "missing": 1}
    gap = alert(1, alert_type="coverage_gap", reason="0 there; Bo could come: rested 19 h", evidence=evidence)
    inside, outside = (composed(incident(), [gap], [], NAMES, NOW, inside=inside) for inside in (True, False))
    assert (inside.next_step, inside.why) == ("ask Bo to come", ("0 there; Bo could come: rested 19 h",))
    assert outside.why == ("0 there",)
    assert "Bo" not in str(outside)


def test_several_incidents_are_read_together_in_the_order_asked_for(database):
    settle(database, frame(finding("T1"), finding("T2")), MONITOR, NOW)
    alerts = [row["alert_id"] for row in open_alerts(database)]
    numbers = [put_incident(database, [number], group_key=str(number)) for number in alerts]
    views = incident_views(database, Names(), [numbers[1], numbers[0], 99], NOW)
    assert [(view.incident_id, [row["alert_id"] for row in view.alerts]) for view in views] == [
        (numbers[1], [alerts[1]]),
        (numbers[0], [alerts[0]]),
    ]


def test_what_is_resolved_says_nothing_of_what_is_left():
    view = view_of([alert(1, state="resolved", due=minutes(5)), alert(2, due=minutes(60))])
    assert view.minutes_left == 60
    assert view.what == "1 sla breach risk"


def test_names_that_are_unknown_are_said_to_be_numbers():
    view = composed(incident(owner_id="P9"), [], [], Names(), NOW)
    assert view.where == "client C1, site S1"
    assert view.holder == "person P9 (owner of the incident)"


@pytest.mark.parametrize("kind", ["fire", "intrusion"])
def test_an_incident_with_a_fire_is_one_of_life_safety(kind):
    assert view_of([alert(1, alert_type=kind)]).is_life_safety
    assert not view_of([alert(1)]).is_life_safety


def test_who_acknowledged_has_it():
    view = view_of([alert(1)], state="acknowledged", acknowledged_by="ada", owner_id="P1")
    assert view.holder == "ada (acknowledged)"


def test_an_incident_is_read_with_names_alerts_reasons_and_history(database, tmp_path):
    lake = Lake(str(tmp_path / "lake"))
    record(lake, "clients", {"client_id": "C1", "name": "Acme", "plan": "gold", "timezone": "UTC"}, NOW)
    site = {"site_id": "S1", "client_id": "C1", "name": "Harbour", "timezone": "Europe/Berlin"}
    record(lake, "sites", site, NOW)
    record(lake, "people", {"person_id": "P1", "name": "Ada Byron"}, NOW)
    record(lake, "tickets", TICKET | {"ticket_id": "T1", "title": "Lift stuck", "site_id": "S1"}, NOW)
    due = f'{{"resolution_due_at": "{minutes(50).isoformat()}"}}'
    settle(database, frame(finding("T1", evidence=due), finding("T2")), MONITOR, NOW)
    numbers = {row["entity_id"]: row["alert_id"] for row in open_alerts(database)}
    put_priority(database, numbers["T1"], 81, "one hour of waiting costs 120 EUR")
    number = put_incident(database, numbers.values(), owner_id="P1")
    view = incident_view(database, names_of_incidents(database, lake, [number]), number, NOW)
    assert (view.where, view.zone, view.holder) == (
        "Acme, Harbour",
        "Europe/Berlin",
        "Ada Byron (owner of the incident)",
    )
    assert view.why == ("little time left", "one hour of waiting costs 120 EUR")
    assert (view.minutes_left, view.what, view.unresolved) == (50, "2 sla breach risk", 2)
    assert [(row["entity_id"], row["subject"], row["priority"]) for row in view.alerts] == [
        ("T1", "Lift stuck", 81),
        ("T2", None, None),
    ]
    assert [row["detail"] for row in view.history] == ["opened"]
    assert incident_view(database, Names(), number + 1, NOW) is None
