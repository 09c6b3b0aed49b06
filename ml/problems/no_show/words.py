"""The phrases of a part in a shift that may be missed, by topic, for the person's supervisor.

Here: features to phrases. Not here: which topics matter for a row (`ml.models.explain`).
"""

from collections.abc import Mapping

import polars as pl

from ml.features.rates import drawn_from
from ml.models.explain import Topics, phrased
from ml.problems.no_show.features import FEATURES, NIGHT_FROM, PRIOR_FLEET, PRIOR_PERSON
from ml.words import counted, percent, rounded

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
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# Rates that differ by less are one: what is drawn towards another rate without anything of its own has that rate.
_EQUAL = 1e-9


def topics(rows: pl.DataFrame) -> Topics:
    """What may be said of some rows of `problems.no_show.features`; `always` is how long it still is to the start."""
    known = rows.select(pl.col(name).cast(pl.Float64).fill_nan(None) for name in FEATURES)
    ahead = rounded(pl.col("hours_ahead"), 1)
    start = (
        pl.when(ahead >= 0).then(pl.format("starts in {} h", ahead)).otherwise(pl.format("started {} h ago", -ahead))
    )
    return Topics(_MEMBERS, phrased(known, _phrases()), known.select(start.fill_null("no start is known")).to_series())


def _phrases() -> Mapping[str, pl.Expr]:
    """The phrase of each feature; null where there is nothing to say."""
    return {**_of_person(), **_of_shift(), **_of_place()}


def missed() -> pl.Expr:
    """How many past shifts of the person had no show."""
    return drawn_from(pl.col("person_rate"), pl.col("person_shifts"), prior=PRIOR_PERSON, towards=pl.col("fleet_rate"))


def record() -> pl.Expr:
    """What is known of the person's past shifts."""
    shifts = pl.col("person_shifts")
    past = counted(shifts, "past shift")
    return (
        pl.when(shifts < 1)
        .then(pl.lit("no past shift is known"))
        .when(missed() >= 1)
        .then(pl.format("did not come to {} of {}", missed(), past))
        .when(shifts == 1)
        .then(pl.lit("came to the only past shift"))
        .otherwise(pl.format("came to all {}", past))
    )


def _of_person() -> Mapping[str, pl.Expr]:
    shifts, rest = pl.col("person_shifts"), pl.col("rest_hours")
    late = drawn_from(pl.col("person_late_rate"), shifts, prior=PRIOR_PERSON, towards=PRIOR_FLEET)
    return {
        "person_rate": record(),
        "person_shifts": record(),
        "days_since_no_show": pl.format(
            "a shift without a show became known {} ago", counted(pl.col("days_since_no_show"), "day")
        ),
        "person_late_rate": pl.when((shifts >= 1) & (late >= 1)).then(
            pl.format("late at {} of {}", late, counted(shifts, "past shift"))
        ),
        "rest_hours": pl.when(rest >= 0).then(pl.format("{} h between the last punch and the start", _whole(rest))),
        "days_since_arrival": pl.format("last punch {} ago", counted(pl.col("days_since_arrival"), "day")),
        "arrivals_7d": pl.when(pl.col("arrivals_7d") >= 1).then(
            pl.format("came to {} in the last seven days", counted(pl.col("arrivals_7d"), "shift"))
        ),
    }


def _of_shift() -> Mapping[str, pl.Expr]:
    hour = _whole(pl.col("start_hour").floor())
    day = pl.col("weekday").replace_strict(
        [float(number) for number in range(1, 8)], list(_DAYS), default=None, return_dtype=pl.String
    )
    return {
        "start_hour": pl.format("starts between {}:00 and {}:59 local time", hour, hour),
        "is_night": pl.when(pl.col("is_night") == 1).then(pl.format("starts at {}:00 or later", pl.lit(NIGHT_FROM))),
        "is_weekend": pl.when(pl.col("is_weekend") == 1).then(pl.lit("a weekend shift")),
        "weekday": pl.format("a {}", day),
        "duration_hours": pl.format("lasts {} h", rounded(pl.col("duration_hours"), 1)),
        "is_substitute": pl.when(pl.col("is_substitute") == 1).then(pl.lit("a substitute")),
        "notice_hours": pl.when((pl.col("is_substitute") == 1) & (pl.col("notice_hours") >= 0)).then(
            pl.format("a substitute told {} h before", _whole(pl.col("notice_hours")))
        ),
        "is_critical": pl.when(pl.col("is_critical") == 1).then(pl.lit("a critical post")),
    }


def _of_place() -> Mapping[str, pl.Expr]:
    site, everywhere = pl.col("site_rate"), pl.col("fleet_rate")
    said = "no-shows at this site are put at {}, everywhere at {}"
    return {
        "distance_km": pl.when(pl.col("distance_km") > 1).then(
            pl.format("{} km from the usual site", _whole(pl.col("distance_km")))
        ),
        # A site of which nothing is known has the rate of all.
        "site_rate": pl.when(site > everywhere + _EQUAL).then(
            pl.format(said, percent(site, 1), percent(everywhere, 1))
        ),
        "fleet_rate": pl.format("no-shows everywhere are put at {}", percent(everywhere, 1)),
    }


def _whole(number: pl.Expr) -> pl.Expr:
    return number.round(0).cast(pl.Int64)
