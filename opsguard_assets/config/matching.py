"""Matchers: comparisons over a closed list of fields, as routes and inhibit rules of `opsguard.yaml` write them.

Here: their shape and types. Not here: what a field holds and how a matcher is evaluated
(`opsguard_assets.incidents.matching`).

There is no expression language: every matcher is total, has no loops, and becomes one expression over all rows.
"""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from opsguard_assets.config.base import Strict

# The words of the contract (`opsguard_assets.tables.values`), the least first; a test compares them.
Severity = Literal["low", "medium", "high", "critical"]
PlanName = Literal["bronze", "silver", "gold"]


def _short(value: object) -> object:
    """`client: C1` means `client: {is: C1}`, and `client: [C1, C2]` means `client: {in: [C1, C2]}`."""
    if isinstance(value, dict | Strict) or value is None:
        return value
    return {"in": value} if isinstance(value, list | tuple) else {"is": value}


class _Comparison(Strict):
    """At least one comparison; all given ones must hold."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("write a comparison: is, in, at_least or at_most")
        return self


class TextIs(_Comparison):
    """Comparison with names."""

    is_: str | None = Field(default=None, alias="is", min_length=1)
    in_: tuple[str, ...] | None = Field(default=None, alias="in", min_length=1)


class SeverityIs(_Comparison):
    """Comparison of severities, of which low is the least."""

    is_: Severity | None = Field(default=None, alias="is")
    in_: tuple[Severity, ...] | None = Field(default=None, alias="in", min_length=1)
    at_least: Severity | None = None
    at_most: Severity | None = None


class PlanIs(_Comparison):
    """Comparison of plans, of which bronze is the least."""

    is_: PlanName | None = Field(default=None, alias="is")
    in_: tuple[PlanName, ...] | None = Field(default=None, alias="in", min_length=1)
    at_least: PlanName | None = None
    at_most: PlanName | None = None


class NumberIs(_Comparison):
    """Comparison of numbers."""

    is_: float | None = Field(default=None, alias="is")
    in_: tuple[float, ...] | None = Field(default=None, alias="in", min_length=1)
    at_least: float | None = None
    at_most: float | None = None


class FlagIs(_Comparison):
    """Whether something holds."""

    is_: bool = Field(alias="is")


_TextIs = Annotated[TextIs | None, BeforeValidator(_short)]


class Matcher(Strict):
    """Which incidents, or alerts, something is about. All fields that are given must hold.

    Attributes:
        type: Type of the alert; of an incident, that of its alert of the greatest priority.
        cause: Cause of the type, such as power_or_line; of external alerts their kind.
        team: Team of the type, such as iot-specialists.
        client: The client's identifier.
        site: The site's identifier.
        entity_type: What it is about: ticket, device, shift, …; of an incident, as with `type`.
        entity: Its identifier; of an incident, as with `type`.
        plan: The client's plan in force: that of a trial comes first. A client whose plan is unknown, or has ended,
            matches no comparison.
        severity: low, medium, high, critical; of an incident, the greatest of its unresolved alerts.
        priority: 0 to 100; of an incident, the greatest of its unresolved alerts.
        alerts: Unresolved alerts of the incident; 1 for an alert.
        life_safety: Whether it is about fire, smoke, intrusion, panic and the like.
        all_: Further matchers that must all hold (`all`).
        any_: Further matchers of which one must hold (`any`).
        not_: A matcher that must not hold (`not`). A field that is unknown does not hold, so its `not` does.
    """

    type: _TextIs = None
    cause: _TextIs = None
    team: _TextIs = None
    client: _TextIs = None
    site: _TextIs = None
    entity_type: _TextIs = None
    entity: _TextIs = None
    plan: Annotated[PlanIs | None, BeforeValidator(_short)] = None
    severity: Annotated[SeverityIs | None, BeforeValidator(_short)] = None
    priority: Annotated[NumberIs | None, BeforeValidator(_short)] = None
    alerts: Annotated[NumberIs | None, BeforeValidator(_short)] = None
    life_safety: Annotated[FlagIs | None, BeforeValidator(_short)] = None
    all_: "tuple[Matcher, ...] | None" = Field(default=None, alias="all", min_length=1)
    any_: "tuple[Matcher, ...] | None" = Field(default=None, alias="any", min_length=1)
    not_: "Matcher | None" = Field(default=None, alias="not")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("a matcher needs at least one field; leave `when` out for everything")
        return self
