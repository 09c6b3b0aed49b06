"""Verification of remediation: a playbook asks before its final action, acts exactly once, and keeps its cool-down.

Here: planted alerts, a playbook, a receiver that counts. Not here: the receiver (`servers_io`), running ticks.
"""

from datetime import UTC, datetime
from typing import Any

from opsguard_assets.config.remediation import Remediation
from opsguard_assets.remediation.actions.action import World as Actions
from opsguard_assets.remediation.actions.adapters_io import adapters_of
from opsguard_assets.remediation.autonomy.io import set_mode
from opsguard_assets.remediation.engine.advance_io import advance
from opsguard_assets.remediation.engine.approvals_io import approval_of, decide, deciders
from opsguard_assets.remediation.engine.triggers_io import trigger
from opsguard_assets.remediation.playbook.model import Playbook
from opsguard_assets.verification.planting import HOUR, MINUTE, NOW, site
from opsguard_assets.verification.result import Found, Records
from opsguard_assets.verification.servers_io import Receivers
from opsguard_assets.verification.ticks_io import external_tick
from opsguard_assets.verification.verification import Verification
from opsguard_assets.verification.world_io import World
from resources.sql import statement

_SITE, _KIND, _NAME = "planted-plant", "planted_outage", "verify-restart"
_ENTITY, _LOST = "gateway-1", "gateway-2"
_AGAIN = NOW + HOUR


def records() -> Records:
    """Two gateways fail; the first is resolved and fails again within the cool-down of the playbook."""
    first = _alert("planted-outage-1", _ENTITY, NOW - 5 * MINUTE)
    again = _alert("planted-outage-3", _ENTITY, _AGAIN - 5 * MINUTE)
    second = _alert("planted-outage-2", _LOST, NOW - 5 * MINUTE)
    resolved = {**first, "resolved_at": NOW + 20 * MINUTE, "known_at": NOW + 20 * MINUTE}
    return {"sites": [site(_SITE)], "external_alerts": [first, second, resolved, again]}


def _alert(name: str, entity: str, at: datetime) -> dict[str, Any]:
    return {
        "alert_id": name, "site_id": _SITE, "at": at, "kind": _KIND, "severity": "high", "title": f"{entity} is down",
        "entity_type": "gateway", "entity_id": entity, "known_at": at,
    }  # fmt: skip


def playbook() -> Playbook:
    """Collects what is known, and restarts the gateway: nothing takes that back, so it asks."""
    steps = [{"do": "collect_diagnostics"}, {"do": "webhook", "to": "restart", "text": "restart {entity}"}]
    return Playbook.model_validate(
        {"playbook": _NAME, "title": "Restart a gateway", "team": "noc", "trigger": {"when": {"type": _KIND}},
         "limits": {"cool_down_minutes": 240, "at_once_per_site": 5}, "steps": steps}
    )  # fmt: skip


def check(world: World) -> Found:
    """A playbook about two gateways: asked, approved, carried out, once more within its cool-down."""
    found = Found("opsguard playbook", "`opsguard playbook log` shows every step and decision; see docs/playbooks.md")
    with Receivers() as receivers:
        run = _Run(world, receivers)
        external_tick(world, NOW)
        run.go_on()
        asked = world.rows(statement(__name__, "executions"))
        found.equal("executions", [row["entity_id"] for row in asked], [_ENTITY, _LOST], where="triggers of playbooks")
        states = [row["state"] for row in asked]
        found.equal("states before anybody agreed", states, ["awaiting_approval"] * 2, where="approvals")
        found.equal("restarts before anybody agreed", len(receivers.kept.calls), 0, where="approvals")
        if found.wrong:  # what comes after follows from it
            return found
        run.agree(asked[:1])
        found.equal("restarts after one approval", len(receivers.kept.calls), 1, where="steps of playbooks")
        receivers.kept.lose = {"webhook": 1}
        run.agree(asked[1:])
        run.go_on()
        found.equal("restarts of two gateways", len(set(receivers.kept.calls)), 2, where="steps of playbooks")
        found.equal(
            "restarts done twice", len(receivers.kept.calls) - len(set(receivers.kept.calls)), 0, where="effects"
        )
        external_tick(world, NOW + 30 * MINUTE)
        external_tick(world, _AGAIN)
        run.go_on()
        calls = len(receivers.kept.calls)
    found.equal("restarts within the cool-down", calls - 2, 0, where="triggers of playbooks")
    again = [row["decision"] for row in world.rows(statement(__name__, "decisions")) if row["entity_id"] == _ENTITY]
    found.equal(f"decisions about {_ENTITY}", again, ["started", "cool-down"], where="triggers of playbooks")
    ended = {row["entity_id"]: row["state"] for row in world.rows(statement(__name__, "executions"))}
    found.equal(f"the end of {_ENTITY}", ended.get(_ENTITY), "succeeded", where="steps of playbooks")
    found.holds(
        ended.get(_LOST) != "succeeded",
        f"the answer about {_LOST} was lost, and its execution claims success",
        where="effects",
    )
    found.figure(
        f"{states.count('awaiting_approval')} of 2 asked first; {calls} restarts of 2 gateways, one answer lost; "
        f"the failure within the cool-down: {', '.join(again[1:]) or 'no decision'}"
    )
    return found


class _Run:
    """Rounds of the engine, by the clock of this machine: the database dates what happens to alerts."""

    def __init__(self, world: World, receivers: Receivers) -> None:
        chosen = {"max_autonomy": "alone", "ready": [], "webhooks": {"restart": receivers.hook_url}}
        settings = world.settings.model_copy(update={"remediation": Remediation.model_validate(chosen)})
        self._place = Actions(world.database, world.lake, settings)
        self._playbook = playbook()
        now = datetime.now(UTC)
        trigger(self._place, [self._playbook], now=now)
        # It has earned to act alone: it still asks before what is final.
        set_mode(world.database, _NAME, "alone", actor="verify", why="verification", now=now)

    def go_on(self) -> None:
        """Triggers what happened to alerts, and advances what is due."""
        place = self._place
        trigger(place, [self._playbook], now=datetime.now(UTC))
        advance(place, adapters_of(place.settings, {}, place.lake, place.database))

    def agree(self, executions: list[dict[str, Any]]) -> None:
        """Somebody of the team agrees to what is asked."""
        for row in executions:
            if row["approval_id"] is None:
                continue
            now = datetime.now(UTC)
            with self._place.database.begin() as connection:
                asked = approval_of(connection, row["approval_id"])
            who = min(deciders(self._place, asked, now))
            decide(self._place, row["approval_id"], who, True, now, surface="cli")
        self.go_on()


VERIFICATION = Verification(
    name="remediation",
    asks="A playbook asks before what is final, acts exactly once, and keeps its cool-down.",
    planted="2 gateways fail, one answer is lost, one gateway fails again within the cool-down",
    check=check,
    records=records,
)
