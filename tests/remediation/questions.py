"""Questions of playbooks in a real database: approvals and offers of shifts, as executions ask them."""

import hashlib
import json
from datetime import timedelta

import polars as pl
from sqlalchemy import text

from opsguard_assets.remediation.actions.asking import ask, end
from opsguard_assets.remediation.actions.readers import READERS
from tests.remediation.given import silent_device

HOUR = timedelta(hours=1)
RESTART = {
    "phase": "steps", "step": 0, "name": "restart", "action": "reboot_device", "does": "restart the device",
    "afterwards": "final", "is_final": True, "words": "restart device D1 by the command restart", "messages": 0,
    "changes": [{"what": "device D1", "attribute": "power", "before": "on", "after": "off and on again"}],
}  # fmt: skip
ASSIGN = {
    "phase": "steps", "step": 1, "name": "assign-2", "action": "assign", "does": "give the alert to somebody",
    "afterwards": "the former assignee has it again", "is_final": False, "words": "give ticket T-17 to Bo",
    "changes": [{"what": "ticket T-17", "attribute": "assignee", "before": None, "after": "Bo"}], "messages": 1,
}  # fmt: skip
_VERSION = """
INSERT INTO playbook_versions VALUES ('quick-fix', :digest, CAST(:content AS jsonb), now()) ON CONFLICT DO NOTHING
"""
_EXECUTION = """
INSERT INTO executions (playbook, digest, alert_id, opening, entity_type, entity_id, client_id, site_id, mode,
    requested_by, is_by_hand, state, triggered_at, due_at, deadline_at)
SELECT 'quick-fix', :digest, alert_id, openings, entity_type, entity_id, client_id, site_id, 'alone', 'trigger', false,
    'awaiting_approval', now(), now(), now() + interval '1 day'
FROM alerts WHERE alert_id = :alert_id RETURNING execution_id
"""
_APPROVAL = """
INSERT INTO approvals (execution_id, phase, step, action_digest, plan, team, needed, requester, requester_may_approve,
    asked_at, expires_at)
VALUES (:execution_id, 'steps', 0, repeat('a', 64), CAST(:plan AS jsonb), :team, :needed, :requester, false, :asked_at,
    :expires_at)
RETURNING approval_id
"""
_OFFER = """
INSERT INTO shift_offers (execution_id, step, place, shift_id, missing_id, person_id, asked_at, expires_at)
VALUES (:execution_id, 0, 1, 'SH1', 'gus', :person_id, :asked_at, :expires_at) RETURNING offer_id
"""


def execution(database, entity="D1", title="Restart the device"):
    """An execution about a new alert; its number."""
    return execution_about(database, silent_device(database, entity)["alert_id"], title)


def execution_about(database, alert_id, title="Restart the device"):
    """An execution about an alert; its number."""
    digest = hashlib.sha256(title.encode()).hexdigest()
    values = {"digest": digest, "content": json.dumps({"title": title}), "alert_id": alert_id}
    with database.begin() as connection:
        connection.execute(text(_VERSION), values)
        return connection.execute(text(_EXECUTION), values).scalar_one()


def approval(database, number, at, *, plan=(RESTART, ASSIGN), needed=1, team="noc", requester="trigger", lasts=HOUR):
    """An approval that is asked for; its number."""
    values = {
        "execution_id": number, "plan": json.dumps(plan), "team": team, "needed": needed, "requester": requester,
        "asked_at": at, "expires_at": at + lasts,
    }  # fmt: skip
    with database.begin() as connection:
        return connection.execute(text(_APPROVAL), values).scalar_one()


def offer(database, number, at, person="P1", lasts=HOUR):
    """A shift that somebody is asked to take; the number of the offer."""
    values = {"execution_id": number, "person_id": person, "asked_at": at, "expires_at": at + lasts}
    with database.begin() as connection:
        return connection.execute(text(_OFFER), values).scalar_one()


def reader(person="P1", channel="slack", address="U1", **more):
    return {"person_id": person, "audience": "on duty", "why": "on duty in noc", "channel": channel,
            "address": address, "zone": "Europe/Berlin", **more}  # fmt: skip


def asked(database, about, at, *readers):
    """People are asked; how many messages were planned."""
    frame = pl.DataFrame(list(readers or (reader(),)), schema=READERS)
    with database.begin() as connection:
        return ask(connection, about, frame, at=at, actor="playbook quick-fix")


def decided(connection, number, decision, at, by="P1", reason=None):
    """What deciding writes into the row of an approval."""
    words = "UPDATE approvals SET decision = :decision, decided_at = :at, decided_by = :by, reason = :reason "
    values = {"decision": decision, "at": at, "by": by, "reason": reason, "number": number}
    connection.execute(text(f"{words} WHERE approval_id = :number"), values)


def ended(database, number, decision, at, by="P1", reason=None):
    """An approval is decided, and everybody who was asked sees it."""
    with database.begin() as connection:
        decided(connection, number, decision, at, by, reason)
        end(connection, f"approval/{number}", at=at, actor=by, words=f"{decision} by {by}")
