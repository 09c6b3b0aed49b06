"""The content of `opsguard status`, read from what is already recorded.

Here: one function per question; each reads a few rows of the database or the statistics of the lake's files. Not here:
pending and failed work (`troubles`), printing (`status`), and checks of the installation (`diagnosis`).

The tables of Dagster and MLflow are read with SQL, because importing either library takes longer than the whole
command may.
"""

import shutil
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

import polars as pl
from sqlalchemy import Connection

from opsguard_assets.commands.troubles import Row, exists, rows_of, troubles_of
from opsguard_assets.config.settings import Settings
from opsguard_assets.config.sources import SimulatorSource
from opsguard_assets.domains import ALERT_TYPES, JOBS, fed_problems
from opsguard_assets.intake.ledger import ledger
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.monitoring_records import last_record
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tables.values import INSTANT
from resources.addresses import shown
from resources.database import DAGSTER, Database
from resources.installation import Installation
from resources.lake import Lake
from resources.sql import statement

_HEARTBEAT = timedelta(minutes=2)


@dataclass(frozen=True)
class Overview:
    """Everything that the command shows; rows are ready for JSON.

    Attributes:
        as_of: When it was asked.
        jobs: Each job of this installation: time between two runs, newest tick, lag, what was scored, newest run.
        alerts: How many alerts are unresolved, by monitor and type.
        models: The model that scores each problem, since when, and the newest result of its monitoring.
        sources: Each configured source: newest row, last load.
        troubles: Pending and failed work, one sentence each, the worst first.
        places: Where the data is stored, and whether schedules run.
    """

    as_of: datetime
    jobs: list[Row]
    alerts: list[Row]
    models: list[Row]
    sources: list[Row]
    troubles: list[Row]
    places: Row

    def as_json(self) -> Row:
        """The overview for JSON output."""
        return asdict(self)


def overview(opened: Installation, settings: Settings, now: datetime) -> Overview:
    """The whole overview at a moment."""
    lake = opened.lake
    loads = _loads(lake)
    fed = _fed(settings, loads)
    learned = [problem.name for problem in fed_problems(fed) if problem.is_wanted(settings)]
    with opened.database.begin() as connection:
        sources = _sources(lake, settings, loads)
        return Overview(
            as_of=now,
            jobs=_jobs(connection, lake, fed, now),
            alerts=_alerts(connection),
            models=[_model(opened.database, problem, now) for problem in learned],
            sources=sources,
            troubles=troubles_of(connection, sources, now),
            places=_places(opened, connection, now),
        )


def _fed(settings: Settings, loads: pl.DataFrame) -> set[str]:
    """The canonical tables that sources write into."""
    named = {feed.table for source in settings.sources for feed in getattr(source, "feeds", ())}
    simulates = any(isinstance(source, SimulatorSource) for source in settings.sources)
    needed = {name for job in JOBS.values() for name in job.needs} if simulates else set()
    return named | needed | set(loads["table"])


def _jobs(connection: Connection, lake: Lake, fed: set[str], now: datetime) -> list[Row]:
    ticks, runs, scored_by = _newest_ticks(connection), _newest_runs(connection), _scored_by(connection)
    found = []
    for job in (each for each in JOBS.values() if each.is_fed(fed)):
        run = runs.get(job.name, {})
        tick = ticks.get(job.settles or job.name)
        newest = tick or run.get("succeeded_at")
        lag = now - newest if newest else None
        scored, counted = job.counts or (None, None)
        found.append(
            {
                "job": job.name,
                "every_minutes": int(job.cadence.every / timedelta(minutes=1)),
                "newest": newest,
                "lag_minutes": round(lag / timedelta(minutes=1)) if lag is not None else None,
                "is_late": lag is not None and lag > job.cadence.late_after,
                "rows": _count(lake, scored.derived_name, tick) if scored and tick else None,
                "counted": counted,
                "model": scored_by.get(job.name),
                "last_run": run.get("status"),
                "last_run_at": run.get("at"),
            }
        )
    return found


def _newest_ticks(connection: Connection) -> dict[str, datetime]:
    """The newest tick that each monitor settled in order, and the newest escalation tick."""
    rows = rows_of(
        connection,
        "SELECT monitor AS name, max(as_of) AS as_of FROM monitor_ticks WHERE NOT is_late GROUP BY 1 "
        "UNION ALL SELECT 'escalate_sla_job', max(as_of) FROM escalation_ticks",
    )
    return {row["name"]: row["as_of"] for row in rows if row["as_of"]}


def _scored_by(connection: Connection) -> dict[str, str]:
    rows = rows_of(
        connection,
        "SELECT DISTINCT ON (job) job, model_name, model_version FROM ticks WHERE model_name IS NOT NULL "
        "ORDER BY job, as_of DESC",
    )
    return {row["job"]: f"{row['model_name']} {row['model_version']}" for row in rows}


