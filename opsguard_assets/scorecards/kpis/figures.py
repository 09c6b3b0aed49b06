"""Key figures of their rows: at client and at site level, with bands, intervals, exclusions, or why there is none.

Here: summing up, the same for every figure. Not here: finding rows (the module of each figure), reading and keeping.

Pooled counts, never means of rates. A share has the 95 % score interval of Wilson (1927) by the number of its rows: a
tour of ten checkpoints is one tour. Where rows hang together (the days of a device), it is by as many rows as the
clusters are worth.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import dataframely as dy
import polars as pl

from ml.evaluation.intervals import effective_number, wilson_ends
from opsguard_assets.config.settings import Settings
from opsguard_assets.scorecards.kpis.kpi import UNKNOWN, Kpi
from opsguard_assets.scorecards.kpis.schemas import KPIS, ClientMonths, KpiRows, Kpis
from opsguard_assets.scorecards.kpis.terms import terms
from opsguard_assets.tables.values import INSTANT

NO_FEED, NOTHING, MOSTLY_UNKNOWN, TOO_FEW = "no_feed", "nothing", "mostly_unknown", "too_few"
# Figures that are complete later are so after so many days for each of their months.
LATE_DAYS = 30
_OF = ["kpi", "client_id", "month"]
_GROUP = [*_OF, "site_id"]
_EXCLUDED = pl.List(pl.Struct({"reason": pl.String, "rows": pl.Int64}))


def figures(
    rows: dy.LazyFrame[KpiRows],
    months: dy.DataFrame[ClientMonths],
    kpis: Mapping[str, Kpi],
    settings: Settings,
    through: Mapping[str, datetime | None],
    recorded_upto: datetime,
) -> dy.DataFrame[Kpis]:
    """The key figures of all clients and months, and of each site that has rows.

    Args:
        rows: Rows of `KpiRows` of these months; rows without a site count for the client only.
        months: The months of clients.
        kpis: The key figures by name.
        settings: Bands and targets (`kpis`).
        through: Through when the watermarks of each key figure reach; None where one of them never delivered.
        recorded_upto: Records that were recorded later do not count.
    """
    own = rows.filter(pl.col("kpi").is_in(list(kpis)))
    parts = (
        own.group_by(*_GROUP, "excluded")
        .agg(
            n=pl.len().cast(pl.Int64),
            numerator=pl.col("numerator").sum(),
            denominator=pl.col("denominator").sum(),
            measured=pl.col("measure").sum(),
        )
        .collect()
    )
    medians = _medians(own, kpis).collect()
    sums = _sums(_at_both_levels(parts))
    found = (
        _every_client(sums, months, kpis)
        .join(medians, on=_GROUP, how="left", nulls_equal=True)
        .join(_effective(own, kpis).collect(), on=_GROUP, how="left", nulls_equal=True)
    )
    known = found.join(_described(kpis, through), on="kpi").join(
        terms(kpis, settings, months["client_id"]), on=["kpi", "client_id"]
    )
    judged = known.with_columns(_value()).with_columns(missing=_missing())
    valued = judged.with_columns(value=pl.when(pl.col("missing").is_null()).then("value"))
    complete_at = pl.col("ends_at") + pl.duration(days=LATE_DAYS * pl.col("months_late"))
    shown = valued.with_columns(
        *_interval(),
        band=_band(),
        is_provisional=(pl.col("data_through") < complete_at).fill_null(value=True),
        recorded_upto=pl.lit(recorded_upto, INSTANT),
    )
    return KPIS.rows(shown.sort("kpi", "client_id", "month", "site_id", nulls_last=False))


def _at_both_levels(parts: pl.DataFrame) -> pl.DataFrame:
    """Sums by site, and those of the client as a whole, where the site is null."""
    whole = parts.with_columns(site_id=pl.lit(None, pl.String))
    sites = parts.drop_nulls("site_id")
    return pl.concat([whole, sites])


def _sums(parts: pl.DataFrame) -> pl.DataFrame:
    """One row per key figure, client, month and site: sums of what is counted, and what is not, by reason."""
    reasons = parts.group_by(*_GROUP, "excluded").agg(pl.col("n", "numerator", "denominator", "measured").sum())
    is_counted = pl.col("excluded").is_null()
    return (
        reasons.sort("excluded", nulls_last=False)
        .group_by(_GROUP, maintain_order=True)
        .agg(
            pl.col("n").filter(is_counted).sum(),
            pl.col("numerator", "denominator", "measured").filter(is_counted).sum(),
            unknown=pl.col("n").filter(pl.col("excluded").str.starts_with(UNKNOWN)).sum(),
            excluded=pl.struct(reason="excluded", rows="n").filter(~is_counted),
        )
    )


def _medians(rows: pl.LazyFrame, kpis: Mapping[str, Kpi]) -> pl.LazyFrame:
    """The medians of the key figures that are one, at both levels."""
    wanted = [name for name, kpi in kpis.items() if kpi.aggregate == "median"]
    own = rows.filter(pl.col("kpi").is_in(wanted), pl.col("excluded").is_null()).select(*_GROUP, "measure")
    whole = own.with_columns(site_id=pl.lit(None, pl.String))
    both = pl.concat([whole, own.drop_nulls("site_id")])
    return both.group_by(_GROUP).agg(median=pl.col("measure").median())


def cluster() -> pl.Expr:
    """The cluster that a row belongs to, of a key figure that has some (`Kpi.clusters`)."""
    return pl.col("entity_id").str.replace(r"\s\S*$", "")


def _effective(rows: pl.LazyFrame, kpis: Mapping[str, Kpi]) -> pl.LazyFrame:
    """Of how many independent rows figures are worth whose rows hang together, at both levels: `effective`."""
    wanted = [name for name, kpi in kpis.items() if kpi.clusters is not None]
    own = rows.filter(pl.col("kpi").is_in(wanted), pl.col("excluded").is_null())
    sums = own.group_by(*_GROUP, cluster().alias("cluster")).agg(
        pl.len().alias("number"), y=pl.col("numerator").sum(), x=pl.col("denominator").sum()
    )
    both = pl.concat([sums.with_columns(site_id=pl.lit(None, pl.String)), sums.drop_nulls("site_id")])
    y, x = pl.col("y"), pl.col("x")
    moments = both.group_by(_GROUP).agg(
        pl.col("number", "y", "x").sum(),
        clusters=pl.col("cluster").n_unique(), yy=(y * y).sum(), xy=(x * y).sum(), xx=(x * x).sum(),
    )  # fmt: skip
    return moments.filter(pl.col("x") > 0).select(*_GROUP, effective=effective_number("clusters", "number"))


def _every_client(sums: pl.DataFrame, months: pl.DataFrame, kpis: Mapping[str, Kpi]) -> pl.DataFrame:
    """The sums, and a row of zeros for each client, month and key figure of which there are no rows."""
    names = pl.DataFrame({"kpi": list(kpis)}, schema={"kpi": pl.String})
    wanted = months.join(names, how="cross").select(*_OF)
    seen = sums.filter(pl.col("site_id").is_null())
    none = wanted.join(seen, on=_OF, how="anti").select(
        *_OF,
        site_id=pl.lit(None, pl.String),
        **{name: pl.lit(0, pl.Int64) for name in ("n", "unknown")},
        **{name: pl.lit(0.0) for name in ("numerator", "denominator", "measured")},
        excluded=pl.lit([], _EXCLUDED),
    )
    columns = none.columns
    both = pl.concat([sums.with_columns(pl.col("excluded").cast(_EXCLUDED)).select(columns), none])
    return both.join(months.select("client_id", "month", "ends_at"), on=["client_id", "month"])


def _described(kpis: Mapping[str, Kpi], through: Mapping[str, datetime | None]) -> pl.DataFrame:
    """What the definitions say, one row per key figure."""
    rows = [
        (each.name, each.unit, each.aggregate, each.is_better, each.least, each.months_late, through.get(each.name))
        for each in kpis.values()
    ]
    schema: dict[str, Any] = {
        "kpi": pl.String, "unit": pl.String, "aggregate": pl.String, "is_better": pl.String, "least": pl.Int64,
        "months_late": pl.Int64, "data_through": INSTANT,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def _value() -> pl.Expr:
    share = pl.col("numerator") / pl.col("denominator")
    aggregate = pl.col("aggregate")
    return (
        pl.when(aggregate == "share")
        .then(100 * share)
        .when((aggregate == "count") & pl.col("per").is_null())
        .then("numerator")
        .when(aggregate == "count")
        .then(pl.col("per") * share)
        .when(aggregate == "mean")
        .then(pl.col("measured") / pl.col("n"))
        .otherwise("median")
        .alias("value")
    )


def _missing() -> pl.Expr:
    """Why there is no figure: nothing was delivered, nothing happened, too little is known of it, or too few rows."""
    of_rows = pl.col("aggregate").is_in(["mean", "median"])
    whole = pl.when(of_rows).then(pl.col("n").cast(pl.Float64)).otherwise("denominator")
    divides = (pl.col("aggregate") != "count") | pl.col("per").is_not_null()
    return (
        pl.when(pl.col("data_through").is_null())
        .then(pl.lit(NO_FEED))
        .when(pl.col("unknown") > pl.col("n"))
        .then(pl.lit(MOSTLY_UNKNOWN))
        # A count divides by nothing: 0 of 0 is a figure, where the definition asks for no rows at all.
        .when((pl.col("n") == 0) | ((whole == 0) & (divides | (pl.col("least") > 0))))
        .then(pl.lit(NOTHING))
        .when(whole < pl.col("least"))
        .then(pl.lit(TOO_FEW))
    )


def _interval() -> list[pl.Expr]:
    share = (pl.col("numerator") / pl.col("denominator")).clip(0, 1)
    is_share = (pl.col("aggregate") == "share") & pl.col("value").is_not_null()
    ends = wilson_ends(share, pl.coalesce("effective", pl.col("n").cast(pl.Float64)))
    return [
        pl.when(is_share).then(100 * end.clip(0, 1)).alias(name)
        for name, end in zip(("low", "high"), ends, strict=True)
    ]


def _band() -> pl.Expr:
    """The band of the value rounded to six digits, the most that a form shows: what reads 95 is judged as 95."""
    value = pl.col("value").round(6)
    higher = pl.col("is_better") == "higher"

    def reaches(limit: str) -> pl.Expr:
        return pl.when(higher).then(value >= pl.col(limit)).otherwise(value <= pl.col(limit))

    return (
        pl.when(value.is_null() | pl.col("good").is_null() | pl.col("warning").is_null())
        .then(None)
        .when(reaches("good"))
        .then(pl.lit("good"))
        .when(reaches("warning"))
        .then(pl.lit("warning"))
        .otherwise(pl.lit("bad"))
    )
