"""Device uptime as a key figure: minutes online of minutes expected, a row per device and local day.

Here: the definition, whose days they are, what is left out. Not here: the minutes themselves (`device_spans`).
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, cast

import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.scorecards.kpis.device_spans import DEVICE, HOUR, MISSED_INTERVALS, View, minutes_online
from opsguard_assets.scorecards.kpis.kpi import WATERMARKS, Band, Feeds, Kpi
from opsguard_assets.scorecards.kpis.schemas import KPI_ROWS
from opsguard_assets.tables.local_time import to_utc
from opsguard_assets.tables.values import INSTANT

NAME: Final = "device_uptime"
_HOURLY: Final = "devices/device_hourly"
# How far before and after a month reports are looked at: some of the longest interval, within reason.
_LEAST, _MOST = timedelta(days=1), timedelta(days=31)
_NO_INTERVAL, _NEVER = "no_interval", "never_heard"


def uptime_rows(feeds: Feeds, months: pl.LazyFrame, settings: Settings) -> pl.LazyFrame:
    """Minutes online and expected of every device and local day of some months of clients.

    Args:
        feeds: `clients`, `sites`, `devices`, `device_events`, `devices/device_hourly`, and the watermarks.
        months: Rows of `ClientMonths`.
        settings: How long a maintenance lasts.

    Returns:
        Rows of `KpiRows`; `entity_id` is the device and the local day.
    """
    through = _through(feeds)
    sites = feeds["sites"].select("site_id", "client_id")
    devices = feeds["devices"].select(*DEVICE, "site_id").join(sites, on="site_id").collect()
    events = feeds["device_events"].select("device_id", "at", "kind").collect()
    zones = feeds["clients"].select("client_id", "timezone").collect()
    asked = months.collect().join(zones, on="client_id")
    parts: list[pl.DataFrame] = [KPI_ROWS.empty()]
    if through is not None:
        parts.extend(
            _of_month(feeds[_HOURLY], devices, events, month, through, settings)
            for _, month in sorted(asked.partition_by("month", as_dict=True).items())
        )
    return pl.concat(parts).lazy()


def _through(feeds: Feeds) -> datetime | None:
    known = feeds[WATERMARKS].filter(pl.col("feed") == _HOURLY).select("through_at").collect()
    return cast("datetime | None", known.item()) if len(known) else None


def _of_month(
    hourly: pl.LazyFrame,
    devices: pl.DataFrame,
    events: pl.DataFrame,
    month: pl.DataFrame,
    through: datetime,
    settings: Settings,
) -> pl.DataFrame:
    """The rows of one calendar month of some clients, whose zones may differ."""
    timed = devices.filter((pl.col("reports_every_minutes") > 0).fill_null(value=False))
    own = devices.join(month, on="client_id")
    if own.is_empty():
        return KPI_ROWS.empty()
    since, upto = _looked_at(month, timed, through)
    if upto <= since:
        return KPI_ROWS.empty()
    between = pl.col("hour_at").is_between(since.replace(minute=0, second=0, microsecond=0), upto, closed="left")
    days = (since.date(), upto.date())
    # Hours of all devices are read: while any of the house reported, OpsGuard was not blind.
    hours = hourly.filter(pl.col("date").is_between(*days), between).select(HOUR).collect()
    asked = _days(own.join(timed.select("device_id"), on="device_id", how="semi"))
    view = View(since, upto, settings.device_alerts.maintenance_minutes)
    counted = minutes_online(hours, timed, events.filter(pl.col("at") < upto), asked, view)
    rows = counted.filter(pl.col("why").ne_missing("not_in_service")).select(
        _row(),
        numerator=pl.when(pl.col("why").is_null()).then("online").otherwise(0.0),
        denominator="expected",
        excluded="why",
    )
    return pl.concat(part.select(KPI_ROWS.columns) for part in (rows, _without_interval(own, hours, through)))


def _looked_at(month: pl.DataFrame, timed: pl.DataFrame, through: datetime) -> tuple[datetime, datetime]:
    longest = timed["reports_every_minutes"].max()
    aside = timedelta(minutes=2 * MISSED_INTERVALS * cast("float", longest or 0.0))
    margin = min(max(aside, _LEAST), _MOST)
    begins, ends = month.select(pl.col("starts_at").min(), pl.col("ends_at").max()).row(0)
    return begins - margin, min(ends + margin, through)


def _days(own: pl.DataFrame) -> pl.DataFrame:
    """The local days of each device's client: `day`, `begins_at`, `ends_at`."""
    clients = own.select("client_id", "month", "timezone", _until="ends_at").unique(maintain_order=True)
    # No zone is more than a day from UTC; what begins after the end is left out below.
    last = pl.col("_until").dt.date().dt.offset_by("1d")
    local = clients.with_columns(day=pl.date_ranges("month", last)).explode("day")
    edges = local.with_columns(
        begins_at=pl.col("day").cast(pl.Datetime("us")),
        ends_at=pl.col("day").dt.offset_by("1d").cast(pl.Datetime("us")),
    )
    instants = to_utc(edges, ["begins_at", "ends_at"]).filter(pl.col("begins_at") < pl.col("_until")).drop("_until")
    return own.drop("starts_at", "ends_at").join(
        instants.drop("timezone"), on=["client_id", "month"], maintain_order="left_right"
    )


