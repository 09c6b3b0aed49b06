"""Muting alerts of a type about one entity for a time. Not here: what a mute does (`alerts.lifecycle`)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from opsguard_assets.alerts.finding import LIFE_SAFETY
from opsguard_assets.alerts.lifecycle import lock_alerts
from opsguard_assets.alerts.people import Muted, end_mute_in, mute_in
from opsguard_assets.remediation.actions.action import Change, Immediate, Plan, Result, Situation, StepState, World
from opsguard_assets.remediation.actions.texts import actor_of, filled
from opsguard_assets.remediation.playbook.steps import Mute


class MuteAction(Immediate):
    """The action `mute`."""

    def plan(self, world: World, step: Mute, situation: Situation) -> Plan:
        """Mutes the type about the entity; never one that protects lives."""
        kind = situation.alert["alert_type"]
        if kind in (*LIFE_SAFETY, *world.settings.triage.life_safety):
            return Plan(words=f"{kind} alerts cannot be muted: they protect lives", is_possible=False)
        changes = [Change(_what(situation), "muted for", None, _length(step))]
        return Plan(words=f"mute {_what(situation)} for {_length(step)}", changes=changes)

    def act(self, connection: Connection, step: Mute, situation: Situation, plan: Plan) -> Result:
        """Mutes it from now on."""
        if not plan.is_possible:
            return Result(state=StepState.FAILED, words=plan.words)
        lock_alerts(connection)
        number = mute_in(
            connection,
            Muted(alert_type=situation.alert["alert_type"], entity_id=situation.alert["entity_id"]),
            begins_at=situation.now,
            ends_at=situation.now + timedelta(minutes=step.minutes),
            reason=filled(step.reason, situation),
            actor=actor_of(situation),
        )
        words = f"muted {_what(situation)} for {_length(step)}"
        return Result(state=StepState.DONE, words=words, output={"mute_id": number}, changes=plan.changes)

    def undo(
        self,
        connection: Connection,
        step: Mute,  # noqa: ARG002 - the same for every step
        situation: Situation,
        output: Mapping[str, Any],
    ) -> Result:
        """Ends the mute, if it has not ended."""
        lock_alerts(connection)
        if not end_mute_in(connection, int(output["mute_id"]), at=situation.now):
            return Result(state=StepState.SKIPPED, words="the mute has ended already")
        changes = [Change(_what(situation), "muted", "yes", "no")]
        return Result(state=StepState.DONE, words=f"the mute of {_what(situation)} has ended", changes=changes)


def _what(situation: Situation) -> str:
    return f"{situation.alert['alert_type']} of {situation.alert['entity_id']}"


def _length(step: Mute) -> str:
    return f"{step.minutes:g} minutes"
