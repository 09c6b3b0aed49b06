"""Verification of plans: a client receives what its plan holds, on every channel, and nothing that a greater one holds.

Here: what is sold, written down once more, and what each channel lets through. Not here: the gate
(`opsguard_assets.entitlements`).
"""

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from opsguard_assets.alerts.finding import FINDING
from opsguard_assets.alerts.lifecycle import Monitor, settle
from opsguard_assets.alerts.suppression import suppress_outside_plan
from opsguard_assets.config.routing import Routing
from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.entitlements.entitled import entitled_to_alerts, sections_held
from opsguard_assets.entitlements.io import entitlements_at
from opsguard_assets.incidents.io import group_alerts
from opsguard_assets.incidents.rules_io import context_of, rules_of
from opsguard_assets.remediation.engine.entitled_io import not_entitled
from opsguard_assets.remediation.playbook.model import Playbook
from opsguard_assets.routing.run_io import route_now
from opsguard_assets.tickets.escalation.inputs import with_withheld
from opsguard_assets.verification.planting import MINUTE, NOW
from opsguard_assets.verification.result import Found, Records
from opsguard_assets.verification.verification import Verification
from opsguard_assets.verification.world_io import World
from resources.sql import statement

# Clients by the plan that they have, the smallest first; all of them let playbooks act.
BRONZE, SILVER, GOLD = "planted-bronze", "planted-silver", "planted-gold"
_CLIENTS: Final = (BRONZE, SILVER, GOLD)
# The smallest plan that holds it, as it is sold; where nothing stands, every client receives it.
_ALERTS: Final[Mapping[str, str]] = {
    "sla_breach_risk": SILVER,
    **dict.fromkeys(("device_silent", "low_battery_predicted", "replacement_recommended", "site_silent"), SILVER),
    **dict.fromkeys(("late_arrival", "no_show", "no_show_risk", "shift_unconfirmed", "wrong_site"), SILVER),
    **dict.fromkeys(("early_exit", "coverage_gap", "geofence_violation"), SILVER),
    **dict.fromkeys(("work_order_overdue", "work_order_at_risk"), SILVER),
    "device_failure_risk": GOLD,
}
_FREE: Final = ("sla_breached",)
_SECTIONS: Final[Mapping[str, str]] = {
    "shifts": SILVER, "devices": SILVER, "vendors": SILVER, "predictions": SILVER, "remediation": GOLD,
}  # fmt: skip
_STEPS: Final[Mapping[str, tuple[Mapping[str, str], str]]] = {
    "notify": ({"do": "notify", "text": "news"}, BRONZE),
    "assign": ({"do": "assign"}, SILVER),
    "webhook": ({"do": "webhook", "to": "crm"}, GOLD),
}


def records() -> Records:
    """A client of each plan."""
    clients = [
        {
            "client_id": name,
            "name": name,
            "plan": name.removeprefix("planted-"),
            "timezone": "UTC",
            "soar_enabled": True,
        }
        for name in _CLIENTS
    ]
    return {"clients": clients}


def _holds(client: str, smallest: str | None) -> bool:
    return smallest is None or _CLIENTS.index(client) >= _CLIENTS.index(smallest)


def check(world: World) -> Found:
    """Every type of alert, section and action, for a client of each plan, on every channel."""
    found = Found("opsguard_assets/entitlements", "compare `plans` of opsguard.yaml with docs/plans.md")
    kinds = (*_ALERTS, *_FREE)
    rows = pl.DataFrame([_finding(client, kind) for client in _CLIENTS for kind in kinds], schema=FINDING)
    channels = {
        "alerts": _alerted(world, rows),
        "messages": _messages(world, rows, kinds),
        "escalations": _escalated(world),
        "sections of scorecards": _sections(world),
        "playbooks": _playbooks(world),
    }
    sold: dict[str, Mapping[str, str | None]] = {
        "alerts": {**_ALERTS, **dict.fromkeys(_FREE)},
        "messages": {**_ALERTS, **dict.fromkeys(_FREE)},
        "escalations": {"escalation": SILVER},
        "sections of scorecards": _SECTIONS,
        "playbooks": {name: smallest for name, (_, smallest) in _STEPS.items()},
    }
    for channel, received in channels.items():
        for client in _CLIENTS:
            mine = {name for owner, name in received if owner == client}
            due = {name for name, smallest in sold[channel].items() if _holds(client, smallest)}
            plan = client.removeprefix("planted-").capitalize()
            found.equal(f"{channel} that {plan} receives and has not bought", sorted(mine - due), [], where=channel)
            found.equal(f"{channel} that {plan} has bought and does not receive", sorted(due - mine), [], where=channel)
    withheld = sum(not _holds(BRONZE, smallest) for things in sold.values() for smallest in things.values())
    found.figure(f"{len(channels)} channels, {found.claims} claims; Bronze is kept {withheld} things, Gold none")
    return found


