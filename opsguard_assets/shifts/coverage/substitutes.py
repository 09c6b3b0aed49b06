"""Substitutes: who is active, off duty, not away, rested and qualified, ranked by knowledge of the post and distance.

Here: the ranking. Not here: which shifts need somebody (`findings`).

Candidates worked at the site lately, or their usual site is one of the 25 nearest. None is based farther away than the
limit, because a substitute has to arrive while the shift still runs. Not proposed is who is away then, who was excused
from or replaced in a shift of that time, and who lacks a qualification that the post demands. People without an
`is_active` value count as active, because some sources do not deliver it.

Candidates who worked at the post come first, then those who worked at the site, then the nearest; ties go to the person
with fewer hours this week. People whose base is unknown come last, and the reason says so. If nobody is left, the
result says why.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import dataframely as dy
import polars as pl

from ml.words import counted, times
from opsguard_assets.shifts.calendar.calendar import EXCUSED, PLANNED, REPLACED
from opsguard_assets.shifts.calendar.schemas import PlannedShift
from opsguard_assets.shifts.verdicts.presence import distance_m
from opsguard_assets.tables.reference import People, Sites
from opsguard_assets.tables.shifts import Absences

_NEAREST_SITES = 25
_WEEK = timedelta(days=7)
PROPOSAL = pl.Struct(
    {"person_id": pl.String, "name": pl.String, "distance_km": pl.Float64, "rested_h": pl.Float64, "reason": pl.String}
)


@dataclass(frozen=True)
class Workforce:
    """The people who could come.

    Attributes:
        people: Everybody who is known.
        sites: Where they can work.
        shifts: Their parts in shifts, from some weeks back to some days ahead.
        absences: When they are away.
    """

    people: dy.DataFrame[People]
    sites: dy.DataFrame[Sites]
    shifts: dy.DataFrame[PlannedShift]
    absences: dy.DataFrame[Absences]


@dataclass(frozen=True)
class Terms:
    """Who may be proposed; the fields of `opsguard_assets.config.shifts`.

    Attributes:
        rest_hours: Minimum hours of rest before and after.
        within_km: Maximum distance of the person's base.
        at_most: Maximum number of proposals.
    """

    rest_hours: float = 10.0
    within_km: float = 100.0
    at_most: int = 3


def proposals(needs: pl.DataFrame, workforce: Workforce, terms: Terms) -> pl.DataFrame:
    """The best substitutes for some shifts.

    Args:
        needs: `need` (unique), `site_id`, `post`, `starts_at`, `ends_at` (the time to fill), `requires` (the
            qualifications that the post demands).
        workforce: The people, sites and shifts.
        terms: Who may be proposed.

    Returns:
        `need`, `proposals` (a list of `PROPOSAL`, the best first; may be empty), `nobody` (why it is empty, in words;
        else null). No rows if proposals are switched off.
    """
    if not terms.at_most:
        return nothing_proposed()
    looked_at = _candidates(needs, workforce, terms)
    near = looked_at.filter(~pl.col("_is_far"))
    qualified = near.filter(_lacks().list.len() == 0)
    free = _free(qualified, workforce, timedelta(hours=terms.rest_hours))
    knows = [(pl.col(name).fill_null(0) > 0).alias(f"_{name}") for name in ("at_post", "at_site")]
    ranked = free.with_columns(knows).sort(
        "need",
        pl.col("distance_km").is_null(),
        "_at_post",
        "_at_site",
        "distance_km",
        "week_h",
        "person_id",
        descending=[False, False, True, True, False, False, False],
        nulls_last=True,
    )
    rows = ranked.with_columns(reason=_reason(terms), rested_h=pl.col("rested_h").round(1)).select(
        "need", pl.struct(field.name for field in PROPOSAL.fields).alias("proposals")
    )
    best = rows.group_by("need", maintain_order=True).agg(pl.col("proposals").head(terms.at_most))
    counts = [
        frame.group_by("need").agg(pl.len().alias(name))
        for name, frame in (("_all", looked_at), ("_near", near), ("_qualified", qualified))
    ]
    found = needs.select("need", "requires").join(best, on="need", how="left", maintain_order="left")
    for count in counts:
        found = found.join(count, on="need", how="left", maintain_order="left")
    nobody = pl.when(pl.col("proposals").is_null()).then(_why_nobody(terms))
    return found.select("need", pl.col("proposals").fill_null(pl.lit([], pl.List(PROPOSAL))), nobody=nobody)


def _candidates(needs: pl.DataFrame, workforce: Workforce, terms: Terms) -> pl.DataFrame:
    """The candidates: people of nearby sites and people who worked at the site, with the distance of their base."""
    near = _near(needs, workforce.sites, terms.within_km)
    active = workforce.people.filter(pl.col("is_active").fill_null(value=True)).select(
        "person_id", "name", "home_site_id", "qualifications"
    )
    known = _known_places(needs, workforce.shifts)
    living = near.join(active.select("person_id", "home_site_id"), on="home_site_id").select("need", "person_id")
    # Whose usual site it is lives near, wherever it lies.
    own = needs.join(active, left_on="site_id", right_on="home_site_id").select("need", "person_id")
    rows = (
        pl.concat([living, own, known.select("need", "person_id")])
        .unique()
        .join(active, on="person_id")
        .join(needs, on="need")
        .join(known, on=["need", "person_id"], how="left")
    )
    is_far = (pl.col("distance_km") > terms.within_km).fill_null(value=False)
    return _with_distance(rows, workforce.sites).with_columns(_is_far=is_far)


def _with_distance(rows: pl.DataFrame, sites: pl.DataFrame) -> pl.DataFrame:
    """Rows with the kilometres from the person's usual site; null where one of the places is not known."""
    places = sites.select("site_id", "latitude", "longitude").unique("site_id")
    homes = places.rename({name: f"_home_{name}" for name in ("latitude", "longitude")})
    located = rows.join(places, on="site_id", how="left").join(
        homes, left_on="home_site_id", right_on="site_id", how="left"
    )
    metres = distance_m(*(pl.col(name) for name in ("latitude", "longitude", "_home_latitude", "_home_longitude")))
    at_home = pl.col("home_site_id") == pl.col("site_id")
    return located.with_columns(distance_km=pl.when(at_home).then(0.0).otherwise(metres / 1000))


