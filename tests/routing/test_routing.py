"""Who is told, when and why; over a real database."""

import pytest

from opsguard_assets.incidents.people import acknowledge, resolve
from tests.incidents.world import at, found, give_priority, incidents, members, rows, tick
from tests.routing.given import CHANNELS, messages, notices, roster, run, send_all


def trouble(database, priority=85, minutes=0, severity="high", **more):
    """One alert with a priority, in its incident."""
    tick(database, minutes, found(1, severity=severity, **more), plans=[("C1", "gold")])
    give_priority(database, 1, priority)
    tick(database, minutes, found(1, severity=severity, **more), plans=[("C1", "gold")])


def test_from_80_the_least_loaded_of_the_team_on_duty_is_told_by_slack_and_owns_it(database):
    trouble(database)
    run(database, 0)
    assert notices(database) == [("raised", "owner", "ana", "slack", "told")]
    assert messages(database) == [("UANA", "raised", "planned")]
    (incident,) = incidents(database)
    assert (incident["owner_id"], incident["routed_version"], incident["next_step_at"]) == (
        "ana",
        incident["version"],
        at(30),
    )
    (notice,) = rows(database, "SELECT reason, rule, due_at FROM notices")
    assert notice["reason"] == "the least loaded of 2 on duty in iot-specialists"
    assert (notice["rule"], (notice["due_at"] - at(0)).seconds) == ("default", 30)


def test_the_next_incident_goes_to_somebody_with_less(database):
    trouble(database)
    run(database, 0)
    tick(database, 1, found(1, severity="high"), found(2, severity="critical", site_id="S2"))
    run(database, 1)
    assert [row["owner_id"] for row in incidents(database)] == ["ana", "bo"]


def test_from_90_the_supervisor_and_the_client_are_told_too_and_from_95_executives(database):
    trouble(database, 96)
    run(database, 0)
    assert notices(database) == [
        ("raised", "owner", "ana", "slack", "told"),
        ("raised", "supervisor", "sue", "slack", "told"),
        ("raised", "client channel", None, "slack", "told"),
        ("raised", "executive", None, "mail", "told"),
    ]
    assert [address for address, _, _ in messages(database)] == ["UANA", "USUE", "#c1", "boss@c1.example"]
    reasons = {row["audience"]: row["reason"] for row in rows(database, "SELECT audience, reason FROM notices")}
    assert reasons["supervisor"] == "the superior of Ana"


def test_below_80_it_waits_for_the_digest_of_the_owner_who_has_their_time_from_then_on(database):
    trouble(database, 79)
    run(database, 0)
    assert notices(database) == [("raised", "owner", "ana", "slack", "digest")]
    assert messages(database) == []
    assert incidents(database)[0]["next_step_at"] == at(60 + 30)
    run(database, 59)
    assert messages(database) == []
    run(database, 60)
    assert [row["key"] for row in rows(database, "SELECT key FROM effects")] == ["digest/slack/UANA/2026-03-02T13Z"]
    assert run(database, 61).digests == 0


def calm_chain(database, *moments):
    """An incident below 80 that is found again at each moment; the decisions afterwards."""
    trouble(database, 60, severity="medium")
    run(database, 0)
    for minutes in moments:
        tick(database, minutes, found(1, severity="medium"))
        run(database, minutes)
    return notices(database, kind="raised")


def test_below_80_the_next_of_the_chain_gets_it_in_their_digest_and_it_ends_with_the_last(database):
    digests = [("raised", "owner", "ana", "slack", "digest"), ("raised", "supervisor", "sue", "slack", "digest")]
    # Digests are at 13, 18 and 8 o'clock; it is noon. Ana has 60 minutes from 13:00 on, the supervisor from 18:00.
    assert calm_chain(database, 60, 119) == digests[:1]
    assert calm_chain(database, 120)[:2] == digests
    assert incidents(database)[0]["next_step_at"] == at(6 * 60 + 60)
    for hours in (6, 7, 20, 21, 22, 25, 26, 30, 31, 40):
        tick(database, hours * 60, found(1, severity="medium"))
        run(database, hours * 60)
    assert [row[2] for row in notices(database) if row[0] == "raised"] == ["ana", "sue", "lena", "nora"]
    assert incidents(database)[0]["next_step_at"] is None
    assert rows(database, "SELECT count(*) AS number FROM effects") == [{"number": 4}]


def test_below_80_acknowledging_ends_the_chain(database):
    calm_chain(database, 60)
    acknowledge(database, 1, at=at(70), actor="ana", surface="cli")
    run(database, 120)
    assert [row[2] for row in notices(database, decision="digest")] == ["ana"]


def test_what_climbs_by_digests_and_gets_urgent_is_told_to_the_owner_at_once(database):
    calm_chain(database, 60, 120)
    give_priority(database, 1, 88)
    tick(database, 130, found(1, severity="high"))
    run(database, 130)
    assert messages(database)[-1] == ("UANA", "raised", "planned")
    assert ("raised", "supervisor", "sue", "slack", "superseded") in notices(database)
    assert incidents(database)[0]["next_step_at"] == at(160)


