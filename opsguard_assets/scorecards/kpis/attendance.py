"""Key figures of guards: who came in time, who came at all, tours, punches outside the fence.

Here: definitions and their rows. Not here: verdicts (`shifts.verdicts`), which are read as they are kept.
"""

from decimal import Decimal

import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.scorecards.kpis.kpi import UNKNOWN, Band, Feeds, Kpi
from opsguard_assets.scorecards.kpis.months import in_month, with_client, with_through
from opsguard_assets.shifts.calendar.calendar import EXCUSED
from opsguard_assets.shifts.verdicts.presence import distance_m
from opsguard_assets.shifts.verdicts.verdicts import (
    COVERED,
    LEFT_OPEN,
    NOT_DUE,
    ON_TIME,
    PRESENT,
    UNATTENDED,
    UPCOMING,
)
from opsguard_assets.shifts.verdicts.verdicts import UNKNOWN as UNKNOWN_VERDICT

_VERDICTS = "shifts/shift_compliance"
_BEHIND, _TOO_EARLY = f"{UNKNOWN}_feed", "not_due"
# What is not judged, and what scorecards call it.
_NOT_JUDGED = {
    UNKNOWN_VERDICT: _BEHIND, UPCOMING: _TOO_EARLY, EXCUSED: "excused", NOT_DUE: "holiday", COVERED: "substituted",
}  # fmt: skip


def _judged(feeds: Feeds, months: pl.LazyFrame, settings: Settings) -> pl.LazyFrame:
    """Parts in shifts by the month of their expected start, with the reason of those that are not judged."""
    found = with_through(in_month(feeds[_VERDICTS], months, "expected_from_at"), feeds, "attendance")
    limit = pl.duration(minutes=int(settings.shifts.no_show_after_minutes))
    # Until the limit of a no-show, as far as data reach, they may still come.
    waits = (pl.col("verdict") == UNATTENDED) & (pl.col("at") + limit > pl.col("through_at"))
    return found.with_columns(
        excluded=pl.when(waits)
        .then(pl.lit(_TOO_EARLY))
        .otherwise(pl.col("verdict").replace_strict(_NOT_JUDGED, default=None, return_dtype=pl.String)),
        entity_id=pl.concat_str("shift_id", pl.lit("/"), "person_id"),
    )


def _attendance_rows(feeds: Feeds, months: pl.LazyFrame, settings: Settings) -> pl.LazyFrame:
    verdict = pl.col("verdict")
    in_time = pl.col("late_minutes").fill_null(0) <= settings.shifts.late_after_minutes
    good = (verdict == ON_TIME) | ((verdict == LEFT_OPEN) & in_time)
    return _rows(_judged(feeds, months, settings), "shift", good)


def _attended_rows(feeds: Feeds, months: pl.LazyFrame, settings: Settings) -> pl.LazyFrame:
    return _rows(_judged(feeds, months, settings), "shift", pl.col("verdict").is_in(PRESENT))


def _tour_rows(feeds: Feeds, months: pl.LazyFrame, settings: Settings) -> pl.LazyFrame:
    heard = feeds["punch_feeds"].group_by("site_id").agg(heard_at=pl.col("reported_upto_at").max())
    tours = in_month(with_client(feeds["tours"], feeds), months, "due_at").join(heard, on="site_id", how="left")
    last = pl.col("due_at") + pl.duration(minutes=settings.kpis.tour_grace_minutes)
    planned = pl.max_horizontal(pl.col("checkpoints").fill_null(1), 1)
    done = pl.min_horizontal(pl.col("checkpoints_done").fill_null(planned), planned)
    in_time = (pl.col("completed_at") <= last).fill_null(value=False)
    found = with_through(tours, feeds, "tours").with_columns(
        entity_id="tour_id",
        excluded=pl.when((last > pl.col("through_at")).fill_null(value=True))
        .then(pl.lit(_TOO_EARLY))
        .when(pl.col("heard_at") < last)
        .then(pl.lit(_BEHIND)),
    )
    return _rows(found, "tour", pl.when(in_time).then(done).otherwise(0), planned)


def _fence_rows(feeds: Feeds, months: pl.LazyFrame, _: Settings) -> pl.LazyFrame:
    punches = in_month(with_client(feeds["attendance"], feeds), months, "punched_in_at")
    sites = feeds["sites"].unique("site_id", keep="any")
    places = sites.select("site_id", "geofence_radius_m", _latitude="latitude", _longitude="longitude")
    metres = distance_m(*(pl.col(name) for name in ("latitude", "longitude", "_latitude", "_longitude")))
    moment = pl.col("punched_in_at").dt.to_string("iso:strict")
    located = punches.join(places, on="site_id", how="left")
    # As verdicts say it: outside for certain, also if the position is wrong by its uncertainty.
    outside = metres - pl.col("accuracy_m").fill_null(0) > pl.col("geofence_radius_m")
    found = located.with_columns(is_outside=outside).with_columns(
        entity_id=pl.concat_str("person_id", pl.lit("/"), "site_id", pl.lit("/"), moment),
        excluded=pl.when(pl.col("geofence_radius_m").is_null())
        .then(pl.lit("no_radius"))
        .when(pl.col("is_outside").is_null())
        .then(pl.lit("no_position")),
    )
    return _rows(found, "punch", pl.col("is_outside").fill_null(value=False))


