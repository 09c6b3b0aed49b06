"""What is to be said of a part in a shift that may not be attended, topic by topic, to the person's supervisor.

Here: features to phrases. Not here: which topics matter for a row (`ml.explain`).
"""

from collections.abc import Mapping

import polars as pl

from ml.explain import Topics
from ml.no_show.features import FEATURES

_MEMBERS: dict[str, tuple[str, ...]] = {
    "record": ("person_rate", "person_shifts", "days_since_no_show"),
    "lateness": ("person_late_rate",),
    "rest": ("rest_hours", "days_since_arrival"),
    "load": ("arrivals_7d",),
    "time": ("start_hour", "is_night", "is_weekend", "weekday", "duration_hours"),
    "substitute": ("is_substitute", "notice_hours"),
    "distance": ("distance_km",),
    "site": ("site_rate", "is_critical"),
    "fleet": ("fleet_rate", "hours_ahead"),
}
_LONG_REST_HOURS = 72


def topics(rows: pl.DataFrame) -> Topics:
    """What may be said of some rows of `ml.no_show.features`; `always` is how long it still is to the start."""
    known = rows.select(pl.col(name).cast(pl.Float64) for name in FEATURES)
    phrases = {name: known.select(phrase).to_series() for name, phrase in _phrases().items()}
    ahead = known.select(pl.format("starts in {} h", pl.col("hours_ahead").round(1))).to_series()
    return Topics(_MEMBERS, phrases, ahead)


def _whole(number: pl.Expr) -> pl.Expr:
    return number.round(0).cast(pl.Int64)


def _phrases() -> Mapping[str, pl.Expr]:
    rest = pl.col("rest_hours")
    return {
        "record": pl.when(pl.col("days_since_no_show").is_not_null())
        .then(
            pl.format(
                "did not come {} days ago, {} past shifts",
                _whole(pl.col("days_since_no_show")),
                _whole(pl.col("person_shifts")),
            )
        )
        .otherwise(pl.format("{} past shifts, always came", _whole(pl.col("person_shifts")))),
        "lateness": pl.format("late in {} % of shifts", _whole(pl.col("person_late_rate") * 100)),
        "rest": pl.when(rest < _LONG_REST_HOURS)
        .then(pl.format("{} h after the last punch", _whole(rest)))
        .when(rest.is_not_null())
        .then(pl.format("last at work {} days before", _whole(rest / 24))),
        "load": pl.format("{} shifts in seven days", _whole(pl.col("arrivals_7d"))),
        "time": pl.when(pl.col("is_night") == 1)
        .then(pl.lit("a night shift"))
        .when(pl.col("is_weekend") == 1)
        .then(pl.lit("a weekend shift"))
        .otherwise(pl.format("starts at {}:00", _whole(pl.col("start_hour")))),
        "substitute": pl.when(pl.col("is_substitute") == 1).then(
            pl.format("a substitute told {} h before", _whole(pl.col("notice_hours")))
        ),
        "distance": pl.when(pl.col("distance_km") > 1).then(
            pl.format("{} km from the usual site", _whole(pl.col("distance_km")))
        ),
        "site": pl.format("nobody comes to {} % of the site's shifts", (pl.col("site_rate") * 100).round(1)),
        "fleet": pl.format("nobody comes to {} % of all shifts", (pl.col("fleet_rate") * 100).round(1)),
    }