def test_a_digest_leaves_out_what_is_over(database):
    trouble(database, 79)
    run(database, 0)
    acknowledge(database, 1, at=at(10), actor="bo", surface="cli")
    run(database, 60)
    assert messages(database) == []
    assert notices(database) == [("raised", "owner", "ana", "slack", "superseded")]


def test_what_waits_for_a_digest_and_gets_urgent_is_told_at_once(database):
    trouble(database, 79)
    run(database, 0)
    give_priority(database, 1, 88)
    tick(database, 15, found(1, severity="high"))
    run(database, 15)
    assert notices(database) == [
        ("raised", "owner", "ana", "slack", "superseded"),
        ("raised", "owner", "ana", "slack", "told"),
    ]
    assert incidents(database)[0]["next_step_at"] == at(45)


def test_without_acknowledgement_the_chain_goes_on_and_begins_again_after_the_repeat_interval(database):
    trouble(database, severity="critical")
    seen = []
    for minutes in (0, 14, 15, 30, 45, 46, 285):
        tick(database, minutes, found(1, severity="critical"))
        run(database, minutes)
        send_all(database, minutes + 1)
        seen.append([address for address, key, _ in messages(database)])
    assert seen[1] == ["UANA"]
    assert seen[3][:3] == ["UANA", "USUE", "ULENA"]
    assert seen[5] == ["UANA", "USUE", "ULENA", "UNORA"]
    assert messages(database)[-1] == ("UANA", "chain/4", "done")


def test_acknowledging_takes_back_everything_planned_and_nobody_else_is_told(database):
    trouble(database)
    run(database, 0)
    acknowledge(database, 1, at=at(0), actor="bo", surface="web")
    assert messages(database) == [("UANA", "raised", "superseded")]
    run(database, 60)
    assert messages(database) == [("UANA", "raised", "superseded")]


def test_whoever_has_the_message_sees_who_has_it_and_that_it_is_over(database):
    trouble(database, 92)
    run(database, 0)
    send_all(database, 1)
    acknowledge(database, 1, at=at(5), actor="bo", surface="web")
    assert [key.partition("/")[0] for _, key, state in messages(database) if state == "planned"] == ["update"] * 3
    send_all(database, 6)
    run(database, 6)
    resolve(database, 1, at=at(10), actor="bo", surface="web", note="done")
    run(database, 10)
    assert [key.partition("/")[0] for _, key, state in messages(database) if state == "planned"] == ["resolved"] * 3


def test_a_mail_is_followed_where_it_gets_critical_or_somebody_has_it_and_never_for_numbers(database):
    trouble(database)
    by_mail = {"channels": {"mail": "mail"}}
    moments = [(0, 1, "high"), (6, 2, "high"), (12, 2, "critical"), (18, 3, "critical")]
    seen = []
    for minutes, count, severity in moments:
        tick(database, minutes, *(found(n, severity=severity) for n in range(1, count + 1)))
        run(database, minutes, **by_mail)
        send_all(database, minutes + 5)
        seen.append([key.partition("/")[0] for address, key, _ in messages(database) if address.startswith("ana")])
    assert seen == [["raised"], ["raised"], ["raised", "update"], ["raised", "update"]]
    acknowledge(database, 1, at=at(24), actor="bo", surface="web")
    assert [key.partition("/")[0] for address, key, _ in messages(database) if address.startswith("ana")][2:] == [
        "update"
    ]


def test_a_resolved_incident_that_nobody_was_sent_is_not_announced(database):
    trouble(database)
    run(database, 0)
    tick(database, 1)
    run(database, 1)
    assert messages(database) == [("UANA", "raised", "superseded")]


def test_nobody_on_duty_the_next_is_told_at_once_with_the_reason(database):
    trouble(database)
    run(database, 0, who=roster(on_duty=["nora"], teams={"iot-specialists": ("ana",), "noc": ("nils", "nora")}))
    assert notices(database) == [
        ("raised", "owner", None, "none", "not on duty"),
        ("raised", "supervisor", None, "none", "not on duty"),
        ("raised", "lead", "ana", "slack", "told"),
    ]
    assert rows(database, "SELECT reason FROM notices")[0]["reason"] == "nobody of iot-specialists is on duty"
    assert incidents(database)[0]["owner_id"] == "ana"


def test_an_unknown_team_goes_to_the_operations_centre_and_says_so(database):
    trouble(database)
    run(database, 0, who=roster(teams={"noc": ("nils", "nora")}))
    assert notices(database)[-1] == ("raised", "noc", "nora", "slack", "told")
    assert rows(database, "SELECT reason FROM notices")[0]["reason"] == "there is no team iot-specialists"


def test_whoever_has_no_address_is_passed_over_and_mail_stands_in_for_slack(database):
    trouble(database)
    run(database, 0, who=roster(without_slack=["ana", "sue"], without_mail=["ana"]))
    assert notices(database) == [
        ("raised", "owner", "ana", "none", "no address"),
        ("raised", "supervisor", "sue", "mail", "told"),
    ]


