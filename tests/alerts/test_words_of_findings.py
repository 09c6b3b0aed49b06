"""Every title and reason of every kind of finding, against its row: number, direction, unit, setting."""

import math
import re
from dataclasses import replace
from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsguard_assets.alerts.finding import checked
from opsguard_assets.alerts.own_types import OWN_TYPES
from opsguard_assets.config.settings import Settings
from opsguard_assets.devices.alerts import findings as of_devices
from opsguard_assets.devices.alerts.alert_types import ALERT_TYPES as DEVICE_TYPES
from opsguard_assets.domains import ALERT_TYPES, DOMAINS, meaning
from opsguard_assets.shifts.no_show.schemas import SHIFT_RISK
from opsguard_assets.shifts.verdicts.verdicts import Limits, _rule
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tickets.risk import findings as of_tickets
from opsguard_assets.vendors.alerts import findings as of_vendors
from tests.devices.test_findings import _EVENTS, _HEALTH, _RISK, NOW, well
from tests.ml.words.facts import maybe, minutes_said, number_of, rounded
from tests.shifts import test_findings as shifts_of_tests
from tests.shifts.rosters import site
from tests.shifts.test_findings import found as found_of_shifts
from tests.shifts.test_verdicts import at, judged, punch, shift
from tests.tickets.test_findings import tick
from tests.vendors.orders import AS_OF
from tests.vendors.test_findings import found as found_of_vendors
from tests.vendors.test_findings import month, score

shares = st.floats(0, 1)
# Kinds that a test below looks at; the last test fails where a kind is not among them.
LOOKED_AT = set()


def looked_at(*kinds):
    LOOKED_AT.update(kinds)
    return kinds


def floored(share):
    return f"{math.floor(share * 100 + 1e-9)} %"


def one(rows, kind):
    found = rows.filter(alert_type=kind).to_dicts()
    assert len(found) <= 1
    return found[0] if found else None


looked_at("sla_breach_risk", "sla_breached")


@given(shares, st.floats(0.01, 0.99))
def test_the_title_of_a_ticket_at_risk_says_its_risk_and_likely_only_from_one_half_on(risk, threshold):
    levels = of_tickets.RiskLevels(threshold, threshold, threshold * 0.9)
    row = one(of_tickets.sla_findings(tick({"ticket_id": "T", "risk": risk}), levels), "sla_breach_risk")
    if row:
        likely = "is likely to miss" if risk >= 0.5 else "may miss"
        assert row["title"] == f"Ticket T {likely} its deadline ({floored(risk)})"
    rows = tick({"ticket_id": "T", "state": "breached", "risk": None})
    late = one(of_tickets.sla_findings(rows, levels), "sla_breached")
    assert late["title"] == "Ticket T has missed its deadline"


@st.composite
def devices(draw):
    interval = draw(st.floats(1, 1440))
    silence = draw(st.floats(0, 100_000))
    return well("d") | {
        "battery_pct": draw(maybe(st.floats(0, 100))),
        "days_to_empty": draw(maybe(st.floats(0, 30))),
        "silence_minutes": silence,
        "last_at": NOW - timedelta(minutes=silence),
        "reports_every_minutes": interval,
        "score": draw(st.floats(0, 100)),
        "below_60_since_at": draw(maybe(st.floats(0, 100).map(lambda days: NOW - timedelta(days=days)))),
        "reason": draw(st.sampled_from(["well", "silent for 3 h", None])),
    }


