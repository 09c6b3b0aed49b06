"""The contractors of the twin and their jobs: who does what, how late, how well, and what has to be done again.

Here: vendors, work orders, the truth of their lateness. Not here: scores and risk.

Four vendors share a trade; each has a skill of its own, and some sites that lie far from it. One vendor of every trade
gets worse after four months. A job that was done badly is repaired by another one of the same vendor.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from opsguard_assets.simulator.luck import generator, luck_of
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.world import INSTANT

TRADES = {"hvac": 65.0, "elevators": 95.0, "locks": 55.0}
_PER_TRADE, _WORSENS_AFTER_DAYS, _WORSE_BY, _SLOWER = 4, 120, 2.2, 1.5
# Priority -> hours until it is due, share of orders, what it adds to the log-odds of being late.
PRIORITIES = {
    "critical": (24.0, 0.1, 0.4),
    "high": (72.0, 0.25, 0.2),
    "medium": (168.0, 0.45, 0.0),
    "low": (336.0, 0.2, -0.3),
}
_BASE, _SKILL, _FAR, _FAR_SHARE = -2.4, 0.9, 1.0, 0.25
_CANCELLED, _RATED, _REDONE = 0.02, 0.7, 0.06
# Nobody plans what is urgent: of all other orders, this share is planned maintenance.
_PLANNED, _PLANNABLE = 0.4, ("medium", "low")
_ORDERED = ("work_order_id", "vendor_id", "site_id", "client_id", "category", "created_at", "due_at", "priority")


@dataclass(frozen=True)
class Contracted:
    """The vendors of a region and their jobs.

    Attributes:
        vendors: Rows of `vendors`.
        work_orders: One row per change of an order that is known by `until`.
        truth: `work_order_id`, `true_late` (probability that it misses its due time), `is_late`, `is_cancelled`.
    """

    vendors: pl.DataFrame
    work_orders: pl.DataFrame
    truth: pl.DataFrame


def contracted(settings: SimulationSettings, region: int, sites: pl.DataFrame, until: datetime) -> Contracted:
    """The jobs of a region that are ordered by a moment; a later moment adds records and changes none.

    Args:
        settings: The world.
        region: Which region.
        sites: The sites of the region: `site_id`, `client_id`.
        until: The last instant of knowledge.
    """
    vendors = _vendors(settings, region)
    days = max((until - settings.starts_at).days + 1, 0)
    drawn = [_day(settings, region, vendors, len(sites), day) for day in range(days)]
    if not drawn or not sum(map(len, drawn)):
        return Contracted(
            _listed(vendors, settings).clear(), pl.DataFrame(schema=_CHANGES), pl.DataFrame(schema=_TRUTH)
        )
    orders = _planned(_lived(pl.concat(drawn), sites, settings, region), settings, region)
    every = pl.concat([orders, _repairs(orders)]).filter(pl.col("created_at") <= until)
    return Contracted(
        _listed(vendors, settings),
        _changes(every).filter(pl.col("known_at") <= until),
        every.select(*_TRUTH),
    )


def _vendors(settings: SimulationSettings, region: int) -> pl.DataFrame:
    luck = generator(settings.seed, region, "vendors")
    count = _PER_TRADE * len(TRADES)
    trade = [name for name in TRADES for _ in range(_PER_TRADE)]
    return pl.DataFrame(
        {
            "vendor": np.arange(count),
            "vendor_id": [f"R{region}-V{number:02d}" for number in range(count)],
            "trade": trade,
            "skill": luck.normal(0, _SKILL, count),
            "pace": luck.uniform(0.8, 1.25, count),
            "rating": luck.uniform(3.2, 4.8, count),
            "worsens": [number % _PER_TRADE == _PER_TRADE - 1 for number in range(count)],
        }
    )


def _listed(vendors: pl.DataFrame, settings: SimulationSettings) -> pl.DataFrame:
    rates = pl.col("trade").replace_strict(TRADES, return_dtype=pl.Float64)
    return vendors.select(
        "vendor_id",
        "trade",
        name=pl.format("{} {}", pl.col("trade").str.to_titlecase(), pl.col("vendor_id").str.tail(2)),
        email=pl.format("{}@vendors.example", pl.col("vendor_id").str.to_lowercase()),
        hourly_rate=rates,
        known_at=pl.lit(settings.starts_at, INSTANT),
    )


def _day(settings: SimulationSettings, region: int, vendors: pl.DataFrame, sites: int, day: int) -> pl.DataFrame:
    """The orders of a day with all the luck that their lives need."""
    luck = generator(settings.seed, region, "work orders", day)
    count = int(luck.poisson(settings.orders_per_day))
    names, odds = list(PRIORITIES), [share for _, share, _ in PRIORITIES.values()]
    uniform = {name: luck.random(count) for name in ("off", "late", "share", "rated", "redone", "accepts", "recorded")}
    return pl.DataFrame(
        {
            "day": np.full(count, day),
            "number": np.arange(count),
            "vendor": luck.integers(0, len(vendors), count),
            "site": luck.integers(0, sites, count),
            "hour": luck.uniform(6, 18, count),
            "priority": np.array(names)[luck.choice(len(names), count, p=odds)],
            "estimated_hours": luck.integers(1, 9, count).astype(float),
            "over": luck.lognormal(0, 0.2, count),
            "delay": luck.exponential(1.0, count),
            "wait": luck.uniform(3, 20, count),
            "mark": luck.normal(0, 0.6, count),
            **uniform,
        },
        schema_overrides={"priority": pl.String, "day": pl.Int64},
    ).join(vendors, on="vendor", maintain_order="left")


def _lived(drawn: pl.DataFrame, sites: pl.DataFrame, settings: SimulationSettings, region: int) -> pl.DataFrame:
    due = pl.col("priority").replace_strict({name: hours for name, (hours, _, _) in PRIORITIES.items()})
    haste = pl.col("priority").replace_strict({name: adds for name, (_, _, adds) in PRIORITIES.items()})
    places = sites.select("site_id", "client_id").with_row_index("site").with_columns(pl.col("site").cast(pl.Int64))
    start, hours = pl.lit(settings.starts_at, INSTANT), 3_600e6
    is_worse = pl.col("worsens") & (pl.col("day") >= _WORSENS_AFTER_DAYS)
    worse = pl.when(is_worse).then(_WORSE_BY).otherwise(0.0)
    far = pl.when(_is_far()).then(_FAR).otherwise(0.0)
    odds = _BASE - pl.col("skill") + worse + far + haste
    rows = drawn.join(places, on="site", maintain_order="left").with_columns(
        work_order_id=pl.format(
            "R{}-W{}-{}", pl.lit(region), pl.col("day").cast(pl.String).str.zfill(5), pl.col("number")
        ),
        category="trade",
        is_rework_of=pl.lit(None, pl.String),
        true_late=1 / (1 + (-odds).exp()),
        created_at=(start + pl.duration(microseconds=((pl.col("day") * 24 + pl.col("hour")) * hours).cast(pl.Int64))),
    )
    frame = rows.with_columns(
        due_at=pl.col("created_at") + _hours(due),
        is_late=pl.col("late") < pl.col("true_late"),
        is_cancelled=pl.col("off") < _CANCELLED,
    ).with_columns(
        completed_at=pl.when("is_late")
        .then(pl.col("due_at") + _hours(due * 0.3 * pl.col("delay") + 0.5))
        .otherwise(pl.col("created_at") + _hours(due * (0.15 + 0.8 * pl.col("share")))),
        actual_hours=(
            pl.col("estimated_hours") * pl.col("pace") * pl.col("over") * pl.when(is_worse).then(_SLOWER).otherwise(1.0)
        ).round(1),
        quality_rating=pl.when(pl.col("rated") < _RATED).then(
            (
                pl.col("rating")
                + pl.col("mark")
                - pl.when("is_late").then(0.5).otherwise(0.0)
                - pl.when(is_worse).then(1.0).otherwise(0.0)
            )
            .round(0)
            .clip(1, 5)
        ),
    )
    return _whole_seconds(frame)


def _planned(orders: pl.DataFrame, settings: SimulationSettings, region: int) -> pl.DataFrame:
    """Which orders are planned maintenance, from luck of their own: no other draw moves."""
    luck = pl.Series(luck_of(settings.seed, region, "planned orders", orders["work_order_id"]))
    return orders.with_columns(is_planned=pl.col("priority").is_in(_PLANNABLE) & (luck < _PLANNED))


def _is_far() -> pl.Expr:
    """A quarter of the pairs of vendor and site, the same for ever."""
    return (pl.col("vendor") * 7 + pl.col("site") * 13) % 20 < 20 * _FAR_SHARE


def _repairs(orders: pl.DataFrame) -> pl.DataFrame:
    """What has to be done again: an order of its own, days after the first was done."""
    bad = pl.col("redone") < _REDONE * (6 - pl.col("quality_rating").fill_null(4)) / 2
    first = orders.filter(bad, ~pl.col("is_cancelled"))
    created = pl.col("completed_at") + _hours(24 * pl.col("wait"))
    rows = first.with_columns(
        work_order_id=pl.format("{}-again", "work_order_id"),
        is_rework_of="work_order_id",
        is_planned=pl.lit(value=False),
        created_at=created,
        due_at=created + timedelta(hours=72),
        completed_at=created + _hours(8 + 48 * pl.col("share")),
        is_late=pl.lit(value=False),
        true_late=pl.lit(0.0),
        quality_rating=pl.lit(None, pl.Float64),
        estimated_hours=pl.lit(2.0),
        actual_hours=pl.lit(2.0),
    )
    return _whole_seconds(rows)


def _changes(orders: pl.DataFrame) -> pl.DataFrame:
    """What the provider's system recorded: the order, its acceptance, its end or its cancellation."""
    nothing = {
        "accepted_at": pl.lit(None, INSTANT),
        "completed_at": pl.lit(None, INSTANT),
        "actual_hours": pl.lit(None, pl.Float64),
        "quality_rating": pl.lit(None, pl.Float64),
    }
    accepted_at = (
        pl.col("created_at") + (pl.col("completed_at") - pl.col("created_at")) * (0.1 + 0.3 * pl.col("accepts"))
    ).dt.truncate("1s")
    recorded = (pl.col("completed_at") + _hours(4 * pl.col("recorded"))).dt.truncate("1s")
    goes_on = orders.filter(~pl.col("is_cancelled"))
    steps = [
        (orders, {**nothing, "status": pl.lit("ordered"), "known_at": pl.col("created_at") + timedelta(minutes=1)}),
        (
            goes_on,
            {
                **nothing,
                "accepted_at": accepted_at,
                "status": pl.lit("accepted"),
                "known_at": accepted_at + timedelta(minutes=1),
            },
        ),
        (goes_on, {"accepted_at": accepted_at, "status": pl.lit("done"), "known_at": recorded}),
        (orders.filter("is_cancelled"), {**nothing, "status": pl.lit("cancelled"), "known_at": accepted_at}),
    ]
    return pl.concat([rows.with_columns(**made).select(*_CHANGES) for rows, made in steps]).sort(
        "known_at", "work_order_id"
    )


def _hours(number: pl.Expr | float) -> pl.Expr:
    value = number if isinstance(number, pl.Expr) else pl.lit(number)
    return pl.duration(microseconds=(value * 3_600e6).cast(pl.Int64))


def _whole_seconds(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(pl.col("created_at", "due_at", "completed_at").dt.truncate("1s"))


_CHANGES: dict[str, pl.DataType | type[pl.DataType]] = {
    **dict.fromkeys(_ORDERED, pl.String),
    "created_at": INSTANT, "due_at": INSTANT, "accepted_at": INSTANT, "completed_at": INSTANT, "status": pl.String,
    "estimated_hours": pl.Float64, "actual_hours": pl.Float64, "quality_rating": pl.Float64, "is_rework_of": pl.String,
    "is_planned": pl.Boolean, "known_at": INSTANT,
}  # fmt: skip
_TRUTH: dict[str, pl.DataType | type[pl.DataType]] = {
    "work_order_id": pl.String, "true_late": pl.Float64, "is_late": pl.Boolean, "is_cancelled": pl.Boolean,
}  # fmt: skip
