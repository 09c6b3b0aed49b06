"""Assets of the intake: raw records of every source, and the canonical tables that they fill.

Here: reading the stores, calling one function, showing its figures. Not here: receiving (`receive`), accepting
(`accept`) or anything that can be computed without Dagster.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial

import dagster as dg
import polars as pl

from opsguard_assets.config.load import ConfigError
from opsguard_assets.config.sources import DirectSource, RecordSource, SimulatorSource
from opsguard_assets.intake.accepting.accept import accept
from opsguard_assets.intake.ledger import ledger, report
from opsguard_assets.intake.ledger.groups import SourceGroup
from opsguard_assets.intake.ledger.quarantine import RejectedRow
from opsguard_assets.intake.mapping.origin import MappingError
from opsguard_assets.intake.raw.received import RawTableError, Received, SourceError
from opsguard_assets.intake.readers.simulated import heed, live_on
from opsguard_assets.intake.receiving.inbox import Inbox
from opsguard_assets.metadata import Materialized, check_spec, column_schema, figures, key_of, owners_of, preview
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tables.table import Table, typed_as
from resources.database import Database
from resources.environment import EnvironmentVariableError
from resources.lake import TABLES_LOCK, Lake
from resources.progress import Progress

RAW = "raw"
SIMULATED = "simulated"
SYNC_LOCK = "opsguard sync"
COLUMNS_CHECK = "columns_are_as_before"
ACCEPT_LOCK = "opsguard accept"
_DAYS_SHOWN = 30
# The checks of every accepted table, and whether what follows from the table waits for them.
_CHECKS = {
    "received_is_accounted_for": True,
    "rejected_within_limit": False,
    "mapping_fits": False,
    "lists_are_complete": False,
    "rejected_rows_can_be_judged": False,
}


def raw_key(source: str) -> dg.AssetKey:
    """The asset key of a source's raw records."""
    return dg.AssetKey([RAW, source])


def simulated_key(source: SimulatorSource) -> dg.AssetKey:
    """The asset key of the files that a simulator writes."""
    return dg.AssetKey([SIMULATED, source.name])


def simulated_asset(source: SimulatorSource) -> dg.AssetsDefinition:
    """The asset of a simulated provider's records."""

    @dg.asset(
        key=simulated_key(source),
        group_name="intake",
        kinds={"polars", "parquet"},
        owners=owners_of("intake"),
        description="Records of a simulated provider, written as files until the moment of the run; the truth behind "
        "them lies beside, for calibration.",
    )
    def simulated(database: dg.ResourceParam[Database], progress: dg.ResourceParam[Progress]) -> Materialized:
        until = datetime.now(UTC)
        with database.lock(f"{SYNC_LOCK} {source.name}"):
            done = heed(source, database)
            written = live_on(source, until=until, progress=progress.begin(f"{source.name}: simulating"))
        return dg.MaterializeResult(metadata=figures({"records_written": written, "until": until, "heeded": done}))

    return simulated


def raw_asset(source: DirectSource, ready: Sequence[dg.AssetKey] = ()) -> dg.AssetsDefinition:
    """The asset of one source's raw records; `ready` are assets that must exist before."""

    @dg.asset(
        key=raw_key(source.name),
        deps=ready,
        group_name="intake",
        kinds={"dlt", "deltalake"},
        owners=owners_of("intake"),
        description=f"One row per record as received from `{source.name}` ({source.kind}). Appended, never changed; "
        "deleted `retention.raw_days` after they were accepted.",
        check_specs=[
            check_spec("source_was_readable", raw_key(source.name)),
            check_spec("every_file_was_readable", raw_key(source.name)),
            check_spec(COLUMNS_CHECK, raw_key(source.name)),
        ],
    )
    def raw(
        inbox: dg.ResourceParam[Inbox], database: dg.ResourceParam[Database], progress: dg.ResourceParam[Progress]
    ) -> Materialized:
        # What the source does not say today, the others may: it fails a check, not those who share its tables.
        refusals: list[str] = []
        with database.lock(f"{SYNC_LOCK} {source.name}"):
            try:
                received = inbox.receive(source, loaded_at=datetime.now(UTC), progress=progress)
            except (SourceError, ConfigError, EnvironmentVariableError) as error:
                received = Received()
                refusals.append(str(error))
        failures = [f"{failure.origin}: {failure.reason}" for failure in received.failures]
        drift = [change.words for change in received.drift]
        return dg.MaterializeResult(
            metadata=figures({"dagster/row_count": received.rows, "origins": len(received.origins)}),
            check_results=[
                _check(raw_key(source.name), "source_was_readable", refusals),
                _check(raw_key(source.name), "every_file_was_readable", failures),
                _check(raw_key(source.name), COLUMNS_CHECK, drift, dg.AssetCheckSeverity.WARN),
            ],
        )

    return raw


