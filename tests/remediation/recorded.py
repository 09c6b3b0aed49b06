"""Playbooks, executions and their steps as rows, as the engine records them."""

import json
from datetime import timedelta

from sqlalchemy import text

from opsguard_assets.remediation.playbook.model import Playbook
from tests.incidents.world import at

_PLAYBOOK = """
INSERT INTO playbooks (playbook, digest, mode, mode_since, mode_reason)
VALUES (:playbook, :digest, :mode, :at, 'read first')
ON CONFLICT (playbook) DO UPDATE SET digest = excluded.digest
"""
_EXECUTION = """
INSERT INTO executions (playbook, digest, alert_id, opening, entity_type, entity_id, client_id, site_id, mode,
    requested_by, is_by_hand, undo_of, state, triggered_at, begun_at, ended_at, due_at, deadline_at)
SELECT p.playbook, p.digest, a.alert_id, a.openings, a.entity_type, a.entity_id, a.client_id, a.site_id, :mode,
    :by, false, :undo_of, :state, :at, :at, :ended_at, NULL, :at
FROM alerts AS a, playbooks AS p WHERE a.alert_id = :alert_id AND p.playbook = :playbook
RETURNING execution_id
"""
_STEP = """
INSERT INTO execution_steps (execution_id, phase, step, name, action, state, idempotency_key, input, started_at,
    ended_at)
VALUES (:execution_id, :phase, :step, :action, :action, :state, :key, '{}', :at, :at)
"""
_APPROVAL = """
INSERT INTO approvals (execution_id, phase, step, action_digest, plan, needed, requester, requester_may_approve,
    asked_at, expires_at, decision, decided_at, decided_by)
VALUES (:execution_id, 'steps', 0, repeat('a', 64), '{}', 1, 'trigger', false, :at, :until, :decision, :at, 'ada')
"""


def playbook(name="own", *, steps=({"do": "reboot_device", "command": "restart"},), title="Own", **more):
    return Playbook.model_validate(
        {"playbook": name, "title": title, "trigger": {"when": {"type": "device_silent"}}, "steps": steps, **more}
    )


def known(database, held, *, mode="shadow", minutes=-60):
    """Writes down a playbook as the engine does when it reads it."""
    content = json.dumps(held.model_dump(mode="json", by_alias=True))
    version = "INSERT INTO playbook_versions VALUES (:playbook, :digest, :content, :at) ON CONFLICT DO NOTHING"
    values = {"playbook": held.playbook, "digest": held.digest, "content": content, "mode": mode, "at": at(minutes)}
    with database.begin() as connection:
        connection.execute(text(version), values)
        connection.execute(text(_PLAYBOOK), values)


def executed(  # noqa: PLR0913 - what a row says
    database, alert_id, name="own", *, mode="approval", state="succeeded", minutes=1, lasts=5, acted="reboot_device",
    decision=None, undo_of=None, by="trigger", before="collect_diagnostics", phase="steps", acted_state="done",
):  # fmt: skip
    """An execution that ended; its number."""
    values = {
        "alert_id": alert_id, "playbook": name, "mode": mode, "state": state, "at": at(minutes),
        "ended_at": at(minutes + lasts),
        "undo_of": undo_of, "by": by,
    }  # fmt: skip
    with database.begin() as connection:
        number = connection.execute(text(_EXECUTION), values).scalar_one()
        steps = [] if acted is None else [("steps", before, "done"), (phase, acted, acted_state)]
        for place, (part, action, state_now) in enumerate(steps):
            step = {"execution_id": number, "phase": part, "step": place, "action": action, "key": f"{number}/{place}"}
            done = "skipped" if mode == "shadow" else state_now
            connection.execute(text(_STEP), {**step, "state": done, "at": at(minutes + place)})
        if decision is not None:
            asked = {"execution_id": number, "decision": decision, "at": at(minutes)}
            connection.execute(text(_APPROVAL), {**asked, "until": at(minutes) + timedelta(hours=1)})
    return number
