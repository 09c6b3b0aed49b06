"""The people of a team: who is its member and who leads it, whether on duty or not.

Here: the one rule by which a team is named. Not here: who is on duty (`desk`), who is given what (`least_loaded`).
"""

import polars as pl

from opsguard_assets.duty.desk import Desk


def people_of(desk: Desk, team: str) -> pl.DataFrame:
    """(`person_id`, `is_lead`): the active members of a team, and its lead.

    Args:
        desk: Who works where; its groups with `name`.
        team: Identifier or name of the team, in any case of letters.
    """
    groups = _named(desk, team)
    leads = groups.select(person_id="lead_id").drop_nulls()
    members = desk.memberships.join(groups, on="group_id", how="semi").select("person_id")
    gone = desk.people.filter(~pl.col("is_active").fill_null(value=True)).select("person_id")
    everybody = pl.concat([leads, members]).unique(maintain_order=True).join(gone, on="person_id", how="anti")
    return everybody.with_columns(is_lead=pl.col("person_id").is_in(leads["person_id"].implode()))


def group_of(desk: Desk, team: str | None) -> str | None:
    """The identifier of a team; None where none is named so.

    Args:
        desk: Its groups with `name`.
        team: As for `people_of`; None: no team.
    """
    if team is None:
        return None
    found = _named(desk, team)["group_id"].sort()
    return str(found[0]) if len(found) else None


def _named(desk: Desk, team: str) -> pl.DataFrame:
    wanted = team.strip().lower()
    is_it = (pl.col("group_id").str.to_lowercase() == wanted) | (pl.col("name").str.to_lowercase() == wanted)
    return desk.groups.filter(is_it.fill_null(value=False))
