"""Scenarios of annual recurring revenue: clients, sites, adoption, price.

Here: the arithmetic, the three scenarios of the plan, your own from a file's text, and how sensitive a scenario is.
Not here: reading the file (the command), and pictures (`pages.plots`).

ARR is a run rate of what adopting sites pay in a year: clients * sites * share * price * 12.
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Final

from pydantic import Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from opsguard_assets.config.base import Strict

_MONTHS: Final = Decimal(12)
_CENT: Final = Decimal("0.01")


class ScenarioError(ValueError):
    """A file of scenarios cannot be used; the message says why."""


class Scenario(Strict):
    """One scenario.

    Attributes:
        name: What it is called.
        clients: How many clients there are.
        sites_per_client: Sites of each, on average.
        adoption: Share of sites that pay, 0..1.
        price: Average price per site and month.
    """

    name: Annotated[str, Field(min_length=1, max_length=80)]
    clients: Annotated[int, Field(ge=0)] = 100
    sites_per_client: Annotated[Decimal, Field(ge=0)] = Decimal(2)
    adoption: Annotated[Decimal, Field(ge=0, le=1)]
    price: Annotated[Decimal, Field(ge=0)]

    @property
    def sites(self) -> Decimal:
        """Sites that pay."""
        return self.clients * self.sites_per_client * self.adoption

    @property
    def arr(self) -> Decimal:
        """Annual recurring revenue."""
        return (self.sites * self.price * _MONTHS).quantize(_CENT, ROUND_HALF_UP)


class _File(Strict):
    scenarios: Annotated[tuple[Scenario, ...], Field(min_length=1, max_length=50)]


# 200 sites of 100 clients, as the business plan has them.
PLANNED: Final = (
    Scenario(name="conservative", adoption=Decimal("0.2"), price=Decimal(300)),
    Scenario(name="expected", adoption=Decimal("0.4"), price=Decimal(350)),
    Scenario(name="ambitious", adoption=Decimal("0.6"), price=Decimal(400)),
)
# What each input is changed by, to see how much the result moves.
SWING: Final = Decimal("0.2")
INPUTS: Final = ("clients", "sites_per_client", "adoption", "price")


def parsed(text: str, name: str) -> tuple[Scenario, ...]:
    """Scenarios of a YAML file: `scenarios: [{name: …, clients: …, sites_per_client: …, adoption: …, price: …}]`.

    Args:
        text: What the file holds.
        name: Its name, for the message.

    Raises:
        ScenarioError: When it is not YAML, or not scenarios.
    """
    try:
        return _File.model_validate(YAML(typ="safe", pure=True).load(text)).scenarios
    except YAMLError as error:
        raise ScenarioError(f"{name} is not YAML: {error}") from None
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'the file'}: {each['msg']}" for each in error.errors())
        raise ScenarioError(f"{name}: {wrong}. A scenario is {{name: …, adoption: 0.4, price: 350}}") from None


def sensitivity(scenario: Scenario) -> list[tuple[str, Decimal, Decimal]]:
    """(input, ARR with a fifth less of it, ARR with a fifth more), the most sensitive first; adoption ends at 1."""
    found = [(name, _with(scenario, name, 1 - SWING), _with(scenario, name, 1 + SWING)) for name in INPUTS]
    return sorted(found, key=lambda each: each[2] - each[1], reverse=True)


def _with(scenario: Scenario, name: str, factor: Decimal) -> Decimal:
    parts: Mapping[str, Decimal] = {each: Decimal(getattr(scenario, each)) for each in INPUTS}
    changed = {**parts, name: parts[name] * factor}
    changed["adoption"] = min(changed["adoption"], Decimal(1))
    product = _MONTHS
    for value in changed.values():
        product *= value
    return product.quantize(_CENT, ROUND_HALF_UP)


def rows_of(scenarios: Sequence[Scenario]) -> list[dict[str, object]]:
    """Scenarios with what they come to."""
    return [
        {
            "name": each.name, "clients": each.clients, "sites": each.clients * each.sites_per_client,
            "adoption": each.adoption, "paying_sites": each.sites, "price": each.price, "arr": each.arr,
        }
        for each in scenarios
    ]  # fmt: skip
