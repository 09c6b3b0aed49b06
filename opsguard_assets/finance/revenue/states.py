"""Which plan a client had on a day, and how many sites and devices were served: by versions of records as known then.

Here: versions to states, and the instants they are asked for. Not here: reading versions (`revenue.io`), what a state
costs (`entitlements.prices`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import dataframely as dy
import polars as pl

from opsguard_assets.config.plans import Plans
from opsguard_assets.finance.revenue.schemas import ClientStates, KnownClients, KnownDevices, KnownSites, Moments
from opsguard_assets.tables.months import month_after
from opsguard_assets.tables.table import dtypes_of, rows_of
from opsguard_assets.tables.values import INSTANT

CLIENT, SITE, DEVICE = dtypes_of(KnownClients), dtypes_of(KnownSites), dtypes_of(KnownDevices)
MOMENT: Final = dtypes_of(Moments)
_TICK: Final = timedelta(microseconds=1)
_NEVER: Final = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Known:
    """What was ever known of whom clients pay for.

    Attributes:
        clients: Stretches of clients.
        sites: Stretches of sites.
        devices: Stretches of devices; only those of clients who pay by device.
    """

    clients: dy.DataFrame[KnownClients]
    sites: dy.DataFrame[KnownSites]
    devices: dy.DataFrame[KnownDevices]


def month_ends(months: Sequence[date], zone: str, as_of: datetime) -> pl.DataFrame:
    """The last instant of each month; of a month that is not over, the moment itself: rows of `MOMENT` and `month`."""
    rows = [(month, *_end_of(month, zone, as_of)) for month in months]
    return pl.DataFrame(rows, schema={"month": pl.Date, **MOMENT}, orient="row")


def _end_of(month: date, zone: str, as_of: datetime) -> tuple[date, datetime]:
    following = month_after(month)
    end = _midnight(following, zone) - _TICK
    return (following - timedelta(days=1), end) if end < as_of else (as_of.astimezone(ZoneInfo(zone)).date(), as_of)


def month_start(month: date, zone: str) -> dy.DataFrame[Moments]:
    """The first instant of a month: one row."""
    return rows_of(Moments, pl.DataFrame([(month, _midnight(month, zone))], schema=MOMENT, orient="row"))


def days_of(month: date, zone: str) -> dy.DataFrame[Moments]:
    """The days of a month, each by what was known at its end."""
    days = [month + timedelta(days=number) for number in range((month_after(month) - month).days)]
    rows = [(day, _midnight(day + timedelta(days=1), zone) - _TICK) for day in days]
    return rows_of(Moments, pl.DataFrame(rows, schema=MOMENT, orient="row"))


def _midnight(day: date, zone: str) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))


def states(known: Known, plans: Plans, moments: pl.DataFrame) -> dy.DataFrame[ClientStates]:
    """The state of every client that was known at each moment, from the day on which it joined.

    Args:
        known: What was ever known.
        plans: Trials and ends of service.
        moments: When it is asked: columns of `Moments`.

    Returns:
        States by client and day.
    """
    at = moments.select("on", pl.col("at").cast(INSTANT)).unique("on", keep="last", maintain_order=True)
    clients = _at(known.clients, at).filter(pl.col("joined_on").fill_null(date.min) <= pl.col("on"))
    sites = _at(known.sites, at)
    counted = sites.group_by("client_id", "on").agg(sites=pl.col("site_id").n_unique().cast(pl.Int64))
    devices = _at(known.devices, at).join(sites.select("site_id", "client_id", "on"), on=["site_id", "on"])
    equipped = devices.group_by("client_id", "on").agg(devices=pl.col("device_id").n_unique().cast(pl.Int64))
    terms = pl.DataFrame(
        [
            (name, *((t.plan, t.starts_on, t.ends_on) if (t := each.trial) else (None, None, None)), each.ends_on)
            for name, each in plans.clients.items()
        ],
        schema={"client_id": pl.String, "_tried": pl.String, "_from": pl.Date, "_to": pl.Date, "_last": pl.Date},
        orient="row",
    )
    is_trial = (pl.col("_from").fill_null(date.min) <= pl.col("on")) & (pl.col("on") <= pl.col("_to"))
    found = (
        clients.join(counted, on=["client_id", "on"], how="left")
        .join(equipped, on=["client_id", "on"], how="left")
        .join(terms, on="client_id", how="left")
        .with_columns(
            bought="plan",
            is_trial=is_trial.fill_null(value=False),
            is_ended=(pl.col("_last") < pl.col("on")).fill_null(value=False),
            sites=pl.col("sites").fill_null(0),
            devices=pl.col("devices").fill_null(0),
        )
        .with_columns(plan=pl.when("is_trial").then("_tried").otherwise("plan"))
        .sort("client_id", "on")
    )
    return rows_of(ClientStates, found)


def _at(stretches: pl.DataFrame, at: pl.DataFrame) -> pl.DataFrame:
    """What was known at each moment."""
    end = pl.lit(_NEVER, INSTANT)
    return stretches.with_columns(_until=pl.col("until").fill_null(end)).join_where(
        at, pl.col("since") <= pl.col("at"), pl.col("at") < pl.col("_until")
    )
