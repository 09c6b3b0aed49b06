"""Whether somebody will be there: hours without anybody on duty per team, and people whom nothing reaches.

Here: duty of the next days and addresses in, gaps out. Not here: routes (`analysis`).
"""

from datetime import timedelta

import polars as pl

from opsguard_assets.routing.addresses import reached
from opsguard_assets.routing.frames import Case, Roster, Rules
from opsguard_assets.routing.routes import PLACE, every_route
from opsguard_assets.tables.values import INSTANT

HOUR = timedelta(hours=1)


def uncovered(roster: Roster, teams: list[str], case: Case, *, days: int = 14) -> pl.DataFrame:
    """(`team`, `hours`, `first`): full hours of the next days in which nobody of a team is on duty at their beginning.

    Args:
        roster: Who works where.
        teams: Names of teams; one that no group has is without anybody always.
        case: From when.
        days: How far.
    """
    start = case.now.replace(minute=0, second=0, microsecond=0) + HOUR
    hours = pl.datetime_range(start, start + timedelta(days=days), HOUR, closed="left", eager=True, time_zone="UTC")
    asked = pl.DataFrame({"team": teams}, schema={"team": pl.String}).join(
        hours.cast(INSTANT).alias("hour").to_frame(), how="cross"
    )
    groups = roster.desk.groups.select("group_id", pl.col("name").fill_null(pl.col("group_id")).alias("team"))
    gone = roster.desk.people.filter(~pl.col("is_active").fill_null(value=True)).select("person_id")
    there = (
        roster.desk.memberships.join(groups, on="group_id")
        .join(gone, on="person_id", how="anti")
        .join(roster.desk.duty, on="person_id")
        .select("team", "starts_at", "ends_at")
        .filter(pl.col("ends_at") > start, pl.col("starts_at") < start + timedelta(days=days))
    )
    manned = asked.join_where(
        there.rename({"team": "of"}), pl.col("team") == pl.col("of"), pl.col("starts_at") <= pl.col("hour"),
        pl.col("hour") < pl.col("ends_at"),
    ).select("team", "hour")  # fmt: skip
    empty = asked.join(manned.unique(), on=["team", "hour"], how="anti", maintain_order="left")
    return empty.group_by("team", maintain_order=True).agg(hours=pl.len(), first=pl.col("hour").min())


def unreachable(roster: Roster, rules: Rules, case: Case, *, days: int = 14) -> pl.DataFrame:
    """(`person_id`, `rules`): people with duty within the next days for whom some route has no channel."""
    end = case.now + timedelta(days=days)
    soon = roster.desk.duty.filter(pl.col("ends_at") > case.now, pl.col("starts_at") < end)
    people = soon.select("person_id").unique().join(roster.desk.memberships, on="person_id", how="semi")
    leads = roster.desk.groups.select(person_id="lead_id").drop_nulls()
    every = pl.concat([people, leads]).unique().sort("person_id")
    routes = pl.DataFrame(
        [(place, route.name) for place, route in enumerate(every_route(rules))],
        schema={PLACE: pl.Int64, "rule": pl.String},
        orient="row",
    )
    rows = every.join(routes, how="cross").with_columns(incident_id=pl.lit(0), audience=pl.lit(""))
    lost = reached(rows, roster, rules).filter(pl.col("address").is_null())
    return lost.group_by("person_id", maintain_order=True).agg(rules=pl.col("rule").unique(maintain_order=True))
