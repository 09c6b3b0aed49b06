"""Executions of playbooks for people: one with its steps, questions, messages and history; the newest of a client.

Here: reading and composing them; a client's are never read with another one's. Not here: advancing them
(`remediation`), showing them (`web`).
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection

from opsguard_assets.views.actions import Subject
from opsguard_assets.views.clocks import span
from opsguard_assets.views.mentioned import change_words, known_of, named_history, people_in_history, people_in_steps
from opsguard_assets.views.names import named_readers, names_of
from opsguard_assets.views.questions import ApprovalView, approval_views
from opsguard_assets.views.texts import line, named, shortened
from resources.database import Database
from resources.lake import Lake
from resources.sql import statement

Row = dict[str, Any]
_MOST, _VALUE = 50, 600
# How much a playbook may do by itself, as people say it.
MODES = {
    "shadow": "shadow: it writes down what it would do, and does nothing",
    "approval": "with approval: it asks before it acts",
    "alone": "alone: it acts by itself",
}
STATES = {
    "awaiting_approval": "awaits an approval",
    "running": "running",
    "waiting": "waiting",
    "succeeded": "succeeded",
    "partial": "partly done",
    "failed": "failed",
    "cancelled": "cancelled",
    "expired": "expired",
    "unknown": "unknown: a person has to look",
}
PHASES = {"steps": "", "on_failure": "after a failure", "undo": "undone"}


@dataclass(frozen=True)
class StepView:
    """A step that was reached.

    Attributes:
        name: As the log calls it.
        action: What kind of step it is.
        phase: Empty for ordinary steps, else which.
        state: planned, done, failed, unknown or skipped.
        words: What happened, in one sentence; None while nothing has.
        changes: What it changed, or would change, before → after.
        input: Names and values that it was given.
        output: Names and values that it returned, without the changes.
        started_at: When it was reached.
        ended_at: When it ended; None while it has not.
        lasted: How long it took; None while it has not ended.
        attempts: How often it was tried.
        deadline_at: When it fails if it has not ended.
    """

    name: str
    action: str
    phase: str
    state: str
    words: str | None
    changes: tuple[str, ...]
    input: tuple[tuple[str, str], ...]
    output: tuple[tuple[str, str], ...]
    started_at: datetime
    ended_at: datetime | None
    lasted: str | None
    attempts: int
    deadline_at: datetime | None


@dataclass(frozen=True)
class ExecutionView:
    """An execution as people read it.

    Attributes:
        row: The columns of `executions`, `title` of its playbook and `undone_by`.
        state: Where it stands, in words.
        mode: How much it could do by itself, in words.
        requester: Who or what started it.
        steps: The steps that it has reached.
        approvals: What people were asked.
        messages: Who was asked or told, with `who`.
        history: What happened to it, the first one first.
    """

    row: Row
    state: str
    mode: str
    requester: str
    steps: tuple[StepView, ...]
    approvals: tuple[ApprovalView, ...]
    messages: tuple[Row, ...]
    history: tuple[Row, ...]


@dataclass(frozen=True)
class Whose:
    """What a link is about.

    Attributes:
        client_id: The client; None where it belongs to none.
        alert_id: The alert; None where it is about an incident.
    """

    client_id: str | None
    alert_id: int | None


def whose(connection: Connection, subject: Subject) -> Whose | None:
    """The client of an alert, incident or approval; None where there is no such thing."""
    values = {"kind": subject.kind, "number": subject.number}
    row = connection.execute(statement(__name__, "executions/whose"), values).first()
    return Whose(row.client_id, row.alert_id) if row else None


def execution_view(
    database: Database, lake: Lake, execution_id: int, client_id: str | None, now: datetime
) -> ExecutionView | None:
    """The view of an execution of a client; None where there is none, or it is another client's.

    Args:
        database: Where executions are.
        lake: Where names are.
        execution_id: Which.
        client_id: Whose it has to be; None: nobody's.
        now: The time of the clock (UTC).
    """
    numbered = {"execution_id": execution_id}
    with database.begin() as connection:
        found = _rows(connection, "one", **numbered, client_id=client_id)
        if not found:
            return None
        steps = _rows(connection, "steps", **numbered)
        numbers = [each["approval_id"] for each in _rows(connection, "approvals", **numbered)]
        messages = _rows(connection, "messages", **numbered)
        history = _rows(connection, "history", **numbered)
    (row,) = found
    mentioned = {row["requested_by"]} | people_in_steps(steps) | people_in_history(history)
    names = names_of(lake, [], people=[*sorted(mentioned), *(message["person_id"] for message in messages)])
    people = known_of(mentioned, names)
    return ExecutionView(
        row={**row, "reason": named(row["reason"] or "", people) or None},
        state=STATES[row["state"]],
        mode=MODES[row["mode"]],
        requester=named(row["requested_by"], people),
        steps=tuple(step_view(step, people) for step in steps),
        approvals=tuple(approval_views(database, partial(names_of, lake), numbers, now)),
        messages=tuple(named_readers(messages, names)),
        history=tuple(named_history(history, people)),
    )


def step_view(row: Mapping[str, Any], people: Mapping[str, str]) -> StepView:
    """A step from its row of `execution_steps`, with the names of people whom it mentions."""
    output = row["output"] or {}
    changes = output.get("changes") or (row["input"] or {}).get("changes") or ()
    ended = row["ended_at"]
    return StepView(
        name=row["name"],
        action=row["action"],
        phase=PHASES[row["phase"]],
        state=row["state"],
        words=named(row["words"], people) if row["words"] else row["words"],
        changes=tuple(change_words(change, people) for change in changes if isinstance(change, Mapping)),
        input=_pairs(row["input"]),
        output=_pairs(output),
        started_at=row["started_at"],
        ended_at=ended,
        lasted=None
        if ended is None
        else _lasted((ended - row["started_at"]).total_seconds(), span(ended - row["started_at"])),
        attempts=row["attempts"],
        deadline_at=row["deadline_at"],
    )


def newest(connection: Connection, client_id: str | None, *, limit: int = _MOST) -> list[Row]:
    """The newest executions of a client, with `title`, `alert_title`, and how their playbooks stand now."""
    return [_in_words(row) for row in _rows(connection, "newest", client_id=client_id, limit=limit)]


def of_alerts(connection: Connection, alert_ids: Sequence[int], *, limit: int = _MOST) -> list[Row]:
    """The executions about some alerts, the newest first."""
    return [_in_words(row) for row in _rows(connection, "of_alerts", alert_ids=list(alert_ids), limit=limit)]


def playbooks_in(executions: Sequence[Row]) -> list[Row]:
    """The playbooks of some rows of `newest`: `playbook`, `title`, `mode` in words, since when, `paused_at`, counts."""
    first = {row["playbook"]: row for row in reversed(executions)}
    counts = Counter((row["playbook"], row["state"]) for row in executions)
    return [
        {
            "playbook": name,
            "title": row["title"] or name,
            "mode": "no file holds it any more" if row["removed_at"] else MODES.get(row["mode_now"], "unknown"),
            "mode_since": row["mode_since"],
            "paused_at": row["paused_at"],
            "ended": ", ".join(f"{number} {STATES[state].partition(':')[0]}" for state, number in _of(counts, name)),
        }
        for name, row in sorted(first.items())
    ]


def _of(counts: Mapping[tuple[str, str], int], name: str) -> list[tuple[str, int]]:
    found = [(state, number) for (playbook, state), number in counts.items() if playbook == name]
    return sorted(found, key=lambda each: (-each[1], each[0]))


def _in_words(row: Row) -> Row:
    return {**row, "state_words": STATES[row["state"]], "mode_words": MODES[row["mode"]]}


def _pairs(values: object) -> tuple[tuple[str, str], ...]:
    """Names and values of a step as text; what is nested as JSON."""
    if not isinstance(values, Mapping):
        return ()
    return tuple(
        (line(str(name)).replace("_", " "), _value(value))
        for name, value in values.items()
        if name != "changes" and value not in (None, "", [], {})
    )


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return shortened(text, _VALUE)


def _lasted(seconds: float, words: str) -> str:
    return words if seconds >= 60 else f"{seconds:.1f} s"  # noqa: PLR2004 - a minute


def _rows(connection: Connection, name: str, **values: object) -> list[Row]:
    return [dict(row) for row in connection.execute(statement(__name__, f"executions/{name}"), values).mappings()]
