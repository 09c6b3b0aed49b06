"""Playbooks: a tick over 10,000 executions that wait, and 1,000 executions of five steps from alerts to their ends.

Here: the data and what is timed of it, each side in tables freshly emptied; a clock that is set. Not here: running the
sides (`timing`).
"""

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import psycopg
from pydantic import SecretStr
from sqlalchemy import text

from benchmarks.storm import found
from opsguard_assets.alerts.lifecycle import Monitor, settle
from opsguard_assets.config.settings import Settings
from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.entitlements.entitled import entitlements
from opsguard_assets.incidents.io import Context, group_alerts
from opsguard_assets.incidents.rules_io import described_types, rules_of
from opsguard_assets.remediation.actions.action import World
from opsguard_assets.remediation.engine.advance_io import advance
from opsguard_assets.remediation.engine.triggers_io import trigger
from opsguard_assets.remediation.playbook.model import Playbook
from resources.database import Database
from resources.lake import Lake
from resources.postgres import start_embedded
from resources.sql import statement
from tests.remediation.given import STEPS_AS_THE_FIRST

_NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
_KIND, _PER_SITE = "device_silent", 4
_CLAIMS = "opsguard_assets.remediation.engine.claim_io"
_CONDITIONS = "opsguard_assets.remediation.actions.conditions"
_TABLES = (
    "alerts, alert_transitions, monitor_ticks, decisions, alert_priorities, incidents, incident_alerts, notices, "
    "effects, executions, execution_steps, execution_transitions, approvals, trigger_decisions, playbooks, "
    "playbook_versions, mutes"
)
_WAIT = {"do": "wait_for", "condition": "alert_acknowledged", "within_minutes": 600}
_FIVE = (
    {"do": "collect_diagnostics"},
    {"do": "notify", "to": ["lead"], "text": "{what}"},
    _WAIT,
    {"do": "mute", "minutes": 60, "reason": "it is looked at"},
    {"do": "resolve_alert", "unseen": True},
)
_TRIAGED = """
INSERT INTO alert_priorities (alert_id, opening, as_of, action_probability, priority, hourly_harm, reasons, basis)
SELECT alert_id, openings, last_seen_at, 0.5, 50, 10, '[]', 'rule' FROM alerts
"""
_ALONE = "UPDATE playbooks SET mode = 'alone'"
_TAKEN = "UPDATE alerts SET acknowledged_at = last_seen_at"
_SENT = "UPDATE effects SET state = 'done', settled_at = due_at, settled_by = 'benchmark' WHERE state = 'planned'"
_ENDED = "SELECT count(*) FROM executions WHERE state = 'succeeded' AND mode = 'alone'"
_LATER = "UPDATE executions SET due_at = due_at + interval '1 day' WHERE execution_id > 1"
_AS_THE_FIRST = """
UPDATE executions AS e SET state = f.state, begun_at = f.begun_at, due_at = f.due_at, deadline_at = f.deadline_at
FROM executions AS f WHERE f.execution_id = 1 AND e.execution_id > f.execution_id
"""
_KEPT = ("execution_steps", "execution_transitions", "effects", "notices")


def tick(postgres: str, waiting: int) -> Callable[[], object]:
    """OpsGuard: a tick in which all that wait for a person to take the alert are due, and none was taken."""
    world, clock = _waiting(postgres, waiting), _Clock()
    return lambda: _looked_at(world, clock.later(seconds=75))


def idle_tick(postgres: str, waiting: int) -> Callable[[], object]:
    """OpsGuard: a tick in which all wait and none is due."""
    world = _waiting(postgres, waiting)
    return lambda: _looked_at(world, _NOON)


def bare_query(postgres: str, waiting: int) -> Callable[[], object]:
    """The floor: what waits, whether its alert was taken, and that it waits on: three statements."""
    world, clock = _waiting(postgres, waiting), _Clock()

    def run() -> None:
        now = clock.later(seconds=75)
        with world.database.begin() as connection:
            asked = {"now": now, "except": []}
            rows = connection.execute(statement(_CLAIMS, "claiming/waiting"), asked).all()
            alerts = {"alert_ids": [row.alert_id for row in rows]}
            taken = set(connection.execute(statement(_CONDITIONS, "conditions/acknowledged"), alerts).scalars())
            others = [row.execution_id for row in rows if row.alert_id not in taken]
            again = {"execution_ids": others, "poll_at": now + timedelta(seconds=60), "now": now}
            connection.execute(statement(_CLAIMS, "claiming/poll_again"), again)
        if len(rows) != waiting:
            raise RuntimeError(f"{len(rows):,} of {waiting:,} were due")

    return run


def end_to_end(postgres: str, executions: int) -> Callable[[], object]:
    """OpsGuard: alerts start a playbook of five steps, and every execution goes to its end."""
    world, playbook = _raised(postgres, executions, *_FIVE)
    return lambda: _ended(world, playbook, executions)


