"""What is wrong with playbooks that have the right shape, before anything happens.

Here: playbooks in, findings out. Not here: reading files (`load_io`), the shape (`model`, `steps`), the sets behind
triggers (`routing.analysis`).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, TypeAlias

from opsguard_assets.remediation.playbook.model import Playbook
from opsguard_assets.remediation.playbook.steps import (
    Assign,
    CreateTicket,
    Notify,
    OfferShift,
    RebootDevice,
    Step,
    WaitFor,
    Webhook,
)
from opsguard_assets.routing.analysis import TooManyCasesError, may_meet, named_types

Place: TypeAlias = tuple[str | int, ...]
# What two playbooks would do to one target; telling people and reading harm nobody twice.
TARGETS: Mapping[str, str] = {
    "assign": "the assignee", "create_ticket": "a ticket", "escalate": "the escalation chain",
    "resolve_alert": "the state of the alert", "mute": "the state of the alert", "offer_shift": "the shift",
    "create_work_order": "a vendor's order", "reboot_device": "the device",
}  # fmt: skip


@dataclass(frozen=True)
class LintFinding:
    """Something wrong with a playbook.

    Attributes:
        playbook: Its name.
        severity: error: it cannot do what it says; warning: it can, but hardly as meant.
        place: The keys and positions that lead to it.
        words: What is wrong, and the remedy.
    """

    playbook: str
    severity: Literal["error", "warning"]
    place: Place
    words: str


@dataclass(frozen=True)
class Surroundings:
    """What playbooks may refer to.

    Attributes:
        types: Types of alerts that OpsGuard raises; other systems send further kinds.
        teams: Names and identifiers of teams; None: no `groups` are known, so none is judged.
        led: Those of them that have somebody who leads.
        webhooks: Names of `remediation.webhooks`.
        commands: Names of `remediation.commands`.
        features: What any client receives; None: no client is known, so none is judged.
        takes_orders: Whether `remediation.work_orders` says where work orders go.
        opens_tickets: Whether the ticket system opens tickets.
    """

    types: Collection[str] = ()
    teams: Collection[str] | None = None
    led: Collection[str] = ()
    webhooks: Collection[str] = ()
    commands: Collection[str] = ()
    features: Collection[str] | None = None
    takes_orders: bool = True
    opens_tickets: bool = True


def lint(playbooks: Sequence[Playbook], around: Surroundings) -> list[LintFinding]:
    """Everything that is wrong with playbooks, each by itself and with one another.

    Args:
        playbooks: Those in use.
        around: What they may refer to.
    """
    found = [finding for each in playbooks for finding in _of_one(each, around)]
    for one, other in combinations(playbooks, 2):
        found += _of_two(one, other)
    return found


def _of_one(playbook: Playbook, around: Surroundings) -> Iterator[LintFinding]:
    said = (
        *_trigger(playbook, around), *_approvals(playbook), *_times(playbook), *_order(playbook),
        *_recipients(playbook, around), *_outside(playbook, around), *_features(playbook, around),
    )  # fmt: skip
    for severity, place, words in said:
        yield LintFinding(playbook.playbook, severity, place, words)


_Said: TypeAlias = tuple[Literal["error", "warning"], Place, str]


def _phases(playbook: Playbook) -> Iterator[tuple[Place, Step]]:
    for phase in ("steps", "on_failure"):
        for number, step in enumerate(getattr(playbook, phase)):
            yield (phase, number), step


def _trigger(playbook: Playbook, around: Surroundings) -> Iterator[_Said]:
    place = ("trigger", "when")
    try:
        if not may_meet(playbook.trigger.when):
            yield "error", place, "no alert can match this: its comparisons contradict one another; correct one of them"
    except TooManyCasesError:
        yield "warning", place, "too entangled to be judged; write fewer nested comparisons"
    strange = [name for name in named_types(playbook.trigger.when) if around.types and name not in set(around.types)]
    known = {name.lower().replace(" ", "_") for name in around.types}
    for name in strange:
        if name.lower().replace(" ", "_").replace("-", "_") in known:
            yield "error", place, f"no alert has the type {name}; types are written like device_silent"


def _approvals(playbook: Playbook) -> Iterator[_Said]:
    dominated = playbook.approval.required != "none"
    for place, step in _phases(playbook):
        if place == ("on_failure", 0):
            # The steps may have failed before any of them asked.
            dominated = playbook.approval.required != "none"
        dominated = dominated or (step.approval is not None and step.approval.required != "none")
        if not step.trait.is_final:
            continue
        if not dominated:
            yield (
                "error", place,
                (f"{step.do} cannot be taken back and nobody is asked before it; write `approval: "
                "{required: one}` here or for the playbook"),
            )  # fmt: skip
        elif playbook.max_autonomy == "alone" and (step.approval is None or step.approval.required == "none"):
            yield (
                "warning", place,
                (f"{step.do} cannot be taken back and `max_autonomy` is alone; give the step an `approval` of its "
                "own, or write `max_autonomy: approval`"),
            )  # fmt: skip


def _minutes(step: Step) -> float:
    """How long a step may take, in minutes; 0 where it says nothing."""
    own = step.timeout_minutes
    if isinstance(step, WaitFor):
        return min(step.within_minutes, own or step.within_minutes)
    if isinstance(step, OfferShift):
        return min(step.most * step.minutes_each, own or step.most * step.minutes_each)
    return own or 0


def _times(playbook: Playbook) -> Iterator[_Said]:
    total = 0.0
    for number, step in enumerate(playbook.steps):
        place, limit = ("steps", number), step.timeout_minutes
        asked = step.approval if step.approval is not None and step.approval.required != "none" else None
        full = step.within_minutes if isinstance(step, WaitFor) else 0.0
        full = step.most * step.minutes_each if isinstance(step, OfferShift) else full
        if limit is not None and full > limit:
            yield "warning", place, f"it would take {full:g} minutes, but fails after {limit:g}; raise timeout_minutes"
        if asked is not None and total >= playbook.timeout_minutes:
            yield (
                "error", place,
                (f"steps before it may take {total:g} minutes, the playbook ends after {playbook.timeout_minutes:g}, "
                "so nobody could approve; wait less, or raise timeout_minutes of the playbook"),
            )  # fmt: skip
        total += _minutes(step) + (asked.expires_minutes if asked else 0)
    whole = total + (playbook.approval.expires_minutes if playbook.approval.required != "none" else 0)
    if whole > playbook.timeout_minutes:
        yield (
            "error", ("timeout_minutes",),
            (f"waits and approvals may take {whole:g} minutes, but the playbook fails after "
            f"{playbook.timeout_minutes:g}; raise timeout_minutes, or wait less"),
        )  # fmt: skip


def _order(playbook: Playbook) -> Iterator[_Said]:
    resolving = [n for n, step in enumerate(playbook.steps) if step.do == "resolve_alert"]
    if resolving and resolving[0] < len(playbook.steps) - 1:
        yield (
            "warning", ("steps", resolving[0] + 1),
            "the alert is resolved before this step; make resolve_alert the last one",
        )  # fmt: skip
    may_fail = any(step.trait.may_wait or step.trait.acts for step in playbook.steps)
    telling = {"notify", "escalate", "create_ticket"}
    if may_fail and not any(step.do in telling for step in playbook.on_failure):
        place: Place = ("on_failure",) if playbook.on_failure else ("steps",)
        yield (
            "warning", place,
            "steps can fail without anybody being told; add notify, escalate or create_ticket to `on_failure`",
        )  # fmt: skip


def _recipients(playbook: Playbook, around: Surroundings) -> Iterator[_Said]:
    teams = None if around.teams is None else {name.lower() for name in around.teams}
    led = {name.lower() for name in around.led}

    def strange(name: str | None, place: Place) -> Iterator[_Said]:
        if name is not None and teams is not None and name.lower() not in teams:
            yield "error", place, f"there is no team {name} among `groups`; name one of them"

    yield from strange(playbook.team, ("team",))
    yield from strange(playbook.approval.team, ("approval", "team"))
    for place, step in _phases(playbook):
        if step.approval is not None:
            yield from strange(step.approval.team, (*place, "approval", "team"))
        if isinstance(step, Notify | Assign | CreateTicket):
            yield from strange(step.team, (*place, "team"))
        if isinstance(step, Notify) and set(step.to) == {"lead"}:
            team = step.team or playbook.team
            if team is not None and teams is not None and team.lower() in teams and team.lower() not in led:
                yield "error", (*place, "to"), f"nobody leads {team}; name a lead in `groups`, or tell others, too"
        for kind, names, key, setting in (
            (Webhook, around.webhooks, "to", "webhooks"),
            (RebootDevice, around.commands, "command", "commands"),
        ):
            if isinstance(step, kind) and getattr(step, key) not in set(names):
                name = getattr(step, key)
                yield "error", (*place, key), f"`remediation.{setting}` has no {name}; add it, or name one of them"


def _outside(playbook: Playbook, around: Surroundings) -> Iterator[_Said]:
    """Steps that the settings leave no way out."""
    for place, step in _phases(playbook):
        if step.do == "create_work_order" and not around.takes_orders:
            yield "error", place, "no job can be ordered: write where orders go as `remediation.work_orders`"
        if step.do == "create_ticket" and not around.opens_tickets:
            yield "error", place, "no ticket can be opened: write how as `ticket_system.create`"


def _features(playbook: Playbook, around: Surroundings) -> Iterator[_Said]:
    if around.features is None:
        return
    for place, step in _phases(playbook):
        if step.trait.feature not in around.features:
            needed = f"{step.do} needs {step.trait.feature} (plan {step.trait.plan})"
            yield "warning", place, f"{needed}, which no client has; it only ever runs in shadow"


def _of_two(one: Playbook, other: Playbook) -> Iterable[LintFinding]:
    """Both act on the same target about the same alert."""
    if not set(one.trigger.on) & set(other.trigger.on):
        return
    shared = sorted(_targets(one) & _targets(other))
    try:
        if not shared or not may_meet(one.trigger.when, other.trigger.when):
            return
    except TooManyCasesError:
        return
    words = (
        f"{other.playbook} is started by some of the same alerts and also changes {' and '.join(shared)}; narrow one "
        "of the triggers"
    )
    yield LintFinding(one.playbook, "warning", ("trigger", "when"), words)


def _targets(playbook: Playbook) -> set[str]:
    return {TARGETS[step.do] for step in playbook.steps if step.do in TARGETS}
