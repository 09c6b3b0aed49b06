"""Who uses what: metering by client, month and feature, adoption against targets, and signs that a client may leave.

Here: counts to tables. Not here: counting (`revenue.io`), and what greater plans would have caught (`upgrades`).
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

import polars as pl

from opsguard_assets.config.features import FEATURE_NAMES, FeatureName
from opsguard_assets.entitlements.entitled import Entitlements, entitled, features_held
from opsguard_assets.entitlements.prices import AMOUNT
from opsguard_assets.finance.revenue.movements import CONTRACTION

DELIVERED, TAKEN, RUN, SENT = "alerts told", "alerts taken up", "playbooks run", "scorecards sent"
# What was counted of alerts: `client_id`, `month`, `alert_type`, `told`, `taken`.
ALERTS: Final = pl.Schema(
    {"client_id": pl.String(), "month": pl.Date(), "alert_type": pl.String(), "told": pl.Int64(), "taken": pl.Int64()}
)
# What was counted otherwise: `client_id`, `month`, `used`.
COUNTED: Final = pl.Schema({"client_id": pl.String(), "month": pl.Date(), "used": pl.Int64()})
_USAGE: Final = ("client_id", "month", "feature", "unit", "used")
# Points of signs. They order clients for people who call them, and mean nothing else.
_POINTS: Final = {"ending": 60, "smaller": 25, "silent": 25, "fewer": 15, "trial": 20}
_MOST, _LEAST_ALERTS, _FEWER = 100, 10, 0.5


def usage(
    alerts: pl.DataFrame, runs: pl.DataFrame, sent: pl.DataFrame, held: Entitlements,
    features: Mapping[str, str | None],
) -> pl.DataFrame:  # fmt: skip
    """How often clients used features: (`client_id`, `month`, `feature`, `unit`, `used`).

    Args:
        alerts: Rows of `ALERTS`.
        runs: Executions of playbooks that acted, rows of `COUNTED`; they are of remediation where the client has it.
        sent: Scorecards sent, rows of `COUNTED`.
        held: What clients receive.
        features: The feature of each type of alerts.
    """
    kinds = pl.DataFrame(
        [(kind, feature) for kind, feature in features.items() if feature],
        schema={"alert_type": pl.String, "feature": pl.String}, orient="row",
    )  # fmt: skip
    heard = alerts.join(kinds, on="alert_type").with_columns(unit=pl.lit(DELIVERED), used="told")
    taken = alerts.with_columns(feature=pl.lit("triage"), unit=pl.lit(TAKEN), used="taken")
    has = entitled(runs.select("client_id", feature=pl.lit("remediation")), held)
    acted = runs.with_columns(
        feature=pl.when(has).then(pl.lit("remediation")).otherwise(pl.lit("playbooks_basic")), unit=pl.lit(RUN)
    )
    cards = sent.with_columns(feature=pl.lit("scorecard"), unit=pl.lit(SENT))
    every = pl.concat([each.select(_USAGE) for each in (heard, taken, acted, cards)])
    counted = every.group_by(_USAGE[:-1]).agg(pl.col("used").sum().cast(pl.Int64))
    return counted.filter(pl.col("used") > 0).sort(_USAGE[:-1])


def adoption(
    used: pl.DataFrame,
    held: Entitlements,
    targets: Mapping[FeatureName, float],
    months: Sequence[date],
) -> pl.DataFrame:
    """How many clients receive and use each feature that has a target, or was used, by month.

    Args:
        used: Of `usage`.
        held: What clients receive.
        targets: Share of clients that should use a feature.
        months: The months to show.

    Returns:
        Rows of `schemas.Adoption`.
    """
    served = held.clients.filter(~pl.col("is_ended"))
    receives = features_held(held).join(served, on="client_id", how="semi")
    entitled_to = receives.group_by("feature").agg(entitled=pl.len().cast(pl.Int64))
    shown = [name for name in FEATURE_NAMES if name in targets or name in set(used["feature"])]
    aims = pl.DataFrame(
        [(name, targets.get(name)) for name in shown], schema={"feature": pl.String, "target": pl.Float64}, orient="row"
    )
    using = (
        used.join(receives, on=["client_id", "feature"], how="semi")
        .group_by("month", "feature")
        .agg(using=pl.col("client_id").n_unique().cast(pl.Int64))
    )
    grid = pl.DataFrame({"month": list(months)}, schema={"month": pl.Date}).join(aims, how="cross")
    return (
        grid.join(entitled_to, on="feature", how="left")
        .join(using, on=["month", "feature"], how="left")
        .with_columns(
            clients=pl.lit(len(served), pl.Int64),
            entitled=pl.col("entitled").fill_null(0),
            using=pl.col("using").fill_null(0),
        )
        .with_columns(share=pl.when(pl.col("clients") > 0).then(pl.col("using") / pl.col("clients")))
        .select("month", "feature", "clients", "entitled", "using", "share", "target")
        .sort("month", "feature")
    )


def churn_risk(
    moved: pl.DataFrame, used: pl.DataFrame, coming: pl.DataFrame, month: date, before: Sequence[date]
) -> pl.DataFrame:
    """Clients with signs that they may leave: rows of `schemas.ChurnRisk`, the most points first.

    Args:
        moved: Rows of `schemas.Mrr` up to the month.
        used: Of `usage`.
        coming: What is announced to end (`announced`).
        month: The last whole month.
        before: The three months before it.
    """
    counted = used.filter(pl.col("unit").is_in([DELIVERED, RUN, SENT]))
    now = counted.filter(pl.col("month") == month).group_by("client_id").agg(_now=pl.col("used").sum())
    usual = counted.filter(pl.col("month").is_in(list(before))).group_by("client_id").agg(
        _usual=pl.col("used").sum() / len(before)
    )  # fmt: skip
    recent = moved.filter(pl.col("month").is_in([*before, month]), pl.col("movement") == CONTRACTION)
    smaller = recent.group_by("client_id").agg(_less=pl.col("amount").sum())
    ends = coming.filter(pl.col("what") == "service").select("client_id", _ends="ends_on")
    tried = coming.filter(pl.col("what") != "service").select("client_id", _tried="ends_on")
    rows = moved.filter(pl.col("month") == month, (pl.col("mrr") > 0) | pl.col("is_trial")).select("client_id", "mrr")
    for each in (now, usual, smaller, ends, tried):
        rows = rows.join(each, on="client_id", how="left", maintain_order="left")
    was, is_now = pl.col("_usual").fill_null(0), pl.col("_now").fill_null(0)
    signs = [
        (pl.col("_ends").is_not_null(), "ending", pl.format("its end is announced for {}", "_ends")),
        (pl.col("_less").is_not_null(), "smaller", pl.format("it pays {} a month less than before", "_less")),
        ((was >= 1) & (is_now == 0), "silent", pl.lit("nothing reached it in the last month")),
        (
            (was >= _LEAST_ALERTS) & (is_now > 0) & (is_now < was * _FEWER), "fewer",
            pl.format("it was told {} things in the last month, {} before", is_now, was.round(0).cast(pl.Int64)),
        ),
        (pl.col("_tried").is_not_null(), "trial", pl.format("its trial ends on {}", "_tried")),
    ]  # fmt: skip
    points = pl.sum_horizontal([pl.when(sign).then(_POINTS[name]).otherwise(0) for sign, name, _ in signs])
    words = pl.concat_list([pl.when(sign).then(said) for sign, _, said in signs]).list.drop_nulls().list.join("; ")
    found = rows.with_columns(points=pl.min_horizontal(points, _MOST).cast(pl.Int64), reasons=words)
    kept = found.filter(pl.col("points") > 0).select("client_id", "points", "reasons", pl.col("mrr").cast(AMOUNT))
    return kept.sort("points", "mrr", "client_id", descending=[True, True, False])
