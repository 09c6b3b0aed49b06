"""The desk: people, teams, leads, duty, and who of a team is on duty at a moment.

Here: frames as known at a moment, and the one rule of who is present. Not here: reading them, and who is given what
(`least_loaded`).
"""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from opsguard_assets.tables.values import INSTANT


@dataclass(frozen=True)
class Desk:
    """Who works where, as known at the moment.

    Attributes:
        memberships: (`person_id`, `group_id`).
        duty: (`person_id`, `starts_at`, `ends_at`).
        people: (`person_id`, `is_active`, `reports_to`); somebody of whom no record is known counts as active.
        groups: (`group_id`, `lead_id`).
        sites: (`site_id`, `supervisor_id`).
    """

    memberships: pl.DataFrame
    duty: pl.DataFrame
    people: pl.DataFrame
    groups: pl.DataFrame
    sites: pl.DataFrame


def on_duty(desk: Desk, as_of: datetime) -> pl.DataFrame:
    """(`group_id`, `person_id`): active members on duty at the moment; duty ends before its last instant."""
    members = desk.memberships.select("group_id", "person_id").unique()
    return members.join(present(desk, as_of), on="person_id", how="semi")


def present(desk: Desk, as_of: datetime) -> pl.DataFrame:
    """(`person_id`): active people on duty at the moment, whatever their team."""
    moment = pl.lit(as_of, INSTANT)
    there = desk.duty.filter(pl.col("starts_at") <= moment, moment < pl.col("ends_at")).select("person_id").unique()
    gone = desk.people.filter(~pl.col("is_active").fill_null(value=True)).select("person_id")
    return there.join(gone, on="person_id", how="anti")
