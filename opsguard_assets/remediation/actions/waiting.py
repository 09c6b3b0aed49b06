"""Waiting for a condition without a worker: the step is a row, and every tick asks for all that wait.

Here: the action `wait_for`. Not here: the conditions (`conditions`), time-outs and polls (`remediation.engine`).
"""

from collections.abc import Mapping

from sqlalchemy import Connection

from opsguard_assets.remediation.actions.action import OnlyReads, Plan, Result, Situation, StepState, World
from opsguard_assets.remediation.playbook.steps import Condition, WaitFor

WORDS: Mapping[Condition, str] = {
    "alert_cleared": "a look finds the alert's cause gone",
    "alert_acknowledged": "somebody has taken the alert",
    "device_reports": "the device reports again",
    "site_reports": "a device of the site reports again",
    "ticket_assigned": "the ticket is assigned",
    "ticket_responded": "the requester has an answer",
    "ticket_resolved": "the ticket is resolved",
    "shift_covered": "somebody takes the shift",
    "order_scheduled": "the vendor has accepted the order",
}


class WaitForAction(OnlyReads):
    """The action `wait_for`; the engine asks `conditions.holding` for all that wait at once."""

    def plan(self, world: World, step: WaitFor, situation: Situation) -> Plan:  # noqa: ARG002 - the step says it all
        """Waits; nothing is changed."""
        return Plan(words=f"wait until {WORDS[step.condition]}, {step.within_minutes:g} minutes at most")

    def act(
        self,
        connection: Connection,  # noqa: ARG002 - the engine keeps the step
        step: WaitFor,
        situation: Situation,
        plan: Plan,  # noqa: ARG002 - there is nothing to prepare
    ) -> Result:
        """Begins to wait; it is looked at in the same tick."""
        words = f"waits until {WORDS[step.condition]}"
        return Result(state=StepState.PLANNED, words=words, due_at=situation.now)
