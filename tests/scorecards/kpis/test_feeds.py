"""Key figures of alerts, devices, incidents and predictions through lake, database and clocks, as a run reads them."""

from datetime import timedelta

import polars as pl
import pytest

from opsguard_assets.alerts.lifecycle import Monitor, settle
from opsguard_assets.alerts.people import acknowledge
from opsguard_assets.alerts.queries import alerts
from opsguard_assets.config.settings import Settings
from opsguard_assets.devices.telemetry.hourly_update_io import update_hourly
from opsguard_assets.scorecards.card.card import Predicted
from opsguard_assets.scorecards.card.prospects_io import predicted_at
from opsguard_assets.scorecards.kpis.io import compute
from opsguard_assets.scorecards.kpis.past_io import Past
from opsguard_assets.scorecards.kpis.registry import KPIS
from opsguard_assets.tickets.risk.schemas import SLA_RISK
from resources.progress import Silent
from resources.ticks import Tick, record_tick
from tests.alerts.given import finding, frame
from tests.scorecards.kpis.worlds import NOW, excluded, figure, utc, world

# A day before the month ends in Berlin, an hour before UTC.
LAST = utc(2026, 11, 30, 22, 45)
POLICY = {
    "policy_id": "p",
    "priority": "high",
    "response_minutes": 60,
    "resolution_minutes": 1440,
    "known_at": utc(2026, 9, 1),
}
TICKETS = {
    "late": (utc(2026, 11, 10), None), "kept": (utc(2026, 11, 10), utc(2026, 11, 10, 12)),
    "open": (utc(2026, 11, 30, 12), None), "calm": (utc(2026, 11, 30, 13), None),
}  # fmt: skip
SAID = [("late", utc(2026, 11, 10, 6), 0.9), ("kept", utc(2026, 11, 10, 6), 0.8), ("kept", utc(2026, 11, 10, 7), 0.3),
        ("open", LAST, 0.75), ("calm", LAST, 0.1), ("late", LAST, None)]  # fmt: skip


def tickets():
    for name, (opened, ended) in TICKETS.items():
        for at in (opened, ended) if ended else (opened,):
            yield {
                "ticket_id": name, "client_id": "a", "site_id": "a1", "priority": "high", "opened_at": opened,
                "status": "resolved" if at == ended else "open", "resolved_at": ended if at == ended else None,
                "updated_at": at, "known_at": at,
            }  # fmt: skip


def reports():
    """A device that reports every half an hour and is silent on one day, and one that never misses."""
    first = utc(2026, 10, 30)
    for number in range(2 * 24 * 32 + 1):
        at = first + timedelta(minutes=30 * number)
        yield {"device_id": "steady", "at": at, "known_at": at}
        if at.date() != utc(2026, 11, 12).date():
            yield {"device_id": "silent", "at": at, "known_at": at}


def tick(database, hour, *entities):
    rows = [finding(name, client_id="a", site_id="a1") for name in entities]
    settle(database, frame(*rows), Monitor("sla", ("sla_breach_risk",)), utc(2026, 11, 10) + timedelta(hours=hour))


@pytest.fixture(scope="module")
def both(tmp_path_factory, databases):
    database = databases.migrated()
    installed = utc(2026, 9, 1)
    lake = world(
        tmp_path_factory.mktemp("lake"),
        sla_policies=[POLICY],
        tickets=tickets(),
        devices=[
            {"device_id": name, "site_id": "a1", "installed_at": installed, "reports_every_minutes": 30,
             "known_at": installed} for name in ("steady", "silent")
        ],
        telemetry=reports(),
        external_alerts=[
            {"alert_id": f"x{n}", "site_id": "a1", "at": utc(2026, 11, 3 + n), "kind": "smoke", "severity": "critical",
             "acknowledged_at": utc(2026, 11, 3 + n, 0, 5 + n)} for n in range(5)
        ],
        security_events=[{"event_id": "e", "site_id": "a1", "at": utc(2026, 10, 3), "severity": "critical"}],
    )  # fmt: skip
    update_hourly(lake, progress=Silent())
    scores = [
        dict.fromkeys(SLA_RISK.columns) | {"ticket_id": name, "as_of": at, "client_id": "a", "site_id": "a1",
         "state": "running" if risk is not None else "breached", "risk": risk, "model_name": "rule_baseline",
         "model_version": "1", "date": at.date()} for name, at, risk in SAID
    ]  # fmt: skip
    lake.replace(
        SLA_RISK.derived_name, SLA_RISK.rows(pl.DataFrame(scores, schema=SLA_RISK.dtypes)), partition_by=["date"]
    )
    record_tick(database, Tick("score_sla_job", LAST, 3, "digest"))
    tick(database, 0, "t1", "t2", "t3")
    tick(database, 1, "t1", "t2")
    first = next(row["alert_id"] for row in alerts(database) if row["entity_id"] == "t1")
    acknowledge(database, first, actor="Ada", at=utc(2026, 11, 10, 1, 30))
    tick(database, 2, "t2")
    names = (
        "device_uptime", "incident_response", "critical_security_events", "auto_resolution", "mtta", "mttr",
        "repeat_incidents", "tickets_at_risk", "predictions_came_true",
    )  # fmt: skip
    computed = compute(lake, database, Settings(), NOW, {name: KPIS[name] for name in names})
    return computed, predicted_at(lake, Past.read(database, NOW), Settings(), computed.months, NOW)


@pytest.fixture(scope="module")
def found(both):
    return both[0]


def test_a_silent_day_of_one_of_two_devices(found):
    november = figure(found, "device_uptime")
    assert november["denominator"] == 2 * 30 * 1440
    assert november["denominator"] - november["numerator"] == 1440
    assert november["band"] == "good"
    assert figure(found, "device_uptime", site="a1")["value"] == november["value"]
    assert figure(found, "device_uptime", "b")["missing"] == "nothing"


def test_alarms_incidents_and_alerts(found):
    assert figure(found, "incident_response")["value"] == 7
    assert figure(found, "critical_security_events")["value"] == 0
    assert figure(found, "critical_security_events", month="2026-10-01")["value"] == 1
    assert figure(found, "mtta")["value"] == 90
    assert excluded(figure(found, "mtta")) == {"not_acknowledged": 2}
    assert figure(found, "mttr")["value"] == (60 + 120) / 2
    assert figure(found, "repeat_incidents")["numerator"] == 0
    assert excluded(figure(found, "auto_resolution")) == {"no_playbook": 2}
    assert figure(found, "auto_resolution")["value"] is None


def test_stored_risks_and_what_came_of_them(found):
    at_risk = figure(found, "tickets_at_risk")
    assert (at_risk["numerator"], at_risk["denominator"], at_risk["band"]) == (1, 2, "bad")
    assert excluded(at_risk) == {"already_late": 1}
    came = figure(found, "predictions_came_true")
    assert (came["numerator"], came["denominator"]) == (1, 2)
    assert figure(found, "tickets_at_risk", month="2026-10-01")["missing"] == "nothing"


def test_how_good_predictions_were_is_said_by_problem_and_what_scored(both):
    (row,) = both[1].drop("client_id", "month").to_dicts()
    told = Predicted.model_validate(row)
    assert (told.problem, told.announced, told.came_true, told.scored_by) == ("sla_breach", 2, 1, "rule")
    assert float(told.expected) == pytest.approx(0.9 + 0.8)
