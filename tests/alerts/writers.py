"""Processes that settle ticks beside each other, and everything that they leave in the database."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl
from sqlalchemy import text

from opsguard_assets.alerts.finding import FINDING
from opsguard_assets.alerts.lifecycle import LOCK
from tests.alerts.given import finding
from tests.resources.processes import start, wait_for

TABLES = ("alerts", "alert_transitions", "mutes", "monitor_ticks", "decisions")
_SETTLE = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pydantic import SecretStr
from opsguard_assets.alerts.lifecycle import settle
from resources.database import Database
from tests.alerts.given import MONITOR, minute
from tests.alerts.writers import storm
url, (writers, keys, copies, *ticks) = sys.argv[1], map(int, sys.argv[2:])
database, rows = Database(SecretStr(url)), storm(keys, copies)

def write(writer):
    return [settle(database, rows, MONITOR, minute(15 * (number + writer))) for number in ticks]

with ThreadPoolExecutor(writers) as pool:
    for settled in (one for done in pool.map(write, range(writers)) for one in done):
        assert settled.is_complete
        print("repeated" if settled.is_repeated else "late" if settled.is_late else "settled")
"""
# Everything but numbers that sequences draw and the instants of the clock.
_CONTENT = {
    "alerts": "SELECT to_jsonb(a) - 'alert_id' FROM alerts AS a",
    "alert_transitions": "SELECT to_jsonb(t) - '{alert_id,transition_id,recorded_at}'::text[] || "
    "jsonb_build_object('key', a.dedup_key) FROM alert_transitions AS t JOIN alerts AS a USING (alert_id)",
    "monitor_ticks": "SELECT to_jsonb(t) - 'recorded_at' - 'settled_by' FROM monitor_ticks AS t",
    "decisions": "SELECT to_jsonb(d) - 'alert_id' || jsonb_build_object('has_alert', alert_id IS NOT NULL) "
    "FROM decisions AS d",
}


def finished(process: subprocess.Popen[str], *, seconds: float = 60) -> str:
    """What a process printed, once it ended well."""
    printed, complaint = process.communicate(timeout=seconds)
    assert process.returncode == 0, complaint
    return printed.strip()


def storm(keys: int, copies: int) -> pl.DataFrame:
    """Findings of `keys` tickets, each as often as `copies` says."""
    row = pl.DataFrame([finding()], schema=FINDING)
    numbers = pl.DataFrame({"number": range(keys * copies)}).select(
        entity_id=pl.format("T-{}", pl.col("number") % keys)
    )
    return (
        row.drop("entity_id")
        .join(numbers, how="cross")
        .with_columns(dedup_key=pl.concat_str("alert_type", pl.lit(":"), "entity_id"))
        .select(*FINDING)
    )


def settling(url: str, *ticks: int, keys: int, copies: int = 1, writers: int = 1) -> subprocess.Popen[str]:
    """A process of some writers, each with a session of its own; every next one is a tick later than the one before."""
    return start(_SETTLE, url, *map(str, (writers, keys, copies, *ticks)))


@contextmanager
def held(database, writers: int) -> Iterator[None]:
    """Nobody's turn comes within; at the end all of the writers stand in line, and go at once."""
    with database.lock(LOCK):
        yield
        wait_for(lambda: waiting(database, "advisory") == writers, seconds=240, pause=0.2)


def waiting(database, kind: str) -> int:
    """How many sessions wait for a lock of a kind (advisory, relation)."""
    statement = text(
        "SELECT count(*) FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database "
        "WHERE d.datname = current_database() AND NOT l.granted AND l.locktype = :kind"
    )
    with database.begin() as connection:
        return connection.execute(statement, {"kind": kind}).scalar_one()


def sessions(database) -> int:
    """How many other sessions work, or hold what they did."""
    statement = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND backend_type = 'client backend' AND state <> 'idle'"
    )
    with database.begin() as connection:
        return connection.execute(text(statement)).scalar_one()


def everything(database) -> dict[str, list[str]]:
    """What all tables hold, in an order of its own."""
    with database.begin() as connection:
        return {
            table: sorted(str(row[0]) for row in connection.execute(text(query))) for table, query in _CONTENT.items()
        }


def emptied(database) -> None:
    with database.begin() as connection:
        connection.execute(text(f"TRUNCATE {', '.join(TABLES)} CASCADE"))
