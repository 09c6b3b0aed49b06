"""What acting was worth to each client: measured effects and counted results, with what one of them is worth.

Here: from effects, estimates and counts to rows. Not here: measuring effects (`holdout`), estimating them (`estimate`),
reading (`io`), saying it (`forms`).

A missed deadline is worth its penalty where the contract names one (`sla_policies.penalty_amount`, the mean over the
tickets acted on), else the client's unit value; the money stands at one of the two, never at both. Nothing is worth
anything while its interval holds 0: it is not told from none. Device failures are not measured, since no alerts of
devices are held back; neither are no-shows, for the safety of the post: there, posts that a proposed substitute filled
are counted.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

import dataframely as dy
import polars as pl

from ml.evaluation.prevention import LEAST
from opsguard_assets.scorecards.value.schemas import VALUE_DELIVERED, ValueDelivered
from opsguard_assets.tables.months import months_between
from opsguard_assets.tables.values import INSTANT

MEASURED, TOO_FEW, ESTIMATED, COUNTED = "measured", "too_few", "estimated", "counted"
BREACHES, PENALTIES, DEVICE_FAILURES, NO_SHOWS = "breaches", "penalties", "device_failures", "no_shows"
ALERTS_RESOLVED, HOURS_SAVED, LATE_ORDERS = "alerts_resolved", "hours_saved", "late_orders"
ITEMS: Final = (BREACHES, PENALTIES, DEVICE_FAILURES, NO_SHOWS, ALERTS_RESOLVED, HOURS_SAVED, LATE_ORDERS)
COUNTS: Final = pl.Schema({"client_id": pl.String(), "item": pl.String(), "count": pl.Float64()})
# What one is worth to a client: `penalty` is that of the contract, null where it names none.
UNITS: Final = pl.Schema(
    {
        "client_id": pl.String(),
        "months": pl.Int64(),
        "penalty": pl.Float64(),
        "breach_cost": pl.Float64(),
        "no_show_cost": pl.Float64(),
        "alert_minutes": pl.Float64(),
        "hourly_cost": pl.Float64(),
    }
)


@dataclass(frozen=True)
class Figures:
    """What acting prevented and did.

    Attributes:
        measured: Rows of `holdout.EFFECT`; that of all clients together has no client.
        estimated: Rows of `estimate.ESTIMATE`.
        counted: Rows of `COUNTS`.
    """

    measured: pl.DataFrame
    estimated: pl.DataFrame
    counted: pl.DataFrame


@dataclass(frozen=True)
class WindowOfClient:
    """What acting was worth to one client in a window, and what it was measured by.

    Attributes:
        value: Rows of `ValueDelivered`.
        acted_on: Tickets that reached the threshold and were acted on.
        held_back: Those that were held back.
        expected: How many of those acted on would have been late, by those held back; None below 30 of either.
        late: Deadlines that were missed.
        warned: How many of them had reached the threshold before they were.
        lead_hours: The median time from then to the deadline; None where none had.
    """

    value: dy.DataFrame[ValueDelivered]
    acted_on: int
    held_back: int
    expected: float | None
    late: int
    warned: int
    lead_hours: float | None


def value_delivered(
    figures: Figures,
    units: pl.DataFrame,
    *,
    month: date,
    window_starts: date,
    alerted_since: date | None = None,
    estimated_since: date | None = None,
) -> pl.DataFrame:
    """What acting was worth in a window.

    Args:
        figures: What it prevented and did.
        units: Rows of `UNITS`, one per client; those of all together have no client.
        month: The last month of the window.
        window_starts: The first day of it; where data begin later, rows say so.
        alerted_since: The day of the first alert that is known of; before it nothing was prevented.
        estimated_since: The first day of the window of estimates.

    Returns:
        `ValueDelivered` without `recorded_upto`, one row per client and item.
    """
    measured = figures.measured
    rows = units.join(measured, on="client_id", how="left", nulls_equal=True).with_columns(
        pl.col("held_back").fill_null(0), is_measured=pl.col("prevented").is_not_null()
    )
    common = rows.join(_of_all(measured), how="cross")
    unmeasured = common.filter(~pl.col("is_measured")).select("client_id", "months", "held_back")
    estimated = _estimated(unmeasured, figures.estimated, month, estimated_since)
    of_alerts = pl.min_horizontal("months", pl.lit(months_between(alerted_since or window_starts, month), pl.Int64))
    others = common.join(estimated, on="client_id", how="anti").with_columns(months=of_alerts)
    parts = [
        _prevented(others, BREACHES, pl.when(pl.col("penalty").is_null()).then("breach_cost")),
        _prevented(others.filter(pl.col("penalty").is_not_null()), PENALTIES, pl.col("penalty")),
        estimated,
        _never_held_back(common),
        *(_counted(common, figures.counted, item, unit) for item, unit in _COUNTED.items()),
    ]
    order = pl.col("item").replace_strict(list(ITEMS), list(range(len(ITEMS))), return_dtype=pl.Int64)
    wanted = [name for name in VALUE_DELIVERED.columns if name != "recorded_upto"]
    return (
        pl.concat(parts, how="diagonal_relaxed")
        .with_columns(month=pl.lit(month), window_starts=_first_month(month, window_starts))
        .with_columns(
            money=pl.when(pl.col("is_told").fill_null(value=True)).then(pl.col("count") * pl.col("unit_value"))
        )
        .sort(pl.col("client_id"), order, nulls_last=True)
        .select(pl.col(name).cast(VALUE_DELIVERED.dtypes[name]) for name in wanted)
    )


def recorded(rows: pl.DataFrame, recorded_upto: pl.Expr) -> dy.DataFrame[ValueDelivered]:
    """The same rows with the instant up to which records count."""
    return VALUE_DELIVERED.rows(rows.with_columns(recorded_upto=recorded_upto.cast(INSTANT)))


_MINUTES = pl.col("count") * pl.col("alert_minutes") / 60
_COUNTED: Final[dict[str, tuple[str, pl.Expr, pl.Expr]]] = {
    NO_SHOWS: (NO_SHOWS, pl.col("count"), pl.col("no_show_cost")),
    ALERTS_RESOLVED: (ALERTS_RESOLVED, pl.col("count"), pl.lit(None, pl.Float64)),
    HOURS_SAVED: (ALERTS_RESOLVED, _MINUTES, pl.col("hourly_cost")),
    LATE_ORDERS: (LATE_ORDERS, pl.col("count"), pl.lit(None, pl.Float64)),
}


def _first_month(month: date, window_starts: date) -> pl.Expr:
    """The first month of the window with data: a mean by month is over the months that there were."""
    months = pl.col("months")
    first = pl.lit(month).dt.offset_by(pl.format("-{}mo", (months - 1).cast(pl.String)))
    return pl.when(months.is_null()).then(pl.lit(window_starts)).otherwise(first)


def _of_all(measured: pl.DataFrame) -> pl.DataFrame:
    """Of all clients together: the share of events that acting prevents, with its interval."""
    expected = pl.col("expected_share") * pl.col("acted_on")
    together = measured.filter(pl.col("client_id").is_null()).select(
        provider_low=pl.col("low") / expected, provider_high=pl.col("high") / expected
    )
    none = pl.DataFrame(schema={"provider_low": pl.Float64, "provider_high": pl.Float64}).clear(n=1)
    return together if len(together) else none


def _prevented(rows: pl.DataFrame, item: str, unit_value: pl.Expr) -> pl.DataFrame:
    return rows.select(
        "client_id", "months", "held_back", "low", "high", "provider_low", "provider_high",
        item=pl.lit(item),
        method=pl.when("is_measured").then(pl.lit(MEASURED)).otherwise(pl.lit(TOO_FEW)),
        needed=pl.lit(LEAST, pl.Int64),
        count="prevented",
        unit_value=unit_value,
        is_told=(pl.col("low") > 0) | (pl.col("high") < 0),
    )  # fmt: skip


def _estimated(rows: pl.DataFrame, estimated: pl.DataFrame, month: date, since: date | None) -> pl.DataFrame:
    """Deadlines kept by the model's odds: of clients of whom nothing is held back, in the months that have odds."""
    of_window = months_between(since or month, month)
    months = pl.min_horizontal("months", pl.lit(of_window, pl.Int64))
    return rows.filter(pl.col("held_back") == 0).join(estimated, on="client_id").select(
        "client_id", "low", "high", "announced", "happened", "expected", "checked_on", "held_back",
        months=months,
        item=pl.lit(BREACHES),
        method=pl.lit(ESTIMATED),
        count=pl.col("expected") - pl.col("happened"),
        is_told=pl.lit(value=False),
    )  # fmt: skip


def _never_held_back(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        "client_id", "months", item=pl.lit(DEVICE_FAILURES), method=pl.lit(TOO_FEW), held_back=pl.lit(0, pl.Int64)
    )


def _counted(rows: pl.DataFrame, counted: pl.DataFrame, item: str, of: tuple[str, pl.Expr, pl.Expr]) -> pl.DataFrame:
    source, count, unit_value = of
    found = counted.filter(pl.col("item") == source).select("client_id", "count")
    totals = pl.concat([found, found.select(pl.lit(None, pl.String).alias("client_id"), pl.col("count").sum())])
    return (
        rows.join(totals, on="client_id", how="left", nulls_equal=True)
        .with_columns(pl.col("count").fill_null(0.0))
        .select("client_id", "months", item=pl.lit(item), method=pl.lit(COUNTED), count=count, unit_value=unit_value)
    )
