"""Who could be told of an incident, one after the other: owner, supervisor, lead, the network operations centre.

Here: persons per incident and place. Not here: their addresses (`addresses`), whether they are told (`decide`).

The owner is somebody of the team who is on duty: the present one while they are, else the least loaded.
"""

from typing import Final

import polars as pl

from opsguard_assets.duty.desk import on_duty
from opsguard_assets.duty.least_loaded import assign, next_of
from opsguard_assets.routing.addresses import named
from opsguard_assets.routing.frames import Case, Roster
from opsguard_assets.routing.routes import NOC

OWNER, SUPERVISOR, LEAD = "owner", "supervisor", "lead"
# Per incident and audience: the person, null where there is nobody; why them, or why nobody.
LADDER: Final = pl.Schema(
    {"incident_id": pl.Int64(), "audience": pl.String(), "person_id": pl.String(), "why": pl.String()}
)


def ladder(work: pl.DataFrame, roster: Roster, case: Case, *, together: bool = True) -> pl.DataFrame:
    """Rows of `LADDER`: four per incident.

    Args:
        work: Incidents with `team`, as routed.
        roster: Who works where.
        case: The moment, and the load of people.
        together: Whether the incidents are given out, each adding to what its owner has; otherwise each is looked at as
            if it were the only one.
    """
    groups = roster.desk.groups.select(
        "group_id", "lead_id", team=pl.col("name").fill_null(pl.col("group_id")).str.to_lowercase()
    )
    by_id = groups.with_columns(team=pl.col("group_id").str.to_lowercase())
    teams = pl.concat([groups, by_id]).unique(["team", "group_id"], maintain_order=True)
    there = on_duty(roster.desk, case.now).join(teams, on="group_id").select("team", "person_id").unique()
    leads = teams.drop_nulls("lead_id").sort("team", "group_id").unique("team", keep="first", maintain_order=True)
    rows = work.select(
        "incident_id", "site_id", "owner_id", named="team", team=pl.col("team").str.to_lowercase(),
    )  # fmt: skip
    rows = _with_owner(rows, there, case, together=together).join(
        leads.select("team", lead="lead_id"), on="team", how="left", maintain_order="left"
    )
    rows = _with_supervisor(rows, roster)
    rows = _with_noc(rows, there, leads, case, together=together)
    known = pl.col("team").is_in(teams["team"].implode())
    absent = (
        pl.when(known)
        .then(pl.format("nobody of {} is on duty", "named"))
        .otherwise(pl.format("there is no team {}", "named"))
    )
    return pl.concat(
        [
            _rung(rows, OWNER, "given_to", "_owner_why", absent),
            _rung(rows, SUPERVISOR, "superior", "_superior_why", pl.lit("no supervisor is known")),
            _rung(rows, LEAD, "lead", pl.format("leads {}", "named"), pl.format("no lead of {} is known", "named")),
            _rung(rows, NOC, "noc", pl.lit("operations centre"), pl.format("nobody of {} is on duty", pl.lit(NOC))),
        ]
    )


def _rung(rows: pl.DataFrame, audience: str, person: str, why: str | pl.Expr, absent: pl.Expr) -> pl.DataFrame:
    words = pl.col(why) if isinstance(why, str) else why
    return rows.select(
        "incident_id",
        audience=pl.lit(audience),
        person_id=person,
        why=pl.when(pl.col(person).is_null()).then(absent).otherwise(words),
    )


def _given(rows: pl.DataFrame, there: pl.DataFrame, loads: pl.DataFrame, *, together: bool) -> pl.DataFrame:
    """(`incident_id`, `given_to`, `present`): the least loaded of each team."""
    if not together:
        found = next_of(there.select("person_id", group_id="team"), loads)
        asked = rows.select("incident_id", group_id="team")
        return asked.join(found, on="group_id").select("given_to", "present", "incident_id")
    items = rows.select(item_id=pl.col("incident_id").cast(pl.String), group_id="team")
    given = assign(items, there.select("person_id", group_id="team"), loads)
    return given.select("given_to", "present", incident_id=pl.col("item_id").cast(pl.Int64))


def _with_owner(rows: pl.DataFrame, there: pl.DataFrame, case: Case, *, together: bool) -> pl.DataFrame:
    kept = rows.join(there, left_on=["team", "owner_id"], right_on=["team", "person_id"], how="semi")
    others = rows.join(kept, on="incident_id", how="anti", maintain_order="left")
    given = _given(others, there, case.loads, together=together)
    owned = kept.select("incident_id", given_to="owner_id", _is_kept=pl.lit(value=True))
    found = pl.concat([owned, given], how="diagonal")
    why = (
        pl.when(pl.col("_is_kept"))
        .then(pl.lit("has it already, and is on duty"))
        .otherwise(pl.format("the least loaded of {} on duty in {}", "present", "named"))
    )
    return rows.join(found, on="incident_id", how="left", maintain_order="left").with_columns(_owner_why=why)


def _with_supervisor(rows: pl.DataFrame, roster: Roster) -> pl.DataFrame:
    """The superior of the owner, else the supervisor of the site; nobody is their own."""
    above = roster.desk.people.select(given_to="person_id", above="reports_to").unique("given_to")
    names = roster.people.select("name", given_to="person_id").unique("given_to")
    posts = roster.desk.sites.select("site_id", of_site="supervisor_id").unique("site_id")
    joined = (
        rows.join(above, on="given_to", how="left", maintain_order="left")
        .join(names, on="given_to", how="left", maintain_order="left")
        .join(posts, on="site_id", how="left", maintain_order="left")
    )
    other = pl.when(pl.col("above").ne_missing(pl.col("given_to"))).then("above")
    return joined.with_columns(
        superior=pl.coalesce(other, "of_site"),
        _superior_why=pl.when(other.is_not_null())
        .then(pl.format("the superior of {}", named("given_to")))
        .otherwise(pl.lit("supervises the site")),
    )


def _with_noc(
    rows: pl.DataFrame, there: pl.DataFrame, leads: pl.DataFrame, case: Case, *, together: bool
) -> pl.DataFrame:
    found = _given(rows.with_columns(team=pl.lit(NOC)), there, case.loads, together=together)
    given = found.select("incident_id", noc="given_to")
    lead = leads.filter(pl.col("team") == NOC)["lead_id"].to_list()
    joined = rows.join(given, on="incident_id", how="left", maintain_order="left")
    return joined.with_columns(noc=pl.coalesce("noc", pl.lit(lead[0] if lead else None, pl.String)))
