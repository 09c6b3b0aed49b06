"""The job of escalation on a real lake and database: it acts on the newest risk, fails without one, and accounts."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import polars as pl
import pytest

from opsguard_assets.build import build_defs
from opsguard_assets.cadences import tick_config
from opsguard_assets.config.escalation import Escalation
from opsguard_assets.config.mapping import Feed
from opsguard_assets.config.settings import Settings
from opsguard_assets.config.sla import SlaThresholds
from opsguard_assets.config.sources import FileSource
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tickets.escalation.assets import ACCEPTED, ACCOUNTED, CERTAIN
from opsguard_assets.tickets.job_names import ESCALATE_JOB, SCORE_JOB
from opsguard_assets.tickets.risk.schemas import SLA_RISK
from resources.lake import Lake
from resources.ticks import Tick, record_tick
from tests.tickets.escalators import rows

NAMES = ("sick", "H3", "bronze", "well", "late")  # the hash of H3 lies in the lower half, that of sick does not
HELPDESK = FileSource(name="desk", kind="files", path="in", feeds=(Feed(table="tickets", same_names=True),))


@pytest.fixture
def now():
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def lake(tmp_path, now):
    opened, then = Lake(str(tmp_path / "lake")), now - timedelta(days=2)
    known = {"known_at": then}
    common = {
        "site_id": "S",
        "group_id": "G",
        "priority": "low",
        "status": "open",
        "opened_at": then,
        "updated_at": then,
    }
    tables = {
        "tickets": [{"ticket_id": n, "client_id": "B" if n == "bronze" else "C", **common, **known} for n in NAMES],
        "clients": [
            {"client_id": name, "name": name, "plan": plan, "timezone": "UTC", **known}
            for name, plan in (("B", "bronze"), ("C", "gold"))
        ],
        "memberships": [{"person_id": "A", "group_id": "G", **known}],
        "groups": [{"group_id": "G", "name": "G", "lead_id": "L", **known}],
        "duty": [{"person_id": "A", "starts_at": then, "ends_at": now + timedelta(days=1), **known}],
    }
    for name, records in tables.items():
        table = TABLES[name]
        frame = pl.DataFrame([{c: r.get(c) for c in table.columns} for r in records], schema=table.dtypes)
        opened.record(table, frame, loaded_at=then)
    return opened


def score(lake, database, as_of, **wrong):
    """A tick of SLA risk as the scoring job leaves it."""
    risks = {"sick": 0.9, "H3": 0.85, "bronze": 0.95, "well": 0.3, "late": None}
    records = [
        {
            "ticket_id": name, "as_of": as_of, "client_id": "B" if name == "bronze" else "C", "risk": risk,
            "state": "breached" if risk is None else "running", "model_name": "rule", "model_version": "1",
            "date": as_of.date(),
        }
        for name, risk in risks.items()
    ]  # fmt: skip
    frame = pl.DataFrame([{c: r.get(c) for c in SLA_RISK.columns} for r in records], schema=SLA_RISK.dtypes)
    where = {"date": as_of.date(), "as_of": as_of}
    lake.replace_slice(SLA_RISK.derived_name, frame, where=where, partition_by=["date"])
    tick = {"job": SCORE_JOB, "as_of": as_of, "row_count": len(frame), "digest": "", **wrong}
    record_tick(database, Tick(**tick))


def run(lake, database, as_of, **settings):
    given = {"lake": lake, "database": database, "progress": None, "inbox": None, "models": None}
    resources = {name: dg.ResourceDefinition.hardcoded_resource(value) for name, value in given.items()}
    defs = build_defs(settings=Settings(sources=(HELPDESK,), **settings), resources=resources)
    with dg.DagsterInstance.ephemeral() as instance:
        return defs.resolve_job_def(ESCALATE_JOB).execute_in_process(
            run_config=tick_config(ESCALATE_JOB, as_of), instance=instance, raise_on_error=False
        )


def complaint(result):
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    error = failure.step_failure_data.error
    return (error.cause or error).message


def test_the_job_escalates_on_the_newest_risk_and_accounts_for_every_candidate(lake, database, now):
    score(lake, database, now - timedelta(minutes=25))
    score(lake, database, now - timedelta(minutes=10))
    result = run(lake, database, now, sla=SlaThresholds(holdout_share=0.5))
    assert result.success
    checks = {check.check_name: check.passed for check in result.get_asset_check_evaluations()}
    assert checks == {ACCOUNTED: True, ACCEPTED: True, CERTAIN: True}
    (tick,) = rows(database, "escalation_ticks", "as_of")
    assert tick["risk_as_of"] == now - timedelta(minutes=10)
    assert (tick["candidates"], tick["decisions"]) == (3, {"escalate": 1, "held back": 1, "not in the plan": 1})
    (done,) = rows(database, "escalations", "ticket_id")
    assert (done["ticket_id"], done["state"], done["to_priority"], done["to_assignee_id"]) == (
        "sick",
        "done",
        "high",
        "A",
    )


def test_the_same_tick_twice_escalates_once(lake, database, now):
    score(lake, database, now)
    assert run(lake, database, now).success
    first = rows(database, "escalations", "ticket_id")
    assert [row["ticket_id"] for row in first] == ["H3", "sick"]
    assert run(lake, database, now).success
    assert rows(database, "escalations", "ticket_id") == first


def test_without_a_recent_risk_the_job_fails_and_says_what_to_do(lake, database, now):
    score(lake, database, now - timedelta(minutes=31))
    result = run(lake, database, now)
    assert not result.success
    assert "There is no SLA risk of" in complaint(result)
    assert "opsguard tick sla --as-of" in complaint(result)
    assert rows(database, "escalations", "ticket_id") == []
    assert run(lake, database, now, escalation=Escalation(risk_minutes=31)).success


def test_a_risk_that_is_not_what_its_tick_wrote_is_not_acted_on(lake, database, now):
    score(lake, database, now, row_count=99)
    result = run(lake, database, now)
    assert not result.success
    assert "has 5 rows, but its tick wrote 99" in complaint(result)
    assert rows(database, "escalations", "ticket_id") == []
