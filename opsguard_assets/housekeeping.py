"""The daily job that keeps the stores small.

Here: which tables there are to look after (the records of the domains say), and old runs of Dagster. Not here:
compaction and pins (`resources.housekeeping`).
"""

from datetime import UTC, date, datetime, timedelta

import dagster as dg

from opsguard_assets.alerts.lifecycle import prune
from opsguard_assets.cadences import job_tags
from opsguard_assets.config.settings import Settings
from opsguard_assets.domains import DOMAINS, PROBLEMS
from opsguard_assets.finance.revenue.schemas import FINANCE_TABLES
from opsguard_assets.intake.accepting import withdraw
from opsguard_assets.intake.accepting.raw_retention import delete_accepted
from opsguard_assets.intake.assets import ACCEPT_LOCK
from opsguard_assets.intake.ledger import batch_marks, ledger
from opsguard_assets.intake.ledger.groups import source_groups
from opsguard_assets.intake.readers.simulated import direct_sources
from opsguard_assets.metadata import preview_rows
from opsguard_assets.models.outcomes import outcomes_of
from opsguard_assets.scorecards.kpis.schemas import KPI_ROWS, KPIS, PAST
from opsguard_assets.scorecards.signing.snapshots_io import release
from opsguard_assets.scorecards.value.schemas import VALUE_DELIVERED
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.web.tokens import forget_used
from resources.database import Database
from resources.housekeeping import PROBE, tidy
from resources.lake import Lake
from sensors.launching import naming_executor

_FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
_MOST_RUNS = 5_000
# The value of acting is that of a year: of alerts from two months before its first deadline on, a month after its end.
_MEASURED_FOR = timedelta(days=365 + 62 + 31)
# Who uses an expired link within a month still finds its record; a signature of Slack holds for five minutes.
_LINKS_KEPT, _CLICKS_KEPT = timedelta(days=30), timedelta(days=1)
# What a tick writes of its moment, by day.
SCORES = tuple(table for domain in DOMAINS for table in domain.tables.scores)
# Tables of all domains together.
ACROSS = (KPIS, KPI_ROWS, PAST, VALUE_DELIVERED, *FINANCE_TABLES)
INTAKE_BOOKS = (ledger.NAME, batch_marks.BEGUN, batch_marks.WRITTEN, withdraw.LISTS)


@dg.op
def delete_old_links(context: dg.OpExecutionContext, database: dg.ResourceParam[Database]) -> None:
    """Deletes links that expired long ago, and what is remembered of Slack's clicks."""
    now = datetime.now(UTC)
    deleted = forget_used(database, links_before=now - _LINKS_KEPT, clicks_before=now - _CLICKS_KEPT)
    context.add_output_metadata({"rows_deleted": deleted})


def keep_house_job(name: str, settings: Settings) -> dg.JobDefinition:
    """The job that compacts and vacuums the lake and deletes what is older than it is kept."""

    @dg.op
    def tidy_lake(
        context: dg.OpExecutionContext, lake: dg.ResourceParam[Lake], database: dg.ResourceParam[Database]
    ) -> None:
        release(database, datetime.now(UTC))
        done = tidy(lake, lake_tables(settings), database, retention_days=settings.retention.lake_days)
        context.add_output_metadata(
            {
                "tables": preview_rows([vars(table) for table in done]),
                "files_vacuumed": sum(table.files_vacuumed for table in done),
            }
        )

    @dg.op
    def delete_old_raw(
        context: dg.OpExecutionContext, lake: dg.ResourceParam[Lake], database: dg.ResourceParam[Database]
    ) -> None:
        before = datetime.now(UTC) - timedelta(days=settings.retention.raw_days)
        deleted: dict[str, int] = {}
        for group in source_groups(direct_sources(settings.sources)):
            with database.lock(f"{ACCEPT_LOCK} {group.name}"):
                deleted |= {source.name: delete_accepted(lake, source.name, before) for source in group.sources}
        context.add_output_metadata({"rows_deleted": sum(deleted.values()), **deleted})

    @dg.op
    def delete_old_scores(context: dg.OpExecutionContext, lake: dg.ResourceParam[Lake]) -> None:
        before = (datetime.now(UTC) - timedelta(days=settings.retention.risk_days)).date()
        deleted = forget_scores(lake, before)
        context.add_output_metadata({"rows_deleted": sum(deleted.values()), **deleted})

    @dg.op
    def delete_old_decisions(context: dg.OpExecutionContext, database: dg.ResourceParam[Database]) -> None:
        now = datetime.now(UTC)
        before = now - timedelta(days=settings.retention.decision_days)
        context.add_output_metadata({"rows_deleted": prune(database, before, min(before, now - _MEASURED_FOR))})

    @dg.op
    def delete_old_runs(context: dg.OpExecutionContext) -> None:
        before = datetime.now(UTC) - timedelta(days=settings.retention.run_days)
        context.add_output_metadata({"runs_deleted": delete_runs(context.instance, before)})

    @dg.job(
        name=name,
        executor_def=naming_executor,
        tags=job_tags(name),
        description="Compacts the lake, removes files that no kept version needs, and deletes old raw records, scores, "
        "decisions and runs.",
    )
    def keep_house() -> None:
        delete_old_raw()
        delete_old_scores()
        delete_old_decisions()
        delete_old_links()
        tidy_lake()
        delete_old_runs()

    return keep_house


def lake_tables(settings: Settings) -> list[str]:
    """Every table that this installation can have written."""
    raw = [f"raw/{source.name}" for source in direct_sources(settings.sources)]
    written = [domain.tables for domain in DOMAINS]
    versioned = [table.name for tables in written for table in tables.versioned]
    kept = [f"tables/{name}" for name in (*TABLES, *versioned)]
    derived = [table.derived_name for tables in written for table in (*tables.derived, *tables.scores)]
    states = [name for tables in written for name in tables.others]
    outcomes = [outcomes_of(problem) for problem in PROBLEMS]
    quarantined = [f"quarantine/{name}" for name in TABLES]
    across = [table.derived_name for table in ACROSS]
    others = [*across, *INTAKE_BOOKS, "derivations", PROBE]
    return [*raw, *kept, *quarantined, *derived, *outcomes, *states, *others]


def forget_scores(lake: Lake, before: date) -> dict[str, int]:
    """Deletes the scores of ticks before a day; how many rows of each table that exists."""
    names = [table.derived_name for table in SCORES]
    return {name: lake.forget(name, "date", before) for name in names if lake.exists(name)}


def delete_runs(instance: dg.DagsterInstance, before: datetime) -> int:
    """Deletes finished runs created before an instant with what they printed, some thousands at most; how many."""
    old = dg.RunsFilter(statuses=_FINISHED, created_before=before)
    records = instance.get_run_records(old, limit=_MOST_RUNS)
    for record in records:
        instance.compute_log_manager.delete_logs(prefix=[record.dagster_run.run_id])
        instance.delete_run(record.dagster_run.run_id)
    return len(records)
