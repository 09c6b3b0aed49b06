"""Which clients a greater plan would have served: alerts that were computed and that no plan of theirs held.

Here: counts of such alerts to candidates. Not here: counting them (`revenue.io`).
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import polars as pl

from opsguard_assets.config.plans import PLAN_NAMES
from opsguard_assets.entitlements.entitled import Entitlements
from opsguard_assets.entitlements.prices import AMOUNT, lines
from opsguard_assets.entitlements.schemas import PlanStates
from opsguard_assets.tables.table import rows_of

# An alert that was suppressed because of the plan, once per key.
SHADOW: Final = pl.Schema({"client_id": pl.String(), "alert_type": pl.String(), "alerts": pl.Int64()})


def upgrade_candidates(
    shadow: pl.DataFrame, states: pl.DataFrame, held: Entitlements, features: Mapping[str, str | None],
    costs: Mapping[str, Decimal],
) -> pl.DataFrame:  # fmt: skip
    """Clients and the next plan that holds what they missed, the greatest exposure first.

    Args:
        shadow: Rows of `SHADOW`.
        states: Rows of `prices.STATE` of now.
        held: What clients receive, and what plans hold.
        features: The feature of each type of alerts.
        costs: What one trouble of each type costs.

    Returns:
        Rows of `schemas.UpgradeCandidates`. Clients in a trial are left out: they have what they try.
    """
    ranks = {name: place for place, name in enumerate(PLAN_NAMES)}
    least = [
        (
            kind,
            feature,
            min((p for p, of in held.plans.features_by_plan().items() if feature in of), key=ranks.__getitem__),
        )
        for kind, feature in features.items()
        if feature and any(feature in of for of in held.plans.features_by_plan().values())
    ]
    kinds = pl.DataFrame(
        [(kind, feature, plan, costs.get(kind, Decimal(0))) for kind, feature, plan in least],
        schema={"alert_type": pl.String, "feature": pl.String, "next_plan": pl.String, "_cost": pl.Decimal(18, 2)},
        orient="row",
    )
    now = states.filter(~pl.col("is_trial"), ~pl.col("is_ended"), pl.col("plan").is_not_null())
    rank = [pl.col(name).replace_strict(ranks, default=None, return_dtype=pl.Int64) for name in ("next_plan", "plan")]
    rows = (
        shadow.join(kinds, on="alert_type")
        .join(now.select("client_id", "plan"), on="client_id")
        .filter(rank[0] > rank[1])
    )
    by_feature = rows.group_by("client_id", "plan", "next_plan", "feature").agg(
        pl.col("alerts").sum(), exposure=(pl.col("_cost") * pl.col("alerts").cast(pl.Decimal(10, 0))).sum()
    )
    found = (
        by_feature.sort("alerts", "feature", descending=[True, False])
        .group_by("client_id", "plan", "next_plan", maintain_order=True)
        .agg(
            pl.col("alerts").sum(),
            features=pl.format("{} {}", "feature", "alerts").str.join(", "),
            exposure=pl.col("exposure").sum().cast(AMOUNT),
        )
    )
    more = _cost_of(now, held).join(found, on=["client_id", "next_plan"])
    return more.select("client_id", "plan", "next_plan", "alerts", "features", "exposure", "more_mrr").sort(
        "exposure", "client_id", "next_plan", descending=[True, False, False]
    )


def _cost_of(states: pl.DataFrame, held: Entitlements) -> pl.DataFrame:
    """(`client_id`, `next_plan`, `more_mrr`): what each plan would cost a client more than now."""
    pays = lines(rows_of(PlanStates, states), held.plans).group_by("client_id").agg(_now=pl.col("amount").sum())
    every = []
    for plan in PLAN_NAMES:
        would = lines(rows_of(PlanStates, states.with_columns(plan=pl.lit(plan))), held.plans)
        every.append(would.group_by("client_id").agg(_then=pl.col("amount").sum()).with_columns(next_plan=pl.lit(plan)))
    zero = pl.lit(Decimal("0.00"))
    return (
        pl.concat(every)
        .join(pays, on="client_id", how="left")
        .select("client_id", "next_plan", more_mrr=(pl.col("_then") - pl.col("_now").fill_null(zero)).cast(AMOUNT))
    )
