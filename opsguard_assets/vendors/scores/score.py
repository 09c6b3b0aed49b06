"""A vendor's score on 0 to 100, with its interval, grade and rank.

Here: jobs in, one row per vendor and period out. Not here: jobs (`jobs`), the estimates of parts (`shrinkage`).

Weights, the least number of jobs, grades: domain rules of vendor performance (SLA compliance 40, completion time
against estimate 30, quality rating 20, rework 10; five jobs; A from 90, B 80, C 70, D 60, F).
"""

import polars as pl

from opsguard_assets.vendors.scores.jobs import COMPLETION, PARTS, QUALITY, REWORK, SLA
from opsguard_assets.vendors.scores.shrinkage import NORMAL_QUANTILE, shrunk

WEIGHTS = {SLA: 40.0, COMPLETION: 30.0, QUALITY: 20.0, REWORK: 10.0}
SHARES = (SLA, REWORK)
FEWEST_RANKED = 5
GRADES = {"A": 90.0, "B": 80.0, "C": 70.0, "D": 60.0}
_LOWEST = "F"
_KEY = ["period", "vendor_id"]
# Scores are told to a tenth of a point, and graded as they are told.
_DIGITS = 1


def scores(jobs: pl.DataFrame, vendors: pl.DataFrame, *, fewest: int = FEWEST_RANKED) -> pl.DataFrame:
    """The scores of all vendors that had jobs.

    Args:
        jobs: Rows of `jobs` with `period`: what is scored together, such as a month; those that do not count are
            left out.
        vendors: `vendor_id`, `name`, `trade`; who is missing there is called by the identifier and has no trade.
        fewest: A vendor with fewer jobs in a period is shown and not ranked.

    Returns:
        `period`, `vendor_id`, `name`, `trade`, `jobs`, `score`, `low`, `high` (the interval of `shrinkage.INTERVAL`),
        `grade`, `rank`, `ranked` (vendors of the trade that are; all three null below `fewest` jobs), and of every
        part P: `P_jobs`, `P_raw` (the mean as it is), null where no job tells, and `P_score`, `P_low`, `P_high`, null
        where no peer does either; all on 0 to 100. Sorted by period, trade, rank.
    """
    counted = jobs.filter("is_counted")
    named = counted.join(vendors.select("vendor_id", "name", "trade"), on="vendor_id", how="left")
    sums = _sums(named)
    parts = shrunk(sums, shares=SHARES, weights=WEIGHTS).with_columns(_weight=pl.col("part").replace_strict(WEIGHTS))
    whole = parts.group_by(_KEY, maintain_order=True).agg(
        score=100 * (pl.col("_weight") * pl.col("estimate")).sum() / pl.col("_weight").sum(),
        _variance=1e4 * (pl.col("_weight") ** 2 * pl.col("variance")).sum() / pl.col("_weight").sum() ** 2,
    )
    identity = named.group_by(_KEY, maintain_order=True).agg(
        pl.col("name").first().fill_null(pl.col("vendor_id").first()),
        pl.col("trade").first(),
        jobs=pl.len().cast(pl.Int64),
    )
    half = NORMAL_QUANTILE * pl.col("_variance").sqrt()
    rows = (
        identity.join(whole, on=_KEY, how="left")
        .with_columns(
            score=pl.col("score").round(_DIGITS),
            low=(pl.col("score") - half).clip(0, 100).round(_DIGITS),
            high=(pl.col("score") + half).clip(0, 100).round(_DIGITS),
        )
        .join(_wide(parts), on=_KEY, how="left")
    )
    return _ranked(rows, fewest).sort("period", "trade", "rank", "vendor_id", nulls_last=True)


def grade_of(score: pl.Expr) -> pl.Expr:
    """The grade of a score."""
    grade: pl.Expr = pl.lit(_LOWEST)
    for name, least in sorted(GRADES.items(), key=lambda each: each[1]):
        grade = pl.when(score >= least).then(pl.lit(name)).otherwise(grade)
    return pl.when(score.is_not_null()).then(grade)


def _sums(named: pl.DataFrame) -> pl.DataFrame:
    """What `shrunk` wants, added up in the order of identifiers, so that the last digit never depends on luck."""
    long = named.sort("work_order_id").unpivot(
        on=list(PARTS), index=[*_KEY, "trade"], variable_name="part", value_name="value"
    )
    value = pl.col("value")
    return (
        long.group_by(*_KEY, "trade", "part", maintain_order=True)
        .agg(n=value.count().cast(pl.Int64), total=value.sum(), squares=(value**2).sum())
        .sort(*_KEY, "part")
    )


def _wide(parts: pl.DataFrame) -> pl.DataFrame:
    def of(part: str, value: pl.Expr) -> pl.Expr:
        return value.filter(pl.col("part") == part).first()

    jobs = pl.when(pl.col("n") > 0).then("n")
    figures = {
        "jobs": jobs,
        "raw": (100 * pl.col("total") / jobs).round(_DIGITS),
        "score": 100 * pl.col("estimate"),
        "low": 100 * pl.col("low"),
        "high": 100 * pl.col("high"),
    }
    named = {f"{part}_{name}": of(part, value) for part in PARTS for name, value in figures.items()}
    return parts.group_by(_KEY, maintain_order=True).agg(**named)


def _ranked(rows: pl.DataFrame, fewest: int) -> pl.DataFrame:
    is_ranked = (pl.col("jobs") >= fewest) & pl.col("score").is_not_null()
    score = pl.when(is_ranked).then("score")
    return rows.with_columns(
        grade=grade_of(score),
        rank=score.rank("min", descending=True).over("period", "trade").cast(pl.Int64),
        ranked=pl.when(is_ranked).then(is_ranked.sum().over("period", "trade")).cast(pl.Int64),
    )
