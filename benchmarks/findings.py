"""A tick of 100,000 findings of which 90,000 are known: settled, and as a bare COPY with an upsert.

Here: what is timed of alerts, each side in a schema freshly emptied. Not here: running the sides (`timing`).
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import SecretStr
from sqlalchemy import text

from opsguard_assets.alerts.finding import FINDING
from opsguard_assets.alerts.lifecycle import Monitor, settle
from resources.database import Database
from resources.postgres import start_embedded

_NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
_MONITOR = Monitor("benchmark", ("sla_breach_risk",))
_KNOWN_SHARE = 0.9
_TABLES = "alerts, alert_transitions, mutes, monitor_ticks, decisions"
_FLOOR = """
CREATE TABLE bare (
    dedup_key text PRIMARY KEY, alert_type text, entity_type text, entity_id text, client_id text, site_id text,
    severity text, score double precision, title text, reason text, evidence jsonb, is_raising boolean, withheld text,
    model_name text, model_version text, model_run_id text, occurrences bigint NOT NULL DEFAULT 1
) WITH (fillfactor = 70)
"""
_UPSERT = """
INSERT INTO bare SELECT * FROM incoming ON CONFLICT (dedup_key) DO UPDATE SET
    severity = excluded.severity, score = excluded.score, title = excluded.title, reason = excluded.reason,
    evidence = excluded.evidence, model_name = excluded.model_name, model_version = excluded.model_version,
    occurrences = bare.occurrences + 1
"""


def settled(postgres: str, findings: int) -> Callable[[], object]:
    """OpsGuard: a tick of alerts that were refreshed before, and of some new ones."""
    database = _database(postgres)
    with database.begin() as connection:
        connection.execute(text(f"TRUNCATE {_TABLES}"))
    known = int(findings * _KNOWN_SHARE)
    for number in range(3):
        settle(database, _found(known, number), _MONITOR, _NOON + timedelta(minutes=15 * number))
    _vacuum(database)
    rows = _found(findings, 3)
    return lambda: _complete(settle(database, rows, _MONITOR, _NOON + timedelta(hours=1)), known)


def upserted(postgres: str, findings: int) -> Callable[[], object]:
    """The floor: the same rows by COPY into a temporary table and an upsert of the newest state, and nothing else."""
    database = _database(postgres)
    with database.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS bare"))
        connection.execute(text(_FLOOR))
    for number in range(3):
        _upsert(database, _found(int(findings * _KNOWN_SHARE), number))
    _vacuum(database)
    rows = _found(findings, 3)
    return lambda: _upsert(database, rows)


def _complete(done: Any, known: int) -> None:
    if dict(done.decisions) != {"refreshed": known, "raised": done.findings - known}:
        raise RuntimeError(f"not what was to be measured: {done}")


def _upsert(database: Database, rows: pl.DataFrame) -> None:
    with database.begin() as connection:
        connection.execute(text("CREATE TEMP TABLE incoming (LIKE bare) ON COMMIT DROP"))
        connection.execute(text("ALTER TABLE incoming DROP COLUMN occurrences"))
        raw: Any = connection.connection.driver_connection
        with raw.cursor() as cursor, cursor.copy("COPY incoming FROM STDIN WITH (FORMAT csv)") as copy:
            copy.write(rows.write_csv(include_header=False, quote_style="non_numeric"))
        connection.execute(text(_UPSERT))


def _found(count: int, tick: int) -> pl.DataFrame:
    """Findings of a tick; every number in them changes from tick to tick, as risks do."""
    number = pl.int_range(count).alias("number")
    risk = ((pl.col("number") * 37 + tick * 11) % 300 / 1_000 + 0.7).alias("score")
    facts = pl.select(number).with_columns(risk, minutes=(pl.col("number") * 7 + tick * 15) % 600)
    texts = {
        "dedup_key": pl.format("sla_breach_risk:T-{}", "number"),
        "alert_type": pl.lit("sla_breach_risk"),
        "entity_type": pl.lit("ticket"),
        "entity_id": pl.format("T-{}", "number"),
        "client_id": pl.format("C-{}", pl.col("number") % 50),
        "site_id": pl.format("S-{}", pl.col("number") % 500),
        "severity": pl.when(pl.col("number") % 5 == 0).then(pl.lit("high")).otherwise(pl.lit("medium")),
        "title": pl.format("Ticket T-{} is likely to miss its deadline ({} %)", "number", pl.col("score") * 100 // 1),
        "reason": pl.format("waiting {} min unassigned; the group has 14 open", "minutes"),
        "evidence": pl.struct("score", "minutes").struct.json_encode(),
        "is_raising": pl.lit(value=True),
        "withheld": pl.lit(None, pl.String),
        "told_by": pl.lit(None, pl.String),
        "model_name": pl.lit("lightgbm"),
        "model_version": pl.lit("7"),
        "model_run_id": pl.lit("0123456789abcdef0123456789abcdef"),
    }
    return facts.with_columns(**texts).select(*FINDING)


def _database(postgres: str) -> Database:
    database = Database(SecretStr(start_embedded(Path(postgres))))
    database.migrate()
    return database


def _vacuum(database: Database) -> None:
    """What the server would have done by itself between two ticks."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE)"))
        connection.execute(text("CHECKPOINT"))
