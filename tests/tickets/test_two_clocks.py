"""A tick computed again later says what it said: what was recorded after it was not known by then."""

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from ml.tracking.registry import Registry
from ml.tracking.tracking import Place
from opsguard_assets.build import build_defs
from opsguard_assets.cadences import tick_config
from opsguard_assets.config.settings import Settings
from opsguard_assets.config.sources import FileSource
from opsguard_assets.intake.accepting.accept import accept
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.promotion import ModelCatalog
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tickets.job_names import SCORE_JOB
from opsguard_assets.tickets.sla.derive_io import update_clocks, update_events
from resources.lake import Lake
from resources.progress import Silent
from resources.ticks import last_ticks
from tests.intake.accept.given import deliver
from tests.long import long

TICK = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HELPDESK = FileSource.model_validate(
    {
        "name": "helpdesk",
        "kind": "files",
        "path": "tickets.csv",
        "feeds": [
            {
                "table": "tickets",
                "columns": {
                    "ticket_id": "id",
                    "client_id": {"constant": "C"},
                    "priority": "priority",
                    "status": "status",
                    "opened_at": "opened",
                    "updated_at": "updated",
                },
            }
        ],
    }
)


@pytest.fixture
def lake(tmp_path):
    return Lake(str(tmp_path / "lake"))


def received(lake, *rows, at):
    """Raw states of tickets whose load set out at an instant: (id, status, updated)."""
    names = ("id", "status", "updated")
    frame = pl.DataFrame([dict(zip(names, row, strict=True)) for row in rows])
    stamped = frame.with_columns(
        pl.lit("medium").alias("priority"),
        pl.lit("2026-03-02 08:00").alias("opened"),
        pl.lit(at.strftime("%H%M%S")).alias("_load_id"),
        pl.lit(at).alias("_loaded_at"),
        pl.lit("tickets.csv").alias("_origin"),
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("_position"),
        pl.lit(None, pl.String).alias("_damage"),
        pl.lit(None, pl.String).alias("_text"),
    )
    deliver(lake, stamped)


def accepted(lake, at):
    @contextmanager
    def turn():
        yield at

    accept(lake, HELPDESK, TABLES, turn=turn)


def tick(lake, database, as_of=TICK):
    """What the scheduled job recorded of a moment."""
    models = ModelCatalog(Registry(Place("sqlite://", Path("nowhere"))), Champions(database))
    given = {"lake": lake, "database": database, "progress": Silent(), "inbox": None, "models": models}
    resources = {name: dg.ResourceDefinition.hardcoded_resource(value) for name, value in given.items()}
    job = build_defs(settings=Settings(sources=(HELPDESK,)), resources=resources).resolve_job_def(SCORE_JOB)
    with dg.DagsterInstance.ephemeral() as instance:
        assert job.execute_in_process(run_config=tick_config(SCORE_JOB, as_of), instance=instance).success
    (recorded,) = (found for found in last_ticks(database) if found.job == SCORE_JOB)
    return recorded.row_count, recorded.digest


def test_a_load_that_set_out_before_a_tick_and_arrived_after_it_was_not_known_by_then(lake, database):
    received(lake, ("T1", "open", "2026-03-02 08:00"), at=TICK - 30 * MINUTE)
    accepted(lake, TICK - 20 * MINUTE)
    received(lake, ("T2", "open", "2026-03-02 08:00"), at=TICK - MINUTE)
    said = tick(lake, database)
    assert said[0] == 1
    accepted(lake, TICK + MINUTE)
    update_clocks(lake, progress=Silent())
    assert tick(lake, database) == said
    assert tick(lake, database, TICK + 15 * MINUTE)[0] == 2


@long
def test_a_tick_between_a_load_and_what_follows_from_it_says_what_it_says_afterwards(lake, database):
    states = [("T1", "open", "2026-03-02 08:00"), ("T1", "on_hold", "2026-03-02 08:30")]
    received(lake, *states, at=TICK - 2 * MINUTE)
    accepted(lake, TICK - MINUTE)
    said = tick(lake, database)
    update_events(lake, progress=Silent())
    update_clocks(lake, progress=Silent())
    assert tick(lake, database) == said