def _row() -> Iterator[pl.Expr]:
    yield pl.lit(NAME).alias("kpi")
    yield pl.col("month", "client_id", "site_id")
    yield pl.lit("device").alias("entity_type")
    yield pl.format("{} {}", "device_id", "day").alias("entity_id")
    yield pl.col("begins_at").alias("at")
    yield pl.lit(None, pl.Float64).alias("measure")


def _without_interval(own: pl.DataFrame, hours: pl.DataFrame, through: datetime) -> pl.DataFrame:
    """Installed devices that cannot be counted: their reporting interval is not known, or they were never heard."""
    every, placed = pl.col("reports_every_minutes"), pl.col("installed_at")
    heard = hours.select("device_id").unique().with_columns(is_heard=pl.lit(value=True))
    rows = own.join(heard, on="device_id", how="left", maintain_order="left").with_columns(
        pl.col("is_heard").fill_null(value=False)
    )
    is_timed = (every > 0).fill_null(value=False)
    is_there = (placed < pl.col("ends_at")).fill_null(pl.col("is_heard")) & (
        pl.col("starts_at") < pl.lit(through, INSTANT)
    )
    why = (
        pl.when(~is_timed & is_there).then(pl.lit(_NO_INTERVAL))
        .when(is_timed & placed.is_null() & ~pl.col("is_heard")).then(pl.lit(_NEVER))
    )  # fmt: skip
    left_out = rows.with_columns(excluded=why).drop_nulls("excluded")
    return left_out.with_columns(day=pl.lit("-"), begins_at="starts_at").select(
        *_row(), numerator=pl.lit(0.0), denominator=pl.lit(0.0), excluded="excluded"
    )


DEVICE_UPTIME = Kpi(
    name=NAME,
    label="Device uptime",
    unit="percent",
    aggregate="share",
    is_better="higher",
    band=Band(good=Decimal(95), warning=Decimal(85)),
    section="devices",
    formula="Minutes in which devices were online, divided by the minutes in which they should have been. A report "
    "vouches for the time around it; more than one and a half reporting intervals between two reports is time offline.",
    population="Minutes of all devices with a known reporting interval, from installation (or the first report) to "
    "removal. A device that was never heard since its installation is offline. The interval is by devices, because the "
    "minutes of one hang together.",
    membership="The minute, in the client's local days.",
    exclusions="Minutes after a recorded maintenance; an hour or more in which no device of any client reported: "
    "then OpsGuard received nothing; devices without a known reporting interval.",
    no_data="No minute was expected.",
    source="Availability as agreed time less downtime (ITIL 4, service availability); minutes are summed, percentages "
    "of devices are not averaged.",
    feeds=("clients", "sites", "devices", "device_events", _HOURLY),
    watermarks=(_HOURLY,),
    clusters="device",
    rows=uptime_rows,
)
