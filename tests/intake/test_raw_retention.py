"""Raw records are deleted when their load was accepted long ago; what is still to be accepted stays."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import polars as pl
import pytest

from opsguard_assets.config.load import parse_settings
from opsguard_assets.housekeeping import keep_house_job
from opsguard_assets.intake.accepting.accept import accept
from opsguard_assets.intake.accepting.raw_retention import delete_accepted
from opsguard_assets.intake.ledger import report
from opsguard_assets.intake.mapping.origin import MappingError
from opsguard_assets.tables.registry import TABLES as CONTRACT
from resources.lake import Lake
from tests.intake.accept.given import TABLES, case, deliver, raw, source
from tests.intake.hostile import csv, row
from tests.intake.receive.inboxes import Mailbox, files
from tests.intake.test_reaccept import RIGHT, ROWS, WRONG, states, totals
from tests.resources.test_housekeeping import grow_older

FUTURE = datetime.now(UTC) + timedelta(days=1)


def loads(lake):
    """The loads whose raw records are there."""
    return sorted(lake.scan("raw/helpdesk").select("_load_id").unique().collect()["_load_id"])


def two_loads(tmp_path):
    """A lake with two loads, of which the first was accepted, with rejected rows, before the instant given back."""
    lake = Lake(str(tmp_path))
    deliver(lake, raw(ROWS, load=1))
    accept(lake, WRONG, TABLES)
    between = datetime.now(UTC)
    deliver(lake, raw([case("E", "Neu"), case("F", "open")], load=2))
    accept(lake, WRONG, TABLES)
    return lake, between


def test_records_of_loads_that_were_accepted_before_the_instant_go_and_the_others_stay(tmp_path):
    lake, between = two_loads(tmp_path)
    before = (totals(lake), states(lake), len(lake.scan("quarantine/cases").collect()))
    assert delete_accepted(lake, "helpdesk", between) == 4
    assert loads(lake) == ["0002"]
    assert (totals(lake), states(lake), len(lake.scan("quarantine/cases").collect())) == before
    assert before[0] == (6, 2, 4, 0)
    assert delete_accepted(lake, "helpdesk", between) == 0
    assert accept(lake, WRONG, TABLES) == []


def test_a_load_that_waits_to_be_accepted_stays_however_old_it_is(tmp_path):
    lake, _ = two_loads(tmp_path)
    misfit = source({"title": "Nowhere"})
    deliver(lake, raw([case("G", "open")], load=3))
    with pytest.raises(MappingError):
        accept(lake, misfit, TABLES)
    assert delete_accepted(lake, "helpdesk", FUTURE) == 6
    assert loads(lake) == ["0003"]
    (late,) = [load for load in accept(lake, WRONG, TABLES) if load.received]
    assert (late.load_id, late.accepted) == ("0003", 1)


def test_a_load_whose_acceptance_was_interrupted_stays(tmp_path):
    from tests.intake.accept.test_accept import Killed, Mortal

    deliver(Lake(str(tmp_path)), raw(ROWS))
    with pytest.raises(Killed):
        accept(Mortal(str(tmp_path), write=4, before=True), WRONG, TABLES)
    lake = Lake(str(tmp_path))
    assert delete_accepted(lake, "helpdesk", FUTURE) == 0
    assert loads(lake) == ["0001"]


def test_another_source_and_one_that_never_loaded_lose_nothing(tmp_path):
    lake, _ = two_loads(tmp_path)
    assert delete_accepted(lake, "elsewhere", FUTURE) == 0
    assert delete_accepted(Lake(str(tmp_path / "empty")), "helpdesk", FUTURE) == 0
    assert loads(lake) == ["0001", "0002"]


def test_a_corrected_mapping_says_how_many_rejected_rows_it_could_not_judge(tmp_path):
    lake, between = two_loads(tmp_path)
    delete_accepted(lake, "helpdesk", between)
    repaired, gone = accept(lake, RIGHT, TABLES)
    assert (repaired.accepted, repaired.rejected, repaired.raw_deleted) == (1, -1, 0)
    assert (gone.received, gone.accepted, gone.rejected, gone.unchanged, gone.raw_deleted) == (0, 0, 0, 0, 3)
    assert totals(lake) == (6, 3, 3, 0)
    assert states(lake) == {"B": "open", "E": "new", "F": "open"}
    result = report.deleted_records(lake.scan("intake/loads").collect())
    (words,) = result
    assert words == (
        "helpdesk: 3 rejected rows of cases were not judged by the changed mapping: their raw records were deleted "
        "(retention.raw_days). Deliver them again to have them accepted."
    )
    assert accept(lake, RIGHT, TABLES) == []
    deliver(lake, raw(ROWS, load=3))
    (again,) = accept(lake, RIGHT, TABLES)
    assert (again.received, again.accepted, again.rejected, again.unchanged) == (4, 2, 1, 1)


def test_rows_that_an_earlier_mapping_repaired_are_not_told_of_again(tmp_path):
    lake, _ = two_loads(tmp_path)
    accept(lake, RIGHT, TABLES)
    accept(lake, source({"state": {"from": "State", "values": {"Neu": "new"}}}), TABLES)
    delete_accepted(lake, "helpdesk", FUTURE)
    (gone,) = accept(lake, RIGHT, TABLES)
    assert gone.raw_deleted == 1  # the state `what`, which no mapping knows


def test_the_daily_job_deletes_them_and_the_loader_receives_nothing_again(tmp_path, database):
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "a.csv").write_bytes(csv(row("T1"), row("T2")))
    mailbox, helpdesk = Mailbox(tmp_path), files(folder)
    mailbox.receive(helpdesk)
    lake = Lake(mailbox.lake_uri)
    accept(lake, helpdesk, CONTRACT)
    known = lake.known(CONTRACT["tickets"]).collect()
    # The ledger says when it was accepted.
    aged = lake.scan("intake/loads").with_columns(pl.col("recorded_at").dt.offset_by("-8d")).collect()
    lake.replace("intake/loads", aged)
    settings = parse_settings(
        f"retention: {{raw_days: 7}}\nsources: [{helpdesk.model_dump_json(by_alias=True, exclude_unset=True)}]",
        name="opsguard.yaml",
        variables={},
    )
    for _ in range(2):
        result = keep_house(settings, lake, database)
        grow_older(lake, days=40)
    assert result.success
    assert mailbox.raw("helpdesk").is_empty()
    assert mailbox.receive(helpdesk).rows == 0
    (folder / "b.csv").write_bytes(csv(row("T3")))
    assert mailbox.receive(helpdesk).rows == 1
    assert [load.accepted for load in accept(lake, helpdesk, CONTRACT)] == [1]
    assert lake.known(CONTRACT["tickets"]).collect().height == known.height + 1


def keep_house(settings, lake, database):
    """One run of the daily job."""
    given = {"lake": lake, "database": database}
    job = keep_house_job("keep_house_job", settings)
    with dg.DagsterInstance.ephemeral() as instance:
        resources = {name: dg.ResourceDefinition.hardcoded_resource(value) for name, value in given.items()}
        return (
            dg.Definitions(jobs=[job], resources=resources)
            .resolve_job_def(job.name)
            .execute_in_process(instance=instance)
        )
