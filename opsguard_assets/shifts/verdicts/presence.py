"""When people were where: punches as stretches of presence.

Here: punches in, presences out. Not here: which shift a presence belongs to (`matching`).

Punches of a person at one site that overlap, that follow a departure within a quarter of an hour, or that repeat an
arrival within a quarter of an hour are one presence: double punches and short breaks are no second one. An arrival
without a departure counts until the person arrives anywhere again, for 16 hours, or until now.
"""

from datetime import datetime, timedelta

import polars as pl

from opsguard_assets.tables.values import INSTANT

BREAK = timedelta(minutes=15)
_LONGEST = timedelta(hours=16)
_EARTH_RADIUS_M = 6_371_008.8  # mean radius of the IUGG
SITE = ("latitude", "longitude", "geofence_radius_m")


def presences(punches: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Stretches of presence.

    Args:
        punches: Rows of `attendance` that were known; those after `as_of` are left out.
        as_of: Now, UTC.

    Returns:
        `presence` (a number), `person_id`, `site_id`, `in_at`, `out_at` (null: open), `until_at` (until when
        it counts), and the position of the first punch: `latitude`, `longitude`, `accuracy_m`.
    """
    now = pl.lit(as_of, INSTANT)
    heard = punches.filter(pl.col("punched_in_at") <= now).with_columns(
        pl.when(pl.col("punched_out_at") <= now).then("punched_out_at").alias("_out")
    )
    who, place = "person_id", ["person_id", "site_id"]
    ordered = heard.sort(*place, "punched_in_at", "_out", nulls_last=True)
    arrival, before = pl.col("punched_in_at"), pl.col("punched_in_at").shift(1).over(place)
    left = pl.col("_out").cum_max().forward_fill().shift(1).over(place)
    was_open = pl.col("_out").shift(1).over(place).is_null()
    goes_on = (arrival <= left + BREAK).fill_null(value=False) | (was_open & (arrival - before <= BREAK))
    merged = (
        ordered.with_columns(presence=(~goes_on.fill_null(value=False)).cum_sum())
        .group_by("presence", maintain_order=True)
        .agg(
            pl.col(place).first(),
            pl.col("punched_in_at").min().alias("in_at"),
            pl.col("punched_in_at").max().alias("_last_in"),
            pl.col("_out").max(),
            pl.col("latitude", "longitude", "accuracy_m").first(),
        )
    )
    # Who arrived again after the last departure is still there.
    closed = merged.with_columns(out_at=pl.when(pl.col("_out") >= pl.col("_last_in")).then("_out"))
    next_in = pl.col("in_at").shift(-1).over(who, order_by="in_at")
    counts = pl.min_horizontal(next_in, pl.col("_last_in") + _LONGEST, now)
    return closed.with_columns(until_at=pl.coalesce("out_at", pl.max_horizontal(counts, pl.col("_last_in")))).select(
        "presence", *place, "in_at", "out_at", "until_at", "latitude", "longitude", "accuracy_m"
    )


def distance_m(latitude: pl.Expr, longitude: pl.Expr, other_latitude: pl.Expr, other_longitude: pl.Expr) -> pl.Expr:
    """The great-circle distance between positions in degrees, metres (haversine, which is exact for short ones too)."""
    north, east = (other_latitude - latitude).radians(), (other_longitude - longitude).radians()
    slope = latitude.radians().cos() * other_latitude.radians().cos()
    half = (north / 2).sin().pow(2) + slope * (east / 2).sin().pow(2)
    return 2 * _EARTH_RADIUS_M * half.clip(0, 1).sqrt().arcsin()


def with_distance(rows: pl.DataFrame, sites: pl.DataFrame, site: str) -> pl.DataFrame:
    """Rows with `distance_m` from their position to the site of column `site`, and `is_outside` for certain.

    A position is outside when even its uncertainty does not reach the geofence; null where either is not known.
    """
    places = sites.select(pl.col("site_id").alias(site), *(pl.col(name).alias(f"_{name}") for name in SITE)).unique(
        site
    )
    metres = distance_m(*(pl.col(name) for name in ("latitude", "longitude", "_latitude", "_longitude")))
    return (
        rows.join(places, on=site, how="left", maintain_order="left")
        .with_columns(distance_m=metres)
        .with_columns(
            is_outside=pl.col("distance_m") - pl.col("accuracy_m").fill_null(0) > pl.col("_geofence_radius_m")
        )
        .drop(f"_{name}" for name in SITE)
    )
