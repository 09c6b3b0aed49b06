"""What is known of an alert's entity and site in a window, as small tables and one picture.

Here: which rows, bounded by entity, site, window and number. Not here: attaching them (`diagnostics`).

Everything is read as it was known at the moment. Names and texts stay as they were received; what shows them makes
them harmless.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from opsguard_assets.devices.health.schemas import DEVICE_HEALTH
from opsguard_assets.drawing import Colour, curve, line, svg, text
from opsguard_assets.remediation.actions.action import World
from opsguard_assets.remediation.playbook.steps import CollectDiagnostics
from opsguard_assets.shifts.verdicts.schemas import SHIFT_COMPLIANCE
from opsguard_assets.tables.registry import DEVICE_EVENTS, TABLES, TELEMETRY, TICKETS, WORK_ORDERS
from opsguard_assets.tables.table import Table
from opsguard_assets.tables.values import INSTANT
from resources.sql import statement

Rows = list[dict[str, Any]]
_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 480.0, 150.0, 10.0, 40.0, 130.0
# Column of telemetry, what it is called, its colour.
_DRAWN: Final[Sequence[tuple[str, str, Colour]]] = (
    ("battery_pct", "charge, %", "blue"),
    ("signal_dbm", "signal, dBm", "amber"),
)
_SHOWN: Final = {
    "telemetry": ("at", "battery_pct", "signal_dbm", "temperature_c", "is_online", "error_count"),
    "events": ("at", "kind", "component"),
    "health": ("as_of", "score", "band", "reason"),
    "tickets": ("ticket_id", "title", "status", "priority", "assignee_id", "opened_at", "resolved_at"),
    "shifts": ("shift_id", "person_id", "post", "starts_at", "verdict", "rule"),
    "orders": ("work_order_id", "vendor_id", "category", "created_at", "due_at", "completed_at"),
}

# By what rows are about an alert.
_ABOUT: Final = {
    **dict.fromkeys(("telemetry", "events", "health"), ("device_id",)),
    "tickets": ("site_id", "client_id", "updated_at"),
    **dict.fromkeys(("shifts", "orders"), ("site_id",)),
}


@dataclass(frozen=True)
class Evidence:
    """What was found.

    Attributes:
        tables: Rows by name of the table, the newest first; instants as text (UTC).
        plot: A picture as SVG; None where there is nothing to draw.
        words: What it is, for people.
    """

    tables: Mapping[str, Rows]
    plot: str | None
    words: str


def gather(world: World, step: CollectDiagnostics, alert: Mapping[str, Any], now: datetime) -> Evidence:
    """What is known of an alert's entity and site.

    Args:
        world: What is read.
        step: Which tables, how many rows, how far back.
        alert: The alert.
        now: The moment of knowledge (UTC).
    """
    window = _Window(world, alert, now, now - timedelta(hours=step.hours), step.rows)
    tables: dict[str, Rows] = {name: _READERS[name](window) for name in step.include}
    found = {name: rows for name, rows in tables.items() if rows}
    counts = ", ".join(f"{len(rows)} {name}" for name, rows in found.items())
    words = f"what is known of the last {step.hours:g} hours: {counts or 'nothing'}"
    return Evidence(found, _plot(found.get("telemetry", []), alert), words)


@dataclass(frozen=True)
class _Window:
    """Where and when is looked: an entity, its site, from an instant until now."""

    world: World
    alert: Mapping[str, Any]
    now: datetime
    since: datetime
    rows: int

    @property
    def after(self) -> pl.Expr:
        """The beginning, as an expression."""
        return pl.lit(self.since, INSTANT)

    def is_about(self, kind: str) -> bool:
        """Whether the alert is about an entity of a kind."""
        return bool(self.alert["entity_type"] == kind)

    def newest(self, rows: pl.DataFrame, mine: pl.Expr, name: str, by: str) -> Rows:
        """The newest of those rows that are about the alert, with the columns that people need."""
        if rows.is_empty():
            return []
        found = rows.filter(mine, pl.col(by) > self.after)
        # What is equally new stands in the order of its identifier.
        order = found.sort(_SHOWN[name][0], maintain_order=True).sort(by, descending=True, maintain_order=True)
        shown = order.head(self.rows).select(_SHOWN[name])
        instants = [column for column, dtype in shown.schema.items() if dtype == pl.Datetime]
        return shown.with_columns(pl.col(instants).dt.strftime("%Y-%m-%dT%H:%M:%SZ")).to_dicts()

    def read(self, name: str, rows_of: Callable[["_About"], pl.LazyFrame]) -> pl.DataFrame:
        """Rows about the alert; where others are moved with it, about all of their alerts, read once."""
        world, hours = self.world, (self.now - self.since) / timedelta(hours=1)
        columns = [*_ABOUT[name], *_SHOWN[name]]
        if self.alert["alert_id"] not in world.beside:
            return rows_of(_About([self.alert])).select(columns).collect()
        if (name, hours) not in world.read:
            world.read[name, hours] = rows_of(_About(list(world.beside.values()))).select(columns).collect()
        found: pl.DataFrame = world.read[name, hours]
        return found


@dataclass(frozen=True)
class _About:
    """What some alerts are about."""

    alerts: Sequence[Mapping[str, Any]]

    def entities(self, kind: str) -> pl.Series:
        """Identifiers of the entities of a kind, as a list for `is_in`."""
        return _listed(each["entity_id"] for each in self.alerts if each["entity_type"] == kind)

    def values(self, name: str) -> pl.Series:
        """What a column of the alerts holds, as a list for `is_in`."""
        return _listed(each[name] for each in self.alerts if each[name] is not None)


def _listed(values: Iterable[str]) -> pl.Series:
    return pl.Series(sorted(set(values)), dtype=pl.String).implode()


def _is(column: str, value: str | None) -> pl.Expr:
    return pl.col(column) == pl.lit(value, pl.String)


def _telemetry(window: _Window) -> Rows:
    return _of_device(window, TELEMETRY.name, "telemetry")


def _events(window: _Window) -> Rows:
    return _of_device(window, DEVICE_EVENTS.name, "events")


def _of_device(window: _Window, table: str, name: str) -> Rows:
    if not window.is_about("device"):
        return []

    def rows_of(about: _About) -> pl.LazyFrame:
        return window.world.lake.known(TABLES[table], window.now).filter(
            pl.col("device_id").is_in(about.entities("device")), pl.col("at") > window.after
        )

    return window.newest(window.read(name, rows_of), _is("device_id", window.alert["entity_id"]), name, "at")


def _health(window: _Window) -> Rows:
    if not window.is_about("device") or not window.world.lake.exists(DEVICE_HEALTH.derived_name):
        return []

    def rows_of(about: _About) -> pl.LazyFrame:
        return window.world.lake.scan(DEVICE_HEALTH.derived_name).filter(
            pl.col("date") >= window.since.date(), pl.col("device_id").is_in(about.entities("device")),
            pl.col("as_of") > window.after, pl.col("as_of") <= pl.lit(window.now, INSTANT),
        )  # fmt: skip

    mine = _is("device_id", window.alert["entity_id"])
    return window.newest(window.read("health", rows_of), mine, "health", "as_of")


def _tickets(window: _Window) -> Rows:
    alert = window.alert

    def rows_of(about: _About) -> pl.LazyFrame:
        own, at_sites = (
            pl.col("ticket_id").is_in(about.entities("ticket")),
            pl.col("site_id").is_in(about.values("site_id")),
        )
        return window.world.lake.known(TICKETS, window.now).filter(own | at_sites, pl.col("updated_at") > window.after)

    own = pl.lit(window.is_about("ticket")) & _is("ticket_id", alert["entity_id"])
    at_site = _is("site_id", alert["site_id"]) & _is("client_id", alert["client_id"])
    mine = own.fill_null(value=False) | at_site.fill_null(value=False)
    return window.newest(window.read("tickets", rows_of), mine, "tickets", "updated_at")


def _shifts(window: _Window) -> Rows:
    return _at_site(window, SHIFT_COMPLIANCE, "shifts", "starts_at")


def _orders(window: _Window) -> Rows:
    return _at_site(window, WORK_ORDERS, "orders", "created_at")


def _at_site(window: _Window, table: Table, name: str, by: str) -> Rows:
    def rows_of(about: _About) -> pl.LazyFrame:
        return window.world.lake.known(table, window.now).filter(
            pl.col("site_id").is_in(about.values("site_id")), pl.col(by) > window.after
        )

    return window.newest(window.read(name, rows_of), _is("site_id", window.alert["site_id"]), name, by)


def _alerts(window: _Window) -> Rows:
    asked = {
        **{name: window.alert[name] for name in ("alert_id", "entity_type", "entity_id", "site_id", "client_id")},
        "since": window.since, "now": window.now, "rows": window.rows,
    }  # fmt: skip
    with window.world.database.begin() as connection:
        found = connection.execute(statement(__name__, "recent_alerts"), asked).mappings()
        return [{name: _plain(value) for name, value in row.items()} for row in found]


def _plain(value: Any) -> Any:
    return f"{value:%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else value


_READERS: Final[Mapping[str, Callable[[_Window], Rows]]] = {
    "telemetry": _telemetry,
    "health": _health,
    "events": _events,
    "tickets": _tickets,
    "shifts": _shifts,
    "orders": _orders,
    "alerts": _alerts,
}


def _plot(reports: Rows, alert: Mapping[str, Any]) -> str | None:
    """Charge and signal of a device over the window, each between its own least and greatest value."""
    if len(reports) < 2:  # noqa: PLR2004 - a line has two ends
        return None
    parts = [line((_LEFT, _BOTTOM), (_WIDTH - _LEFT, _BOTTOM))]
    for place, (name, words, colour) in enumerate(_DRAWN):
        known = [(_seconds(row["at"]), float(row[name])) for row in reversed(reports) if row[name] is not None]
        if known:
            least, most = min(value for _, value in known), max(value for _, value in known)
            said = f"{words}: {least:g} to {most:g}"
            parts += [curve(_placed(known), colour), text(_LEFT + place * 240, 145, said, colour=colour)]
    return svg(f"Reports of {alert['entity_id']}", parts, _WIDTH, _HEIGHT).decode()


def _placed(known: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Points of the picture for instants and values, in their order."""
    begin, end = known[0][0], known[-1][0]
    least, most = min(value for _, value in known), max(value for _, value in known)
    wide, high = (end - begin) or 1.0, (most - least) or 1.0
    return [
        (_LEFT + (at - begin) / wide * (_WIDTH - 2 * _LEFT), _BOTTOM - (value - least) / high * (_BOTTOM - _TOP))
        for at, value in known
    ]


def _seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()