def _newest_runs(connection: Connection) -> dict[str, Row]:
    """The newest run of each job, and the end of the last successful one."""
    if not exists(connection, f"{DAGSTER}.runs"):
        return {}
    rows = rows_of(connection, statement(__name__, "newest_runs"))
    return {
        row["job"]: {
            "status": row["status"].lower(),
            "at": row["at"].replace(tzinfo=UTC),
            "succeeded_at": datetime.fromtimestamp(row["ended"], UTC) if row["ended"] else None,
        }
        for row in rows
    }


def _count(lake: Lake, name: str, as_of: datetime) -> int | None:
    """The rows of a tick; the day is a partition."""
    if not lake.exists(name):
        return None
    at = as_of.astimezone(UTC)
    rows = lake.scan(name).filter(pl.col("date") == at.date(), pl.col("as_of") == pl.lit(at, INSTANT))
    return int(rows.select(pl.len()).collect().item())


def _alerts(connection: Connection) -> list[Row]:
    counted = rows_of(connection, statement(__name__, "unresolved_alerts"))
    monitors = _monitors(connection)
    order = {kind: place for place, kind in enumerate(ALERT_TYPES)}
    entries = [{"monitor": monitors.get(row["alert_type"]), **row} for row in counted]
    return sorted(entries, key=lambda row: order.get(row["alert_type"], len(order)))


def _monitors(connection: Connection) -> dict[str, str]:
    """The monitor that raised the unresolved alerts of each type."""
    rows = rows_of(
        connection,
        "SELECT DISTINCT ON (a.alert_type) a.alert_type, t.actor FROM alerts AS a JOIN alert_transitions AS t "
        "USING (alert_id) WHERE a.state <> 'resolved' AND t.from_state IS NULL ORDER BY a.alert_type, a.alert_id DESC",
    )
    return {row["alert_type"]: row["actor"] for row in rows}


def _model(database: Database, problem: str, now: datetime) -> Row:
    champions = Champions(database)
    champion, challenger = champions.current(problem), champions.challenger(problem)
    since = champions.at(problem, now)
    looked = last_record(database, problem, champion.version, now) if champion else None
    return {
        "problem": problem,
        "champion": champion.version if champion else None,
        "since": since.at if champion and since else None,
        "challenger": challenger.version if challenger else None,
        "looked_at": looked.as_of if looked else None,
        "is_useful": looked.is_useful if looked else None,
        "found": looked.words if looked else None,
    }


def _loads(lake: Lake) -> pl.DataFrame:
    """The newest load of each source and table, and the time of the last one with new rows."""
    columns = ["source", "table", "load_id", "received", "accepted", "rejected", "loaded_at"]
    if not lake.exists(ledger.NAME):
        return ledger.empty().select(columns).with_columns(news_at=pl.col("loaded_at"))
    news = pl.col("loaded_at").filter(pl.col("accepted") > 0).max().alias("news_at")
    rows = lake.scan(ledger.NAME).select(columns).sort("loaded_at")
    return rows.group_by("source", "table").agg(pl.exclude("source", "table").last(), news_at=news).collect()


def _sources(lake: Lake, settings: Settings, loads: pl.DataFrame) -> list[Row]:
    found = []
    for source in settings.sources:
        is_simulator = isinstance(source, SimulatorSource)
        mine = pl.col("source").str.starts_with(f"{source.name}_") if is_simulator else pl.col("source") == source.name
        rows = loads.filter(mine)
        last = rows.filter(pl.col("load_id") == pl.col("load_id").max().over("source"))
        tables = sorted(rows["table"].unique())
        dated = [at for name in tables if name in TABLES and (at := lake.newest_row(TABLES[name]))]
        found.append(
            {
                "source": source.name,
                "kind": source.kind,
                "tables": tables,
                "newest_row_at": max(dated, default=None),
                "last_load_at": last["loaded_at"].max(),
                "last_news_at": rows["news_at"].max(),
                "received": int(last["received"].sum()),
                "accepted": int(last["accepted"].sum()),
                "rejected": int(last["rejected"].sum()),
                "is_over_limit": _over_limit(last, getattr(source, "max_rejected_share", 0.0)),
            }
        )
    return found


def _over_limit(last: pl.DataFrame, limit: float) -> bool:
    return len(last.filter(pl.col("rejected") > limit * pl.col("received"))) > 0


def _places(opened: Installation, connection: Connection, now: datetime) -> Row:
    place, database = opened.environment, opened.database
    beat = None
    if exists(connection, f"{DAGSTER}.daemon_heartbeats"):
        (row,) = rows_of(connection, statement(__name__, "newest_heartbeat"))
        beat = row["at"].replace(tzinfo=UTC) if row["at"] else None
    return {
        "home": str(place.home),
        "config": str(place.config) if place.config else None,
        "database": shown(database.url.get_secret_value()) if place.database_url else "embedded",
        "migration": database.revision(),
        "lake": place.lake,
        "free_bytes": shutil.disk_usage(place.home).free,
        "schedules_run": beat is not None and now - beat < _HEARTBEAT,
        "schedules_seen_at": beat,
    }
