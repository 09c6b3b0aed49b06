"""A provider in few words: people, teams, a helpdesk, receivers of calls; and steps that run to their end there."""

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import text

from opsguard_assets.effects import drain_io
from opsguard_assets.effects.machine import Policy
from opsguard_assets.remediation.actions.action import StepState, World
from opsguard_assets.remediation.actions.adapters_io import adapters_of
from opsguard_assets.remediation.actions.catalog import CATALOG
from opsguard_assets.remediation.actions.effects import REMEDIATION
from resources.lake import Lake
from tests.alerts.given import NOON
from tests.effects.hook import SECRET, Hook
from tests.incidents.world import found, tick
from tests.remediation.given import alert, done, record, situation, world
from tests.resources.ticket_system import desk as helpdesk

TEAM = "iot-specialists"
DAY = timedelta(days=1)
SECRETS = {"HOOK_SECRET": SECRET}
_SQL = {
    "kind": "sql", "update": helpdesk.UPDATE, "further": [helpdesk.COMMENT], "priorities": helpdesk.WORDS,
    "create": helpdesk.OPENING["create_by"], "cancel": helpdesk.OPENING["cancel_by"],
}  # fmt: skip


@dataclass
class Provider:
    """The world, its helpdesk, and who is called."""

    place: World
    desk: helpdesk.DeskDatabase
    crm: Hook
    restart: Hook
    orders: Hook

    def rows(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        with self.place.database.begin() as connection:
            return [dict(row) for row in connection.execute(text(statement), values).mappings()]

    def messages(self) -> list[tuple[str, str, str]]:
        """Messages of playbooks as (address, words, state)."""
        rows = self.rows(
            "SELECT n.address, n.words, e.state FROM notices AS n JOIN effects AS e USING (effect_id) "
            "WHERE n.kind = 'playbook' ORDER BY n.notice_id"
        )
        return [tuple(row.values()) for row in rows]

    def deliver(self, state: str = "done") -> None:
        """All messages that are planned are handed over, or it is tried."""
        with self.place.database.begin() as connection:
            connection.execute(
                text(
                    "UPDATE effects SET state = :state, settled_at = now(), settled_by = 'test', answer = 'no mailbox' "
                    "WHERE kind = 'message' AND state = 'planned'"
                ),
                {"state": state},
            )

    def ticket(self, number: int) -> tuple[Any, ...]:
        return self.desk.rows(f"SELECT priority, assignee, status FROM tickets WHERE id = {number}")[0]

    def drain(self, now: Any) -> None:
        """What is planned outside is carried out."""
        settings, lake = self.place.settings, self.place.lake
        for adapter in adapters_of(settings, SECRETS, lake, self.place.database):
            drain_io.drain(self.place.database, REMEDIATION, adapter, Policy(), now=lambda: now)


@contextmanager
def provider(database: Any, server: str, folder: Any, **settings: Any):
    """A provider with all that steps reach; in `folder` its lake, by `records`."""
    with ExitStack() as stack:
        desk = helpdesk.created(server)
        crm, restart, orders = (stack.enter_context(Hook()) for _ in range(3))
        signed = {"signing_secret": "${HOOK_SECRET}"}
        known = {
            "ticket_system": {**_SQL, "url": desk.url.replace("postgresql://", "postgresql+psycopg://")},
            "remediation": {
                "webhooks": {"crm": {"url": crm.url, **signed}},
                "commands": {"restart": {"url": restart.url, **signed}},
                "work_orders": {"url": orders.url, **signed},
            },
        }
        place = world(database, folder, **{**known, **settings})
        yield Provider(place, desk, crm, restart, orders)


def records(folder: Any) -> Any:
    """Writes what is known of people, places and things into a lake; returns where it is."""
    lake = Lake(str(folder / "lake"))
    names = ("ana", "bo", "lena", "nora", "sue", "gus", "hal", "ida")
    record(
        lake, "people",
        *(
            {
                "person_id": name, "name": name.title(), "email": f"{name}@provider.example", "home_site_id": "S1",
                "slack_user_id": None if name == "ida" else f"U{name.upper()}", "is_active": True,
                "reports_to": "sue" if name in {"ana", "bo"} else None,
            }
            for name in names
        ),
    )  # fmt: skip
    record(
        lake, "groups", {"group_id": "R0-iot", "name": TEAM, "lead_id": "lena"},
        {"group_id": "R0-noc", "name": "noc", "lead_id": "nora"},
    )  # fmt: skip
    members = (("ana", "R0-iot"), ("bo", "R0-iot"), ("lena", "R0-iot"), ("nora", "R0-noc"))
    record(lake, "memberships", *({"person_id": person, "group_id": group} for person, group in members))
    there = {"starts_at": NOON - DAY, "ends_at": NOON + DAY}
    record(lake, "duty", *({"person_id": person, **there} for person in ("ana", "bo", "nora")))
    record(
        lake, "sites",
        {"site_id": "S1", "client_id": "C1", "name": "Hall", "timezone": "UTC", "supervisor_id": "sue"},
    )  # fmt: skip
    client = {"client_id": "C1", "name": "Acme", "plan": "gold", "timezone": "UTC", "slack_channel": "#acme"}
    record(lake, "clients", client)
    record(
        lake, "devices", {"device_id": "D1", "site_id": "S1", "kind": "smoke"},
        {"device_id": "G1", "site_id": "S1", "kind": "Gateway"},
    )  # fmt: skip
    ticket = {
        "client_id": "C1", "site_id": "S1", "group_id": "R0-iot", "priority": "medium", "status": "open",
        "opened_at": helpdesk.THEN, "updated_at": helpdesk.THEN,
    }  # fmt: skip
    record(
        lake, "tickets", {**ticket, "ticket_id": "1"},
        *({**ticket, "ticket_id": str(n), "assignee_id": "ana"} for n in (2, 3)),
    )  # fmt: skip
    rule = {"site_id": "S1", "starts_local": "08:00", "ends_local": "20:00", "valid_from": date(2026, 1, 1)}
    record(lake, "rosters", {**rule, "roster_id": "R1", "person_id": "gus", "post": "gate"})
    record(
        lake, "vendors", {"vendor_id": "V1", "name": "Pipes", "trade": "plumbing"},
        {"vendor_id": "V2", "name": "Tubes", "trade": "plumbing"},
    )  # fmt: skip
    order = {"work_order_id": "W1", "vendor_id": "V2", "site_id": "S1", "category": "Plumbing"}
    record(lake, "work_orders", {**order, "created_at": NOON - 9 * DAY})
    return folder


def raised(database: Any) -> dict[str, dict[str, Any]]:
    """Alerts about a device, a site, a ticket and a shift, each in its incident."""
    shift = "R1@2026-03-02"
    told = (
        found("D1"),
        found("S1", "site_silent", entity_type="site", site_id="S1"),
        found("1", "sla_breach_risk", entity_type="ticket"),
        found(shift, "no_show", entity_type="shift", dedup_key=f"shift:{shift}/gus"),
    )
    tick(database, 0, *told)
    rows = {"device": "D1", "site": "S1", "ticket": "1", "shift": shift}
    every = {kind: alert(database, entity) for kind, entity in rows.items()}
    with database.begin() as connection:
        asked = text("SELECT alert_id, incident_id FROM incident_alerts WHERE left_at IS NULL")
        of_alert = {row.alert_id: row.incident_id for row in connection.execute(asked)}
    return {kind: {**row, "incident_id": of_alert.get(row["alert_id"])} for kind, row in every.items()}


def begun(database: Any, row: dict[str, Any]) -> int:
    """A further execution about an alert; those before it have ended."""
    with database.begin() as connection:
        connection.execute(text(_ENDED))
        connection.execute(text(_VERSION))
        return connection.execute(text(_EXECUTION), {"alert_id": row["alert_id"]}).scalar_one()


_VERSION = "INSERT INTO playbook_versions VALUES ('quick-fix', repeat('0', 64), '{}', now()) ON CONFLICT DO NOTHING"
_ENDED = "UPDATE executions SET state = 'succeeded', ended_at = now(), due_at = NULL WHERE ended_at IS NULL"
_EXECUTION = """
INSERT INTO executions (playbook, digest, alert_id, opening, entity_type, entity_id, client_id, site_id, mode,
    requested_by, is_by_hand, state, triggered_at, due_at, deadline_at)
SELECT 'quick-fix', repeat('0', 64), alert_id, openings, entity_type, entity_id, client_id, site_id, 'alone',
    'ada', true, 'running', now(), now(), now()
FROM alerts WHERE alert_id = :alert_id RETURNING execution_id
"""


def reached(database: Any, step: Any, where: Any, state: str = "planned") -> None:
    """Writes that an execution has come to a step, as the engine does in the transaction of `act`."""
    values = {
        "execution_id": where.execution_id,
        "number": where.number,
        "do": step.do,
        "key": where.key,
        "state": state,
    }
    with database.begin() as connection:
        connection.execute(text(_STEP), values)


_STEP = """
INSERT INTO execution_steps (
    execution_id, phase, step, name, action, state, idempotency_key, input, started_at, ended_at
)
SELECT
    :execution_id, 'steps', :number, :do, :do, :state, :key, '{}', now(), CASE WHEN :state <> 'planned' THEN now() END
ON CONFLICT (execution_id, phase, step) DO UPDATE SET state = EXCLUDED.state, ended_at = EXCLUDED.ended_at
"""


def lived(at: Provider, step: Any, row: dict[str, Any], *, delivered: str = "done", minutes: float = 5, **more: Any):
    """A step to its end: plan, result and situation. What it plans outside is carried out in between."""
    where = replace(situation(row, begun(at.place.database, row), minutes), **more)
    where = replace(where, key=f"{where.execution_id}/{where.phase}/{where.number}", began_at=where.now)
    plan, result = done(at.place, step, where)
    return plan, ended(at, step, where, result, delivered), where


def ended(at: Provider, step: Any, where: Any, result: Any, delivered: str = "done"):
    """Looks at a step until it waits no more."""
    for _ in range(3):
        if result.state is not StepState.PLANNED:
            return result
        at.deliver(delivered)
        at.drain(where.now)
        output = {**result.output, "changes": [vars(change) for change in result.changes]}
        with at.place.database.begin() as connection:
            result = CATALOG[step.do].look(connection, step, where, output)
    return result


def undone_in(at: Provider, step: Any, where: Any, result: Any, *, later: float = 10):
    """Undoes a step by an execution of its own, to its end."""
    number = begun(at.place.database, where.alert)
    again = replace(where, execution_id=number, key=f"{number}/undo/0", now=where.now + timedelta(minutes=later))
    with at.place.database.begin() as connection:
        back = CATALOG[step.do].undo(connection, step, again, dict(result.output))
    return ended(at, step, again, back)
