"""Findings become alerts that are raised once, met again, cleared; every finding ends in one recorded decision."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from opsguard_assets.alerts.finding import FindingError
from opsguard_assets.alerts.lifecycle import decisions_at, prune, settle
from opsguard_assets.alerts.people import ActionError, Muted, acknowledge, end_mute, mute, resolve
from opsguard_assets.alerts.queries import alerts, decisions, history, mutes
from tests.alerts.given import MONITOR, NOON, finding, frame, minute

EVERY = ("open", "acknowledged", "suppressed", "resolved")


def tick(database, number, *findings, **more):
    return settle(database, frame(*findings), MONITOR, minute(15 * number), **more)


def decided(database, number):
    rows = decisions_at(database, MONITOR.name, minute(15 * number))
    return dict(rows.select("dedup_key", "decision").rows())


def only(database):
    (alert,) = alerts(database, states=EVERY)
    return alert


def test_a_finding_is_raised_once_and_met_again(database):
    assert tick(database, 0, finding()).decisions == {"raised": 1}
    assert tick(database, 1, finding(severity="high", reason="less time left")).decisions == {"refreshed": 1}
    alert = only(database)
    assert (alert["occurrences"], alert["severity"], alert["reason"]) == (2, "high", "less time left")
    assert (alert["first_seen_at"], alert["last_seen_at"]) == (minute(0), minute(15))
    assert [(row["to_state"], row["detail"]) for row in history(database, alert["alert_id"])] == [
        ("open", "the condition holds"),
        ("open", "severity medium to high"),
    ]


def test_what_is_not_found_any_more_clears_itself(database):
    tick(database, 0, finding())
    assert tick(database, 1).decisions == {"cleared": 1}
    alert = only(database)
    assert (alert["state"], alert["resolution"], alert["resolved_at"]) == ("resolved", "cleared", minute(15))
    assert history(database, alert["alert_id"])[-1]["actor"] == MONITOR.name


def test_between_the_thresholds_an_alert_stays_and_none_is_raised(database):
    assert tick(database, 0, finding(is_raising=False)).decisions == {"below the threshold": 1}
    assert alerts(database) == []
    tick(database, 1, finding())
    assert tick(database, 2, finding(is_raising=False)).decisions == {"held by hysteresis": 1}
    assert only(database)["state"] == "open"


def test_a_condition_that_is_back_soon_opens_the_same_alert_and_later_another(database):
    tick(database, 0, finding())
    tick(database, 1)
    assert tick(database, 2, finding()).decisions == {"reopened": 1}
    assert (only(database)["openings"], only(database)["state"]) == (2, "open")
    tick(database, 3)
    assert tick(database, 20, finding()).decisions == {"raised": 1}
    assert len(alerts(database, states=EVERY)) == 2


def test_what_is_over_expires_says_so_and_is_never_opened_again(database):
    tick(database, 0, finding(), finding("T2"))
    settled = tick(database, 1, finding(withheld="expired"), finding("T2"))
    assert settled.decisions == {"expired": 1, "refreshed": 1}
    assert settled.is_complete
    assert decided(database, 1) == {"sla_breach_risk:T1": "expired", "sla_breach_risk:T2": "refreshed"}
    over = next(alert for alert in alerts(database, states=EVERY) if alert["entity_id"] == "T1")
    assert (over["state"], over["resolution"], over["resolved_at"]) == ("resolved", "expired", minute(15))
    assert history(database, over["alert_id"])[-1]["detail"] == "it is over and no longer judged; nothing cleared"
    assert tick(database, 1, finding(withheld="expired"), finding("T2")).decisions == settled.decisions
    assert tick(database, 2, finding(), finding("T2")).decisions == {"raised": 1, "refreshed": 1}
    assert len(alerts(database)) == 2


def test_of_what_is_over_nothing_is_raised(database):
    assert tick(database, 0, finding(withheld="expired")).decisions == {"expired": 1}
    assert alerts(database, states=EVERY) == []


def test_the_same_tick_twice_changes_nothing(database):
    first = tick(database, 0, finding(), finding("T2"))
    before = alerts(database)
    again = tick(database, 0, finding(), finding("T2"))
    assert again.is_repeated
    assert again.is_complete
    assert again.decisions == first.decisions
    assert alerts(database) == before


def test_a_late_tick_moves_nothing_back_and_says_so(database):
    tick(database, 2, finding())
    before = alerts(database)
    late = tick(database, 1, finding("T9"))
    assert late.is_late
    assert late.decisions == {"late tick": 1}
    assert alerts(database) == before
    assert decided(database, 1) == {"sla_breach_risk:T9": "late tick"}


@pytest.mark.parametrize("reason", ["not in the plan", "held back", "over budget"])
def test_what_is_withheld_raises_nothing_and_is_recorded(database, reason):
    assert tick(database, 0, finding(withheld=reason)).decisions == {reason: 1}
    assert alerts(database, states=EVERY) == []


def test_an_acknowledgement_survives_further_findings(database):
    tick(database, 0, finding())
    acknowledge(database, only(database)["alert_id"], at=minute(5), actor="ada")
    tick(database, 1, finding(severity="critical"))
    alert = only(database)
    assert (alert["state"], alert["acknowledged_by"], alert["severity"]) == ("acknowledged", "ada", "critical")


def test_what_a_person_resolved_stays_so_until_it_has_cleared_once_or_got_worse(database):
    tick(database, 0, finding())
    resolve(database, only(database)["alert_id"], at=minute(5), actor="ada", note="customer informed")
    assert tick(database, 1, finding()).decisions == {"resolved by a person": 1}
    assert tick(database, 2, finding(severity="critical")).decisions == {"raised": 1}
    worse = alerts(database)[0]
    resolve(database, worse["alert_id"], at=minute(31), actor="ada", note="again")
    assert tick(database, 3, finding(severity="critical")).decisions == {"resolved by a person": 1}
    tick(database, 4)
    assert tick(database, 5, finding()).decisions == {"raised": 1}


def test_a_mute_suppresses_with_a_record_ends_by_itself_and_what_still_holds_is_open_again(database):
    tick(database, 0, finding(), finding("T2"))
    acknowledge(database, alerts(database)[1]["alert_id"], at=minute(1), actor="ada")
    number = mute(database, Muted(site_id="S1"), begins_at=minute(10), ends_at=minute(40), reason="works", actor="ada")
    assert tick(database, 1, finding(), finding("T2"), finding("T3")).decisions == {"muted": 3}
    assert {alert["state"] for alert in alerts(database)} == {"suppressed"}
    assert decisions(database, ["sla_breach_risk:T3"])[0]["detail"] == f"mute {number}"
    assert [row["mute_id"] for row in mutes(database, minute(20))] == [number]
    after = tick(database, 3, finding(), finding("T2"), finding("T3"))
    assert after.decisions == {"mute ended": 3}
    assert sorted(alert["state"] for alert in alerts(database)) == ["acknowledged", "open", "open"]


def test_what_clears_during_a_mute_is_resolved_and_not_opened_by_its_end(database):
    tick(database, 0, finding())
    mute(database, Muted(entity_id="T1"), begins_at=minute(10), ends_at=minute(40), reason="works", actor="ada")
    tick(database, 1, finding())
    assert tick(database, 2).decisions == {"cleared": 1}
    assert tick(database, 3).decisions == {}
    assert only(database)["state"] == "resolved"


def test_a_mute_can_be_ended_early_once(database):
    number = mute(database, Muted(client_id="C1"), begins_at=minute(0), ends_at=minute(99), reason="x", actor="ada")
    end_mute(database, number, at=minute(10))
    assert tick(database, 1, finding()).decisions == {"raised": 1}
    with pytest.raises(ActionError, match="no active mute"):
        end_mute(database, number, at=minute(11))


@pytest.mark.parametrize(
    ("covered", "hours", "message"),
    [
        (Muted(), 1, "needs at least one filter"),
        (Muted(alert_type="fire"), 1, "they protect lives"),
        (Muted(site_id="S1"), -1, "before it begins"),
    ],
)
def test_a_mute_that_makes_no_sense_is_refused(database, covered, hours, message):
    with pytest.raises(ActionError, match=message):
        mute(database, covered, begins_at=NOON, ends_at=NOON + timedelta(hours=hours), reason="x", actor="ada")


def test_what_there_is_not_cannot_be_acted_on(database):
    tick(database, 0, finding())
    number = only(database)["alert_id"]
    resolve(database, number, at=minute(1), actor="ada", note="done")
    with pytest.raises(ActionError, match="already resolved"):
        acknowledge(database, number, at=minute(2), actor="ada")
    with pytest.raises(ActionError, match="no alert 99"):
        resolve(database, 99, at=minute(2), actor="ada", note="done")


def test_the_database_itself_refuses_a_second_unresolved_alert_of_a_key(database):
    tick(database, 0, finding())
    copy = text(
        "INSERT INTO alerts (dedup_key, alert_type, entity_type, entity_id, severity, state, title, occurrences, "
        "first_seen_at, last_seen_at) SELECT dedup_key, alert_type, entity_type, entity_id, severity, 'open', title, "
        "1, first_seen_at, last_seen_at FROM alerts"
    )
    with pytest.raises(IntegrityError, match="one_unresolved_alert"), database.begin() as connection:
        connection.execute(copy)


def test_several_findings_of_a_key_are_one_alert_of_the_greatest_severity_and_all_are_counted(database):
    settled = tick(database, 0, finding(severity="low"), finding(severity="high"), finding(is_raising=False))
    assert settled.decisions == {"raised": 3}
    assert settled.is_complete
    assert (only(database)["severity"], only(database)["occurrences"]) == ("high", 3)


def test_equal_decisions_of_consecutive_ticks_are_one_row_that_grows(database):
    for number in range(5):
        tick(database, number, finding())
    tick(database, 5)
    rows = decisions(database, ["sla_breach_risk:T1"])
    assert [(row["decision"], row["ticks"]) for row in rows] == [("cleared", 1), ("refreshed", 4), ("raised", 1)]
    assert decided(database, 3) == {"sla_breach_risk:T1": "refreshed"}


def test_old_decisions_are_pruned_and_alerts_stay(database):
    tick(database, 0, finding(), finding("T2"))
    tick(database, 1, finding())
    assert prune(database, minute(30), minute(-1)) == 2, "raised ones stay: what acting was worth is measured by them"
    assert prune(database, minute(30), minute(30)) == 2
    assert len(alerts(database, states=EVERY)) == 2
    assert tick(database, 1, finding()).is_repeated


HOSTILE = "<script>alert(1)</script>\"'; DROP TABLE alerts; --\n\\N,\t=cmd|' /C calc'!A0"


def test_characters_that_no_database_holds_are_replaced(database):
    tick(database, 0, finding(title="a\x00b", evidence='{"x": "\\u0000"}'))
    assert (only(database)["title"], only(database)["evidence"]) == ("a\ufffdb", {"x": "\ufffd"})


def test_a_late_tick_within_a_run_of_equal_decisions_has_its_own(database):
    for number in (0, 1, 3, 4):
        tick(database, number, finding())
    assert tick(database, 2, finding(), finding("T2")).is_complete
    assert decided(database, 2) == {"sla_breach_risk:T1": "late tick", "sla_breach_risk:T2": "late tick"}
    assert decided(database, 3) == {"sla_breach_risk:T1": "refreshed"}
    assert tick(database, 2, finding(), finding("T2")).is_complete


def test_hostile_texts_are_kept_as_they_are(database):
    tick(database, 0, finding(title=HOSTILE, reason="", site_id=None, evidence='{"x": "\\"<b>"}'))
    alert = only(database)
    assert (alert["title"], alert["reason"], alert["site_id"]) == (HOSTILE, "", None)
    assert alert["evidence"] == {"x": '"<b>'}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"severity": "urgent"}, "unknown severity"),
        ({"withheld": "because"}, "unknown reason"),
        ({"dedup_key": None}, "no dedup_key"),
        ({"evidence": "{"}, "evidence that is not valid JSON"),
        ({"alert_type": "fire"}, "tests found fire, which is not one of its types"),
    ],
)
def test_findings_that_break_their_contract_change_nothing(database, change, message):
    tick(database, 0, finding())
    with pytest.raises(FindingError, match=message):
        tick(database, 1, finding(**change))
    assert only(database)["last_seen_at"] == minute(0)


def test_a_column_that_is_missing_is_named(database):
    with pytest.raises(FindingError, match="lack title"):
        settle(database, frame(finding()).drop("title"), MONITOR, NOON)