looked_at("device_failure_risk", "device_silent", "low_battery_predicted", "replacement_recommended", "site_silent")


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(devices(), shares, st.sampled_from(["1h", "24h", "7d", "30d"]), st.floats(1.1, 9), st.floats(1, 99))
def test_what_is_said_of_a_device_is_what_its_row_and_the_settings_say(device, risk, within, intervals, below):
    levels = replace(of_devices.Levels(), within=within, silent_intervals=intervals, replace_below=below)
    risks = [dict.fromkeys(_RISK) | {"device_id": "d", f"risk_{within}": risk, "reason": "r"}]
    rows = of_devices.device_findings(
        pl.DataFrame([device], schema=_HEALTH), pl.DataFrame(risks, schema=_RISK), pl.DataFrame(schema=_EVENTS),
        levels, NOW,
    )  # fmt: skip
    told = checked(rows)
    failure, silent, empty, old, site_silent = (one(told, kind) for kind in DEVICE_TYPES)
    assert site_silent is None
    if failure:
        span = {"1h": "1 hour", "24h": "24 hours", "7d": "7 days", "30d": "30 days"}[within]
        likely = "is likely to" if risk >= 0.5 else "may"
        assert failure["title"] == f"Device d {likely} fail or go offline within {span} ({floored(risk)})"
    if silent:
        assert silent["title"] == f"Device d has been silent for {minutes_said(device['silence_minutes'])}"
        charge = device["battery_pct"]
        low = f"; its battery was at {rounded(charge)} %" if charge is not None and charge <= 20 else ""
        assert silent["reason"] == (
            f"last heard {device['last_at']:%Y-%m-%d %H:%M} UTC; it should report every "
            f"{rounded(device['reports_every_minutes'], 1)} min, and raises an alert after {intervals:g} intervals{low}"
        )
    if empty:
        days, charge = device["days_to_empty"], device["battery_pct"]
        parts = [] if charge is None else [f"at {rounded(charge)} %"]
        parts += [] if days is None else [f"empty in {rounded(days * 24)} h"]
        assert empty["title"] == f"Battery of device d {', '.join(parts)}"
        if days is None:
            assert empty["reason"] == "a charge of 5 % or less has no rate to wait for" or charge > 5
        else:
            assert empty["reason"].startswith(f"{rounded(days, 1)} days of charge left at its rate")
    if old:
        days = (NOW - device["below_60_since_at"]) // timedelta(days=1)
        assert days >= 7
        assert old["title"] == f"Health of device d has been below {below:g} for {number_of(days, 'day')}: replace it"
        assert old["reason"] == f"health {rounded(device['score'], 1)} now: {device['reason'] or 'no reason known'}"


def test_a_site_that_fell_silent_says_how_many_of_its_devices_and_since_when():
    rows = [well(f"d{n}", silent=100.0 + n) for n in range(5)] + [well("e")]
    told = of_devices.device_findings(
        pl.DataFrame(rows, schema=_HEALTH), None, pl.DataFrame(schema=_EVENTS), of_devices.Levels(), NOW
    )
    site = one(told, of_devices.SITE_SILENT)
    assert site["title"] == "Site s1 has fallen silent: 5 of 6 devices"
    assert site["reason"] == f"last heard {NOW - timedelta(minutes=100):%Y-%m-%d %H:%M} UTC"


looked_at("vendor_score_drop", "vendor_sla_below_target", "work_order_overdue", "work_order_at_risk")


@given(
    st.floats(0, 100), st.integers(1, 300), st.floats(0.5, 0.99), st.sampled_from(["Ace", None]), shares,
    st.floats(0.01, 300), st.sampled_from(["v1", None]),
)  # fmt: skip
def test_what_is_said_of_vendors_and_orders_is_what_their_rows_and_the_settings_say(
    share, jobs, target, name, risk, hours, vendor
):
    levels = of_vendors.Levels(fewest_jobs=1, sla_target=target)
    due_at = AS_OF - timedelta(hours=hours)
    order = {"work_order_id": "w1", "vendor_id": vendor, "priority": None, "due_at": due_at}
    at_risk = {"work_order_id": "w2", "vendor_id": "v1", "due_at": AS_OF, "as_of": AS_OF, "risk": risk, "reason": "r",
               "model_name": "m", "model_version": "1"}  # fmt: skip
    told = found_of_vendors(
        scores=[score(name=name, sla_raw=share, sla_jobs=jobs, sla_low=10.4, sla_high=98.6)],
        months=[month(70.5, -12.3) | {"name": name}],
        before=[score(month=date(2026, 4, 1), sla_raw=100.0)],
        overdue=[order],
        risk=[at_risk],
        levels=levels,
    )
    who = name or "v1"
    below = one(told, of_vendors.BELOW_TARGET)
    if below:
        assert below["title"] == f"{who} did {floored(share / 100)} of {number_of(jobs, 'job')} in time"
        assert below["reason"].startswith(f"the target is {100 * target:g} %; ")
        assert below["reason"].endswith("between 10 and 99 %")
        assert below["is_raising"] == (share < 100 * target)
    drop = one(told, of_vendors.SCORE_DROP)
    assert drop["title"] == f"The score of {who} fell by 12.3 points to 70.5"
    overdue = one(told, of_vendors.OVERDUE)
    assert overdue["title"] == "Work order w1 is overdue"
    ago = (AS_OF - due_at) / timedelta(hours=1)
    assert overdue["reason"] == (
        f"due {due_at:%Y-%m-%d %H:%M} UTC, {rounded(ago, 1)} h ago; vendor {vendor or 'not known'}"
    )
    likely = one(told, of_vendors.AT_RISK)
    if likely:
        words = "is likely to be" if risk >= 0.5 else "may be"
        assert likely["title"] == f"Work order w2 {words} late ({floored(risk)})"


