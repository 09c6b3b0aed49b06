"""Who is asked for an approval or an offer, and by which channel each of them is reached.

Here: people and channels in, readers out. Not here: planning their messages (`asking`), who may decide
(`remediation.engine`), who is told of incidents (`routing`).
"""

from datetime import datetime
from typing import Final

import polars as pl

from opsguard_assets.duty.desk import present
from opsguard_assets.duty.teams import people_of
from opsguard_assets.remediation.actions.action import World
from opsguard_assets.remediation.actions.roster_io import roster_now
from opsguard_assets.routing.addresses import reached
from opsguard_assets.routing.frames import Roster, Rules
from opsguard_assets.routing.roster_io import rules_of
from opsguard_assets.routing.routes import NOC, PLACE, every_route
from opsguard_assets.routing.run_io import channel_kinds

ON_DUTY, LEAD, MEMBER, OWNER, ASKED = "on duty", "lead", "member", "owner", "asked for the shift"
# One person, or nobody (`person_id` null); `channel` and `address` are null where nothing reaches them.
READERS: Final = pl.Schema(
    {
        "person_id": pl.String(),
        "audience": pl.String(),
        "why": pl.String(),
        "channel": pl.String(),
        "address": pl.String(),
        "zone": pl.String(),
    }
)


def approvers_at(
    world: World,
    team: str | None,
    needed: int,
    now: datetime,
    *,
    without: str | None = None,
    owner: str | None = None,
) -> pl.DataFrame:
    """`approvers` among everybody who is known at the beginning of the minute."""
    rules = rules_of(world.settings, channel_kinds(world.settings))
    return approvers(roster_now(world, now), rules, team, needed, now, without=without, owner=owner)


def people_at(world: World, person_ids: list[str], now: datetime) -> pl.DataFrame:
    """Some people as `READERS`, by the addresses that are known now; in the given order."""
    asked = pl.DataFrame({"person_id": person_ids}, schema={"person_id": pl.String}).with_columns(
        audience=pl.lit(ASKED), why=pl.lit("proposed for the shift")
    )
    rules = rules_of(world.settings, channel_kinds(world.settings))
    return _reached(asked, roster_now(world, now), rules)


def approvers(
    roster: Roster,
    rules: Rules,
    team: str | None,
    needed: int,
    now: datetime,
    *,
    without: str | None = None,
    owner: str | None = None,
) -> pl.DataFrame:
    """Who is asked whether something may be done: the owner of the incident, and those of the team on duty.

    Where these of the team are too few, first its lead is added, then everybody of it.

    Args:
        roster: Everybody, as known at the moment.
        rules: Channels.
        team: Name or identifier of the team; None: the operations centre.
        needed: How many have to agree.
        now: The moment (UTC).
        without: Somebody who may not decide, because the execution was started by them.
        owner: Who has the incident, of whatever team; asked where a channel reaches them.

    Returns:
        Rows of `READERS`; one without `person_id` where the team has nobody who could be asked.
    """
    named = team or NOC
    known = people_of(roster.desk, named).filter(pl.col("person_id").ne_missing(pl.lit(without, pl.String)))
    there = present(roster.desk, now)["person_id"].implode()
    rank = pl.when(pl.col("person_id").is_in(there)).then(0).when("is_lead").then(1).otherwise(2)
    rows = known.with_columns(_rank=rank.cast(pl.Int64))
    words = {0: (ON_DUTY, f"on duty in {named}"), 1: (LEAD, f"leads {named}"), 2: (MEMBER, f"member of {named}")}
    rows = rows.with_columns(
        audience=pl.col("_rank").replace_strict(
            {rank: each[0] for rank, each in words.items()}, return_dtype=pl.String
        ),
        why=pl.col("_rank").replace_strict({rank: each[1] for rank, each in words.items()}, return_dtype=pl.String),
    )
    found = _reached(rows, roster, rules, "_rank")
    for last in words:
        asked = found.filter(pl.col("_rank") <= last)
        if asked.drop_nulls("address")["person_id"].n_unique() >= needed:
            break
    asked = pl.concat([_owner(owner, without, asked, roster, rules), asked.select(*READERS.names(), "_rank")])
    if asked.is_empty():
        why = f"nobody of {named} could be asked" if without is None else f"nobody else of {named} could be asked"
        return pl.DataFrame([{"audience": MEMBER, "why": why}], schema=READERS)
    return asked.sort("_rank", "person_id", maintain_order=True).select(READERS.names())


def _owner(owner: str | None, without: str | None, asked: pl.DataFrame, roster: Roster, rules: Rules) -> pl.DataFrame:
    """Who has the incident, before all others, unless they are asked already, may not decide or cannot be reached."""
    others = () if owner is None or owner == without or owner in asked["person_id"] else (owner,)
    rows = pl.DataFrame({"person_id": others}, schema={"person_id": pl.String}).with_columns(
        audience=pl.lit(OWNER), why=pl.lit("has the incident"), _rank=pl.lit(-1, pl.Int64)
    )
    return _reached(rows, roster, rules, "_rank").drop_nulls("address").select(*READERS.names(), "_rank")


def _reached(people: pl.DataFrame, roster: Roster, rules: Rules, *more: str) -> pl.DataFrame:
    """People with channel, address and zone, by the channels of the last route, which everything reaches."""
    place = pl.lit(len(every_route(rules)) - 1, pl.Int64)
    rows = people.with_columns(place.alias(PLACE), incident_id=pl.lit(None, pl.Int64))
    return reached(rows, roster, rules).select(*(pl.col(name).cast(dtype) for name, dtype in READERS.items()), *more)
