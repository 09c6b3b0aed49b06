"""What settings of the delivery change: which channels there are, what is still sent, what is a warning."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import text

from opsguard_assets.config.settings import Settings
from opsguard_assets.delivery.channels_io import transports_of
from opsguard_assets.delivery.deliver_io import counts
from opsguard_assets.delivery.round_io import Place, run_round
from resources.lake import Lake
from tests.config.consequences.given import STORES, Seen
from tests.delivery.given import plan, put


def channels(settings: Settings) -> Seen:
    """The channels that there are."""
    return sorted(transports_of(settings.delivery, {}, Path("home")))


def rounds(settings: Settings) -> Seen:
    """The fate of a message that was due 100 minutes ago."""
    database = STORES[0].migrated()
    then = datetime.now(UTC) - timedelta(minutes=100)
    plan(database, lambda: then, put(database))
    with TemporaryDirectory() as folder:
        home = Path(folder)
        done = run_round(Place(database, Lake(str(home / "lake")), {}, home), settings)
    return dict(done.settled)


def doubts(settings: Settings) -> Seen:
    """How many messages are overdue of one that has been unknown for half an hour."""
    database, now = STORES[0].migrated(), datetime.now(UTC)
    (number,) = plan(database, lambda: now, put(database))
    unknown = "UPDATE effects SET state = 'unknown', settled_at = :at WHERE effect_id = :number"
    with database.begin() as connection:
        connection.execute(text(unknown), {"at": now - timedelta(minutes=30), "number": number})
    return counts(database, now, timedelta(minutes=settings.delivery.unknown_minutes))["unknown"]
