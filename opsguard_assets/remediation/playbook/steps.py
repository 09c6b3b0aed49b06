"""The steps that a playbook may have: a closed set of typed actions with their parameters.

Here: the shape of each, and what it declares. Not here: doing it (`remediation.actions`), when (`remediation.engine`).

Texts may name `{what}`, `{where}`, `{entity}`, `{site}`, `{client}`, `{alert}` and `{playbook}`; nothing else is
replaced, and what is replaced is never read again.
"""

from string import Formatter
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import AfterValidator, Field

from opsguard_assets.config.base import Strict
from opsguard_assets.config.matching import Severity
from opsguard_assets.remediation.playbook.traits import Reversal, Trait

PLACEHOLDERS = ("what", "where", "entity", "site", "client", "alert", "playbook")
Audience = Literal["owner", "on_duty", "supervisor", "lead", "noc", "client"]
Condition = Literal[
    "alert_cleared", "alert_acknowledged", "device_reports", "site_reports", "ticket_assigned", "ticket_responded",
    "ticket_resolved", "shift_covered", "order_scheduled",
]  # fmt: skip


def _known_placeholders(text: str) -> str:
    try:
        names = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError as error:
        raise ValueError(f"{error}; write {{{{ and }}}} for braces") from None
    strange = sorted(names - set(PLACEHOLDERS))
    if strange:
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise ValueError(f"there is no {{{strange[0]}}}; there are {known}")
    return text


Text = Annotated[str, Field(min_length=1, max_length=2_000), AfterValidator(_known_placeholders)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]


class Approval(Strict):
    """Who has to agree before something is done.

    Attributes:
        required: none; one person; two persons, who must be different.
        team: Name or identifier of the team whose members may decide; None: the team of the alert.
        expires_minutes: Without a decision until then, it is denied.
        requester_may_approve: Whether the one who started the execution may decide on it, too.
    """

    required: Literal["none", "one", "two"] = "none"
    team: str | None = None
    expires_minutes: float = Field(default=60, gt=0, le=10_080)
    requester_may_approve: bool = False


class Step(Strict):
    """What all steps have.

    Attributes:
        do: The action.
        name: Its name in the log; the action and its number where left out.
        timeout_minutes: The step has failed after so long; None: as the action declares, or never where it cannot wait.
        retries: How often it is tried again after it failed; not after *unknown*.
        approval: An approval of its own, asked when the step is reached.
        on_failure: stop: the execution goes to its `on_failure`; continue: with the next step, and ends as partial.
    """

    trait: ClassVar[Trait]
    do: str
    name: Name | None = None
    timeout_minutes: float | None = Field(default=None, gt=0, le=43_200)
    retries: int = Field(default=0, ge=0, le=5)
    approval: Approval | None = None
    on_failure: Literal["stop", "continue"] = "stop"


class Notify(Step):
    """Tells people, by the channels that reach them.

    Attributes:
        to: In which roles.
        team: The team whose people these are; None: that of the alert.
        text: What they are told beside the incident itself.
    """

    trait = Trait(
        does="tell people", reversal=Reversal.COMPENSABLE, undo="they are told that it was undone",
        feature="alerts_basic", may_wait=True,
    )  # fmt: skip
    do: Literal["notify"]
    to: tuple[Audience, ...] = Field(default=("on_duty",), min_length=1)
    team: str | None = None
    text: Text


class Assign(Step):
    """Gives the alert, and the ticket it is about, to somebody.

    Attributes:
        to: A person's identifier, or least_loaded: of those on duty, the one with the least open tickets.
        team: The team; None: that of the alert.
    """

    trait = Trait(
        does="give the alert and its ticket to somebody", reversal=Reversal.REVERSIBLE,
        undo="the former assignee has it again, unless somebody changed it meanwhile",
        feature="playbooks_basic", may_wait=True,
    )  # fmt: skip
    do: Literal["assign"]
    to: str = Field(default="least_loaded", min_length=1)
    team: str | None = None


class CollectDiagnostics(Step):
    """Attaches to the alert what is known of its entity and site.

    Attributes:
        hours: How far back.
        rows: Maximum number of rows of each kind.
        include: What is looked up.
    """

    trait = Trait(does="collect what is known", reversal=Reversal.NOTHING, feature="alerts_basic")
    do: Literal["collect_diagnostics"]
    hours: float = Field(default=24, gt=0, le=720)
    rows: int = Field(default=50, ge=1, le=500)
    include: tuple[Literal["telemetry", "health", "events", "tickets", "shifts", "orders", "alerts"], ...] = (
        "telemetry", "health", "events", "tickets", "shifts", "orders", "alerts",
    )  # fmt: skip