def accepted_assets(group: SourceGroup) -> dg.AssetsDefinition:
    """The canonical tables of one group of sources."""
    tables = [TABLES[name] for name in group.tables]
    limits = {source.name: source.max_rejected_share for source in group.sources}

    @dg.multi_asset(
        name=f"accept_{group.name}",
        specs=[
            dg.AssetSpec(
                key_of(table),
                deps=[raw_key(s.name) for s in group.sources if table.name in _tables(s)],
                group_name=table.room,
                kinds={"polars", "deltalake"},
                owners=owners_of(table.room),
                description=f"{table.grain} Every version that was ever known; grain: {', '.join(table.key)}.",
                metadata={"dagster/column_schema": column_schema(table), "dagster/table_name": f"tables/{table.name}"},
            )
            for table in tables
        ],
        check_specs=[
            check_spec(name, key_of(table), blocking=blocking) for table in tables for name, blocking in _CHECKS.items()
        ],
    )
    def accepted(
        lake: dg.ResourceParam[Lake], database: dg.ResourceParam[Database], progress: dg.ResourceParam[Progress]
    ) -> Iterator[Materialized]:
        loads: list[ledger.Accepted] = []
        misfits: list[tuple[RecordSource, str]] = []
        with database.lock(f"{ACCEPT_LOCK} {group.name}"):
            for source in group.sources:
                # Whose mapping does not fit, or whose raw records cannot be read, fails a check of the tables that it
                # feeds; the others are accepted.
                try:
                    loads += accept(lake, source, TABLES, turn=partial(_turn, database), progress=progress)
                except (MappingError, RawTableError) as error:
                    misfits.append((source, str(error)))
        for table in tables:
            words = [said for source, said in misfits if table.name in _tables(source)]
            mine = [load for load in loads if load.table == table.name]
            yield _page(lake, table, mine, _checks(table, mine, words, limits))

    return accepted


@contextmanager
def _turn(database: Database) -> Iterator[datetime]:
    with database.lock(TABLES_LOCK):
        yield datetime.now(UTC)


def _tables(source: object) -> set[str]:
    return {feed.table for feed in getattr(source, "feeds", ())}


def _page(
    lake: Lake, table: Table, loads: list[ledger.Accepted], checks: Sequence[dg.AssetCheckResult]
) -> Materialized:
    """What one table's page shows of the loads of this run."""
    rows = ledger.rows_of(loads)
    totals = rows.select(pl.col("received", "accepted", "rejected", "unchanged", "withdrawn").sum()).row(0, named=True)
    name = f"quarantine/{table.name}"
    quarantine = (
        lake.scan(name).filter(pl.col("load_id").is_in([x.load_id for x in loads])) if lake.exists(name) else None
    )
    rules = report.rejected_per_rule(typed_as(RejectedRow, quarantine).collect()) if quarantine is not None else None
    return dg.MaterializeResult(
        asset_key=key_of(table),
        metadata={
            **figures(totals),
            "loads": preview(report.ledger_summary(rows)),
            **({"rejected_per_rule": preview(rules.drop("example"))} if rules is not None and len(rules) else {}),
            **({"rows_by_day": _by_day(lake, table)} if table.is_daily else {}),
        },
        check_results=checks,
    )


def _checks(
    table: Table, loads: list[ledger.Accepted], misfits: list[str], limits: dict[str, float]
) -> list[dg.AssetCheckResult]:
    """What is wrong with the loads of one table, and with the mappings of those that brought none."""
    key, rows = key_of(table), ledger.rows_of(loads)
    return [
        _check(key, "received_is_accounted_for", _lines(report.not_conserved(rows))),
        _check(key, "rejected_within_limit", _lines(report.above_share(rows, limits))),
        _check(key, "mapping_fits", misfits),
        _check(key, "lists_are_complete", report.incomplete_lists(rows)),
        _check(key, "rejected_rows_can_be_judged", report.deleted_records(rows), dg.AssetCheckSeverity.WARN),
    ]


def _by_day(lake: Lake, table: Table) -> dg.MarkdownMetadataValue:
    """The last days of a daily table, from the statistics of its files alone."""
    return preview(lake.daily(table).rows_by_day().tail(_DAYS_SHOWN).reverse(), limit=_DAYS_SHOWN)


def _lines(rows: pl.DataFrame) -> list[str]:
    words = "{source}: {received} received, {accepted} accepted, {rejected} rejected, {unchanged} unchanged"
    return [words.format(**row) for row in rows.iter_rows(named=True)]


def _check(
    key: dg.AssetKey,
    name: str,
    findings: list[str],
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR,
) -> dg.AssetCheckResult:
    """Passed when nothing was found; otherwise the findings in words."""
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=name,
        passed=not findings,
        severity=severity,
        description="; ".join(findings[:10]) or None,
        metadata={"findings": len(findings)},
    )
