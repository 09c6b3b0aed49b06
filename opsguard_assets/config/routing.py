"""Settings of incidents and routing: what belongs together, who is told, when, and who is next.

Here: their shape and defaults. Not here: channels and their secrets (`delivery`), which team handles a type where no
route says so (the `alert_types.py` of its domain), who is on duty (`duty` of the sources).
"""

from datetime import time
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from opsguard_assets.config.base import Strict
from opsguard_assets.config.matching import Matcher

GroupField = Literal["client", "site", "cause", "type", "entity", "team"]
Audience = Literal["supervisor", "lead", "noc"]
Urgency = Literal["now", "soon", "digest"]


def _clock_time(value: object) -> object:
    if isinstance(value, int | float):
        raise ValueError('write a time of day in quotes, such as "08:00"')  # noqa: TRY004 - pydantic catches this one
    return value


ClockTime = Annotated[time, BeforeValidator(_clock_time)]


class InhibitRule(Strict):
    """While an alert of `source` is unresolved, alerts of `target` with equal fields are shown with it, not beside it.

    Life-safety alerts are never a target.

    Attributes:
        name: Its name, shown wherever it acted.
        source: Which alerts silence others.
        target: Which alerts are silenced.
        equal: Fields in which both must agree. An unknown value agrees with nothing.
    """

    name: str = Field(min_length=1)
    source: Matcher
    target: Matcher
    equal: tuple[Literal["client", "site", "cause", "entity", "team"], ...] = Field(default=("site",), min_length=1)


class Route(Strict):
    """Which incidents go to whom. The first route that matches decides; what it leaves out follows the defaults.

    Attributes:
        name: Its name, shown with every decision.
        when: Which incidents; all of them where left out.
        team: Name or identifier of a team of `groups`.
        channels: Names of channels; a person gets it by the first that reaches them.
        every_channel: Whether a person gets it by all of these channels instead.
        urgency: now; soon: after `group_interval_minutes`, with what has joined until then; digest.
    """

    name: str = Field(min_length=1)
    when: Matcher | None = None
    team: str | None = None
    channels: tuple[str, ...] | None = Field(default=None, min_length=1)
    every_channel: bool = False
    urgency: Urgency | None = None


class ChainMinutes(Strict):
    """Minutes without acknowledgement after which the next of the chain is told, by severity.

    Attributes:
        critical: Of a critical incident.
        high: Of a high one.
        medium: Of a medium one.
        low: Of a low one.
    """

    critical: float = Field(default=15, gt=0, le=1_440)
    high: float = Field(default=30, gt=0, le=1_440)
    medium: float = Field(default=60, gt=0, le=1_440)
    low: float = Field(default=120, gt=0, le=1_440)


class QuietHours(Strict):
    """When people who are not on duty are left in peace, in their own zone; equal times mean never.

    Critical and life-safety incidents are told all the same.

    Attributes:
        begins: Local time.
        ends: Local time; what waited is told then, in one message.
    """

    begins: ClockTime = time(22)
    ends: ClockTime = time(7)


class Routing(Strict):
    """Incidents, and who is told of them.

    Attributes:
        group_by: Alerts that agree in these fields are one incident.
        group_wait_seconds: The first message of an incident waits so long for alerts that join; critical and
            life-safety incidents do not wait.
        group_interval_minutes: Messages about changes of an incident are at least so far apart.
        repeat_interval_minutes: An incident that the whole chain was told of and nobody acknowledged is told again
            after so long. It counts from the last step, not from the last change.
        inhibit_rules: Alerts that silence others.
        routes: Who gets what, the first that matches; the built-in routes come after them.
        channels: Names of channels where a route names none, the preferred first.
        interrupt_from: From this priority people are told at once; below it, in their digest.
        supervisor_from: From this priority the supervisor is told, too.
        client_from: From this priority the client's own Slack channel is told; None: never.
        executives_from: From this priority, and of life-safety incidents, the client's executives are told; None:
            never.
        chain: Who is told after the owner, one after the other, while nobody acknowledges.
        chain_minutes: How long each of them has.
        quiet_hours: When people who are not on duty get a digest instead.
        digest_at: Local times of digests.
        messages_per_hour: First messages and reminders that a person gets within an hour; the rest comes by digest, and
            critical and life-safety incidents all the same.
        age_limit_minutes: Nobody is told of an alert that was last found longer ago.
    """

    group_by: tuple[GroupField, ...] = Field(default=("client", "site", "cause"), min_length=1)
    group_wait_seconds: float = Field(default=30, ge=0, le=3_600)
    group_interval_minutes: float = Field(default=5, ge=0, le=1_440)
    repeat_interval_minutes: float = Field(default=240, ge=1, le=43_200)
    inhibit_rules: tuple[InhibitRule, ...] = (
        InhibitRule(
            name="silent site",
            source=Matcher.model_validate({"type": "site_silent"}),
            target=Matcher.model_validate({"type": ["device_silent", "device_failure_risk"]}),
            equal=("client", "site"),
        ),
    )
    routes: tuple[Route, ...] = ()
    channels: tuple[str, ...] = Field(default=("slack", "mail"), min_length=1)
    interrupt_from: int = Field(default=80, ge=0, le=101)
    supervisor_from: int = Field(default=90, ge=0, le=101)
    client_from: int | None = Field(default=90, ge=0, le=100)
    executives_from: int | None = Field(default=95, ge=0, le=100)
    chain: tuple[Audience, ...] = ("supervisor", "lead", "noc")
    chain_minutes: ChainMinutes = ChainMinutes()
    quiet_hours: QuietHours = QuietHours()
    digest_at: tuple[ClockTime, ...] = Field(default=(time(8), time(13), time(18)), min_length=1)
    messages_per_hour: int = Field(default=12, ge=1, le=1_000)
    age_limit_minutes: float = Field(default=120, gt=0, le=10_080)

    @field_validator("group_by")
    @classmethod
    def _by_client(cls, fields: tuple[GroupField, ...]) -> tuple[GroupField, ...]:
        if "client" not in fields:
            raise ValueError("client must be one of them: no message tells a client of another one")
        return fields

    @field_validator("routes", "inhibit_rules")
    @classmethod
    def _unique_names(cls, rules: tuple[Route | InhibitRule, ...]) -> tuple[Route | InhibitRule, ...]:
        names = [rule.name for rule in rules]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two are named {', '.join(twice)}; give each a name of its own")
        return rules

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.supervisor_from < self.interrupt_from:
            raise ValueError("supervisor_from is less than interrupt_from; the supervisor is told after the specialist")
        return self