def _lacks() -> pl.Expr:
    """The qualifications that the post demands and the person does not hold."""
    return _named("requires").list.set_difference(_named("qualifications"))


def _why_nobody(terms: Terms) -> pl.Expr:
    """Why nobody is proposed: how many candidates dropped out for which reason."""
    every, near, qualified = (pl.col(name).fill_null(0).cast(pl.Int64) for name in ("_all", "_near", "_qualified"))
    required = pl.col("requires").list.drop_nulls().list.join(", ")
    far = pl.format("{} based farther away than {} km", every - near, pl.lit(f"{terms.within_km:g}"))
    lack = pl.format("{} without what the post requires ({})", near - qualified, required)
    taken = pl.format("{} on duty, away or without {} h of rest", qualified, pl.lit(f"{terms.rest_hours:g}"))
    why = pl.concat_str(
        pl.when(every > near).then(far),
        pl.when(near > qualified).then(lack),
        pl.when(qualified > 0).then(taken),
        separator=", ",
        ignore_nulls=True,
    )
    unknown = f"no substitute: nobody is known who worked there lately or is based within {terms.within_km:g} km"
    looked_at = pl.format("no substitute among {} looked at: {}", counted(every, "person", "people"), why)
    return pl.when(every == 0).then(pl.lit(unknown)).otherwise(looked_at)


def _named(column: str) -> pl.Expr:
    """The qualifications of a list in lower case without blanks; null counts as none."""
    plain = pl.element().str.strip_chars().str.to_lowercase()
    return pl.col(column).list.eval(plain).fill_null(pl.lit([], pl.List(pl.String)))


def _near(needs: pl.DataFrame, sites: pl.DataFrame, within_km: float) -> pl.DataFrame:
    """The nearest sites of each need: `need`, `home_site_id`."""
    places = sites.select("site_id", "latitude", "longitude").drop_nulls()
    asked = needs.select("site_id").unique().join(places, on="site_id")
    metres = distance_m(*(pl.col(name) for name in ("latitude", "longitude", "latitude_right", "longitude_right")))
    pairs = asked.join(places.rename({"site_id": "home_site_id"}), how="cross").with_columns(_km=metres / 1000)
    nearest = pairs.filter(pl.col("_km") <= within_km, pl.col("_km").rank("ordinal").over("site_id") <= _NEAREST_SITES)
    return needs.select("need", "site_id").join(nearest.select("site_id", "home_site_id"), on="site_id").drop("site_id")


