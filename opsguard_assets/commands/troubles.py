"""Pending and failed work for `opsguard status`: runs, checks, rejected rows, escalations, one sentence each.

Here: reading the tables of Dagster and OpsGuard. Not here: the rest of the overview (`overview`).
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, TextClause, text

from resources.database import DAGSTER
from resources.sql import statement

Row = dict[str, Any]
_DAY = timedelta(days=1)
# Only this many of the newest check results are read: the query stays fast, however long the history is.
_CHECKS_LOOKED_AT = 20_000


def troubles_of(connection: Connection, sources: Sequence[Row], now: datetime) -> list[Row]:
    """Everything pending or failed: kind, place, and a sentence with the remedy."""
    return [
        *_failed_runs(connection, now),
        *_failed_checks(connection),
        *_over_limits(sources),
        *_waiting(connection, now),
    ]


def _failed_runs(connection: Connection, now: datetime) -> Iterator[Row]:
    if not exists(connection, f"{DAGSTER}.runs"):
        return
    since = (now - _DAY).replace(tzinfo=None)
    rows = rows_of(connection, statement(__name__, "failed_runs"), since=since)
    for row in rows:
        runs = f"{row['runs']} runs" if row["runs"] > 1 else "1 run"
        yield {
            "what": "failed run",
            "where": row["job"],
            "words": f"{runs} failed within a day, the last at {row['at']:%Y-%m-%d %H:%M} UTC; "
            "the reasons are in Dagster (`opsguard up`, Runs)",
        }


def _failed_checks(connection: Connection) -> Iterator[Row]:
    """The checks whose newest result is a failure; errors first."""
    if not exists(connection, f"{DAGSTER}.asset_check_executions"):
        return
    rows = rows_of(connection, statement(__name__, "failed_checks"), newest=_CHECKS_LOOKED_AT)
    entries = [_check(row) for row in rows]
    yield from sorted(entries, key=lambda row: (row["what"] != "failed check", row["where"]))


def _check(row: Row) -> Row:
    event = json.loads(row["evaluation_event"])["dagster_event"]["event_specific_data"]
    is_error = "WARN" not in json.dumps(event["severity"])
    where = f"{'/'.join(json.loads(row['asset_key']))} {row['check_name']}"
    return {
        "what": "failed check" if is_error else "warning",
        "where": where,
        "words": event.get("description") or "see the asset's page in Dagster",
    }


def _over_limits(sources: Sequence[Row]) -> Iterator[Row]:
    for source in sources:
        if source["is_over_limit"]:
            yield {
                "what": "rejected rows",
                "where": f"source {source['source']}",
                "words": f"{source['rejected']:,} of {source['received']:,} rows of its last load are in quarantine, "
                "more than max_rejected_share allows; correct the mapping or the source, then run `opsguard sync`",
            }


def _waiting(connection: Connection, now: datetime) -> Iterator[Row]:
    (count,) = rows_of(connection, statement(__name__, "waiting_escalations"), since=now - _DAY)
    words = {
        "unknown": "{} escalations have no known result; check the helpdesk, then `opsguard escalations "
        "resolve-unknown`",
        "failed": "{} escalations failed within a day; `opsguard escalations list --state failed` says why",
        "open": "{} escalations are pending; the next run retries them",
        "notices": "{} notices of escalations were sent to nobody; `opsguard deliver --once` decides who gets them",
    }
    for name, sentence in words.items():
        if count[name]:
            yield {"what": "waits", "where": "escalations", "words": sentence.format(f"{count[name]:,}")}
    (messages,) = rows_of(connection, statement(__name__, "waiting_messages"), since=now - _DAY)
    said = {
        "unknown": "{} messages have no known result; ask the readers, then `opsguard deliver resolve-unknown`",
        "failed": "{} messages failed within a day; `opsguard deliver list --state failed` says why",
    }
    for name, sentence in said.items():
        if messages[name]:
            yield {"what": "waits", "where": "messages", "words": sentence.format(f"{messages[name]:,}")}


def exists(connection: Connection, table: str) -> bool:
    """Whether Dagster has created a table yet."""
    (found,) = rows_of(connection, "SELECT to_regclass(:table) AS found", table=table)
    return found["found"] is not None


def rows_of(connection: Connection, query: str | TextClause, **values: object) -> list[Row]:
    """The rows of a statement."""
    clause = text(query) if isinstance(query, str) else query
    return [dict(row) for row in connection.execute(clause, values).mappings()]
