"""Everybody who may be told, read from the lake as known at a moment; and the rules by the settings.

Here: reading. Not here: deciding (`decide`), incidents (`io`).
"""

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.duty.desk import Desk
from opsguard_assets.entitlements.io import entitlements_at
from opsguard_assets.routing.frames import CLIENTS, PEOPLE, Roster, Rules
from opsguard_assets.tables.registry import TABLES
from resources.lake import Lake


def roster_at(lake: Lake, settings: Settings, as_of: datetime) -> Roster:
    """Everybody who may be told, as known at a moment; clients with the plan in force then."""
    people = _known(lake, "people", as_of)
    zones = _known(lake, "sites", as_of).select("site_id", "supervisor_id", zone="timezone")
    home = people.join(zones, left_on="home_site_id", right_on="site_id", how="left", maintain_order="left")
    plans = entitlements_at(lake, settings, as_of).in_force
    clients = _known(lake, "clients", as_of).rename({"timezone": "zone"}).drop("plan")
    clients = clients.join(plans, on="client_id", how="left", maintain_order="left")
    return Roster(
        desk=Desk(
            memberships=_known(lake, "memberships", as_of).select("person_id", "group_id"),
            duty=_known(lake, "duty", as_of).select("person_id", "starts_at", "ends_at"),
            people=people.select("person_id", "is_active", "reports_to"),
            groups=_known(lake, "groups", as_of).select("group_id", "lead_id", "name"),
            sites=zones.select("site_id", "supervisor_id"),
        ),
        people=home.select(pl.col(name).cast(dtype) for name, dtype in PEOPLE.items()),
        clients=clients.select(pl.col(name).cast(dtype) for name, dtype in CLIENTS.items()),
    )


def rules_of(settings: Settings, channels: Mapping[str, str]) -> Rules:
    """The rules by the settings.

    Args:
        settings: With `routing`.
        channels: Name of a channel -> its kind: slack, mail, webhook, apprise.
    """
    return Rules(settings=settings.routing, channels=channels, zone=settings.operations.timezone)


def _known(lake: Lake, table: str, as_of: datetime) -> pl.DataFrame:
    return lake.known(TABLES[table], as_of).collect()