def _known_places(needs: pl.DataFrame, shifts: pl.DataFrame) -> pl.DataFrame:
    """How often who worked at the site and the post before: `need`, `person_id`, `at_site`, `at_post`."""
    worked = shifts.filter(pl.col("status") == PLANNED).select("site_id", "person_id", _post="post", _ended="ends_at")
    joined = needs.join(worked, on="site_id").filter(pl.col("_ended") <= pl.col("starts_at"))
    return joined.group_by("need", "person_id").agg(
        at_site=pl.len(), at_post=pl.col("_post").eq_missing(pl.col("post")).sum()
    )


def _free(candidates: pl.DataFrame, workforce: Workforce, rest: timedelta) -> pl.DataFrame:
    """Candidates who are not taken, with the hours since their last shift and those of the week."""
    own = (
        workforce.shifts.filter(pl.col("status") == PLANNED)
        .select("person_id", _from="expected_from_at", _until="expected_until_at")
        .join(candidates.select("person_id").unique(), on="person_id", how="semi")
    )
    joined = candidates.select("need", "person_id", "starts_at", "ends_at").join(own, on="person_id", how="left")
    before = pl.col("_until").filter(pl.col("_until") <= pl.col("starts_at")).max()
    in_week = (pl.col("_until") <= pl.col("starts_at")) & (pl.col("_until") > pl.col("starts_at") - _WEEK)
    hours = ((pl.col("_until") - pl.col("_from")).dt.total_minutes() / 60).filter(in_week).sum()
    found = joined.group_by("need", "person_id").agg(
        rested_h=((pl.col("starts_at").first() - before).dt.total_minutes() / 60),
        week_h=hours,
    )
    free = candidates.join(_taken(candidates, workforce, rest), on=["need", "person_id"], how="anti")
    return free.join(found, on=["need", "person_id"])


def _taken(candidates: pl.DataFrame, workforce: Workforce, rest: timedelta) -> pl.DataFrame:
    """Candidates who cannot come: `need`, `person_id`.

    Rest applies before and after own shifts and absences. A person excused or replaced at that time has declined.
    """
    bounds = {"_from": "expected_from_at", "_until": "expected_until_at"}
    status, apart = pl.col("status"), pl.lit(rest)
    works = workforce.shifts.filter(status == PLANNED).select("person_id", **bounds, _apart=apart)
    declined = workforce.shifts.filter(status.is_in([EXCUSED, REPLACED])).select(
        "person_id", _from="starts_at", _until="ends_at", _apart=pl.lit(timedelta(0))
    )
    away = workforce.absences.select("person_id", _from="starts_at", _until="ends_at", _apart=apart)
    busy = pl.concat([works, declined, away]).join(candidates, on="person_id")
    meets = (pl.col("_from") - pl.col("_apart") < pl.col("ends_at")) & (
        pl.col("_until") + pl.col("_apart") > pl.col("starts_at")
    )
    return busy.filter(meets).select("need", "person_id").unique()


def _reason(terms: Terms) -> pl.Expr:
    """Why a person is proposed: qualifications, places, rest, distance, hours."""
    post, site = pl.col("at_post").fill_null(0), pl.col("at_site").fill_null(0)
    knows = (
        pl.when(post > 0)
        .then(pl.format("worked this post {}", times(post)))
        .when(site > 0)
        .then(pl.format("worked at this site {}", times(site)))
        .otherwise(pl.lit("new to this site"))
    )
    rested = (
        pl.when(pl.col("rested_h").is_null())
        .then(pl.lit("no shift in the last four weeks"))
        .otherwise(
            pl.format(
                "rested {} h of {} needed", pl.col("rested_h").floor().cast(pl.Int64), pl.lit(f"{terms.rest_hours:g}")
            )
        )
    )
    required = pl.col("requires").list.drop_nulls()
    holds = (
        pl.when(required.list.len() > 0)
        .then(pl.format("holds {}", required.list.join(", ")))
        .otherwise(pl.lit("no qualification required"))
    )
    far = pl.format("{} km away", pl.col("distance_km").round(1)).fill_null("where they are based is not known")
    week = pl.format("{} h in the last 7 days", pl.col("week_h").round(0).cast(pl.Int64))
    return pl.concat_str(knows, far, rested, week, holds.fill_null("no qualification required"), separator=", ")


def nothing_proposed() -> pl.DataFrame:
    """No proposal for anybody."""
    return pl.DataFrame(schema={"need": pl.String, "proposals": pl.List(PROPOSAL), "nobody": pl.String})


def since_of(as_of: datetime) -> datetime:
    """The first moment of the four weeks whose shifts show who knows a place."""
    return as_of - timedelta(days=28)
