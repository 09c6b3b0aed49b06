"""`opsguard ticks`: a tick of the future cannot be computed, and one that was is undone by a command."""

import json
import os
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from sqlalchemy import text

from opsguard_assets import moment
from opsguard_assets.alerts.lifecycle import Monitor, settle
from opsguard_assets.alerts.queries import alerts
from opsguard_assets.cadences import tick_config
from opsguard_assets.commands.diagnosis import diagnose
from opsguard_assets.commands.tick import RUN
from opsguard_assets.config.settings import Settings
from opsguard_assets.devices.alerts.assets import DEVICE_MONITOR
from opsguard_assets.domains import TICKS, problems_of
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.monitoring_records import MonitoringRecord, last_record, store
from opsguard_assets.shifts.alerts.assets import SHIFT_MONITOR
from opsguard_assets.tickets.escalation.escalate import Waits, escalate
from opsguard_assets.tickets.job_names import SCORE_JOB
from opsguard_assets.tickets.risk.alert_assets import SLA_MONITOR
from opsguard_assets.tickets.risk.schemas import SLA_RISK
from opsguard_assets.vendors.alerts.assets import VENDOR_MONITOR
from opsguard_assets.withdrawal import KINDS, future_ticks, settled_ticks, withdraw
from resources.answers import Outcome
from resources.environment import read_environment
from resources.lake import Lake
from resources.ticket_system.record import RecordOnlySystem
from tests.alerts.given import finding, frame
from tests.commands.houses import one_house
from tests.models.providers import scorers
from tests.tickets.desks import RULES, given, on_duty_now
from tests.tickets.escalators import Scripted, rows

FUTURE = datetime(2099, 1, 1, tzinfo=UTC)
REAL = datetime(2026, 3, 3, 9, tzinfo=UTC)
SHOWN = ("dedup_key", "state", "severity", "occurrences", "openings", "first_seen_at", "last_seen_at", "score", "title")
pytestmark = pytest.mark.timeout(300)


def shown(database):
    return sorted(tuple(row[name] for name in SHOWN) for row in alerts(database, limit=10_000))


def undo(database, tmp_path, kind, since):
    return withdraw(Lake(str(tmp_path / "lake")), database, kind, since, actor="ada", reason="a typing error")


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("tick", ["sla", "--as-of", "2099-01-01T00:00:00+00:00"]),
        ("tick", ["devices", "--as-of", "2099-01-01T00:00:00+00:00"]),
        ("tick", ["sla", "--as-of", "9999-12-31T23:59:59-14:00"]),
        ("demo", ["--as-of", "2099-01-01T00:00:00+00:00"]),
        ("train", ["sla_breach", "--until", "2099-01-01"]),
        ("evaluate", ["sla_breach", "--from", "2099-01-01"]),
        ("evaluate", ["sla_breach", "--from", "2026-01-01", "--to", "2099-01-01"]),
        ("replay", ["sla_breach", "--from", "2026-01-01", "--to", "2099-01-01"]),
        ("replay", ["sla_breach", "--at", "2099-01-01"]),
        ("shifts", ["evidence", "S1@2026-01-01", "--as-of", "2099-01-01T00:00:00+00:00"]),
        ("vendors", ["list", "--as-of", "2099-01-01T00:00:00+00:00"]),
    ],
)
def test_no_command_takes_a_moment_of_the_future(command_named, command, arguments):
    code, _, error = command_named(command, timezone="UTC")(*arguments)
    assert code == 2
    assert "in the future" in error or "outside the years" in error


def test_run_configuration_of_the_future_is_refused_and_a_clock_that_runs_ahead_a_little_is_not():
    soon = datetime.now(UTC) + timedelta(minutes=10)
    assert moment.Moment(as_of=soon.isoformat()).instant() == soon
    with pytest.raises(moment.FutureMomentError, match="in the future"):
        moment.Moment(as_of="2099-01-01T00:00:00+00:00").instant()


def test_a_tick_of_the_future_is_undone_and_real_ticks_work_at_once(
    database, database_url, command_on, tmp_path, monkeypatch
):
    house = one_house(database, tmp_path)
    ticks = command_on("ticks", house.lake.uri, database_url)
    assert house.run(SCORE_JOB, tick_config(SCORE_JOB, REAL)).success
    before = shown(database)
    assert before
    with monkeypatch.context() as patched:
        patched.setattr(moment, "TOLERANCE", timedelta(days=36_525))
        assert house.run(SCORE_JOB, tick_config(SCORE_JOB, FUTURE)).success
    assert shown(database) != before
    late = house.run(SCORE_JOB, tick_config(SCORE_JOB, REAL + timedelta(minutes=15)))
    assert not late.success
    assert "opsguard ticks withdraw" in str([event.step_failure_data.error for event in late.get_step_failure_events()])
    assert {row["settled"] for row in future_ticks(database)} == {
        "sla", "sla_breach model", "score_sla_job", "triage_alerts_job", "alert_action model",
    }  # fmt: skip
    code, out, _ = ticks("withdraw", "--json")
    assert code == 0
    assert json.loads(out)["withdrawn"]["sla"]["scores_deleted"] > 0
    # Scores and titles come with the next tick.
    assert [row[:7] for row in shown(database)] == [row[:7] for row in before]
    assert (
        house.lake.scan(SLA_RISK.derived_name).filter(pl.col("as_of") > REAL + timedelta(days=1)).collect().is_empty()
    )
    again = house.run(SCORE_JOB, tick_config(SCORE_JOB, REAL + timedelta(minutes=15)))
    assert again.success
    assert all(row[6] == REAL + timedelta(minutes=15) for row in shown(database))
    assert not future_ticks(database)
    assert "Nothing was settled" in ticks("withdraw")[1]
    assert "typing" not in ticks("list", "--withdrawn")[1]
    assert "IN THE FUTURE" not in ticks("list", "sla")[1]


