"""Settings of triage: what protects lives, what types of alerts cost, how long alerts of other systems count.

Here: what a file says. Not here: the scale and its constants (`triage.priority.priority`), unit costs (`learning`),
teams and causes (the `alert_types.py` of each domain).
"""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from opsguard_assets.config.base import Strict


class Triage(Strict):
    """Triage of alerts.

    Attributes:
        life_safety: Further kinds of alerts that protect lives, such as water_leak: at least 90, never muted.
        costs: What a trouble of a type costs when nobody acts, in the currency of `money`; others as declared.
        external_days: An alert of another system that nobody resolved there expires so many days after it was raised.
    """

    life_safety: tuple[str, ...] = ()
    costs: Mapping[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    external_days: float = Field(default=30, gt=0)