def _rows(found: pl.LazyFrame, kind: str, numerator: pl.Expr, weight: pl.Expr | None = None) -> pl.LazyFrame:
    """Rows of a share; what is excluded counts neither above nor below."""
    counts = pl.col("excluded").is_null().cast(pl.Float64)
    whole = pl.lit(1) if weight is None else weight
    return found.select(
        "month", "client_id", "site_id", "entity_id", "at", "excluded",
        entity_type=pl.lit(kind),
        numerator=numerator.cast(pl.Float64) * counts,
        denominator=whole.cast(pl.Float64) * counts,
        measure=pl.lit(None, pl.Float64),
    )  # fmt: skip


_POPULATION = (
    "Parts in shifts with a verdict: on time, late, left early, departure not punched, no-show, wrong site, and still "
    "unattended after the limit of a no-show."
)
_LEFT_OUT = (
    "Verdicts that are unknown because punches have not arrived; shifts that did not begin; leave, holidays, and "
    "people who were replaced: the part of the substitute counts."
)
ATTENDANCE = Kpi(
    name="attendance_compliance",
    label="Shifts attended in time",
    unit="percent",
    aggregate="share",
    is_better="higher",
    band=Band(good=Decimal(95), warning=Decimal(85)),
    section="shifts",
    formula="100 * parts in shifts with an arrival in time / parts in shifts with a verdict. A shift whose end nobody "
    "punched counts as in time where the arrival was; one that was left early does not",
    population=_POPULATION,
    membership="The instant from which the person was expected.",
    exclusions=_LEFT_OUT,
    no_data="No verdict in the month, or more unknown than known ones.",
    source="On-time start of scheduled shifts, as security companies report it. Bands: contract of the provider.",
    feeds=(_VERDICTS, "attendance"),
    watermarks=("attendance",),
    rows=_attendance_rows,
)
ATTENDED = Kpi(
    name="attended_at_all",
    label="Shifts attended at all",
    unit="percent",
    aggregate="share",
    is_better="higher",
    band=None,
    section="shifts",
    formula="100 * parts in shifts to which the person came to the right site, however late / parts in shifts with a "
    "verdict",
    population=_POPULATION,
    membership="The instant from which the person was expected.",
    exclusions=_LEFT_OUT,
    no_data="No verdict in the month, or more unknown than known ones.",
    source="Stands beside attendance in time, which has the bands.",
    feeds=(_VERDICTS, "attendance"),
    watermarks=("attendance",),
    rows=_attended_rows,
)
TOURS = Kpi(
    name="tour_coverage",
    label="Checkpoints of tours scanned in time",
    unit="percent",
    aggregate="share",
    is_better="higher",
    band=Band(good=Decimal(95), warning=Decimal(85)),
    section="shifts",
    formula="100 * checkpoints scanned on tours that were completed by their due time and grace / checkpoints of tours "
    "that were due; a tour without checkpoints counts as one",
    population="Tours that were due in the month, weighted by checkpoints.",
    membership="The due time.",
    exclusions="Tours at sites whose records have not arrived; tours whose due time and grace data do not reach yet.",
    no_data="No tour was due, or more were at sites whose records have not arrived than at others.",
    source="Patrol completion by checkpoints. Bands: contract of the provider.",
    feeds=("tours", "punch_feeds", "sites"),
    watermarks=("tours",),
    rows=_tour_rows,
)
GEOFENCE = Kpi(
    name="geofence_violations",
    label="Punches outside the geofence",
    unit="count",
    aggregate="count",
    is_better="lower",
    band=Band(good=Decimal(0), warning=Decimal(5)),
    section="risk",
    formula="arrivals punched farther from the site than its radius and the uncertainty of the position allow; or per "
    "so many arrivals with a position, where that is agreed",
    population="Arrivals with a position, at sites with a position and a radius.",
    membership="The arrival.",
    exclusions="Arrivals without a position; sites without a position or a radius.",
    no_data="No arrival with a position.",
    source="Contract of the provider: 0 and 5 a month. The count grows with the client, unless a rate is agreed.",
    feeds=("attendance", "sites"),
    watermarks=("attendance",),
    rows=_fence_rows,
)
ATTENDANCE_KPIS = (ATTENDANCE, ATTENDED, TOURS)
FENCE_KPIS = (GEOFENCE,)
