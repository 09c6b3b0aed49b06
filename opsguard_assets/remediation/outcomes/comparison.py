"""What a playbook changed: alerts about which it acted against alerts of the same kind about which nothing acted.

Here: matched differences with their intervals. Not here: verdicts (`verdicts`), money (`figures`).

Alerts are matched by type and severity. Every playbook's alerts are compared with those of the same type and severity
about which no playbook did anything: in shadow, not enabled, not in the plan, denied. The difference is the mean over
the alerts about which it acted (the effect on the treated), so types weigh as they occurred. Time is counted from the
raise to the end, however it ended, and at most up to the horizon: an alert that is open has taken that long, and no
single one decides the mean. Its variance is pooled over the groups; degrees of freedom by Welch and Satterthwaite
(1946). Compared are also the share that cleared without a person, and of warnings the share that came true: what was
prevented. Shares are compared by the score of Agresti and Caffo (2000): one success and one failure more on each side,
whatever the number of groups. The controls count as many as a single group of them would have to be for the same
variance (Kish, 1965). Groups differ, so that variance is at most too large. What would have become of the alerts about
which it acted has luck of its own, also where the playbook leaves none to what did: the greater of both luck counts.

A client that has remediation may differ from one that has not in other ways, too. What decides who gets it is not
random, so a difference is evidence, not proof; the twin, where it is known, is the test (docs/playbooks.md).
"""

from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from ml.evaluation.intervals import CONFIDENCE, z_of
from opsguard_assets.alerts.finding import COVERED, EXPIRED, GROUPED
from opsguard_assets.tables.values import INSTANT

# How an episode ends that says nothing of how long its trouble lasted.
_MOOT: Final = (GROUPED, COVERED, "withdrawn")
_STRATUM: Final = ("alert_type", "severity")
# A variance needs two values.
_LEAST: Final = 2
COMPARED: Final = pl.Schema(
    {
        "playbook": pl.String(),
        "acted": pl.Int64(),  # alerts about which it acted and that are mature
        "matched": pl.Int64(),  # those of them that there is something to compare with
        "controls": pl.Int64(),  # alerts that they are compared with
        "minutes_with": pl.Float64(),
        "minutes_without": pl.Float64(),
        "minutes_saved": pl.Float64(),
        "minutes_saved_low": pl.Float64(),
        "minutes_saved_high": pl.Float64(),
        "cleared_with": pl.Float64(),  # the share that a monitor saw clear without a person, within the horizon
        "cleared_without": pl.Float64(),
        "added": pl.Float64(),  # their difference
        "added_low": pl.Float64(),
        "added_high": pl.Float64(),
        "happened_with": pl.Float64(),  # of warnings: the share that came true within the horizon
        "happened_without": pl.Float64(),
        "prevented": pl.Float64(),  # their difference: the share that the playbook prevented
        "prevented_low": pl.Float64(),
        "prevented_high": pl.Float64(),
    }
)


def compared(judged: pl.DataFrame, episodes: pl.DataFrame, as_of: datetime, horizon: timedelta) -> pl.DataFrame:
    """Rows of `COMPARED`, one per playbook that acted, by name; figures are null where nothing can be compared.

    Args:
        judged: Rows of `verdicts.judged`.
        episodes: All episodes of the period (`verdicts.EPISODE`).
        as_of: The moment; only alerts that were raised the horizon before it count.
        horizon: How long is looked at from the raise.
    """
    mature = _lasting(episodes, as_of, horizon)
    acted = judged.filter(pl.col("acted_at").is_not_null(), pl.col("mode") != "shadow")
    key = ["alert_id", "opening"]
    treated = mature.join(acted.select(*key, "playbook").unique(), on=key)
    control = mature.join(acted.select(key), on=key, how="anti")
    without = control.group_by(_STRATUM).agg(
        n0=pl.len(),
        mean0=pl.col("minutes").mean(),
        var0=pl.col("minutes").var(),
        clear0=pl.col("is_clear").sum(),
        true0=pl.col("is_true").sum(),
    )
    by_playbook = treated.group_by("playbook", *_STRATUM).agg(
        n1=pl.len(),
        mean1=pl.col("minutes").mean(),
        var1=pl.col("minutes").var(),
        clear1=pl.col("is_clear").sum(),
        true1=pl.col("is_true").sum(),
        warns=pl.col("warns").first(),
    )
    whole = by_playbook.group_by("playbook").agg(acted=pl.col("n1").sum())
    both = by_playbook.join(without, on=list(_STRATUM)).filter(pl.col("n0") >= _LEAST)
    found = whole.join(both.group_by("playbook").agg(*_sums()), on="playbook", how="left")
    rows = _differences(found).sort("playbook").select(pl.col(name).cast(dtype) for name, dtype in COMPARED.items())
    return rows.with_columns(pl.col(pl.Float64).fill_nan(None))