def bare_steps(postgres: str, executions: int) -> Callable[[], object]:
    """The floor: the rows that `end_to_end` writes, each step in a transaction of its own, by the bare driver."""
    world, playbook = _raised(postgres, executions, *_FIVE)
    _ended(world, playbook, executions)
    with world.database.begin() as connection:
        for table in _KEPT:
            connection.execute(text(f"DROP TABLE IF EXISTS kept_{table}"))
            connection.execute(text(f"CREATE TABLE kept_{table} AS SELECT * FROM {table}"))  # noqa: S608 - our names
        connection.execute(text("CREATE INDEX ON kept_execution_steps (execution_id, step)"))
        numbers = connection.execute(text("SELECT execution_id FROM executions ORDER BY 1")).scalars().all()
        connection.execute(text(f"TRUNCATE {', '.join(_KEPT)} CASCADE"))
    url = world.database.url.get_secret_value()

    def run() -> None:
        with psycopg.connect(url, autocommit=True, options="-csearch_path=opsguard") as connection:
            for number in numbers:
                for step in range(len(_FIVE)):
                    with connection.transaction():
                        connection.execute(_STEP, (number, step))
                        connection.execute(_MOVE, (step + 1, number))
            for table in _KEPT[1:]:
                connection.execute(f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM kept_{table}")  # type: ignore[arg-type]  # noqa: S608

    return run


_STEP = "INSERT INTO execution_steps SELECT * FROM kept_execution_steps WHERE execution_id = %s AND step = %s"
_MOVE = "UPDATE executions SET step = %s WHERE execution_id = %s"


class _Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.at = _NOON

    def later(self, *, seconds: float) -> datetime:
        """The time after so many seconds."""
        self.at += timedelta(seconds=seconds)
        return self.at


def _looked_at(world: World, now: datetime) -> None:
    done = advance(world, [], now=lambda: now)
    if done.moved or done.errors:
        raise RuntimeError(f"nothing was to be moved: {done}")


def _waiting(postgres: str, waiting: int) -> World:
    """So many executions that wait: the engine brings one there, the others become like it."""
    world, playbook = _raised(postgres, waiting, _WAIT)
    trigger(world, [playbook], now=_NOON)
    with world.database.begin() as connection:
        connection.execute(text(_LATER))
    advance(world, [], now=lambda: _NOON)
    with world.database.begin() as connection:
        for words in (_AS_THE_FIRST, STEPS_AS_THE_FIRST):
            connection.execute(text(words))
    with world.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE executions, execution_steps, alerts"))
    return world


def _ended(world: World, playbook: Playbook, executions: int) -> None:
    """From alerts to the ends of all executions; their messages are said to have arrived meanwhile."""
    trigger(world, [playbook], now=_NOON)
    clock = _Clock()
    for _ in range(3):
        done = advance(world, [], now=lambda: clock.at)
        if done.errors:
            raise RuntimeError(done.errors[0])
        with world.database.begin() as connection:
            connection.execute(text(_SENT))
        clock.later(seconds=31)
    with world.database.begin() as connection:
        ended = connection.execute(text(_ENDED)).scalar_one()
    if ended != executions:
        raise RuntimeError(f"{ended:,} of {executions:,} succeeded")


def _raised(postgres: str, alerts: int, *steps: dict[str, object]) -> tuple[World, Playbook]:
    """A provider with people and so many alerts, and a playbook about them that has not begun."""
    from tests.remediation.desk import records
    from tests.remediation.given import record

    database = Database(SecretStr(start_embedded(Path(postgres))))
    database.migrate()
    settings = Settings.model_validate({"remediation": {"max_autonomy": "alone"}})
    lake = Lake(str(records(Path(tempfile.mkdtemp())) / "lake"))
    client = {"client_id": "C1", "name": "Acme", "plan": "gold", "timezone": "UTC", "soar_enabled": True}
    record(lake, "clients", {**client, "known_at": _NOON - timedelta(minutes=1)})
    given = {"playbook": "quick-fix", "title": "Quick fix", "trigger": {"when": {"type": _KIND}}}
    wide = {"at_once_per_site": 1_000, "per_hour": 10_000, "cool_down_minutes": 0}
    playbook = Playbook.model_validate({**given, "steps": list(steps), "limits": wide, "timeout_minutes": 10_000})
    world = World(database, lake, settings)
    with database.begin() as connection:
        connection.execute(text(f"TRUNCATE {_TABLES} RESTART IDENTITY CASCADE"))
    trigger(world, [playbook], now=_NOON)
    context = Context(
        describe=lambda kinds: described_types(kinds, ALERT_TYPES), features={}, life_safety=(),
        entitlements=entitlements(pl.DataFrame({"client_id": ["C1"], "plan": ["gold"]}), settings.plans, _NOON.date()),
    )  # fmt: skip
    silent = found(alerts, _KIND, site=pl.format("S-{}", pl.col("n") // _PER_SITE), severity=pl.lit("high"))
    about = silent.with_columns(entity_type=pl.lit("device"))
    settle(database, about, Monitor("benchmark", (_KIND,)), _NOON)
    group_alerts(database, context, rules_of(settings), at=_NOON)
    with database.begin() as connection:
        for words in (_ALONE, _TRIAGED, _TAKEN) if len(steps) > 1 else (_ALONE, _TRIAGED):
            connection.execute(text(words))
    return world, playbook
