"""Which feature each client receives at a moment: `entitled` is the only gate to whatever leaves the house.

Here: the gate, for features, for types of alerts and for sections of the scorecard. Not here: reading clients (`io`),
what plans hold (`config.plans`), and prices (`prices`).

A client of whom no plan is known receives everything that only tells, and nothing that acts. What belongs to no client
is the house's own, and nobody's plan keeps it from anybody.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import dataframely as dy
import polars as pl

from opsguard_assets.config.features import FEATURE_NAMES, FEATURES
from opsguard_assets.config.plans import Plans
from opsguard_assets.entitlements.schemas import ClientFeatures, ClientSections, Exceptions, PlanInForce, PlansHeld
from opsguard_assets.tables.table import dtypes_of, rows_of

# What the sections of a scorecard belong to, by their names in `scorecards.kpis`.
SECTIONS: Final[Mapping[str, str]] = {
    "operations": "scorecard",
    "quality": "scorecard",
    "risk": "scorecard",
    "shifts": "shift_compliance",
    "devices": "device_health",
    "vendors": "vendor_performance",
    "remediation": "remediation",
    "predictions": "sla_prevention",
    "value": "scorecard",
    "shadow": "scorecard",
}


@dataclass(frozen=True)
class Entitlements:
    """What clients receive at a moment.

    Attributes:
        clients: The plan of each client; one row each.
        exceptions: Where clients differ from their plans.
        plans: What plans hold.
    """

    clients: dy.DataFrame[PlansHeld]
    exceptions: dy.DataFrame[Exceptions]
    plans: Plans

    @property
    def in_force(self) -> dy.DataFrame[PlanInForce]:
        """The plan of each client as conditions compare it, one row each: a trial comes first, an end is null."""
        return rows_of(PlanInForce, self.clients.with_columns(plan=pl.when(~pl.col("is_ended")).then("plan")))


def entitlements(clients: pl.DataFrame, plans: Plans, on: date) -> Entitlements:
    """What clients receive on a day.

    Args:
        clients: (`client_id`, `plan`) as known then.
        plans: What plans hold, and where clients differ.
        on: The day in the zone of operations, for trials, exceptions and ends.
    """
    bought = clients.select("client_id", bought=pl.col("plan").cast(pl.String)).unique(
        "client_id", keep="last", maintain_order=True
    )
    trials = [(name, each.trial.plan) for name, each in plans.clients.items() if each.trial and each.trial.holds(on)]
    ended = [name for name, each in plans.clients.items() if each.ends_on and each.ends_on < on]
    tried = pl.DataFrame(trials, schema={"client_id": pl.String, "_tried": pl.String}, orient="row")
    rows = bought.join(tried, on="client_id", how="left", maintain_order="left").with_columns(
        plan=pl.coalesce("_tried", "bought"),
        is_trial=pl.col("_tried").is_not_null(),
        is_ended=pl.col("client_id").is_in(ended),
    )
    exceptions = pl.DataFrame(list(plans.exceptions_on(on)), schema=dtypes_of(Exceptions), orient="row")
    return Entitlements(rows_of(PlansHeld, rows), rows_of(Exceptions, exceptions), plans)


def entitled(asked: pl.DataFrame, held: Entitlements) -> pl.Series:
    """Whether clients receive features.

    Args:
        asked: `client_id` and `feature`, in any order and number.
        held: What clients receive.

    Returns:
        Booleans in the order of `asked`; a feature that there is not belongs to nobody.
    """
    contained = [(plan, feature) for plan, features in held.plans.features_by_plan().items() for feature in features]
    by_plan = pl.DataFrame(contained, schema={"plan": pl.String, "feature": pl.String}, orient="row")
    rows = _joined(asked.select("client_id", "feature"), held).join(
        by_plan.with_columns(_is_held=pl.lit(value=True)),
        on=["plan", "feature"], how="left", maintain_order="left",
    )  # fmt: skip
    telling = [name for name, each in FEATURES.items() if not each.acts]
    by_plan_or_unknown = (
        pl.when(pl.col("plan").is_null()).then(pl.col("feature").is_in(telling)).otherwise(pl.col("_is_held"))
    )
    return rows.select(_decided(by_plan_or_unknown)).to_series()


def entitled_to_alerts(asked: pl.DataFrame, held: Entitlements, features: Mapping[str, str | None]) -> pl.Series:
    """Whether clients receive types of alerts.

    Args:
        asked: `client_id` and `alert_type`, in any order and number.
        held: What clients receive.
        features: The feature that each declared type belongs to; None where it is everybody's.

    Returns:
        Booleans in the order of `asked`. A type that no plan holds is everybody's.
    """
    by_plan = held.plans.alerts_by_plan(features)
    contained = [(plan, kind) for plan, kinds in by_plan.items() for kind in kinds]
    known = [(kind, feature) for kind, feature in features.items() if feature is not None]
    named = sorted({kind for _, kind in contained})
    text = pl.String()
    rows = (
        asked.select("client_id", "alert_type")
        .join(pl.DataFrame(known, schema={"alert_type": text, "feature": text}, orient="row"),
              on="alert_type", how="left", maintain_order="left")
        .pipe(_joined, held)
        .join(pl.DataFrame(contained, schema={"plan": text, "alert_type": text}, orient="row").unique()
              .with_columns(_is_held=pl.lit(value=True)), on=["plan", "alert_type"], how="left", maintain_order="left")
    )  # fmt: skip
    # An end, like a plan, keeps back what plans are about, and nothing that is everybody's.
    kept = pl.col("plan").is_null() | pl.col("_is_held") | ~pl.col("alert_type").is_in(named)
    everybodys = ~pl.col("alert_type").is_in(named) & pl.col("feature").is_null()
    return rows.select(everybodys | _decided(kept)).to_series()


def features_held(held: Entitlements) -> dy.DataFrame[ClientFeatures]:
    """Everything that each client receives, in the order of `FEATURES`."""
    pairs = held.clients.select("client_id").join(pl.DataFrame({"feature": FEATURE_NAMES}), how="cross")
    return rows_of(ClientFeatures, pairs.filter(entitled(pairs, held)))


def sections_held(held: Entitlements) -> dy.DataFrame[ClientSections]:
    """The sections of its scorecard that each client receives."""
    sections = pl.DataFrame(list(SECTIONS.items()), schema=["section", "feature"], orient="row")
    pairs = held.clients.select("client_id").join(sections, how="cross")
    is_told = entitled(pairs, held) & entitled(pairs.with_columns(feature=pl.lit("scorecard")), held)
    return rows_of(ClientSections, pairs.filter(is_told))


def _joined(asked: pl.DataFrame, held: Entitlements) -> pl.DataFrame:
    """What was asked with the plan in force and the exception of each row."""
    return asked.join(
        held.clients.select("client_id", "plan", "is_ended"), on="client_id", how="left", maintain_order="left"
    ).join(held.exceptions, on=["client_id", "feature"], how="left", maintain_order="left")


def _decided(by_plan: pl.Expr) -> pl.Expr:
    """The first that says it: nobody's, an end of service, an exception, the plan."""
    return (
        pl.when(pl.col("client_id").is_null()).then(statement=True)
        .when(pl.col("is_ended").fill_null(value=False)).then(statement=False)
        .otherwise(pl.coalesce("is_added", by_plan, pl.lit(value=False)))
    )  # fmt: skip
