"""Approvals: what one covers, and whether one that was given still holds.

Here: texts, plans and rows in, decisions out. Not here: which steps need one (`playbook.gates`), asking and deciding
(`approvals_io`), who may decide (`opsguard_assets.duty.teams`).

People agree to what they were shown: action, parameters, and every change with the state before it. A step is done by
an approval that shows exactly what the step would do now. Otherwise somebody is asked again, once.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from opsguard_assets.remediation.actions.action import Plan
from opsguard_assets.remediation.engine.states import ON_FAILURE, STEPS, ApprovalRecord, Place, State, name_of
from opsguard_assets.remediation.playbook.gates import Gate, gate_of
from opsguard_assets.remediation.playbook.model import Playbook
from opsguard_assets.remediation.playbook.steps import Step

# How often somebody is asked about the same step, if what it would do changes meanwhile.
MOST_ASKED: Final = 2
Entry: TypeAlias = dict[str, Any]


def covered(playbook: Playbook, mode: str, gate: Gate, place: Place) -> list[Place]:
    """The steps that an approval covers which is asked before a step: that one, and later ones of the same gate."""
    phases = (STEPS, ON_FAILURE) if place[0] == STEPS else (ON_FAILURE,)
    every = [(phase, number) for phase in phases for number in range(len(getattr(playbook, phase)))]
    found = [each for each in every if (each[0] != place[0] or each[1] >= place[1])]
    needed = {each: gate_of(playbook, mode, each) for each in found}
    return [each for each, its in needed.items() if its is not None and its.place == gate.place]


def entry_of(place: Place, step: Step, plan: Plan) -> Entry:
    """What one step would do, as an approval shows and keeps it."""
    phase, number = place
    # As the kept text says them: what a later version of OpsGuard adds to a step with a default voids no approval.
    parameters = step.model_dump(mode="json", exclude_unset=True)
    entry = {
        "phase": phase,
        "step": number,
        "name": name_of(step, number),
        "action": step.do,
        "parameters": parameters,
        "does": step.trait.does,
        "afterwards": step.trait.undo or step.trait.reversal.value,
        "is_final": step.trait.is_final,
        "words": plan.words,
        "changes": [asdict(change) for change in plan.changes],
        "messages": plan.messages,
    }
    return {**entry, "digest": _digest([_agreed(entry)])}


def digest_of(entries: Iterable[Mapping[str, Any]]) -> str:
    """SHA-256 of what people agree to: action, parameters and changes of every step, with the state before them."""
    return _digest([_agreed(entry) for entry in entries])


def _agreed(entry: Mapping[str, Any]) -> list[Any]:
    return [entry[name] for name in ("phase", "step", "action", "parameters", "changes")]


def _digest(content: object) -> str:
    words = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(words.encode()).hexdigest()


@dataclass(frozen=True)
class Go:
    """It may be done."""


@dataclass(frozen=True)
class Ask:
    """Somebody has to be asked."""


@dataclass(frozen=True)
class Await:
    """Somebody was asked and has time until then."""

    approval_id: int
    until: datetime


@dataclass(frozen=True)
class Refused:
    """It must not be done, and the execution ends.

    Attributes:
        state: How it ends.
        reason: Why.
        expired: The approval that has expired just now, if that is why.
    """

    state: State
    reason: str
    expired: int | None = None


def standing(
    entry: Mapping[str, Any], approvals: Sequence[ApprovalRecord], now: datetime
) -> Go | Ask | Await | Refused:
    """Whether a step that needs an approval may be done.

    Args:
        entry: What it would do now.
        approvals: All approvals of the execution, the oldest first.
        now: The time of the clock (UTC).
    """
    shown = {each["digest"] for row in approvals if row.decision == "approved" for each in row.plan}
    if entry["digest"] in shown:
        return Go()
    mine = [row for row in approvals if row.place == (entry["phase"], entry["step"])]
    open_one = next((row for row in approvals if row.decision is None), None)
    if open_one is not None and now < open_one.expires_at:
        return Await(open_one.approval_id, open_one.expires_at)
    if open_one is not None:
        return Refused(State.EXPIRED, nobody_decided(open_one.expires_at), open_one.approval_id)
    refused = _refused(mine[-1]) if mine else None
    if refused is None and len(mine) >= MOST_ASKED:
        words = f"what {entry['name']} would do changed again while somebody was asked about it"
        refused = Refused(State.FAILED, words)
    return refused or Ask()


def _refused(newest: ApprovalRecord) -> Refused | None:
    """How an execution ends whose approval was not given; None where the situation only changed."""
    if newest.decision == "denied":
        return Refused(State.CANCELLED, f"denied by {newest.decided_by}: {newest.reason}")
    if newest.decision == "expired":
        return Refused(State.EXPIRED, nobody_decided(newest.expires_at))
    if newest.decision == "cancelled":
        return Refused(State.CANCELLED, newest.reason or "cancelled")
    return None


def nobody_decided(expires_at: datetime) -> str:
    """Why something is not done that nobody decided on."""
    return f"nobody decided until {expires_at:%Y-%m-%d %H:%M} UTC, so it is denied"
