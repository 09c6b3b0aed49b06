"""Routing in the database: one transaction that reads, decides, records and plans.

Here: statements and their order. Not here: deciding (`decide`), what is known of people (`roster_io`), sending.

Runs of routing follow one another by a lock of their own. Incidents are locked while they are decided on, so that
acknowledging waits, and takes back what was planned. A message has a key that the database holds once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection, text

from opsguard_assets.incidents.messages_io import record, supersede
from opsguard_assets.incidents.notices import DECIDED_TOLD, DIGEST, NOTICE, RESOLVED, UPDATE
from opsguard_assets.routing.decide import decide
from opsguard_assets.routing.frames import PAST, WORK, Case, Decided, Roster, Rules
from resources.database import Database
from resources.sql import statement

ACTOR: Final = "routing"
LOCK: Final = "opsguard routing"
_LOADS = pl.Schema({"person_id": pl.String(), "load": pl.Int64()})
_SENT = pl.Schema({"channel": pl.String(), "address": pl.String(), "sent": pl.Int64()})
_LEADING = pl.Schema(
    {name: WORK[name] for name in ("incident_id", "last_seen_at", "alert_type", "entity_type", "entity_id")}
)
_DUE = pl.Schema(
    {
        "notice_id": pl.Int64(), "channel": pl.String(), "address": pl.String(), "person_id": pl.String(),
        "audience": pl.String(), "incident_id": pl.Int64(), "state": pl.String(), "priority": pl.Int64(),
        "is_critical": pl.Boolean(),
    }
)  # fmt: skip


@dataclass(frozen=True)
class Routed:
    """What a run did.

    Attributes:
        incidents: Incidents decided on.
        decisions: Decisions recorded, by what was decided.
        planned: Messages planned.
        digests: Digests planned.
    """

    incidents: int
    decisions: Mapping[str, int]
    planned: int
    digests: int


def route(database: Database, roster: Roster, rules: Rules, *, now: datetime) -> Routed:
    """Decides on everything that is new or due, and plans its messages, in one transaction.

    Args:
        database: Where incidents are.
        roster: Everybody who may be told, as known now.
        rules: By what.
        now: The time of the clock (UTC).
    """
    with database.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": LOCK})
        case = case_of(connection, now)
        decided = decide(case, roster, rules)
        planned = _write(connection, case, decided, now)
        digests = _digests(connection, now)
    counts = dict(decided.notices.group_by("decision").len().sort("decision").iter_rows())
    return Routed(len(case.work), counts, planned, digests)


def case_of(connection: Connection, now: datetime) -> Case:
    """What there is to decide, with everything that was decided about it before."""
    work = _read(connection, "work", WORK, now=now)
    numbers = work["incident_id"].to_list()
    leading = _read(connection, "leading", _LEADING, incident_ids=numbers)
    names = [name for name in leading.columns if name != "incident_id"]
    return Case(
        work=work.drop(names).join(leading, on="incident_id", how="left", maintain_order="left").select(WORK.names()),
        past=_read(connection, "past", PAST, incident_ids=numbers),
        loads=_read(connection, "loads", _LOADS),
        sent=_read(connection, "sent", _SENT, since=now - timedelta(hours=1)),
        now=now,
    )


def _write(connection: Connection, case: Case, decided: Decided, now: datetime) -> int:
    ended = case.work.filter(pl.col("state") == "resolved")["incident_id"].to_list()
    words = "a newer state is told instead"
    supersede(connection, [*decided.updated, *ended], [UPDATE], at=now, actor=ACTOR, words=words)
    supersede(connection, ended, [RESOLVED], at=now, actor=ACTOR, words=words)
    if decided.told_now:
        connection.execute(statement(__name__, "void_digests"), {"incident_ids": decided.told_now})
    planned = record(connection, decided.notices, at=now, actor=ACTOR)
    if len(decided.moves):
        connection.execute(statement(__name__, "move"), {"rows": decided.moves.write_json()})
    return planned


def _digests(connection: Connection, now: datetime) -> int:
    """Plans the digests that are due, at most one per recipient and hour; what is over by now is left out."""
    due = _read(connection, "digests_due", _DUE, now=now)
    if due.is_empty():
        return 0
    void = due.filter(pl.col("state") != "open")["notice_id"].to_list()
    connection.execute(statement(__name__, "void"), {"notice_ids": void})
    hour = f"{now:%Y-%m-%dT%H}Z"
    key = pl.concat_str(pl.lit(DIGEST), "channel", "address", pl.lit(hour), separator="/")
    waiting = due.filter(pl.col("state") == "open").with_columns(message_key=key)
    sent = "SELECT message_key FROM notices WHERE message_key = ANY (:keys)"
    keys = waiting["message_key"].unique().to_list()
    had = pl.Series(connection.execute(text(sent), {"keys": keys}).scalars().all(), dtype=pl.String)
    waiting = waiting.filter(~pl.col("message_key").is_in(had.implode()))
    notices = waiting.group_by("message_key", maintain_order=True).agg(
        pl.col("channel", "address", "person_id", "audience").first(),
        pl.col("priority").max(), pl.col("is_critical").any(), count=pl.len(),
    ).with_columns(
        kind=pl.lit(DIGEST), step=pl.lit(0), decision=pl.lit(DECIDED_TOLD), rule=pl.lit(DIGEST), urgency=pl.lit(DIGEST),
        reason=pl.format("{} incidents waited for it", "count"), due_at=pl.lit(now), incident_id=pl.lit(None),
        incident_version=pl.lit(None),
    )  # fmt: skip
    planned = record(
        connection, notices.select(pl.col(name).cast(dtype) for name, dtype in NOTICE.items()), at=now, actor=ACTOR
    )
    connection.execute(
        statement(__name__, "in_digest"), {"rows": waiting.select("notice_id", "message_key").write_json()}
    )
    return planned


def accounted(database: Database, *, before: datetime) -> tuple[int, int, int]:
    """Unresolved incidents; those without owner and reason; messages that should have ended before a moment."""
    with database.begin() as connection:
        row = connection.execute(statement(__name__, "accounted"), {"before": before}).one()
    return int(row.incidents), int(row.unexplained), int(row.overdue)


def decisions_about(database: Database, alert_ids: list[int]) -> list[dict[str, Any]]:
    """Every decision about the incidents of some alerts, the newest first."""
    with database.begin() as connection:
        rows = connection.execute(statement(__name__, "about_alerts"), {"alert_ids": alert_ids})
        return [dict(row) for row in rows.mappings()]


def nothing_at(now: datetime) -> Case:
    """A case without incidents."""
    return Case(WORK.to_frame(), PAST.to_frame(), _LOADS.to_frame(), _SENT.to_frame(), now)


def present_case(database: Database, now: datetime) -> Case:
    """The present without any incident to decide on: who has how much, and who was told within the hour."""
    with database.begin() as connection:
        loads = _read(connection, "loads", _LOADS)
        sent = _read(connection, "sent", _SENT, since=now - timedelta(hours=1))
    return replace(nothing_at(now), loads=loads, sent=sent)


def priority_of(database: Database, alert_id: int) -> int | None:
    """The priority of an alert; None where it was not triaged."""
    with database.begin() as connection:
        found = connection.execute(statement(__name__, "priority_of"), {"alert_id": alert_id}).scalar()
    return None if found is None else int(found)


def decisions_on(database: Database, incident_ids: list[int]) -> list[dict[str, Any]]:
    """Every decision about some incidents, the newest first."""
    with database.begin() as connection:
        rows = connection.execute(statement(__name__, "about_incidents"), {"incident_ids": incident_ids})
        return [dict(row) for row in rows.mappings()]


def _read(connection: Connection, name: str, schema: pl.Schema, **values: object) -> pl.DataFrame:
    rows = connection.execute(statement(__name__, name), values).all()
    return pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row")
