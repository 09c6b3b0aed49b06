"""A type of alerts as people meet it: what it means, which feature holds it, by when, what to do, whose it is.

Here: the description, and the teams and causes that types name. Not here: any type (each domain declares its own beside
the rule that finds it), what a type costs in money (`config.learning`, `config.triage`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# Teams of specialists. `groups` of the sources and `routing` of opsguard.yaml say who is in them.
IOT, NETWORK, SECURITY, EMERGENCY = "iot-specialists", "network", "security", "emergency-response"
HELPDESK, FIELD, PROCUREMENT, NOC = "helpdesk-supervisors", "field-supervisors", "procurement", "noc"
TEAMS = (IOT, NETWORK, SECURITY, EMERGENCY, HELPDESK, FIELD, PROCUREMENT, NOC)
# Causes: alerts of one cause at one site tell of one problem.
POWER_OR_LINE, BATTERY, STAFFING, TICKETS, VENDOR_JOBS, OPSGUARD = (
    "power_or_line",
    "battery",
    "staffing",
    "tickets",
    "vendor_jobs",
    "opsguard",
)


@dataclass(frozen=True, kw_only=True)
class AlertType:
    """A type of alerts.

    Attributes:
        name: Its name, also in the deduplication key of its findings.
        meaning: What it means; a threshold is named by its setting in braces, and said as it is in force.
        next_step: What somebody should do, in the imperative, where the finding itself does not say better.
        due: The entry of the evidence that says by when something can still be done; None where there is none.
        feature: What a client receives it by, one of `config.features`; None for everybody's.
        team: The specialists who handle it, one of `TEAMS`.
        cause: What it usually comes from; the type itself where left out. Alerts of one cause at one site are one
            incident.
        cost: The setting of `money` that says what one such trouble costs when nobody acts.
        cost_share: The part of that cost, or how many times it is lost: a whole site costs more than a device.
        needs_person: Share of such alerts that need a person, 0..1: an assumption until outcomes are known.
        minutes: Minutes that one takes to resolve, on average: an assumption until outcomes are known.
        warns_of: The types of alerts about the same entity by which it comes true; none where it warns of nothing.
    """

    name: str
    meaning: str
    next_step: str
    due: str | None = None
    feature: str | None = None
    team: str = NOC
    cause: str = ""
    cost: str = "alert_cost"
    cost_share: float = 1.0
    needs_person: float = 0.5
    minutes: float = 60
    warns_of: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Where no cause is declared, the type is its own."""
        if not self.cause:
            object.__setattr__(self, "cause", self.name)


def names(types: Iterable[AlertType]) -> tuple[str, ...]:
    """The names of some types."""
    return tuple(each.name for each in types)


def features_of(types: Iterable[AlertType]) -> Mapping[str, str | None]:
    """The feature that each of some types belongs to."""
    return {each.name: each.feature for each in types}
