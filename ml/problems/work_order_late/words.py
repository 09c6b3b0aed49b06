"""The phrases of a work order that may be late, by topic, for the people who wait for it.

Here: features to phrases. Not here: which topics matter for a row (`ml.models.explain`).
"""

from collections.abc import Mapping

import polars as pl

from ml.features.rates import drawn_from
from ml.models.explain import Topics, phrased
from ml.problems.work_order_late.features import FEATURES, PRIOR_PAIR, PRIOR_VENDOR, RECENT
from ml.words import counted, percent, rounded

_MEMBERS: dict[str, tuple[str, ...]] = {
    "vendor": ("vendor_rate", "vendor_recent_rate", "vendor_batches"),
    "pair": ("pair_rate", "pair_batches"),
    "site": ("site_rate", "client_rate", "site_open"),
    "category": ("category_rate", "vendor_category_rate"),
    "load": ("vendor_open", "vendor_overdue"),
    "time": ("hours_to_due", "lead_hours", "elapsed_share", "estimated_hours"),
    "acceptance": ("is_accepted",),
    "priority": ("priority_rank",),
    "season": ("month", "all_rate"),
    "batch": ("batch_size",),
}
_LONG_HOURS = 48
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
# Rates that differ by less are one: what is drawn towards another rate without anything of its own has that rate.
_EQUAL = 1e-9


def topics(rows: pl.DataFrame) -> Topics:
    """What may be said of some rows of `ml.problems.work_order_late.features`; `always` is how long it still is."""
    known = rows.select(pl.col(name).cast(pl.Float64).fill_nan(None) for name in FEATURES)
    hours = rounded(pl.col("hours_to_due"), 1)
    left = pl.when(hours >= 0).then(pl.format("due in {} h", hours)).otherwise(pl.format("due {} h ago", -hours))
    return Topics(
        _MEMBERS, phrased(known, _phrases()), known.select(left.fill_null("no due time is known")).to_series()
    )


def _phrases() -> Mapping[str, pl.Expr]:
    """The phrase of each feature; null where there is nothing to say."""
    return {**_of_vendor(), **_rates(), **_of_order()}


def missed(name: str) -> pl.Expr:
    """How many of the last due times were missed: of the vendor anywhere, lately, or at the site (`pair`).

    Orders that are due at the same time count once.
    """
    towards = "all_rate" if name == "vendor" else "vendor_rate"
    prior = PRIOR_VENDOR if name == "vendor" else PRIOR_PAIR
    rate = pl.col("vendor_recent_rate" if name == "recent" else f"{name}_rate")
    return drawn_from(rate, known(name), prior=prior, towards=pl.col(towards))


def known(name: str) -> pl.Expr:
    """How many due times `missed` is of."""
    return pl.col("vendor_batches").clip(upper_bound=RECENT) if name == "recent" else pl.col(f"{name}_batches")


def record(name: str) -> pl.Expr:
    """`missed` in words, where one was: "3 of its last 10 due times"."""
    several = pl.format("{} of its last {}", missed(name), counted(known(name), "due time"))
    return pl.when(known(name) == 1).then(pl.lit("its only past due time")).otherwise(several)


def _of_vendor() -> Mapping[str, pl.Expr]:
    open_orders = counted(pl.col("vendor_open"), "open order")
    overdue = pl.col("vendor_overdue")
    load = pl.format("the vendor has {}, {} overdue", open_orders, _whole(overdue))
    found = {
        column: pl.when((known(name) >= 1) & (missed(name) >= 1)).then(
            pl.format("the vendor missed {}{}", record(name), pl.lit(where))
        )
        for name, column, where in (
            ("vendor", "vendor_rate", ""),
            ("recent", "vendor_recent_rate", ""),
            ("pair", "pair_rate", " at this site"),
        )
    }
    few = {
        f"{name}_batches": pl.format("{} of the vendor{} known", _due_times(name), pl.lit(where))
        for name, where in (("vendor", ""), ("pair", " at this site"))
    }
    orders = {
        "vendor_open": pl.when(pl.col("vendor_open") >= 1).then(load),
        "vendor_overdue": pl.when(overdue >= 1).then(pl.format("the vendor has {}", counted(overdue, "overdue order"))),
    }
    return {**found, **few, **orders}


def _due_times(name: str) -> pl.Expr:
    number = known(name)
    return pl.when(number < 1).then(pl.lit("no past due time")).otherwise(counted(number, "past due time"))


def _rates() -> Mapping[str, pl.Expr]:
    """Rates of groups that are above the usual; a group of which nothing is known has the usual rate."""
    everywhere, vendor = pl.col("all_rate"), pl.col("vendor_rate")
    groups = {
        "site_rate": ("orders at this site", everywhere, "of all"),
        "client_rate": ("orders of this client", everywhere, "of all"),
        "category_rate": ("orders of this kind", everywhere, "of all"),
        "vendor_category_rate": ("the vendor's orders of this kind", vendor, "of all its orders"),
    }
    said = "late {} are put at {}, {} at {}"
    found = {
        name: pl.when(pl.col(name) > usual + _EQUAL).then(
            pl.format(said, pl.lit(of), percent(pl.col(name)), pl.lit(whose), percent(usual))
        )
        for name, (of, usual, whose) in groups.items()
    }
    return found | {"all_rate": pl.format("late orders everywhere are put at {}", percent(everywhere))}


def _of_order() -> Mapping[str, pl.Expr]:
    lead = pl.col("lead_hours")
    given = pl.when(lead < _LONG_HOURS).then(counted(lead, "hour")).otherwise(counted(lead / 24, "day"))
    priority = {1.0: "of low priority", 2.0: "of medium priority", 3.0: "of high priority", 4.0: "critical"}
    return {
        "lead_hours": pl.when(lead >= 0).then(pl.format("time given: {}", given)),
        "elapsed_share": pl.when(pl.col("elapsed_share").is_between(0, 1)).then(
            pl.format("{} of the time given has passed", percent(pl.col("elapsed_share")))
        ),
        "estimated_hours": pl.format("estimated at {} h", rounded(pl.col("estimated_hours"), 1)),
        "is_accepted": pl.when(pl.col("is_accepted") == 0).then(pl.lit("not accepted yet")),
        "priority_rank": pl.col("priority_rank").replace_strict(priority, default=None, return_dtype=pl.String),
        "month": pl.format(
            "due in {}",
            pl.col("month").replace_strict(
                [float(n) for n in range(1, 13)], list(_MONTHS), default=None, return_dtype=pl.String
            ),
        ),
        "site_open": pl.when(pl.col("site_open") >= 1).then(
            pl.format("the site has {}", counted(pl.col("site_open"), "open order"))
        ),
        "batch_size": pl.when(pl.col("batch_size") > 1).then(
            pl.format("{} are due at once", counted(pl.col("batch_size"), "order"))
        ),
    }


def _whole(number: pl.Expr) -> pl.Expr:
    return number.round(0).cast(pl.Int64)