class WaitFor(Step):
    """Waits until a condition holds; the step has failed if it did not within the time.

    Attributes:
        condition: What is waited for, of the entity or site of the alert.
        within_minutes: For how long.
    """

    trait = Trait(does="wait", reversal=Reversal.NOTHING, feature="alerts_basic", may_wait=True)
    do: Literal["wait_for"]
    condition: Condition
    within_minutes: float = Field(gt=0, le=43_200)


class CreateTicket(Step):
    """Opens a ticket in the ticket system.

    Attributes:
        title: Its title.
        description: Its text.
        priority: Its priority; None: that of the alert's severity.
        team: The team that gets it; None: that of the alert.
    """

    trait = Trait(
        does="open a ticket",
        reversal=Reversal.COMPENSABLE,
        undo="the ticket is cancelled",
        feature="playbooks_basic",
        may_wait=True,
    )
    do: Literal["create_ticket"]
    title: Text
    description: Text = "{what}. {where}"
    priority: Severity | None = None
    team: str | None = None


class Escalate(Step):
    """Tells the next of the escalation chain at once; raises the priority of the ticket if the alert is about one."""

    trait = Trait(
        does="escalate", reversal=Reversal.COMPENSABLE, undo="the ticket gets its former priority again",
        feature="playbooks_basic", may_wait=True,
    )  # fmt: skip
    do: Literal["escalate"]
    text: Text = "{what}"


class ResolveAlert(Step):
    """Resolves the alert; only where a later look saw its cause clear, unless `unseen`.

    Attributes:
        note: Why, for the history.
        unseen: Resolve it although nobody saw it clear: for false alarms.
    """

    trait = Trait(
        does="resolve the alert",
        reversal=Reversal.REVERSIBLE,
        undo="the alert is open again",
        feature="playbooks_basic",
    )
    do: Literal["resolve_alert"]
    note: Text = "resolved by {playbook}"
    unseen: bool = False


class Mute(Step):
    """Mutes alerts of this type about this entity for a time; never one of life safety.

    Attributes:
        minutes: For how long.
        reason: Why.
    """

    trait = Trait(
        does="mute such alerts of this entity",
        reversal=Reversal.REVERSIBLE,
        undo="the mute ends",
        feature="playbooks_basic",
    )
    do: Literal["mute"]
    minutes: float = Field(gt=0, le=10_080)
    reason: Text


class Webhook(Step):
    """Posts the alert and the execution, signed, to an address of `remediation.webhooks`.

    Attributes:
        to: The name of the address.
        text: What is asked for.
    """

    trait = Trait(does="call a webhook", reversal=Reversal.FINAL, may_wait=True)
    do: Literal["webhook"]
    to: Name
    text: Text = "{what}"


class SuggestSubstitute(Step):
    """Attaches who could take the shift: qualified, rested, near, the best first.

    Attributes:
        most: Maximum number of people.
    """

    trait = Trait(does="suggest substitutes", reversal=Reversal.NOTHING, feature="playbooks_basic")
    do: Literal["suggest_substitute"]
    most: int = Field(default=3, ge=1, le=10)


class OfferShift(Step):
    """Asks proposed people one after the other whether they take the shift; the first yes is recorded.

    Attributes:
        most: Maximum number of people who are asked.
        minutes_each: How long each of them has.
    """

    trait = Trait(
        does="offer the shift", reversal=Reversal.COMPENSABLE, undo="the substitution is withdrawn and the person told",
        may_wait=True,
    )  # fmt: skip
    do: Literal["offer_shift"]
    most: int = Field(default=3, ge=1, le=10)
    minutes_each: float = Field(default=10, gt=0, le=720)


class CreateWorkOrder(Step):
    """Orders a job of a vendor.

    Attributes:
        title: What is to be done.
        vendor: The vendor's identifier; None: the best of those that serve the site and category.
        category: What kind of job.
        due_hours: By when, from now.
    """

    trait = Trait(
        does="order a vendor's job", reversal=Reversal.COMPENSABLE, undo="the order is cancelled", may_wait=True
    )
    do: Literal["create_work_order"]
    title: Text
    vendor: str | None = None
    category: str = Field(min_length=1)
    due_hours: float = Field(default=24, gt=0, le=2_160)


class RebootDevice(Step):
    """Restarts the device, or the gateway of the site, by a command of `remediation.commands`.

    Attributes:
        command: The name of the command.
    """

    trait = Trait(does="restart the device", reversal=Reversal.FINAL, may_wait=True)
    do: Literal["reboot_device"]
    command: Name


AnyStep = Annotated[
    Notify | Assign | CollectDiagnostics | WaitFor | CreateTicket | Escalate | ResolveAlert | Mute | Webhook
    | SuggestSubstitute | OfferShift | CreateWorkOrder | RebootDevice,
    Field(discriminator="do"),
]  # fmt: skip
ACTIONS: dict[str, type[Step]] = {
    get_args(kind.model_fields["do"].annotation)[0]: kind for kind in get_args(get_args(AnyStep)[0])
}