def test_quiet_hours_spare_who_is_off_duty_and_never_what_is_critical(database):
    # 12:00 UTC is 23:00 in Sydney.
    trouble(database, 92)
    run(database, 0, who=roster(zone="Australia/Sydney"))
    decided = {row[1]: row[4] for row in notices(database)}
    assert (decided["owner"], decided["supervisor"]) == ("told", "digest")
    due = rows(database, "SELECT due_at FROM notices WHERE audience = 'supervisor'")[0]["due_at"]
    assert (due - at(0)).seconds == 8 * 3600
    tick(database, 1, found(1, severity="high"), found(2, "fire", severity="critical"))
    run(database, 1, who=roster(zone="Australia/Sydney"))
    fire = rows(database, "SELECT * FROM notices WHERE incident_id = 2 ORDER BY notice_id")
    assert {row["decision"] for row in fire} == {"told"}
    assert {row["due_at"] for row in fire} == {at(1)}
    assert [(row["audience"], row["channel"]) for row in fire if row["person_id"]] == [
        ("owner", "slack"), ("owner", "mail"), ("supervisor", "slack"), ("supervisor", "mail"),
    ]  # fmt: skip


def test_over_budget_the_rest_comes_with_the_digest_and_critical_ones_all_the_same(database):
    tick(database, 0, *(found(n, site_id=f"S{n}", severity="high") for n in range(4)),
         found(9, site_id="S9", severity="critical"))  # fmt: skip
    for number in members(database):
        give_priority(database, number, 85)
    tick(database, 0, *(found(n, site_id=f"S{n}", severity="high") for n in range(4)),
         found(9, site_id="S9", severity="critical"))  # fmt: skip
    run(database, 0, who=roster(on_duty=["ana"]), messages_per_hour=2)
    decided = [decision for *_, decision in notices(database)]
    assert sorted(decided) == ["digest", "digest", "over budget", "over budget", "told", "told", "told"]
    critical = rows(
        database, "SELECT decision FROM notices JOIN incidents USING (incident_id) WHERE severity = 'critical'"
    )
    assert [row["decision"] for row in critical] == ["told"]


def test_what_is_too_old_is_never_told_and_begins_once_it_is_found_again(database):
    trouble(database)
    run(database, 121)
    assert [decision for *_, decision in notices(database)] == ["too old"]
    tick(database, 360, found(1, severity="high"))
    run(database, 361)
    assert notices(database)[-1] == ("raised", "owner", "ana", "slack", "told")


def test_what_the_plan_does_not_hold_is_told_to_nobody(database):
    tick(database, 0, found(1, severity="critical"), plans=[("C1", "bronze")])
    run(database, 0, who=roster(plans=[("C1", "bronze")]))
    assert [decision for *_, decision in notices(database)] == ["not in the plan"]
    run(database, 600, who=roster(plans=[("C1", "bronze")]))
    assert len(notices(database)) == 1


def test_a_route_decides_team_channels_and_urgency_and_the_first_one_counts(database):
    trouble(database, 60)
    rules = [
        {"name": "others", "when": {"client": "C9"}, "team": "noc"},
        {
            "name": "ours",
            "when": {"all": [{"client": "C1"}, {"priority": {"at_least": 50}}]},
            "team": "field-supervisors",
            "channels": ["mail", "hook"],
            "urgency": "soon",
        },
        {"name": "late", "team": "noc"},
    ]  # fmt: skip
    run(database, 0, routes=rules, channels={**CHANNELS, "hook": "webhook"})
    assert notices(database, rule="ours") == notices(database) == [
        ("raised", "owner", "fay", "mail", "told"),
        ("raised", "system", None, "hook", "told"),
    ]  # fmt: skip
    assert rows(database, "SELECT due_at FROM notices")[0]["due_at"] == at(5)


def test_updates_are_an_interval_apart_and_only_the_newest_is_planned(database):
    trouble(database)
    run(database, 0)
    send_all(database, 1)
    for minutes in (2, 3, 4):
        tick(database, minutes, *(found(n, severity="high") for n in range(1, minutes + 1)))
        run(database, minutes)
    planned = rows(database, "SELECT due_at, payload FROM effects WHERE state = 'planned'")
    assert [(row["payload"]["kind"], row["payload"]["version"]) for row in planned] == [
        ("update", incidents(database)[0]["version"])
    ]
    assert planned[0]["due_at"] == rows(database, "SELECT due_at FROM notices ORDER BY 1")[0]["due_at"] + (
        at(5) - at(0)
    )


def test_deciding_again_without_news_decides_nothing(database):
    trouble(database, 96)
    run(database, 0)
    before = notices(database)
    done = run(database, 1)
    assert (done.incidents, done.planned, notices(database)) == (0, 0, before)


@pytest.mark.parametrize(("there", "owner"), [(("ana", "bo"), "ana"), (("bo",), "bo")])
def test_an_owner_who_went_off_duty_is_replaced_when_the_chain_begins_again(database, there, owner):
    trouble(database, 82)
    run(database, 0)
    acknowledge(database, 1, at=at(1), actor="ana", surface="cli")
    tick(database, 15, found(1, severity="high"), found(2, severity="critical"))
    run(database, 16, who=roster(on_duty=there))
    assert incidents(database)[0]["owner_id"] == owner