def _finding(client: str, kind: str) -> dict[str, Any]:
    usual = dict.fromkeys(FINDING.names())
    place = {
        "client_id": client,
        "site_id": f"site-{client}-{kind}",
        "entity_type": "site",
        "entity_id": f"{client}-{kind}",
    }
    said = {"severity": "high", "title": kind, "reason": "planted", "evidence": "{}", "is_raising": True}
    return {**usual, **place, **said, "alert_type": kind, "dedup_key": f"{kind}:{client}"}


def _alerted(world: World, rows: pl.DataFrame) -> set[tuple[str, str]]:
    """The findings that become alerts."""
    features = {name: each.feature for name, each in ALERT_TYPES.items()}
    receives = entitled_to_alerts(rows, entitlements_at(world.lake, world.settings, NOW), features)
    passing = suppress_outside_plan(rows, receives).filter(pl.col("withheld").is_null())
    return set(passing.select("client_id", "alert_type").iter_rows())


def _messages(world: World, rows: pl.DataFrame, kinds: tuple[str, ...]) -> set[tuple[str, str]]:
    """The alerts of which somebody is told, where all kinds are there: as if a greater plan had raised them."""
    told_at_once = Routing.model_validate(
        {"interrupt_from": 0, "group_by": ["client", "type"], "messages_per_hour": 1_000}
    )
    settings = world.settings.model_copy(update={"routing": told_at_once})
    settle(world.database, rows, Monitor("verify", kinds), NOW)
    context = context_of(settings, ALERT_TYPES, world.lake, NOW)
    group_alerts(world.database, context, rules_of(settings), at=NOW)
    route_now(world.database, world.lake, settings, now=NOW + MINUTE)
    return {(row["client_id"], row["alert_type"]) for row in world.rows(statement(__name__, "told_by_client"))}


def _escalated(world: World) -> set[tuple[str, str]]:
    risk = pl.DataFrame({"ticket_id": list(_CLIENTS), "client_id": list(_CLIENTS), "risk": [0.99] * len(_CLIENTS)})
    marked = with_withheld(risk, entitlements_at(world.lake, world.settings, NOW), world.settings)
    return {(client, "escalation") for client in marked.filter(pl.col("withheld").is_null())["client_id"]}


def _sections(world: World) -> set[tuple[str, str]]:
    held = sections_held(entitlements_at(world.lake, world.settings, NOW))
    asked = held.filter(pl.col("client_id").is_in(_CLIENTS), pl.col("section").is_in(list(_SECTIONS)))
    return set(asked.select("client_id", "section").iter_rows())


def _playbooks(world: World) -> set[tuple[str, str]]:
    """The kinds of playbooks that may act for a client."""
    received = set()
    for name, (step, _) in _STEPS.items():
        given = {"playbook": "own", "title": "Own", "trigger": {"when": {"type": "device_silent"}}, "steps": [step]}
        playbook = Playbook.model_validate(given)
        for client in _CLIENTS:
            why = not_entitled(world.lake, world.settings, playbook, client, NOW)
            if why is None:
                received.add((client, name))
    return received


VERIFICATION = Verification(
    name="plans",
    asks="A client receives what its plan holds, on every channel, and nothing that only a greater plan holds.",
    planted=f"{len(_ALERTS) + len(_FREE)} types of alerts for a Bronze, a Silver and a Gold client",
    check=check,
    records=records,
)