looked_at(
    "late_arrival", "no_show", "shift_unconfirmed", "wrong_site", "early_exit", "coverage_gap", "geofence_violation",
    "no_show_risk",
)  # fmt: skip
DAY = shift("08:00", "16:00", "s")


@pytest.mark.parametrize(
    ("punches", "now", "more", "kind", "title", "reason"),
    [
        ([], "08:35", {}, "late_arrival", "nobody has arrived", "nobody within 15 min of the start"),
        ([], "10:05", {}, "no_show", "nobody came", "nobody within 120 min of the start"),
        ([], "09:05", {"beats_until": "07:00"}, "shift_unconfirmed", "not confirmed, the feed is late",
         "feed late: the site's punches are reported up to 2026-01-05 07:00 UTC only"),
        ([punch("07:50", site_id="dock")], "08:35", {}, "wrong_site", "the person punched at another site",
         "punched at dock instead"),
        ([punch("07:50", "11:00")], "12:05", {}, "early_exit", "the person left early",
         "left 300 min before the end; limit 15 min"),
        ([punch("07:50", latitude=52.0, longitude=13.4, accuracy_m=20.0)], "08:35", {}, "geofence_violation",
         "punched 57.8 km from the site", "57821 m from the site, known to 20 m"),
        ([punch("07:50", latitude=52.518, longitude=13.4)], "08:35", {}, "geofence_violation",
         "punched 222 m from the site", "222 m from the site, accuracy not known"),
    ],
)  # fmt: skip
def test_what_is_said_of_a_shift_is_what_its_row_says(monkeypatch, punches, now, more, kind, title, reason):
    hall = site(latitude=52.52, longitude=13.4, geofence_radius_m=100.0)
    monkeypatch.setattr(shifts_of_tests, "SITES", [hall, *shifts_of_tests.SITES[1:]])
    told = one(found_of_shifts([DAY], punches, now, **more), kind)
    assert told["title"] == f"Shift 2026-01-05 08:00 UTC at hall: {title}"
    assert told["reason"] == reason


def test_a_short_shift_that_nobody_came_to_says_until_the_end_and_not_two_hours():
    (row,) = judged([shift("08:00", "09:00")], [], "09:05").values()
    assert (row["verdict"], row["rule"]) == ("no_show", "nobody until the end")


@given(st.integers(1, 9), st.integers(0, 8))
def test_a_gap_says_how_many_of_how_many_are_missing(required, planned):
    people = [
        shift("08:00", "16:00", f"s{n}", person_id=f"p{n}", required_people=required,
              status="planned" if n < planned else "excused")
        for n in range(max(planned, 1))
    ]  # fmt: skip
    came = [punch("07:50", person_id=f"p{n}") for n in range(planned)]
    gap = one(found_of_shifts(people, came, "08:35"), "coverage_gap")
    if planned >= required:
        assert gap is None
    else:
        missing, needed = required - planned, number_of(required, "person", "people")
        assert gap["title"] == f"gate at hall: {missing} of {needed} missing now"
        assert gap["reason"] == f"{planned} planned, {planned} there, 0 not known yet"


