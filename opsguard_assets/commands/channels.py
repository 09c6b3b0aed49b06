"""What `opsguard doctor` asks of the delivery: does every channel answer, and is any message in doubt.

Here: questions and answers in words. Not here: the other checks (`diagnosis`), sending (`opsguard_assets.delivery`).
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from opsguard_assets.config.delivery import Delivery
from opsguard_assets.config.load import ConfigError
from opsguard_assets.config.settings import Settings
from opsguard_assets.delivery.channels_io import transport_of
from opsguard_assets.delivery.deliver_io import counts
from opsguard_assets.delivery.transports_io import FolderTransport, MailTransport, Transport
from resources.channels.handed_over import ChannelError, UnreadableError
from resources.database import Database

# What, whether it is sound, what was found, the remedy.
Found = tuple[str, bool, str, str]
_REMEDY = "Correct `delivery.channels` in opsguard.yaml, and set the variables that it names (docs/delivery.md)."


def found_channels(delivery: Delivery, variables: Mapping[str, str], home: Path) -> Iterator[Found]:
    """Whether each channel answers and takes the credentials; nothing is sent."""
    if delivery.sends_nothing:
        words = f"nothing is sent to anybody; what would be lies in {home / 'mailbox'} (docs/delivery.md)"
        yield "delivery", True, words, ""
        return
    for name, channel in delivery.all_channels.items():
        try:
            yield f"channel {name}", True, _answer(transport_of(name, channel, variables, home)), ""
        except (ConfigError, ChannelError, UnreadableError) as error:
            yield f"channel {name}", False, str(error), _REMEDY


def found_in_doubt(database: Database, settings: Settings) -> Iterator[Found]:
    """Whether a message has been in doubt for long, so that a person has to look."""
    unknown_after = timedelta(minutes=settings.delivery.unknown_minutes)
    count = counts(database, datetime.now(UTC), unknown_after).get("unknown", (0, 0))[1]
    words = f"{count:,} in doubt" if count else "none in doubt"
    remedy = "Ask the readers whether they have them: `opsguard deliver list --state unknown`, then `resolve-unknown`."
    yield "messages", count == 0, words, remedy


def _answer(transport: Transport) -> str:
    if isinstance(transport, FolderTransport):
        return f"nothing is sent; messages lie in {transport.channel.folder}"
    if isinstance(transport, MailTransport):
        return f"{transport.server.check()} answers"
    check = getattr(transport, "check", None)
    return f"answers: {check()}" if check else "set up; it is not asked without a message"
