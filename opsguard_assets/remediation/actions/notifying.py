"""Telling people. Not here: who they are (`recipients_io`), messages (`telling`), what they look like (`delivery`)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from opsguard_assets.remediation.actions.action import Plan, Result, Situation, StepState, World
from opsguard_assets.remediation.actions.effects import without_changes
from opsguard_assets.remediation.actions.recipients_io import Found, recipients_of, staff_of
from opsguard_assets.remediation.actions.telling import reach_of, still_waits, tell, untell
from opsguard_assets.remediation.actions.texts import filled
from opsguard_assets.remediation.playbook.steps import Notify


class NotifyAction:
    """The action `notify`. It is done when one message arrived; a step that reached nobody has failed."""

    def plan(self, world: World, step: Notify, situation: Situation) -> Plan:
        """Whom it would tell; impossible where nobody can be reached."""
        found = recipients_of(staff_of(world, situation, step.team), step.to)
        if not found.recipients:
            return Plan(words=f"nobody can be told: {'; '.join(found.absent)}", is_possible=False)
        names = ", ".join(f"{each.name} by {each.channel}" for each in found.recipients)
        absent = f" ({'; '.join(found.absent)})" if found.absent else ""
        return Plan(words=f"tell {names}{absent}", messages=len(found.recipients), prepared=found)

    def act(self, connection: Connection, step: Notify, situation: Situation, plan: Plan) -> Result:
        """Plans the messages, and waits until one arrived."""
        if not plan.is_possible:
            return Result(state=StepState.FAILED, words=plan.words)
        found: Found = plan.prepared
        beginning = tell(connection, situation, found.recipients, filled(step.text, situation))
        output = {"messages": beginning, "execution_id": situation.execution_id}
        return still_waits(situation, output, plan.words)

    def look(
        self,
        connection: Connection,
        step: Notify,  # noqa: ARG002 - the messages say it all
        situation: Situation,
        output: Mapping[str, Any],
    ) -> Result:
        """Whether somebody was reached."""
        found = reach_of(connection, situation.execution_id, output["messages"])
        if found.state is StepState.PLANNED:
            return still_waits(situation, output, found.said())
        return Result(state=found.state, words=found.said(), output=without_changes(output))

    def undo(self, connection: Connection, step: Notify, situation: Situation, output: Mapping[str, Any]) -> Result:
        """Tells them that it was undone; what was not sent yet is not sent any more."""
        words = f"Taken back: {filled(step.text, situation)}"
        execution_id = int(output["execution_id"])
        taken, have = untell(connection, situation, execution_id, output["messages"], words)
        if not taken and not have:
            return Result(state=StepState.SKIPPED, words="nobody was told")
        return Result(state=StepState.DONE, words=f"{taken} messages were taken back, {have} people are told of it")
