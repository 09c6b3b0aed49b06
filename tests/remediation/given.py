"""An alert in a real database, a lake with a few records, and one step of a playbook about it."""

from datetime import timedelta

import polars as pl
from sqlalchemy import text

from opsguard_assets.config.settings import Settings
from opsguard_assets.remediation.actions.action import Situation, World
from opsguard_assets.remediation.actions.catalog import CATALOG
from opsguard_assets.remediation.playbook.model import Playbook
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.views.reading import alerts_of
from resources.lake import Lake
from tests.alerts.given import NOON
from tests.incidents.world import found, tick

SECONDS = timedelta(seconds=1)
# Gives executions that were copied from the first one the steps that it has.
STEPS_AS_THE_FIRST = """
INSERT INTO execution_steps (execution_id, phase, step, name, action, state, idempotency_key, attempts, input, output,
    words, started_at, deadline_at)
SELECT e.execution_id, s.phase, s.step, s.name, s.action, s.state, s.idempotency_key || '/' || e.execution_id,
    s.attempts, s.input, s.output, s.words, s.started_at, s.deadline_at
FROM execution_steps AS s, executions AS e
WHERE s.execution_id = 1 AND e.execution_id > 1
"""


def world(database, tmp_path, **settings):
    return World(database, Lake(str(tmp_path / "lake")), Settings.model_validate(settings))


def record(lake, table, *rows, loaded_at=NOON):
    """Records of a canonical table, known since an hour before."""
    schema = {name: column.dtype for name, column in TABLES[table].schema.columns().items()}
    known = {"known_at": loaded_at - timedelta(hours=1)}
    lake.record(TABLES[table], pl.DataFrame([{**known, **row} for row in rows], schema=schema), loaded_at=loaded_at)


def silent_device(database, entity="D1", **more):
    """An open alert; its row."""
    tick(database, 0, found(entity, **more))
    return alert(database, entity)


def alert(database, entity="D1"):
    asked = text("SELECT alert_id FROM alerts WHERE entity_id = :entity ORDER BY alert_id DESC LIMIT 1")
    with database.begin() as connection:
        number = connection.execute(asked, {"entity": entity}).scalar_one()
        return alerts_of(connection, [number])[0]


def step_of(**step):
    """A step as a playbook writes it."""
    text_of = {"playbook": "quick-fix", "title": "Quick fix", "trigger": {"when": {"type": "device_silent"}}}
    return Playbook.model_validate({**text_of, "steps": [step]}).steps[0]


def situation(row, execution_id=0, minutes=5):
    return Situation(
        execution_id=execution_id, playbook="quick-fix", number=0, key=f"quick-fix/{row['alert_id']}/1/0", alert=row,
        team="iot-specialists", requested_by="trigger", now=NOON + timedelta(minutes=minutes),
    )  # fmt: skip


_EXECUTION = """
INSERT INTO executions (playbook, digest, alert_id, opening, entity_type, entity_id, client_id, site_id, mode,
    requested_by, state, triggered_at, due_at, deadline_at)
SELECT 'quick-fix', repeat('0', 64), alert_id, openings, entity_type, entity_id, client_id, site_id, 'alone',
    'trigger', 'running', now(), now(), now()
FROM alerts WHERE alert_id = :alert_id RETURNING execution_id
"""


def begun(database, row):
    """An execution about an alert, so that what steps write can refer to it; its number."""
    version = "INSERT INTO playbook_versions VALUES ('quick-fix', repeat('0', 64), '{}', now()) ON CONFLICT DO NOTHING"
    with database.begin() as connection:
        connection.execute(text(version))
        return connection.execute(text(_EXECUTION), {"alert_id": row["alert_id"]}).scalar_one()


def done(place, step, where):
    """Plans a step and does it; plan and result."""
    action = CATALOG[step.do]
    plan = action.plan(place, step, where)
    with place.database.begin() as connection:
        return plan, action.act(connection, step, where, plan)


def undone(place, step, where, result):
    with place.database.begin() as connection:
        return CATALOG[step.do].undo(connection, step, where, dict(result.output))