@given(shares)
def test_a_chance_that_nobody_comes_says_its_number(risk):
    row = {"shift_id": "n", "person_id": "ann", "site_id": "hall", "client_id": "acme", "starts_at": at("20:00"),
           "as_of": at("09:00"), "risk": risk, "reason": "why", "model_name": "m", "model_version": "1"}  # fmt: skip
    frame = pl.DataFrame([dict.fromkeys(SHIFT_RISK.columns) | row], schema=SHIFT_RISK.dtypes)
    told = one(found_of_shifts([], risk=frame), "no_show_risk")
    if told:
        words = "it is likely that nobody comes" if risk >= 0.5 else "nobody may come"
        assert told["title"] == f"Shift 2026-01-05 20:00 UTC at hall: {words} ({floored(risk)})"


@given(st.floats(1, 60).map(lambda minutes: round(minutes, 1)))
def test_rules_of_verdicts_name_the_limit_that_is_set(limit):
    limits = Limits(late_after=limit, early_before=limit, open_after=limit, no_show_after=limit)
    row = {
        "verdict": "unattended", "status": "planned", "holiday": None, "punched_site_id": None, "late_minutes": 99.9,
        "early_minutes": 99.9, "waited": 99.0, "is_here": False, "is_proven": True, "is_elsewhere": False,
    }  # fmt: skip
    said = {}
    for verdict in ("unattended", "late", "early_exit", "left_open", "on_time", "no_show"):
        frame = pl.DataFrame([row | {"verdict": verdict}], infer_schema_length=None).with_columns(
            *(
                pl.lit(None, INSTANT).alias(name)
                for name in ("feed_reported_upto_at", "left_at", "arrived_at", "from_at", "starts_at")
            ),
            feed_delay_minutes=pl.lit(0.0), punched_site_id=pl.lit("x"), holiday=pl.lit("x"),
        )  # fmt: skip
        said[verdict] = frame.select(_rule(limits)).item()
    assert said == {
        "unattended": f"nobody within {limit:g} min of the start",
        "late": f"arrived 99 min after the start; limit {limit:g} min",
        "early_exit": f"left 99 min before the end; limit {limit:g} min",
        "left_open": f"no departure {limit:g} min after the end",
        "on_time": f"arrived within {limit:g} min of the start",
        "no_show": f"nobody within {limit:g} min of the start",
    }


def test_every_kind_of_finding_is_looked_at_here():
    models = {kind for kind in ALERT_TYPES if kind.endswith("_model_unavailable")}
    found = {each.name for domain in DOMAINS for each in domain.alert_types}
    assert found == LOOKED_AT
    assert set(ALERT_TYPES) - models - {each.name for each in OWN_TYPES} == LOOKED_AT


def test_meanings_say_the_settings_in_force_and_no_number_of_their_own():
    usual = {kind: meaning(kind, dict(Settings())) for kind in ALERT_TYPES}
    other = dict(
        Settings(
            sla={"alert_from": 0.66, "clear_below": 0.5, "high_from": 0.9},
            shifts={"late_after_minutes": 7, "no_show_after_minutes": 77, "early_before_minutes": 9,
                    "no_show_alert_from": 0.33},
            vendors={"score_drop": 13, "sla_target": 0.8, "late_alert_from": 0.44},
            device_alerts={"silent_intervals": 5, "empty_within_hours": 33, "replace_below": 51,
                           "replace_after_days": 9, "site_share": 0.77},
            device_failure={"judged_within": "7d", "alert_from": 0.61},
        )
    )  # fmt: skip
    changed = {kind: meaning(kind, other) for kind in ALERT_TYPES}
    # How far ahead shifts are looked at is no setting.
    with_number = {kind for kind, words in usual.items() if re.search(r"\d", words.replace("next 24 hours", ""))}
    assert {kind for kind in ALERT_TYPES if usual[kind] != changed[kind]} == with_number
    assert not any(re.search(r"\b(two|three|ten|quarter|week)\b", text) for text in usual.values())
    assert changed["device_silent"] == "A device has not reported for 5 of its intervals."
    assert meaning("door_open", dict(Settings())) == "Another system reports: door open."
