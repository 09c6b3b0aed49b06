"""One trouble is one alert, whatever it becomes: each pair of kinds that could tell the same, over time."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from opsguard_assets.alerts.finding import COVERED
from opsguard_assets.alerts.lifecycle import settle
from opsguard_assets.alerts.queries import alerts, decisions, history, unresolved_keys
from opsguard_assets.alerts.suppression import suppress_outside_plan
from opsguard_assets.devices.alerts import findings as of_devices
from opsguard_assets.devices.alerts.assets import DEVICE_MONITOR
from opsguard_assets.shifts.alerts import findings as of_shifts
from opsguard_assets.shifts.alerts.assets import SHIFT_MONITOR
from opsguard_assets.tickets.risk.alert_assets import SLA_MONITOR
from opsguard_assets.tickets.risk.findings import RiskLevels, sla_findings
from opsguard_assets.vendors.alerts import findings as of_vendors
from opsguard_assets.vendors.alerts.assets import VENDOR_MONITOR
from tests.devices.test_findings import _EVENTS, _HEALTH, _RISK, well
from tests.shifts.test_findings import known
from tests.shifts.test_verdicts import at, punch, shift
from tests.tickets.test_findings import tick
from tests.vendors.orders import AS_OF
from tests.vendors.test_findings import found as found_of_vendors

PAIR = {"required_people": 2}
DAY = shift("08:00", "16:00", "s")
TWO = [shift("08:00", "16:00", "s", **PAIR), shift("08:00", "16:00", "t", person_id="bob", **PAIR)]
ANN, BOB, GAP = "shift:s/ann", "shift:t/bob", "coverage_gap:hall/gate"


def living(database):
    return {row["dedup_key"]: row["alert_type"] for row in alerts(database, limit=1_000)}


def all_told(database, now, shifts, punches=(), mark=lambda rows: rows, **more):
    """Settles a tick of shifts; what lives after it."""
    heard = [row for row in punches if row["known_at"] <= at(now)]
    settle(database, of_shifts.suppress_repeated(known(shifts, heard, now, **more), mark), SHIFT_MONITOR, at(now))
    return living(database)


def test_a_post_that_nobody_came_to_is_one_alert_from_the_first_tick_to_the_last(database):
    result = {now: all_told(database, now, [DAY]) for now in ("08:05", "08:35", "09:05", "10:05", "15:35")}
    assert result["08:05"] == {}
    assert result["08:35"] == result["09:05"] == {ANN: "late_arrival"}
    assert result["10:05"] == result["15:35"] == {ANN: "no_show"}
    (newest,) = decisions(database, [GAP], limit=1)
    assert (newest["decision"], newest["detail"], newest["ticks"]) == (COVERED, ANN, 4)
    assert len(alerts(database, states=("open", "resolved"))) == 1


def test_the_alert_that_tells_a_gap_is_as_grave_as_the_gap(database):
    all_told(database, "08:35", [DAY | {"is_critical": True}])
    assert [row["severity"] for row in alerts(database)] == ["critical"]


def test_an_early_exit_leaves_a_gap_that_its_own_alert_tells(database):
    assert all_told(database, "10:35", [DAY], [punch("07:55")]) == {}
    for now in ("11:35", "12:05"):
        assert all_told(database, now, [DAY], [punch("07:55", "11:00")]) == {ANN: "early_exit"}


def test_who_is_at_another_site_leaves_a_gap_that_its_own_alert_tells(database):
    assert all_told(database, "08:35", [DAY], [punch("07:50", site_id="dock")]) == {ANN: "wrong_site"}


def test_of_two_people_each_who_is_missing_has_one_alert_and_the_post_none(database):
    came = [punch("07:55", person_id="bob")]
    assert all_told(database, "08:35", TWO, came) == {ANN: "late_arrival"}
    left = [punch("07:55", "11:00", person_id="bob")]
    assert all_told(database, "11:35", TWO, left) == {ANN: "no_show", BOB: "early_exit"}
    (newest,) = decisions(database, [GAP], limit=1)
    assert newest["decision"] == COVERED


def test_a_post_that_the_plan_leaves_short_has_its_own_alert_which_names_who_else_is_absent(database):
    plan = [shift("08:00", "16:00", "s", required_people=3), shift("08:00", "16:00", "t", person_id="bob", **PAIR)]
    result = all_told(database, "08:35", plan, [punch("07:55", person_id="bob")])
    assert result == {ANN: "late_arrival", GAP: "coverage_gap"}
    (gap,) = alerts(database, alert_type="coverage_gap")
    assert gap["title"] == "gate at hall: 2 of 3 people missing now"
    assert gap["reason"] == "2 planned, 1 there, 0 not known yet; absent: ann (has not arrived)"


def test_a_gap_that_the_plan_left_goes_on_as_the_same_alert_when_its_shift_begins(database):
    sick = [shift("08:00", "16:00", "s", status="excused")]
    for now in ("00:05", "07:35", "08:05", "08:35", "15:35"):
        assert all_told(database, now, sick) == {GAP: "coverage_gap"}
    assert len(alerts(database, states=("open", "resolved"))) == 1


def test_a_gap_ahead_is_told_beside_who_did_not_come_now(database):
    later = [DAY, shift("20:00", "28:00", "n", person_id="bob", status="excused")]
    result = {now: all_told(database, now, later) for now in ("07:35", "08:35", "10:05")}
    assert result["07:35"] == {GAP: "coverage_gap"}
    assert result["08:35"] == {ANN: "late_arrival", GAP: "coverage_gap"}
    assert result["10:05"] == {ANN: "no_show", GAP: "coverage_gap"}
    gap = next(row for row in alerts(database) if row["dedup_key"] == GAP)
    assert "from 2026-01-05 20:00 UTC" in gap["title"]
    assert [row["to_state"] for row in history(database, gap["alert_id"])] == ["open"]


def test_leave_that_is_entered_late_hands_the_gap_to_the_post_and_back_without_a_third_alert(database):
    sick = [DAY | {"status": "excused"}]
    assert all_told(database, "08:35", [DAY]) == {ANN: "late_arrival"}
    assert all_told(database, "09:05", sick) == {GAP: "coverage_gap"}
    assert all_told(database, "09:35", [DAY]) == {ANN: "late_arrival"}
    assert all_told(database, "10:35", sick) == {GAP: "coverage_gap"}
    assert {row["dedup_key"]: row["openings"] for row in alerts(database, states=("open", "resolved"))} == {
        ANN: 2,
        GAP: 2,
    }


def test_where_the_plan_of_the_client_holds_no_alert_of_parts_the_gap_is_told_by_its_post(database):
    assert all_told(
        database, "08:35", [DAY], mark=lambda rows: suppress_outside_plan(rows, rows["alert_type"] == "coverage_gap")
    ) == {GAP: "coverage_gap"}
    assert decisions(database, [ANN])[0]["decision"] == "not in the plan"


def test_a_shift_whose_feed_is_late_is_one_alert_and_no_gap(database):
    assert all_told(database, "09:05", [DAY], beats_until="07:00") == {ANN: "shift_unconfirmed"}
    assert all_told(database, "09:35", [DAY]) == {ANN: "late_arrival"}


NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def device_tick(database, hour, health=None, risk=None, mode="battery"):
    """Settles a tick of one device; what lives after it."""
    moment = NOON + timedelta(hours=hour)
    rows = pl.DataFrame([well("d", **(health or {}))], schema=_HEALTH)
    risks = [] if risk is None else [
        dict.fromkeys(_RISK) | {"device_id": "d", "site_id": "s1", "risk_24h": risk, "reason": "r", "mode": mode}
    ]  # fmt: skip
    found = of_devices.device_findings(
        rows, pl.DataFrame(risks, schema=_RISK), pl.DataFrame(schema=_EVENTS), of_devices.Levels(), moment
    )
    marked = of_devices.suppress_repeated(found, unresolved_keys(database, DEVICE_MONITOR.alert_types))
    settle(database, marked, DEVICE_MONITOR, moment)
    return living(database)


FLAT = {"battery_pct": 8.0, "days_to_empty": 1.0}


def test_a_battery_that_runs_empty_is_one_alert_until_it_is_the_silence_of_its_device(database):
    assert device_tick(database, 0, risk=0.7) == {"device_failure_risk:d": "device_failure_risk"}
    assert device_tick(database, 1, FLAT, risk=0.9) == {"low_battery_predicted:d": "low_battery_predicted"}
    assert device_tick(database, 2, FLAT | {"silent": 90.0}, risk=0.9) == {"device_silent:d": "device_silent"}
    assert device_tick(database, 3, FLAT | {"silent": 150.0}) == {"device_silent:d": "device_silent"}
    assert device_tick(database, 4) == {}
    silent = next(row for row in alerts(database, states=("resolved",)) if row["alert_type"] == "device_silent")
    assert silent["reason"].endswith("; its battery was at 8 %")
    assert [row["decision"] for row in decisions(database, ["low_battery_predicted:d"])] == [COVERED, "raised"]
    assert decisions(database, ["device_failure_risk:d"])[0]["detail"] == "device_silent:d"


def test_a_silence_is_as_grave_as_the_risk_that_it_tells(database):
    device_tick(database, 0, {"silent": 60.0}, risk=0.9, mode="connectivity")
    assert [(row["alert_type"], row["severity"]) for row in alerts(database)] == [("device_silent", "high")]


def test_a_failure_of_another_kind_is_told_beside_a_low_battery(database):
    assert device_tick(database, 0, FLAT, risk=0.9, mode="hardware") == {
        "device_failure_risk:d": "device_failure_risk",
        "low_battery_predicted:d": "low_battery_predicted",
    }


def test_what_hovers_about_its_threshold_does_not_hand_the_alert_to_and_fro(database):
    for hour, days in enumerate([1.9, 2.1, 1.9, 2.2, 2.6, 1.9]):
        result = device_tick(database, hour, {"battery_pct": 20.0, "days_to_empty": days}, risk=0.9)
        assert result == {"low_battery_predicted:d": "low_battery_predicted"}
    assert len(alerts(database, states=("open", "resolved"))) == 1


def test_what_is_below_the_threshold_and_never_was_above_tells_nothing(database):
    near = {"battery_pct": 20.0, "days_to_empty": 2.5}
    assert device_tick(database, 0, near, risk=0.9) == {"device_failure_risk:d": "device_failure_risk"}


def test_a_ticket_at_risk_and_then_late_has_one_alert_at_a_time(database):
    moment = datetime(2026, 3, 2, 12, tzinfo=UTC)
    states = [("running", 0.75), ("running", 0.9), ("breached", None), ("breached", None)]
    kinds = []
    for number, (state, risk) in enumerate(states):
        rows = tick({"ticket_id": "T", "state": state, "risk": risk})
        settle(database, sla_findings(rows, RiskLevels()), SLA_MONITOR, moment + timedelta(minutes=15 * number))
        kinds.append(set(living(database).values()))
    assert kinds == [{"sla_breach_risk"}, {"sla_breach_risk"}, {"sla_breached"}, {"sla_breached"}]


ORDER = {
    "work_order_id": "w1",
    "vendor_id": "v1",
    "site_id": "s1",
    "client_id": "c1",
    "category": None,
    "priority": "low",
}


@pytest.mark.parametrize("is_overdue", [False, True])
def test_an_order_that_is_overdue_is_not_told_to_be_likely_late_as_well(database, is_overdue):
    risk = {"work_order_id": "w1", "vendor_id": "v1", "due_at": AS_OF + timedelta(hours=9), "as_of": AS_OF, "risk": 0.9,
            "reason": "r", "model_name": "rule", "model_version": "1"}  # fmt: skip
    overdue = [ORDER | {"due_at": AS_OF - timedelta(hours=1)}] if is_overdue else []
    marked = of_vendors.suppress_repeated(found_of_vendors(risk=[risk], overdue=overdue))
    settle(database, marked, VENDOR_MONITOR, AS_OF)
    assert set(living(database).values()) == ({"work_order_overdue"} if is_overdue else {"work_order_at_risk"})
