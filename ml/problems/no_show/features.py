"""The features of a person's part in a coming shift.

Here: features by as-of joins, for one moment or millions. Not here: labels, and where parts come from.

Only what was known counts: an attended shift counts from when its punch was known, a missed one from a day after its
end, when late punches have arrived. No personal attributes are used: no name, age, origin, address or health, and no
kind of leave. Features hold what somebody did at work, and what the roster demands of them.
"""

from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from ml.features.asof import latest, minutes
from ml.features.rates import drawn

KEYS = ("part_id", "as_of")
FEATURES = (
    "hours_ahead", "duration_hours", "start_hour", "weekday", "is_weekend", "is_night", "is_critical", "is_substitute",
    "notice_hours", "distance_km", "person_shifts", "person_rate", "person_late_rate", "days_since_no_show",
    "rest_hours", "arrivals_7d", "days_since_arrival", "site_rate", "fleet_rate",
)  # fmt: skip
# As if so many shifts at the rate of all had been seen of a person, or at a site.
PRIOR_PERSON, PRIOR_SITE, PRIOR_FLEET = 20.0, 50.0, 0.02
_WEEK = timedelta(days=7)
NIGHT_FROM, _SATURDAY = 19, 6
_HOUR, _DAY = 60.0, 1_440.0


@dataclass(frozen=True)
class Streams:
    """Running figures, each valid from `at`.

    Attributes:
        people: `person_id`, `shifts`, `no_shows`, `lates`, `no_show_at`.
        sites: `site_id`, `shifts`, `no_shows`, of people who were seen before.
        fleet: `shifts`, `no_shows`, of the same.
        arrivals: `person_id`, `arrivals`, `last_seen_at`.
    """

    people: pl.DataFrame
    sites: pl.DataFrame
    fleet: pl.DataFrame
    arrivals: pl.DataFrame


def streams(outcomes: pl.DataFrame) -> Streams:
    """The streams of features.

    Args:
        outcomes: Outcomes of past parts: `person_id`, `site_id`, `at` (when it became known), `is_no_show`, `is_late`,
            `seen_at` (arrival or, if known by then, departure; null where nobody came).
    """
    flagged = outcomes.with_columns(pl.col("is_no_show", "is_late").fill_null(value=False).cast(pl.Int64)).sort("at")
    missed_at = pl.when(pl.col("is_no_show") == 1).then("at")

    def running(by: list[str]) -> list[pl.Expr]:
        sums = {"shifts": pl.lit(1), "no_shows": pl.col("is_no_show")}
        return [
            _over(value.cum_sum() if name != "shifts" else pl.int_range(1, pl.len() + 1), by).alias(name)
            for name, value in sums.items()
        ]

    people = flagged.with_columns(
        *running(["person_id"]),
        lates=pl.col("is_late").cum_sum().over("person_id"),
        no_show_at=missed_at.forward_fill().over("person_id"),
    )
    # Who was never seen tells nothing of the others: a roster for nobody would raise the rate of all.
    known = flagged.filter(pl.col("at") >= pl.col("at").filter(pl.col("seen_at").is_not_null()).min().over("person_id"))
    came = flagged.drop_nulls("seen_at").with_columns(
        arrivals=pl.int_range(1, pl.len() + 1).over("person_id"),
        last_seen_at=pl.col("seen_at").cum_max().over("person_id"),
    )
    return Streams(
        people.select("person_id", "at", "shifts", "no_shows", "lates", "no_show_at"),
        known.with_columns(running(["site_id"])).select("site_id", "at", "shifts", "no_shows"),
        known.with_columns(running([])).select("at", "shifts", "no_shows"),
        came.select("person_id", "at", "arrivals", "last_seen_at"),
    )


def _over(value: pl.Expr, by: list[str]) -> pl.Expr:
    return value.over(by) if by else value


def features(known: Streams, moments: pl.DataFrame) -> pl.DataFrame:
    """Features of parts at moments.

    Args:
        known: The streams.
        moments: `part_id`, `as_of`, `person_id`, `site_id`, `from_at`, `until_at`, `planned_at` (when the part became
            known), `start_hour` and `weekday` (local), `place`, `is_critical`, `distance_km`; anything else.

    Returns:
        The columns of `moments` and `FEATURES`, one row per moment in order; null where nothing is known.
    """
    own = latest(moments, known.people, by=["person_id"]).rename({"shifts": "_shifts", "no_shows": "_missed"})
    site = latest(moments, known.sites, by=["site_id"]).rename({"shifts": "_site_shifts", "no_shows": "_site_missed"})
    fleet = latest(moments, known.fleet, by=[]).rename({"shifts": "_all", "no_shows": "_all_missed"})
    seen = latest(moments, known.arrivals, by=["person_id"])
    week_ago = moments.select("person_id", as_of=pl.col("as_of") - _WEEK)
    before = latest(week_ago, known.arrivals, by=["person_id"]).select(_before="arrivals")
    frame = pl.concat([moments, own, site, fleet, seen, before], how="horizontal")
    as_of, begins = pl.col("as_of"), pl.col("from_at")
    rates = frame.with_columns(
        fleet_rate=_shrunk("_all_missed", "_all", pl.lit(PRIOR_FLEET), PRIOR_PERSON),
    ).with_columns(
        person_rate=_shrunk("_missed", "_shifts", pl.col("fleet_rate"), PRIOR_PERSON),
        person_late_rate=_shrunk("lates", "_shifts", pl.lit(PRIOR_FLEET), PRIOR_PERSON),
        site_rate=_shrunk("_site_missed", "_site_shifts", pl.col("fleet_rate"), PRIOR_SITE),
    )
    rows = rates.with_columns(
        hours_ahead=minutes(begins - as_of) / _HOUR,
        duration_hours=minutes(pl.col("until_at") - begins) / _HOUR,
        is_weekend=(pl.col("weekday") >= _SATURDAY).cast(pl.Float64),
        is_night=(pl.col("start_hour") >= NIGHT_FROM).cast(pl.Float64),
        is_critical=pl.col("is_critical").fill_null(value=False).cast(pl.Float64),
        is_substitute=(pl.col("place") > 0).cast(pl.Float64),
        notice_hours=pl.when(pl.col("place") > 0).then(minutes(begins - pl.col("planned_at")) / _HOUR),
        person_shifts=pl.col("_shifts").fill_null(0).cast(pl.Float64),
        days_since_no_show=minutes(as_of - pl.col("no_show_at")) / _DAY,
        rest_hours=minutes(begins - pl.col("last_seen_at")) / _HOUR,
        arrivals_7d=(pl.col("arrivals").fill_null(0) - pl.col("_before").fill_null(0)).cast(pl.Float64),
        days_since_arrival=minutes(as_of - pl.col("last_seen_at")) / _DAY,
    )
    return rows.select(*moments.columns, *(name for name in FEATURES if name not in moments.columns)).with_columns(
        pl.col("start_hour", "weekday", "distance_km").cast(pl.Float64), rows["is_critical"]
    )


def _shrunk(part: str, whole: str, towards: pl.Expr, prior: float) -> pl.Expr:
    return drawn(pl.col(part), pl.col(whole), prior=prior, towards=towards)