@pytest.mark.parametrize("monitor", [name for kind in KINDS.values() for name in kind.monitors])
def test_a_wrong_tick_of_every_monitor_is_undone(database, tmp_path, monitor):
    watched = Monitor(monitor, ("sla_breach_risk",))
    settle(database, frame(finding()), watched, REAL)
    settle(database, frame(), watched, FUTURE)
    assert not alerts(database)
    (kind,) = (name for name, kind in KINDS.items() if monitor in kind.monitors)
    assert undo(database, tmp_path, kind, REAL + timedelta(days=1)).alerts.reopened == 1
    assert [alert["state"] for alert in alerts(database)] == ["open"]
    assert not settle(database, frame(), watched, REAL + timedelta(hours=1)).is_late


def test_every_monitor_and_job_belongs_to_a_kind():
    monitors = {name for kind in KINDS.values() for name in kind.monitors}
    problems = {f"{name} model" for name in problems_of(Settings())}
    own = {each.name for each in (SLA_MONITOR, DEVICE_MONITOR, SHIFT_MONITOR, VENDOR_MONITOR)}
    assert monitors == own | problems | {"external"}
    assert list(KINDS) == [*TICKS, "models"]
    assert set(RUN) == set(TICKS)
    assert {kind.job for kind in KINDS.values() if kind.job} == {scorer.job for scorer in scorers().values()}


def test_an_escalation_of_the_future_does_not_keep_the_real_one_away(database, tmp_path):
    where = on_duty_now("A", lead="L")
    escalate(database, RecordOnlySystem(), given(FUTURE, "T1", where=where), FUTURE, RULES, Waits())
    now = datetime.now(UTC).replace(microsecond=0)
    without = escalate(database, RecordOnlySystem(), given(now, "T1", where=where), now, RULES, Waits())
    assert without.plan["decision"].to_list() == ["cooling down"]
    assert undo(database, tmp_path, "escalations", now + timedelta(minutes=1)).recorded == 2
    later = now + timedelta(minutes=30)
    assert escalate(database, RecordOnlySystem(), given(later, "T1", where=where), later, RULES, Waits()).settled == {
        "done": 1
    }
    assert undo(database, tmp_path, "escalations", now + timedelta(days=1)).number is None


def test_what_was_handed_to_a_helpdesk_stays_and_counts_from_when_it_was(database, tmp_path):
    escalate(database, Scripted(Outcome.DONE), given(FUTURE, "T1"), FUTURE, RULES, Waits())
    undo(database, tmp_path, "escalations", datetime.now(UTC) + timedelta(minutes=1))
    (kept,) = rows(database, "escalations", "escalation_id")
    assert (kept["state"], kept["as_of"]) == ("done", kept["planned_at"])
    assert "withdrawn" in rows(database, "escalation_transitions", "transition_id")[-1]["detail"]


def test_looks_and_champions_of_the_future_are_undone(database, tmp_path):
    now = datetime.now(UTC)
    store(
        database,
        MonitoringRecord("sla_breach", "1", FUTURE, is_useful=False, wants_training=True, words="w", figures={}),
    )
    champions = Champions(database)
    with database.begin() as connection:
        for version, at in (("1", REAL), ("2", FUTURE)):
            connection.execute(
                text(
                    "INSERT INTO model_history (problem, version, at, actor, cause, reasons) "
                    "VALUES ('sla_breach', :version, :at, 'ada', 'promoted', '[]')"
                ),
                {"version": version, "at": at},
            )
    undo(database, tmp_path, "models", now + timedelta(hours=1))
    assert last_record(database, "sla_breach", "1", FUTURE) is None
    assert [line.version for line in champions.history("sla_breach")] == ["2", "1"]
    assert champions.at("sla_breach", datetime.now(UTC)).version == "2"


def test_the_doctor_says_that_ticks_lie_in_the_future_and_what_to_do(database, database_url, command_on, tmp_path):
    settle(database, frame(), SLA_MONITOR, FUTURE)
    command_on("doctor", str(tmp_path / "lake"), database_url)
    found = {each.what: each for each in diagnose(read_environment(os.environ), os.environ)}["ticks"]
    assert not found.is_sound
    assert "2099-01-01" in found.found
    assert "opsguard ticks withdraw" in found.remedy


def test_the_list_says_who_settled_a_tick_when_and_what_of_it(database, database_url, command_on, tmp_path):
    settle(database, frame(finding()), SLA_MONITOR, REAL)
    (row,) = settled_ticks(database, ["sla"])
    assert (row["settled"], row["as_of"], row["rows"], row["is_future"]) == ("sla", REAL, 1, False)
    assert "@" in row["settled_by"]
    assert settled_ticks(database, ["devices"]) == []
    out = command_on("ticks", str(tmp_path / "lake"), database_url)("list", "sla")[1]
    assert "2026-03-03 09:00" in out
