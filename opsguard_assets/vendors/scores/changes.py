"""How a vendor's score changed from one month to the next, and why, in words.

Here: months of scores in, changes out. Not here: scores (`score`).
"""

import polars as pl

from opsguard_assets.vendors.scores.jobs import COMPLETION, PARTS, QUALITY, REWORK, SLA
from opsguard_assets.vendors.scores.score import WEIGHTS

_WORDS = {
    SLA: ("more jobs on time", "fewer jobs on time"),
    COMPLETION: ("closer to the estimates", "further over the estimates"),
    QUALITY: ("better ratings", "worse ratings"),
    REWORK: ("less rework", "more rework"),
}
_PARTS_IN_WORDS = {SLA: "jobs on time", COMPLETION: "time against estimates", QUALITY: "ratings", REWORK: "rework"}
# Less than half a point of the score is no reason.
_WORTH_TELLING = 0.5
MONTHS = 6


def changes(months: pl.DataFrame) -> pl.DataFrame:
    """What changed from month to month.

    Args:
        months: Rows of `score.scores` whose `period` is the first day of a month.

    Returns:
        The same rows with `change` (points since the month before; null where that had no score), `P_change` for every
        part (its share of the change: they add up to the difference of the scores before rounding) and `drivers` (the
        parts that moved it by half a point or more, the greatest first, in words).
    """
    pulled = months.with_columns(_pull(part) for part in PARTS)
    before = pulled.select(
        "vendor_id",
        pl.col("period").dt.offset_by("1mo"),
        _before="score",
        **{f"_was_{part}": pl.col(f"_pull_{part}") for part in PARTS},
        **{f"_raw_{part}": pl.col(f"{part}_raw") for part in PARTS},
    )
    both = pulled.join(before, on=["vendor_id", "period"], how="left", maintain_order="left")
    moved = both.with_columns(
        change=(pl.col("score") - pl.col("_before")).round(1),
        **{
            f"{part}_change": pl.when(pl.col("_before").is_not_null()).then(
                pl.col(f"_pull_{part}") - pl.col(f"_was_{part}")
            )
            for part in PARTS
        },
    )
    rows = moved.with_columns(drivers=_drivers())
    return rows.select(*months.columns, "change", *(f"{part}_change" for part in PARTS), "drivers")


def _pull(part: str) -> pl.Expr:
    """The points that a part adds to the score; null without jobs."""
    present = [pl.when(pl.col(f"{name}_score").is_not_null()).then(weight) for name, weight in WEIGHTS.items()]
    points = WEIGHTS[part] * pl.col(f"{part}_score") / pl.sum_horizontal(present)
    return points.fill_null(0.0).alias(f"_pull_{part}")


def _drivers() -> pl.Expr:
    """The drivers, joined; an empty text where nothing moved, null where there is no month before."""
    said = [_driver(part) for part in PARTS]
    ordered = (
        pl.concat_list(
            pl.struct(size=pl.col(f"{part}_change").abs().fill_null(0), words=words)
            for part, words in zip(PARTS, said, strict=True)
        )
        .list.sort(descending=True)
        .list.eval(pl.element().struct.field("words").drop_nulls())
        .list.join("; ")
    )
    return pl.when(pl.col("change").is_not_null()).then(ordered)


def _driver(part: str) -> pl.Expr:
    better, worse = _WORDS[part]
    change, now, was = pl.col(f"{part}_change"), pl.col(f"{part}_raw"), pl.col(f"_raw_{part}")
    figures = (
        pl.when(now.is_not_null() & was.is_not_null())
        .then(pl.format(" ({} after {} of 100)", now.round(0).cast(pl.Int64), was.round(0).cast(pl.Int64)))
        .when(now.is_null())
        .then(pl.lit(" (not known this month)"))
        .otherwise(pl.lit(" (not known the month before)"))
    )
    sign = pl.when(change > 0).then(pl.lit("+")).otherwise(pl.lit("-"))
    points = pl.format(": {}{} points", sign, change.abs().round(1))
    # Few jobs are drawn towards the peers: the estimate may move where the record did not, or the other way.
    is_drawn = ((now - was) * change <= 0).fill_null(now.is_null() & was.is_null())
    drawn = pl.lit(f"{_PARTS_IN_WORDS[part]}: so few that they are drawn towards the peers")
    rows = pl.when(is_drawn).then(drawn).when(change > 0).then(pl.lit(better)).otherwise(pl.lit(worse))
    words = pl.concat_str(rows, figures, points)
    return pl.when(change.abs() >= _WORTH_TELLING).then(words)