def _lasting(episodes: pl.DataFrame, as_of: datetime, horizon: timedelta) -> pl.DataFrame:
    """Mature episodes with `minutes` (up to the horizon), `is_clear` and `is_true`."""
    last = pl.col("raised_at") + horizon
    # What was seen to hold until nobody looked any more says that it did not clear; what nobody looked at says nothing.
    unseen = (pl.col("resolution") == EXPIRED) & (pl.col("last_seen_at") <= pl.col("raised_at"))
    is_moot = (pl.col("resolution").is_in(_MOOT) | unseen).fill_null(value=False)
    is_true = (pl.col("came_true_at") <= last).fill_null(value=False)
    end = pl.min_horizontal(pl.coalesce("over_at", last), last)
    by_itself = (pl.col("cleared_at") <= last) & (
        pl.col("taken_at").is_null() | (pl.col("taken_at") > pl.col("cleared_at"))
    )
    return episodes.filter(last <= pl.lit(as_of, INSTANT), ~is_moot, ~pl.col("was_suppressed")).with_columns(
        minutes=(end - pl.col("raised_at")).dt.total_seconds() / 60, is_true=is_true,
        is_clear=by_itself.fill_null(value=False) & ~is_true, warns=pl.col("warns").fill_null(value=False),
    )  # fmt: skip


def _sums() -> list[pl.Expr]:
    """Sums over the groups of a playbook, each as often as it occurred among those about which it acted."""
    n1, n0 = pl.col("n1"), pl.col("n0")
    weight = n1 / n1.sum()
    within1 = ((n1 - 1) * pl.col("var1").fill_null(0)).sum() / (n1 - 1).sum()
    within0 = ((n0 - 1) * pl.col("var0")).sum() / (n0 - 1).sum()
    return [
        n1.sum().alias("matched"), n0.sum().alias("controls"),
        (weight * pl.col("mean1")).sum().alias("minutes_with"),
        (weight * pl.col("mean0")).sum().alias("minutes_without"),
        (within1 / n1.sum()).alias("_part1"), (within0 * (weight**2 / n0).sum()).alias("_part0"),
        (n1 - 1).sum().alias("_free1"), (n0 - 1).sum().alias("_free0"),
        *_share("cleared", pl.col("clear1"), pl.col("clear0"), pl.lit(value=True)),
        *_share("happened", pl.col("true1"), pl.col("true0"), pl.col("warns")),
    ]  # fmt: skip


def _share(name: str, hits1: pl.Expr, hits0: pl.Expr, where: pl.Expr) -> list[pl.Expr]:
    """What is needed to compare a share with and without, among some groups; NaN where there are none."""
    n1, n0, ones, others = (each.filter(where) for each in (pl.col("n1"), pl.col("n0"), hits1, hits0))
    weight = n1 / n1.sum()
    without, effective = (weight * others / n0).sum(), 1 / (weight**2 / n0).sum()
    smooth0 = (effective * without + 1) / (effective + 2)
    smooth1 = (ones.sum() + 1) / (n1.sum() + 2)
    luck1, luck0 = smooth1 * (1 - smooth1), smooth0 * (1 - smooth0)
    spread = pl.max_horizontal(luck1, luck0) / (n1.sum() + 2) + luck0 / (effective + 2)
    some = n1.sum() > 0
    return [
        pl.when(some).then(ones.sum() / n1.sum()).alias(f"{name}_with"),
        pl.when(some).then(without).alias(f"{name}_without"),
        pl.when(some).then(smooth1 - smooth0).alias(f"_{name}"),
        pl.when(some).then(z_of(CONFIDENCE) * spread.sqrt()).alias(f"_{name}_reach"),
    ]


def _differences(found: pl.DataFrame) -> pl.DataFrame:
    part1, part0 = pl.col("_part1"), pl.col("_part0")
    free = (part1 + part0) ** 2 / (part1**2 / pl.col("_free1") + part0**2 / pl.col("_free0"))
    saved = pl.col("minutes_without") - pl.col("minutes_with")
    cleared, happened = pl.col("_cleared"), pl.col("_happened")
    reach, reach_of_warnings = pl.col("_cleared_reach"), pl.col("_happened_reach")
    rows = found.with_columns(
        pl.col("matched", "controls").fill_null(0), minutes_saved=saved, _error=(part1 + part0).sqrt(), _free=free,
        added=pl.col("cleared_with") - pl.col("cleared_without"),
        added_low=(cleared - reach).clip(-1, 1), added_high=(cleared + reach).clip(-1, 1),
        prevented=pl.col("happened_without") - pl.col("happened_with"),
        prevented_low=(-happened - reach_of_warnings).clip(-1, 1),
        prevented_high=(-happened + reach_of_warnings).clip(-1, 1),
    )  # fmt: skip
    reaches = rows["_error"] * pl.Series(_quantiles(rows["_free"]), dtype=pl.Float64)
    return rows.with_columns(
        minutes_saved_low=pl.col("minutes_saved") - reaches, minutes_saved_high=pl.col("minutes_saved") + reaches
    )


def _quantiles(free: pl.Series) -> Any:
    """Of Student's distribution with so many degrees of freedom; NaN where there are none."""
    from scipy.stats import t as student  # noqa: PLC0415 - takes long to import, and runs import this module

    return student.ppf((1 + CONFIDENCE) / 2, free.fill_null(float("nan")).to_numpy())
