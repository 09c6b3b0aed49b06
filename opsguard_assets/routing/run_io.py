"""One run of routing by the settings: people as known now, channels as configured.

Here: settings and stores in, a run out. Not here: its transaction (`io`), its decisions (`decide`).
"""

from collections.abc import Mapping
from datetime import datetime

from opsguard_assets.config.settings import Settings
from opsguard_assets.routing.io import Routed, route
from opsguard_assets.routing.roster_io import roster_at, rules_of
from resources.database import Database
from resources.lake import Lake


def route_now(database: Database, lake: Lake, settings: Settings, *, now: datetime) -> Routed:
    """Decides on everything that is new or due.

    Args:
        database: Where incidents are.
        lake: Where people, duty and clients are.
        settings: Routes and channels.
        now: The time of the clock (UTC): messages are for now, whatever moment a tick was for.
    """
    return route(database, roster_at(lake, settings, now), rules_of(settings, channel_kinds(settings)), now=now)


def channel_kinds(settings: Settings) -> Mapping[str, str]:
    """Name of a channel -> its kind; a folder is of the kind whose form it has."""
    every = settings.delivery.all_channels
    return {name: channel.form if channel.kind == "folder" else channel.kind for name, channel in every.items()}
