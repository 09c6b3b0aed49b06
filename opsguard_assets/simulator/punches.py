"""Who came to the shifts of the twin, and what its clocks say of it.

Here: the process that nobody sees, punches, heartbeats, and the truth. Not here: who should come (`guards`).

Each guard has a habit of not coming that nights, weekends and a short rest make worse. Some come late, to a wrong site,
leave early, punch twice or forget to punch out. The clock of a site is sometimes cut off for hours: its punches then
become known afterwards. Four sites in five have a clock that tells every half hour that it is alive.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from opsguard_assets.simulator.guards import Guarded
from opsguard_assets.simulator.luck import generator
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.world import INSTANT

Numbers = npt.NDArray[np.float64]
_LATE, _WRONG, _EARLY, _FORGETS, _TWICE, _AFAR = 0.05, 0.005, 0.02, 0.03, 0.02, 0.005
_OUTAGE_PER_DAY, _OUTAGE_HOURS = 0.05, (2, 10)
_BEATS_EVERY = timedelta(minutes=30)
_BEATING = 5
_METRE = 1 / 111_195  # degrees of latitude


@dataclass(frozen=True)
class Punched:
    """What the clocks say.

    Attributes:
        attendance: Punches, a version at arrival and one at departure, with `known_at`.
        punch_feeds: Heartbeats, with `known_at`.
        truth: `roster_id`, `on`, `person_id`, `starts_at`, `true_no_show`, and what happened: `happened`, `minutes`.
    """

    attendance: pl.DataFrame
    punch_feeds: pl.DataFrame
    truth: pl.DataFrame


def punched(
    settings: SimulationSettings, region: int, guarded: Guarded, sites: pl.DataFrame, until: datetime
) -> Punched:
    """What the clocks of a region say by `until`."""
    shifts = guarded.shifts.filter(pl.col("person_id").is_not_null())
    lived = _lived(settings, region, shifts, len(guarded.tables["rosters"]))
    outages = _outages(settings, region, sites, until)
    versions = _heard(_rows(lived, sites), outages)
    return Punched(
        versions.filter(pl.col("known_at") <= until),
        _beats(sites if settings.guards else sites.clear(), outages, settings, until),
        lived.select("roster_id", "on", "person_id", "starts_at", "true_no_show", "happened", "minutes"),
    )


def _lived(settings: SimulationSettings, region: int, shifts: pl.DataFrame, count: int) -> pl.DataFrame:
    """The shifts with what happened in each; the luck of a day does not depend on how far the world is watched."""
    habit = generator(settings.seed, region, "habits").lognormal(np.log(0.015), 0.9, count)
    names = (
        "comes",
        "kind",
        "late",
        "early",
        "forgets",
        "twice",
        "afar",
        "north",
        "east",
        "delay",
        "accuracy",
        "arrival",
    )
    days = sorted(shifts["day"].unique())
    drawn = {day: generator(settings.seed, region, "punches", day).random((len(names), count)) for day in days}
    roster, day = shifts["roster"].to_numpy(), shifts["day"].to_list()
    stacked = np.stack([drawn[d] for d in days]) if days else np.empty((0, len(names), 0))
    place = np.searchsorted(days, day) if days else np.empty(0, dtype=np.int64)
    luck = {name: stacked[place, n, roster] for n, name in enumerate(names)}
    weekend, night = shifts["on"].dt.weekday().to_numpy() >= 6, shifts["hour"].to_numpy() >= 19  # noqa: PLR2004
    chance = np.minimum(habit[roster] * (1 + 0.8 * weekend) * (1 + 0.6 * night), 0.6)
    comes = luck["comes"] >= chance
    late = np.where(luck["late"] < _LATE, 16 + 30 * -np.log1p(-luck["kind"]), 14 * luck["arrival"] - 12)
    wrong, early = comes & (luck["kind"] < _WRONG) & (settings.sites > 1), comes & (luck["early"] < _EARLY)
    early_minutes = np.where(early, 20 + 80 * luck["arrival"], -10 * luck["delay"])
    late = np.round(np.where(early, np.minimum(late, 0), late), 2)
    happened = np.select(
        [~comes, wrong, early, late > 15],  # noqa: PLR2004 - the default of `shifts.late_after_minutes`
        ["no_show", "wrong_site", "early_exit", "late"],
        "on_time",
    )
    minutes = np.select([happened == "late", happened == "early_exit"], [late, early_minutes], 0.0)
    return shifts.with_columns(
        pl.Series("true_no_show", chance),
        pl.Series("happened", happened, dtype=pl.String),
        pl.Series("minutes", minutes),
        pl.Series("_late", late),
        pl.Series("_early", early_minutes),
        pl.Series("_forgets", (luck["forgets"] < _FORGETS) & ~early),
        pl.Series("_twice", luck["twice"] < _TWICE),
        pl.Series("_afar", (luck["afar"] < _AFAR) & ~wrong),
        pl.Series("_north", luck["north"] - 0.5),
        pl.Series("_east", luck["east"] - 0.5),
        pl.Series("_delay", 0.5 + 3 * luck["delay"]),
        pl.Series("_accuracy", 5 + 25 * luck["accuracy"]),
    )


def _minutes(column: str) -> pl.Expr:
    return pl.duration(seconds=(pl.col(column) * 60).round(0).cast(pl.Int64))


def _rows(lived: pl.DataFrame, sites: pl.DataFrame) -> pl.DataFrame:
    """One row per punch: a second one where somebody punched twice."""
    places = (
        sites.select("site_id", "latitude", "longitude")
        .with_row_index("_place")
        .with_columns(pl.col("_place").cast(pl.Int64))
    )
    elsewhere = pl.col("happened") == "wrong_site"
    came = lived.filter(pl.col("happened") != "no_show").with_columns(
        _place=pl.when(elsewhere).then((pl.col("site") + 1) % max(len(places), 1)).otherwise("site")
    )
    away = pl.when("_afar").then(2_000.0).otherwise(40.0) * _METRE
    located = (
        came.drop("site_id")
        .join(places, on="_place", maintain_order="left")
        .with_columns(
            pl.col("latitude") + pl.when("_afar").then(away).otherwise(pl.col("_north") * away),
            pl.col("longitude") + pl.col("_east") * 40.0 * _METRE,
        )
    )
    first = located.with_columns(
        punched_in_at=pl.col("starts_at") + _minutes("_late"),
        punched_out_at=pl.when(~pl.col("_forgets")).then(pl.col("ends_at") - _minutes("_early")),
    )
    again = first.filter("_twice").with_columns(pl.col("punched_in_at") + timedelta(minutes=2))
    begun = first.with_columns(punched_out_at=pl.when(~pl.col("_twice")).then("punched_out_at"))
    columns = (
        "person_id",
        "site_id",
        "punched_in_at",
        "punched_out_at",
        "latitude",
        "longitude",
        "_delay",
        "_accuracy",
    )
    return pl.concat([begun, again]).select(columns)


def _outages(settings: SimulationSettings, region: int, sites: pl.DataFrame, until: datetime) -> pl.DataFrame:
    """When the clocks of sites were cut off: `site_id`, `cut_at`, `back_at`."""
    days = max((until - settings.starts_at).days + 1, 1)
    found = []
    for day in range(days):
        luck = generator(settings.seed, region, "clocks", day).random((3, len(sites)))
        cut = luck[0] < _OUTAGE_PER_DAY
        hours = _OUTAGE_HOURS[0] + luck[2] * (_OUTAGE_HOURS[1] - _OUTAGE_HOURS[0])
        seconds = {"_after": np.round(luck[1] * 86_400), "_lasts": np.round(hours * 3_600)}
        found.append(sites.select("site_id", day=pl.lit(day)).with_columns(**seconds).filter(pl.Series(cut)))
    begins = pl.lit(settings.starts_at, INSTANT) + pl.duration(days=pl.col("day"))
    cut_at = begins + pl.duration(seconds=pl.col("_after").cast(pl.Int64))
    every = pl.concat(found).with_columns(cut_at=cut_at)
    back = pl.col("cut_at") + pl.duration(seconds=pl.col("_lasts").cast(pl.Int64))
    return every.select("site_id", "cut_at", back_at=back).sort("cut_at")


def _heard(rows: pl.DataFrame, outages: pl.DataFrame) -> pl.DataFrame:
    """The versions of punches: the arrival, then the departure; what happened while cut off is heard afterwards."""
    keep = [
        "person_id",
        "site_id",
        "punched_in_at",
        "punched_out_at",
        "latitude",
        "longitude",
        "accuracy_m",
        "known_at",
    ]
    delayed = rows.with_columns(accuracy_m=pl.col("_accuracy").round(1))

    def known(column: str) -> pl.DataFrame:
        sorted_rows = delayed.drop_nulls(column).sort(column)
        joined = sorted_rows.join_asof(outages, left_on=column, right_on="cut_at", by="site_id", check_sortedness=False)
        is_cut = (pl.col("back_at") > pl.col(column)).fill_null(value=False)
        heard = pl.when(is_cut).then("back_at").otherwise(column) + _minutes("_delay")
        # Of what was held back, departures follow arrivals.
        order = timedelta(seconds=column == "punched_out_at")
        return joined.with_columns(known_at=heard + order)

    arrivals = known("punched_in_at").with_columns(punched_out_at=pl.lit(None, INSTANT)).select(keep)
    departures = known("punched_out_at").select(keep)
    return pl.concat([arrivals, departures]).sort("known_at", "person_id", "punched_in_at")


def _beats(sites: pl.DataFrame, outages: pl.DataFrame, settings: SimulationSettings, until: datetime) -> pl.DataFrame:
    """Heartbeats of the clocks that have one."""
    beating = sites.select("site_id").with_row_index("_n").filter(pl.col("_n") % _BEATING > 0).select("site_id")
    times = (
        pl.datetime_range(settings.starts_at, until, _BEATS_EVERY, eager=True).cast(INSTANT).alias("reported_upto_at")
    )
    every = beating.join(times.to_frame(), how="cross").sort("reported_upto_at")
    joined = every.join_asof(
        outages, left_on="reported_upto_at", right_on="cut_at", by="site_id", check_sortedness=False
    )
    alive = (pl.col("back_at") <= pl.col("reported_upto_at")).fill_null(value=True)
    known = pl.col("reported_upto_at") + timedelta(minutes=1)
    heard = joined.filter(alive).select("site_id", "reported_upto_at", known_at=known)
    return heard.filter(pl.col("known_at") <= until)
