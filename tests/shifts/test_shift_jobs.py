"""Shifts as Dagster runs them: a calendar follows its rosters, an alert its shift, and verdicts are corrected."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from ml.tracking.registry import Registry
from ml.tracking.tracking import Place
from opsguard_assets.alerts.queries import alerts
from opsguard_assets.build import build_defs
from opsguard_assets.cadences import tick_config
from opsguard_assets.config.settings import Settings
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.promotion import ModelCatalog
from opsguard_assets.models.recompute import NoTickError
from opsguard_assets.moment import moment_config
from opsguard_assets.shifts.alerts.recompute_io import recompute_tick
from opsguard_assets.shifts.calendar.assets import SHIFT_CALENDAR_KEY
from opsguard_assets.shifts.calendar.schemas import SHIFT_CALENDAR
from opsguard_assets.shifts.coverage.assets import SHIFT_COVERAGE_KEY
from opsguard_assets.shifts.coverage.schemas import SHIFT_COVERAGE
from opsguard_assets.shifts.job_names import JUDGE_SHIFTS_JOB, PLAN_JOB
from opsguard_assets.shifts.verdicts.evidence_io import evidence_of
from opsguard_assets.shifts.verdicts.schemas import SHIFT_COMPLIANCE
from opsguard_assets.shifts.verdicts.verdicts import Limits
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tables.versions import IS_WITHDRAWN
from resources.database import Database
from resources.lake import Lake
from resources.progress import Silent
from resources.ticks import ticks_of
from tests.long import long
from tests.running import own_part, run_own_part
from tests.shifts.rosters import roster, rows, site

START = datetime(2026, 1, 5, tzinfo=UTC)
FILLED = (
    "rosters",
    "absences",
    "substitutions",
    "attendance",
    "punch_feeds",
    "sites",
    "people",
    "clients",
    "calendars",
)
SOURCES = [
    {"name": name, "kind": "files", "path": f"nowhere/{name}/*.csv", "feeds": [{"table": name, "same_names": True}]}
    for name in FILLED
]
SETTINGS = Settings(sources=SOURCES)
DAY_SHIFT = {"starts_local": "08:00", "ends_local": "16:00", "post": "gate", "site_id": "hall"}


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


class House:
    """One installation: its stores, and jobs run on them."""

    def __init__(self, lake: Lake, database: Database) -> None:
        self.lake, self.database = lake, database
        # No model is ever promoted here; who asks for a champion finds none.
        models = ModelCatalog(Registry(Place("sqlite://", Path("nowhere"))), Champions(database))
        given = {"lake": lake, "database": database, "progress": Silent(), "inbox": None, "models": models}
        resources = {name: dg.ResourceDefinition.hardcoded_resource(value) for name, value in given.items()}
        self.defs = build_defs(settings=SETTINGS, resources=resources)
        self.judging = own_part(self.defs, JUDGE_SHIFTS_JOB)

    def know(self, table: str, when: datetime, *given: dict, gone: bool = False) -> None:
        frame = rows(table, *({"known_at": when} | row for row in given))
        self.lake.record(TABLES[table], frame.with_columns(pl.lit(gone).alias(IS_WITHDRAWN)), loaded_at=when)

    def heard(self, when: datetime) -> None:
        self.know("punch_feeds", when, {"site_id": "hall", "reported_upto_at": when})

    def run(self, job: str, config: dict) -> dg.ExecuteInProcessResult:
        with dg.DagsterInstance.ephemeral() as instance:
            return self.defs.resolve_job_def(job).execute_in_process(run_config=config, instance=instance)

    def plan(self, when: datetime) -> dg.ExecuteInProcessResult:
        return self.run(PLAN_JOB, moment_config(when, SHIFT_CALENDAR_KEY))

    def judge(self, when: datetime) -> dg.ExecuteInProcessResult:
        return run_own_part(self.judging, tick_config(JUDGE_SHIFTS_JOB, when))

    def alert(self) -> dict:
        (found,) = self.alerts("shift:gate@2026-01-05")
        return found

    def alerts(self, begins: str, holds: str = "") -> list[dict]:
        """All alerts whose keys begin with and hold a text, in the order of their birth."""
        every = alerts(self.database, states=("open", "acknowledged", "suppressed", "resolved"))
        named = [row for row in every if row["dedup_key"].startswith(begins) and holds in row["dedup_key"]]
        return sorted(named, key=lambda row: row["alert_id"])

    def verdict(self, when: datetime) -> str:
        result = self.lake.known(SHIFT_COMPLIANCE, when).filter(pl.col("shift_id") == "gate@2026-01-05").collect()
        return result["verdict"].item()


@pytest.fixture
def house(database, tmp_path):
    found = House(Lake(str(tmp_path / "lake")), database)
    found.know("sites", START, site(timezone="UTC"))
    found.know("clients", START, {"client_id": "acme", "name": "Acme", "plan": "silver", "timezone": "UTC"})
    found.know("people", START, *({"person_id": p, "name": p.title(), "home_site_id": "hall"} for p in ("ann", "bob")))
    found.know("rosters", START, roster("gate", **DAY_SHIFT))
    return found


def test_the_calendar_follows_its_rosters_and_what_was_planned_stays_readable(house):
    first = house.plan(at(2))
    checks = {check.check_name: check.passed for check in first.get_asset_check_evaluations()}
    assert checks == {"calendar_reaches_its_last_day": True, "every_roster_can_be_read": True}
    assert house.lake.known(SHIFT_CALENDAR).collect()["on"].max() == date(2026, 1, 18)
    house.know("rosters", at(3), roster("gate", **DAY_SHIFT, valid_until=date(2026, 1, 6)))
    house.plan(at(4))
    days = house.lake.known(SHIFT_CALENDAR).filter(pl.col("on") >= START.date()).collect()["on"]
    assert sorted(days) == [date(2026, 1, 5), date(2026, 1, 6)]
    assert len(house.lake.known(SHIFT_CALENDAR, at(2)).filter(pl.col("on") >= START.date()).collect()) == 14
    versions = house.lake.versions(SHIFT_CALENDAR).collect().height
    house.plan(at(5))
    assert house.lake.versions(SHIFT_CALENDAR).collect().height == versions


def test_a_roster_that_is_removed_disappears_and_a_broken_one_is_named(house):
    house.know("rosters", START, roster("bad", **DAY_SHIFT, recurrence="mondays"))
    checks = {c.check_name: c for c in house.plan(at(2)).get_asset_check_evaluations()}
    assert not checks["every_roster_can_be_read"].passed
    house.know("rosters", at(3), roster("gate", **DAY_SHIFT), gone=True)
    house.plan(at(4))
    assert house.lake.known(SHIFT_CALENDAR).collect().is_empty()


def test_one_alert_lives_with_its_shift_however_often_a_tick_runs_and_resolves_itself_on_arrival(house):
    house.know("people", at(1), {"person_id": "cem", "name": "Cem", "home_site_id": "hall"})
    house.heard(at(8.5))
    house.judge(at(8.5))
    first = house.alert()
    assert (first["alert_type"], first["severity"], first["state"]) == (
        "late_arrival",
        "high",
        "open",
    )  # as grave as the gap
    house.heard(at(10.5))
    page = house.judge(at(10.5))
    second = house.alert()
    assert (second["alert_id"], second["alert_type"], second["severity"]) == (first["alert_id"], "no_show", "high")
    assert house.verdict(at(10.5)) == "no_show"
    said = house.lake.versions(SHIFT_COMPLIANCE).collect()
    house.judge(at(10.5))  # the same tick again changes nothing
    assert (house.alert(), house.lake.versions(SHIFT_COMPLIANCE).collect().equals(said)) == (second, True)
    kept = house.lake.scan(SHIFT_COVERAGE.derived_name).sort("as_of").collect()
    # Nobody came yesterday either: any 24 hours lack the eight of a shift.
    assert kept.select("as_of", "missing", "short_minutes").rows() == [(at(8.5), 1, 480), (at(10.5), 1, 480)]
    (result,) = page.asset_materializations_for_node(SHIFT_COVERAGE_KEY.to_python_identifier())
    assert result.metadata["headline"].value.startswith("**1 of 1 posts are short now**; in the last 24 hours 0.0%")
    house.know("attendance", at(10.8), {"person_id": "ann", "site_id": "hall", "punched_in_at": at(10.75)})
    house.heard(at(11))
    house.judge(at(11))
    assert house.alert()["state"] == "resolved"
    assert (house.verdict(at(11)), house.verdict(at(10.5))) == ("late", "no_show")


def test_who_is_proposed_is_qualified_and_neither_sick_nor_replaced(house):
    house.know("rosters", at(0.5), roster("gate", **DAY_SHIFT, requires=["first aid"]))
    people = {"bob": ["first aid"], "cem": ["first aid"], "dan": ["First aid"], "eve": None}
    house.know(
        "people",
        at(0.5),
        *({"person_id": p, "name": p.title(), "home_site_id": "hall", "qualifications": q} for p, q in people.items()),
    )
    house.know("absences", at(1), {"person_id": "bob", "starts_at": at(7), "ends_at": at(20), "kind": "sickness"})
    house.know(
        "substitutions",
        at(1),
        {"roster_id": "gate", "on": START.date(), "person_id": "ann", "substitute_id": "cem"},
    )
    house.heard(at(10.5))
    house.judge(at(10.5))
    result = house.alert()
    assert result["alert_type"] == "no_show"
    assert [one["person_id"] for one in result["evidence"]["proposals"]] == ["dan"]
    assert "; Dan could come: new to this site, 0.0 km away, " in result["reason"]
    assert result["reason"].endswith(", holds first aid")


def test_a_punch_that_comes_late_corrects_yesterday_and_the_correction_can_be_seen(house):
    house.heard(at(18))
    house.judge(at(18))
    assert house.verdict(at(18)) == "no_show"
    late = {"person_id": "ann", "site_id": "hall", "punched_in_at": at(7.9), "punched_out_at": at(16.1)}
    house.know("attendance", at(30), late)
    result = house.judge(at(30))
    metadata = result.asset_materializations_for_node("shifts__shift_compliance")[0].metadata
    assert metadata["corrected"].value == 1
    found = evidence_of(house.lake, "gate@2026-01-05", at(31), Limits())
    assert found.said["verdict"].to_list() == ["no_show", "on_time"]
    assert found.verdicts["rule"].to_list() == ["arrived within 15 min of the start"]
    before = evidence_of(house.lake, "gate@2026-01-05", at(20), Limits())
    assert before.verdicts["verdict"].to_list() == ["no_show"]
    assert before.punches.is_empty()
    assert before.said["verdict"].to_list() == ["no_show"]
    assert evidence_of(house.lake, "gate@2026-01-05", at(17), Limits()).said.is_empty()


def test_the_alert_of_somebody_who_never_came_expires_with_its_shift_and_one_that_was_corrected_clears(house):
    evening = {"starts_local": "08:00", "ends_local": "16:30", "post": "door", "site_id": "hall"}
    house.know("rosters", START, roster("door", **evening, person_id="bob"))
    house.heard(at(39.9))
    house.judge(at(39.9))
    assert {row["dedup_key"]: row["alert_type"] for row in house.alerts("shift:", "@2026-01-05")} == {
        "shift:gate@2026-01-05/ann": "no_show",
        "shift:door@2026-01-05/bob": "no_show",
    }
    came = {"person_id": "bob", "site_id": "hall", "punched_in_at": at(7.9), "punched_out_at": at(16.6)}
    house.know("attendance", at(40.2), came)
    house.judge(at(40.4))
    ended = house.alerts("shift:", "@2026-01-05")
    assert {row["entity_id"][:4]: row["resolution"] for row in ended} == {"gate": "expired", "door": "cleared"}
    # What is heard of her later changes nothing: nobody looks at her shift any more.
    late = {"person_id": "ann", "site_id": "hall", "punched_in_at": at(7.9), "punched_out_at": at(16.1)}
    house.know("attendance", at(40.5), late)
    house.judge(at(40.9))
    assert house.alerts("shift:", "@2026-01-05") == ended


@long
def test_an_alert_that_no_tick_looked_at_while_its_shift_was_judged_ends_by_what_was_said_last(house):
    house.heard(at(17))
    house.judge(at(17))
    assert house.alert()["alert_type"] == "no_show"
    house.judge(at(24 * 4))
    assert (house.alert()["state"], house.alert()["resolution"]) == ("resolved", "expired")


@long
def test_a_tick_is_recorded_and_recomputed_although_no_client_wants_a_risk(house):
    house.know("people", at(1), {"person_id": "cem", "name": "Cem", "home_site_id": "hall"})
    for hours in (10.5, 40.9):
        house.heard(at(hours))
        house.judge(at(hours))
    # What arrives later, said to have been known before, changes no tick of the past.
    early = {"person_id": "ann", "site_id": "hall", "punched_in_at": at(7.9), "punched_out_at": at(16.1)}
    rows_of = rows("attendance", {"known_at": at(8)} | early).with_columns(pl.lit(value=False).alias(IS_WITHDRAWN))
    house.lake.record(TABLES["attendance"], rows_of, loaded_at=at(50))
    champions = Champions(house.database)
    for hours in (10.5, 40.9):
        (tick,) = ticks_of(house.database, JUDGE_SHIFTS_JOB, begins_at=at(hours), ends_at=at(hours))
        assert (tick.row_count, tick.model_name, tick.recorded_upto) == (0, None, at(hours))
        again = recompute_tick(house.lake, champions, at(hours), SETTINGS)
        assert [name for name, digests in again.digests.items() if not digests.is_reproduced] == []
        assert again.digests["findings"].recorded is not None
    assert house.alert()["resolution"] == "expired"
    with pytest.raises(NoTickError, match="No tick recorded at 2026-01-05 12:00:00 UTC; `opsguard tick shifts"):
        recompute_tick(house.lake, champions, at(12), SETTINGS)


def test_a_blind_feed_accuses_nobody_and_is_told_as_what_it_is(house):
    house.heard(at(7))
    house.judge(at(12))
    assert house.verdict(at(12)) == "unknown"
    assert (house.alert()["alert_type"], house.alert()["severity"]) == ("shift_unconfirmed", "low")


def test_evidence_of_something_that_is_no_shift_says_how_shifts_are_written(house):
    with pytest.raises(LookupError, match="write ROSTER@YYYY-MM-DD"):
        evidence_of(house.lake, "gate", at(1), Limits())
    with pytest.raises(LookupError, match="no shift gone@2031-01-01 is known"):
        evidence_of(house.lake, "gone@2031-01-01", at(1), Limits())
