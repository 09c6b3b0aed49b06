"""The guards of the twin: who should work where, who is on leave, who replaces them.

Here: rosters, leave, substitutes, and the shifts that follow. Not here: who comes (`punches`).

Every site is guarded round the clock: three shifts on weekdays, two long ones at the weekend, each by a guard of its
own; every second site has a patrol in the daytime, too. A relief guard serves four sites. Leave takes whole weeks, is
known five days before, and seven times in ten somebody is found for each of its shifts. Gates demand first aid, every
second patrol a dog handler; guards hold what their post demands, relief guards everything, and many hold more.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl

from opsguard_assets.simulator.luck import generator
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.world import INSTANT

_WEEKDAYS, _WEEKEND = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "FREQ=WEEKLY;BYDAY=SA,SU"
# Post, start, end, rule, critical.
POSTS = (
    ("gate", "07:00", "15:00", _WEEKDAYS, True),
    ("gate", "15:00", "23:00", _WEEKDAYS, True),
    ("gate", "23:00", "07:00", _WEEKDAYS, True),
    ("gate", "07:00", "19:00", _WEEKEND, True),
    ("gate", "19:00", "07:00", _WEEKEND, True),
    ("patrol", "09:00", "17:00", _WEEKDAYS, False),
)
_SITES_PER_RELIEF = 4
# What some people hold beyond what their own post demands, and how many of them.
_FIRST_AID, _DOGS = "first aid", "dog handler"
_HELD = {_FIRST_AID: 0.5, _DOGS: 0.1, "fire watch": 0.2}
_SITES_PER_DOG = 4
_LEAVE_PER_WEEK, _FOUND_SHARE = 0.03, 0.7
_LEAVE_KNOWN, _SWAP_KNOWN = timedelta(days=5), timedelta(days=4)
# Leave and its substitutes are known before their shifts come.
_PUBLISHED_DAYS = 16
_SATURDAY = 6


@dataclass(frozen=True)
class Guarded:
    """Who should work.

    Attributes:
        tables: `people`, `rosters`, `absences`, `substitutions`, each with `known_at`.
        shifts: One row per roster and local day: `roster`, `day` (numbers), `roster_id`, `site`, `site_id`, `person_id`
            (who should come in the end; null: nobody), `on`, `starts_at`, `ends_at`, `hour` of the start.
    """

    tables: dict[str, pl.DataFrame]
    shifts: pl.DataFrame


def guarded(settings: SimulationSettings, region: int, sites: pl.DataFrame, until: datetime) -> Guarded:
    """The guards of a region and their shifts that start by `until`.

    Args:
        settings: The world.
        region: Which region.
        sites: The sites of the region: `site_id`, `timezone`, `latitude`, `longitude`.
        until: The last instant.
    """
    prefix, begins = f"R{region}-", settings.starts_at.date()
    rosters = _rosters(sites if settings.guards else sites.clear(), prefix, begins)
    days = (until - settings.starts_at).days + _PUBLISHED_DAYS
    shifts = _shifts(rosters, sites, begins, days)
    weeks = [_leave_of(settings, region, len(rosters), week) for week in range(days // 7 + 1)]
    away = _absences(rosters, weeks, settings)
    swaps = _substitutions(rosters, shifts, away, prefix, settings, region)
    known = pl.lit(settings.starts_at, INSTANT)
    tables = {
        "people": _people(rosters, prefix, settings, region).with_columns(known_at=known),
        "rosters": rosters.drop("roster", "site").with_columns(known_at=known),
        "absences": away.drop("week").filter(pl.col("known_at") <= until),
        "substitutions": swaps.filter(pl.col("known_at") <= until),
    }
    return Guarded(tables, _coming(shifts, away, swaps).filter(pl.col("starts_at") <= until))


def _rosters(sites: pl.DataFrame, prefix: str, begins: date) -> pl.DataFrame:
    posts = pl.DataFrame(
        [(n, *post) for n, post in enumerate(POSTS)],
        schema=["_post", "post", "starts_local", "ends_local", "recurrence", "is_critical"],
        orient="row",
    )
    rows = sites.select("site_id").with_row_index("site").join(posts, how="cross", maintain_order="left_right")
    has_patrol = (pl.col("post") != "patrol") | (pl.col("site") % 2 == 0)
    return (
        rows.filter(has_patrol)
        .with_row_index("roster")
        .with_columns(pl.col("roster", "site").cast(pl.Int64))
        .select(
            "roster",
            "site",
            "site_id",
            "starts_local",
            "ends_local",
            "recurrence",
            "post",
            "is_critical",
            roster_id=pl.format("{}{}-{}", "site_id", "post", "_post"),
            person_id=pl.format("{}G{}", pl.lit(prefix), pl.col("roster").cast(pl.String).str.zfill(5)),
            valid_from=pl.lit(begins),
            required_people=pl.lit(1, pl.Int64),
            requires=_demanded(),
        )
    )


def _relief(prefix: str) -> pl.Expr:
    number = (pl.col("site") // _SITES_PER_RELIEF).cast(pl.String).str.zfill(4)
    return pl.format("{}relief-{}", pl.lit(prefix), number)


def _demanded() -> pl.Expr:
    has_dog = (pl.col("post") == "patrol") & (pl.col("site") % _SITES_PER_DOG == 0)
    one = pl.when(pl.col("post") == "gate").then(pl.lit(_FIRST_AID)).when(has_dog).then(pl.lit(_DOGS))
    return pl.when(one.is_not_null()).then(pl.concat_list(one))


def _people(rosters: pl.DataFrame, prefix: str, settings: SimulationSettings, region: int) -> pl.DataFrame:
    guards = rosters.select("person_id", "requires", home_site_id="site_id")
    every = pl.lit(list(_HELD), pl.List(pl.String))
    relief = rosters.select(person_id=_relief(prefix), requires=every, home_site_id="site_id")
    first = relief.unique("person_id", keep="first").sort("person_id")
    people = pl.concat([guards, first])
    luck = generator(settings.seed, region, "qualifications").random((len(_HELD), len(people)))
    held = [
        pl.when(pl.col("requires").list.contains(name).fill_null(value=False) | pl.Series(luck[n] < share)).then(
            pl.lit(name)
        )
        for n, (name, share) in enumerate(_HELD.items())
    ]
    everyone = people.with_columns(qualifications=pl.concat_list(held).list.drop_nulls()).drop("requires")
    return everyone.with_columns(
        name=pl.format("Guard {}", "person_id"),
        email=pl.format("{}@provider.example", pl.col("person_id").str.to_lowercase()),
        is_active=pl.lit(value=True),
    )


def _shifts(rosters: pl.DataFrame, sites: pl.DataFrame, begins: date, days: int) -> pl.DataFrame:
    calendar = pl.DataFrame({"day": np.arange(days)}).with_columns(on=pl.lit(begins) + pl.duration(days=pl.col("day")))
    is_weekend = pl.col("on").dt.weekday() >= _SATURDAY
    due = rosters.join(calendar, how="cross").filter((pl.col("recurrence") == _WEEKEND) == is_weekend)
    hours = {name: pl.col(f"{name}_local").str.head(2).cast(pl.Int64) for name in ("starts", "ends")}
    ends = hours["ends"] + pl.when(hours["ends"] <= hours["starts"]).then(24).otherwise(0)
    local = due.join(sites.select("site_id", "timezone"), on="site_id", maintain_order="left").with_columns(
        starts_at=pl.col("on").cast(pl.Datetime("us")) + pl.duration(hours=hours["starts"]),
        ends_at=pl.col("on").cast(pl.Datetime("us")) + pl.duration(hours=ends),
        hour=hours["starts"],
    )
    zoned = [
        part.with_columns(_instant(column, part["timezone"][0]) for column in ("starts_at", "ends_at"))
        for part in local.partition_by("timezone", maintain_order=True)
    ]
    columns = ("roster", "day", "roster_id", "site", "site_id", "person_id", "on", "starts_at", "ends_at", "hour")
    empty = local.with_columns(pl.col("starts_at", "ends_at").dt.replace_time_zone("UTC")).clear()
    return pl.concat([empty, *zoned]).select(columns).sort("roster", "day")


def _instant(column: str, zone: str) -> pl.Expr:
    """The first instant at which the clock of the zone reads a local time, or a later one."""

    def read(local: pl.Expr) -> pl.Expr:
        return local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")

    # Changes of the clock at the hours of shifts skip one hour.
    return pl.coalesce(read(pl.col(column)), read(pl.col(column) + timedelta(hours=1)))


def _leave_of(settings: SimulationSettings, region: int, rosters: int, week: int) -> np.ndarray:
    return generator(settings.seed, region, "leave", week).random(rosters) < _LEAVE_PER_WEEK


def _absences(rosters: pl.DataFrame, weeks: list[np.ndarray], settings: SimulationSettings) -> pl.DataFrame:
    rows = [
        rosters.select("person_id").filter(pl.Series(taken)).with_columns(week=pl.lit(week, pl.Int64))
        for week, taken in enumerate(weeks)
        if week > 0
    ]
    none = rosters.select("person_id", week=pl.lit(0, pl.Int64)).clear()
    begins = pl.lit(settings.starts_at, INSTANT) + pl.duration(days=pl.col("week") * 7)
    return pl.concat([none, *rows]).with_columns(
        starts_at=begins, ends_at=begins + timedelta(days=7), kind=pl.lit("leave"), known_at=begins - _LEAVE_KNOWN
    )


def _substitutions(
    rosters: pl.DataFrame,
    shifts: pl.DataFrame,
    away: pl.DataFrame,
    prefix: str,
    settings: SimulationSettings,
    region: int,
) -> pl.DataFrame:
    """The relief guard comes for shifts of leave, one a day at most, if they are found at all."""
    inside = shifts.join(
        away.select("person_id", _from="starts_at", _until="ends_at", _known="known_at"), on="person_id"
    )
    during = inside.filter(pl.col("starts_at") >= pl.col("_from"), pl.col("ends_at") <= pl.col("_until"))
    luck = generator(settings.seed, region, "relief").random((len(rosters), 7)) < _FOUND_SHARE if len(rosters) else None
    found = during.with_columns(person=_relief(prefix)).sort("starts_at", "roster")
    chosen = found.unique(["person", "on"], keep="first", maintain_order=True)
    if luck is not None:
        places = chosen.select("roster", day=pl.col("day") % 7).to_numpy()
        chosen = chosen.filter(pl.Series(luck[places[:, 0], places[:, 1]]))
    return chosen.select(
        "roster_id",
        "on",
        "person_id",
        substitute_id="person",
        known_at=pl.col("_known") + (_LEAVE_KNOWN - _SWAP_KNOWN),
    )


def _coming(shifts: pl.DataFrame, away: pl.DataFrame, swaps: pl.DataFrame) -> pl.DataFrame:
    """Who comes in the end: the substitute, or the guard unless on leave for the whole shift."""
    helped = shifts.join(swaps.select("roster_id", "on", "substitute_id"), on=["roster_id", "on"], how="left")
    leave = helped.join(away.select("person_id", _from="starts_at", _until="ends_at"), on="person_id").filter(
        pl.col("_from") <= pl.col("starts_at"), pl.col("_until") >= pl.col("ends_at")
    )
    gone = leave.select("roster", "day").unique().with_columns(_is_away=pl.lit(value=True))
    own = pl.when(pl.col("_is_away").is_null()).then("person_id")
    return (
        helped.join(gone, on=["roster", "day"], how="left")
        .with_columns(person_id=pl.coalesce("substitute_id", own))
        .drop("substitute_id", "_is_away")
        .sort("roster", "day")
    )
