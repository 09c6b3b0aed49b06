"""Who could come instead: active, off duty, not away, rested, qualified, best who knows the post and lives near.

Here: the ranking. Not here: which shifts need somebody (`findings`).

People are looked for among those who ever worked at the site and those whose usual site is one of the 25 nearest. Who
knows the post goes before who knows the site, before who is nearest; of two alike, the one with fewer hours this week.
Whoever is away then, or was excused from or replaced in a shift of that time, is not asked. Where the post demands
qualifications, only who holds them all; where it demands none, who worked the post is the best that is known of it.
People of whom it is not known whether they are active are asked: a source that does not say so means everybody.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from opsguard_assets.shifts.calendar import EXCUSED, PLANNED, REPLACED
from opsguard_assets.shifts.presence import distance_m

_NEAREST_SITES = 25
_WEEK = timedelta(days=7)
PROPOSAL = pl.Struct(
    {"person_id": pl.String, "name": pl.String, "distance_km": pl.Float64, "rested_h": pl.Float64, "reason": pl.String}
)


@dataclass(frozen=True)
class Workforce:
    """Who there is.

    Attributes:
        people: Rows of `people`.
        sites: Rows of `sites`.
        shifts: Rows of `shift_calendar` from some weeks back to some days ahead.
        absences: Rows of `absences`.
    """

    people: pl.DataFrame
    sites: pl.DataFrame
    shifts: pl.DataFrame
    absences: pl.DataFrame


def proposals(needs: pl.DataFrame, workforce: Workforce, *, rest_hours: float, at_most: int) -> pl.DataFrame:
    """The best substitutes for some shifts.

    Args:
        needs: `need` (unique), `site_id`, `post`, `starts_at`, `ends_at`: from when to when somebody is needed, and
            `requires`: the qualifications that it takes.
        workforce: Who there is.
        rest_hours: Hours of rest before and after.
        at_most: How many are proposed.

    Returns:
        `need`, `proposals` (a list of `PROPOSAL`, the best first); needs without anybody are left out.
    """
    near = _near(needs, workforce.sites)
    active = workforce.people.filter(pl.col("is_active").fill_null(value=True)).select(
        "person_id", "name", "home_site_id", "qualifications"
    )
    known = _known_places(needs, workforce.shifts)
    living = near.join(active.select("person_id", "home_site_id"), on="home_site_id").select("need", "person_id")
    # Whose usual site it is lives near, wherever it lies.
    own = needs.join(active, left_on="site_id", right_on="home_site_id").select("need", "person_id")
    candidates = (
        pl.concat([living, own, known.select("need", "person_id")])
        .unique()
        .join(active, on="person_id")
        .join(needs, on="need")
        .join(near, on=["need", "home_site_id"], how="left")
        .join(known, on=["need", "person_id"], how="left")
    )
    qualified = candidates.filter(_named("requires").list.set_difference(_named("qualifications")).list.len() == 0)
    free = _free(qualified, workforce, timedelta(hours=rest_hours))
    knows = [(pl.col(name).fill_null(0) > 0).alias(f"_{name}") for name in ("at_post", "at_site")]
    ranked = free.with_columns(knows).sort(
        "need",
        "_at_post",
        "_at_site",
        "distance_km",
        "week_h",
        "person_id",
        descending=[False, True, True, False, False, False],
        nulls_last=True,
    )
    told = ranked.with_columns(reason=_reason(), rested_h=pl.col("rested_h").round(1)).select(
        "need", pl.struct(field.name for field in PROPOSAL.fields).alias("proposals")
    )
    return told.group_by("need", maintain_order=True).agg(pl.col("proposals").head(at_most))


def _named(column: str) -> pl.Expr:
    """The qualifications of a list, however they are written; none known is none."""
    plain = pl.element().str.strip_chars().str.to_lowercase()
    return pl.col(column).list.eval(plain).fill_null(pl.lit([], pl.List(pl.String)))


def _near(needs: pl.DataFrame, sites: pl.DataFrame) -> pl.DataFrame:
    """The nearest sites of each need, and how far they are: `need`, `home_site_id`, `distance_km`."""
    places = sites.select("site_id", "latitude", "longitude").drop_nulls()
    asked = needs.select("site_id").unique().join(places, on="site_id")
    metres = distance_m(*(pl.col(name) for name in ("latitude", "longitude", "latitude_right", "longitude_right")))
    pairs = asked.join(places.rename({"site_id": "home_site_id"}), how="cross").with_columns(distance_km=metres / 1000)
    nearest = pairs.filter(pl.col("distance_km").rank("ordinal").over("site_id") <= _NEAREST_SITES)
    return (
        needs.select("need", "site_id")
        .join(nearest.select("site_id", "home_site_id", "distance_km"), on="site_id")
        .drop("site_id")
    )


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
    """Who cannot come: `need`, `person_id`.

    Own shifts and absences leave the rest before and after, too. Whoever was excused or replaced then has said no.
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


def _reason() -> pl.Expr:
    post, site = pl.col("at_post").fill_null(0), pl.col("at_site").fill_null(0)
    knows = (
        pl.when(post > 0)
        .then(pl.format("worked this post {} times", post))
        .when(site > 0)
        .then(pl.format("worked at this site {} times", site))
        .otherwise(pl.lit("new to this site"))
    )
    rested = (
        pl.when(pl.col("rested_h").is_null())
        .then(pl.lit("no shift this month"))
        .otherwise(pl.format("rested {} h", pl.col("rested_h").floor().cast(pl.Int64)))
    )
    required = pl.col("requires").list.drop_nulls()
    holds = (
        pl.when(required.list.len() > 0).then(pl.format("holds: {}; ", required.list.join(", "))).otherwise(pl.lit(""))
    )
    far = pl.when(pl.col("distance_km").is_not_null()).then(pl.format(", {} km away", pl.col("distance_km").round(1)))
    return pl.concat_str(
        holds.fill_null(""),
        knows,
        pl.lit(", "),
        rested,
        far.fill_null(""),
        pl.format(", {} h this week", pl.col("week_h").round(0).cast(pl.Int64)),
    )


def nothing_proposed() -> pl.DataFrame:
    """No proposal for anybody."""
    return pl.DataFrame(schema={"need": pl.String, "proposals": pl.List(PROPOSAL)})


def since_of(as_of: datetime) -> datetime:
    """From when on shifts say who knows a place: four weeks."""
    return as_of - timedelta(days=28)
