"""What playbooks attached to alerts, as small tables for people; columns of numbers over time as a row of blocks, too.

Here: reading it, and words for names and values. Not here: collecting it (`remediation.actions`), showing it.

Names and texts in it came from outside: values are on one line, without control characters, and of bounded length.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from opsguard_assets.views.clocks import clock
from opsguard_assets.views.texts import line, shortened
from resources.sql import statement

Row = dict[str, Any]
_MOST, _VALUE, _COLUMNS = 20, 120, 8
_INSTANT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
_BLOCKS = "▁▂▃▄▅▆▇█"
_POINTS = 24
_TITLES = {"diagnostics": "Diagnostics", "substitutes": "Who could come"}
# Rows that people know by another name than the attachment does.
_NAMES = {"proposals": "proposed, the best first"}
_WORDS = {
    "at": "when", "as_of": "when", "battery_pct": "charge, %", "signal_dbm": "signal, dBm",
    "temperature_c": "temperature, °C", "is_online": "online", "error_count": "errors", "ticket_id": "ticket",
    "assignee_id": "assignee", "opened_at": "opened", "resolved_at": "resolved", "shift_id": "shift",
    "person_id": "person", "starts_at": "starts", "work_order_id": "order", "vendor_id": "vendor",
    "created_at": "created", "due_at": "due", "completed_at": "completed", "alert_id": "alert", "alert_type": "type",
    "first_seen_at": "since", "last_seen_at": "last seen",
}  # fmt: skip
# What is nearest to the alert comes first.
_TABLES = ("proposals", "telemetry", "health", "events", "tickets", "shifts", "orders", "alerts")
_FIRST = (
    "at", "as_of", "name", "ticket_id", "title", "shift_id", "post", "work_order_id", "category", "alert_id",
    "verdict", "status", "state", "battery_pct", "signal_dbm", "temperature_c", "is_online", "error_count", "score",
    "band", "kind", "component", "priority", "severity", "reason",
)  # fmt: skip
# Columns that are worth a row of blocks.
_DRAWN = ("battery_pct", "signal_dbm", "score")


@dataclass(frozen=True)
class Table:
    """A small table.

    Attributes:
        name: What its rows are, such as "telemetry".
        columns: What its columns are called.
        rows: The newest first.
        total: How many rows there are, also those that are not among `rows`.
        lines: Numbers over time, one line each: "charge, % ▇▆▅▂ 80 to 41".
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: int
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Attachment:
    """What one step attached.

    Attributes:
        attachment_id: Its number.
        title: What it is.
        at: When it was collected.
        playbook: By which playbook; None where the execution is unknown.
        tables: What was found; none where nothing was.
        notes: What is said beside them, such as why nobody could come.
        has_plot: Whether there is a picture.
    """

    attachment_id: int
    title: str
    at: datetime
    playbook: str | None
    tables: tuple[Table, ...]
    notes: tuple[str, ...]
    has_plot: bool


def attachments_of(connection: Connection, alert_id: int, *, limit: int = _MOST) -> list[Row]:
    """What is attached to an alert, the newest first."""
    found = connection.execute(statement(__name__, "attachments"), {"alert_id": alert_id, "limit": limit})
    return [dict(row) for row in found.mappings()]


def plot_of(connection: Connection, alert_id: int, attachment_id: int) -> str | None:
    """The picture of an attachment of an alert as SVG; None where there is none."""
    values = {"alert_id": alert_id, "attachment_id": attachment_id}
    return connection.execute(statement(__name__, "plot"), values).scalar()


def newest(rows: Sequence[Row]) -> list[Row]:
    """The newest attachment of each kind.

    Args:
        rows: Of `attachments_of`, the newest first.
    """
    found: dict[str, Row] = {}
    for row in rows:
        found.setdefault(row["kind"], row)
    return list(found.values())


def attachment(row: Mapping[str, Any], zone: str, *, most: int) -> Attachment:
    """An attachment for people.

    Args:
        row: Of `attachments_of`.
        zone: The time zone in which instants are said.
        most: Maximum number of rows of each table.
    """
    content = row["content"] if isinstance(row["content"], Mapping) else {}
    named = sorted(content, key=lambda name: (_TABLES.index(name) if name in _TABLES else len(_TABLES), name))
    tables = [_table(name, content[name], zone, most) for name in named if isinstance(content[name], list)]
    return Attachment(
        attachment_id=row["attachment_id"],
        title=_TITLES.get(row["kind"], line(row["kind"])),
        at=row["at"],
        playbook=row["playbook"],
        tables=tuple(table for table in tables if table.columns),
        notes=tuple(shortened(text, 300) for text in content.values() if isinstance(text, str) and text),
        has_plot=row["plot"] is not None,
    )


def _table(name: str, found: list[Any], zone: str, most: int) -> Table:
    rows = [row for row in found if isinstance(row, Mapping)]
    held = dict.fromkeys(key for row in rows for key, value in row.items() if value not in (None, "", []))
    ordered = sorted(held, key=lambda name: _FIRST.index(name) if name in _FIRST else len(_FIRST))
    columns = tuple(ordered)[:_COLUMNS]
    return Table(
        name=_NAMES.get(name, shortened(name.replace("_", " "), 60)),
        columns=tuple(_WORDS.get(column, shortened(column.replace("_", " "), 40)) for column in columns),
        rows=tuple(tuple(_value(row.get(column), zone) for column in columns) for row in rows[:most]),
        total=len(rows),
        lines=tuple(filter(None, (_blocks(column, rows) for column in _DRAWN if column in held))),
    )


def _value(value: object, zone: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.1f}".removesuffix(".0")
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        return clock(datetime.fromisoformat(value), zone)
    return shortened(str(value), _VALUE)


def _blocks(column: str, rows: Sequence[Mapping[str, Any]]) -> str | None:
    """A column over time as a row of blocks, from the oldest to the newest; None where there are too few numbers."""
    values = [row.get(column) for row in reversed(rows)]
    known = [float(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(known) < 3:  # noqa: PLR2004 - two numbers stand in the table
        return None
    size = -(-len(known) // _POINTS)
    means = [sum(part) / len(part) for part in (known[at : at + size] for at in range(0, len(known), size))]
    least, most = min(means), max(means)
    span = (most - least) or 1.0
    drawn = "".join(_BLOCKS[min(int((mean - least) / span * len(_BLOCKS)), len(_BLOCKS) - 1)] for mean in means)
    return f"{_WORDS.get(column, column)} {drawn} {_value(known[0], 'UTC')} to {_value(known[-1], 'UTC')}"
