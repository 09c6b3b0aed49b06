"""Verification of SLA risk: tickets that will miss their deadline are alerted before it, paused ones are not.

Here: planted tickets, and what must be said of them. Not here: running ticks (`ticks_io`).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from opsguard_assets.tickets.risk.alert_types import BREACH_RISK, SLA_BREACHED
from opsguard_assets.tickets.risk.schemas import SLA_RISK
from opsguard_assets.verification.planting import GOLD, HOUR, MINUTE, NOW, person, site
from opsguard_assets.verification.result import Found, Records
from opsguard_assets.verification.ticks_io import tickets_tick
from opsguard_assets.verification.verification import Verification
from opsguard_assets.verification.world_io import World

_SITE, _AGENTS = "planted-desk", ("planted-agent-1", "planted-agent-2", "planted-agent-3")
# A critical ticket has 240 minutes round the clock; these have 40 left, and nobody ends them in time.
_DOOMED, _PAUSED, _FRESH, _DONE = (
    tuple(f"{kind}-{n}" for n in range(3)) for kind in ("doomed", "paused", "fresh", "done")
)
_TARGET, _AGE, _LATER = 240 * MINUTE, 200 * MINUTE, NOW + HOUR
_OPENED: Final[Mapping[str, datetime]] = {
    **dict.fromkeys(_DOOMED, NOW - _AGE),
    # By the wall clock the deadline of these passed hours ago; by their own clock ten minutes are used.
    **dict.fromkeys(_PAUSED, NOW - 600 * MINUTE),
    **dict.fromkeys(_FRESH, NOW - 20 * MINUTE),
    **dict.fromkeys(_DONE, NOW - 220 * MINUTE),
}
_DUE = NOW - _AGE + _TARGET
_ENDS: Final[Mapping[str, datetime]] = {**dict.fromkeys(_DOOMED, _DUE + HOUR), **dict.fromkeys(_DONE, NOW - HOUR)}


def records() -> Records:
    """Twelve critical tickets: three will miss their deadline, three are paused, three new, three done."""
    states = [state for number, name in enumerate(_OPENED) for state in _states(name, _AGENTS[number % 3])]
    events = [
        {"ticket_id": row["ticket_id"], "at": row["updated_at"], "field": "status", "old": before, "new": row["status"],
         "known_at": row["known_at"]}
        for row in states
        for before in [None if row["updated_at"] == row["opened_at"] else "open"]
    ]  # fmt: skip
    return {
        "sites": [site(_SITE)],
        "people": [person(name) for name in _AGENTS],
        "tickets": states,
        "ticket_events": events,
    }


def _states(name: str, agent: str) -> list[dict[str, Any]]:
    """The changes of a ticket, each known two minutes after it."""
    opened = _OPENED[name]
    first: dict[str, Any] = {
        "ticket_id": name, "client_id": GOLD, "site_id": _SITE, "category": "camera", "priority": "critical",
        "status": "open", "assignee_id": agent, "title": f"Planted: {name}", "opened_at": opened,
        "first_response_at": opened, "updated_at": opened,
    }  # fmt: skip
    rows = [first]
    if name in _PAUSED:
        rows.append({**first, "status": "on_hold", "updated_at": opened + 10 * MINUTE})
    if name in _ENDS:
        ended = _ENDS[name]
        rows.append({**first, "status": "resolved", "resolved_at": ended, "updated_at": ended})
    return [{**row, "known_at": row["updated_at"] + 2 * MINUTE, "_sequence": n} for n, row in enumerate(rows)]


def check(world: World) -> Found:
    """Two ticks: before the deadline of the doomed tickets, and after it."""
    found = Found("opsguard tick sla", "`opsguard tick sla --json` shows risks and reasons; see docs/models.md")
    tickets_tick(world, NOW)
    before = world.alerts(_OPENED)
    risks = {
        row["ticket_id"]: row for row in world.lake.rows_at(SLA_RISK, NOW).to_dicts() if row["ticket_id"] in _OPENED
    }
    tickets_tick(world, _LATER)
    after = world.alerts(_OPENED)
    alert_from = world.settings.sla.alert_from
    found.equal("tickets with a risk", sorted(risks), sorted({*_DOOMED, *_PAUSED, *_FRESH}))
    for name in _DOOMED:
        risk = risks.get(name, {}).get("risk") or 0
        found.holds(risk >= alert_from, f"{name} will miss its deadline, and its risk is {risk:.0%}")
        alert = before.get((name, BREACH_RISK))
        in_time = alert is not None and alert["state"] == "open" and alert["first_seen_at"] < _DUE
        found.holds(in_time, f"{name} has no open alert before its deadline", where="alerts of SLA risk")
        missed = after.get((name, SLA_BREACHED))
        found.holds(missed is not None, f"{name} missed its deadline, and no alert says so", where="alerts of SLA risk")
    for name in (*_PAUSED, *_FRESH):
        risk = risks.get(name, {}).get("risk")
        why = "is paused" if name in _PAUSED else "was opened 20 minutes ago"
        found.holds(risk is not None and risk < alert_from, f"{name} {why}, and its risk is {risk}")
    false = sorted({entity for entity, _ in after} - {*_DOOMED})
    found.equal("tickets with an alert beside the doomed ones", false, [], where="alerts of SLA risk")
    lead = (_DUE - NOW) // MINUTE
    alerted = sum((name, BREACH_RISK) in before for name in _DOOMED)
    found.figure(f"{alerted} of {len(_DOOMED)} alerted {lead} min ahead, {len(false)} false alerts")
    return found


VERIFICATION = Verification(
    name="sla",
    asks="Tickets that will miss their deadline are alerted before it; paused, new and done ones are not.",
    planted="3 tickets that miss their deadline, 3 paused, 3 new, 3 done",
    check=check,
    records=records,
)
