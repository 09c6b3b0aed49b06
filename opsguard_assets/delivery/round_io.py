"""One round of the delivery as the settings describe it: what waits is decided on, then everything due is sent.

Here: settings and environment in, a round out. Not here: its parts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from opsguard_assets.config.delivery import ChannelSettings
from opsguard_assets.config.settings import Settings
from opsguard_assets.delivery.channels_io import transports_of
from opsguard_assets.delivery.deliver_io import Delivered, deliver, next_due
from opsguard_assets.delivery.escalations_io import plan_escalations
from opsguard_assets.delivery.links_io import links_of
from opsguard_assets.delivery.written import LinkOf
from resources.database import Database
from resources.lake import Lake

# Which column of `people` holds the address for a form of messages.
_ADDRESS = {"slack": "slack_user_id", "mail": "email"}


@dataclass(frozen=True)
class Place:
    """Where a round works.

    Attributes:
        database: Where messages are planned.
        lake: Where names are.
        variables: Where secrets come from, usually `os.environ`.
        home: The home folder; messages that are not sent lie in it.
    """

    database: Database
    lake: Lake
    variables: Mapping[str, str]
    home: Path


def run_round(place: Place, settings: Settings) -> Delivered:
    """Decides on escalation notices that wait, and sends everything that is due on every channel.

    Raises:
        ConfigError: When the variable of a secret is not set.
        ChannelError: When an address cannot be used.
    """
    own = settings.delivery
    give_up = timedelta(minutes=own.give_up_minutes)
    transports = transports_of(own, place.variables, place.home)
    plan_escalations(place.database, place.lake, _personal(settings), give_up, datetime.now(UTC))
    return deliver(
        place.database,
        place.lake,
        transports,
        zone=settings.operations.timezone,
        link_of=_links(place.database, settings),
        give_up=give_up,
    )


def due_at(database: Database, settings: Settings, now: datetime) -> datetime | None:
    """When a round has something to do; None where nothing waits."""
    channels = settings.delivery.all_channels
    telling = [name for name, channel in channels.items() if _tells(channel)]
    return next_due(database, list(channels), telling, now)


def _tells(channel: ChannelSettings) -> bool:
    """Whether doubt on a channel is ended without a person."""
    return channel.kind != "mail" and (channel.kind != "slack" or channel.reads_history)


def _personal(settings: Settings) -> Sequence[tuple[str, str]]:
    """Channels by which a person can be reached, and the column with their address."""
    channels = settings.delivery.all_channels
    return [(name, _ADDRESS[form]) for name, channel in channels.items() if (form := channel.renders) is not None]


def _links(database: Database, settings: Settings) -> LinkOf:
    return links_of(database, settings.web.base_url, timedelta(hours=settings.web.link_hours))
