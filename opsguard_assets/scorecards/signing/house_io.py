"""What every step of signing works with: the stores, the settings, what makes cards, and the clock.

Here: that bundle, and the files of a scorecard, made once and kept. Not here: steps.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from opsguard_assets.config.scorecards import Scorecards
from opsguard_assets.scorecards.signing import snapshots_io, store_io
from opsguard_assets.scorecards.signing.maker import Maker
from opsguard_assets.scorecards.signing.minisign import SigningKey, signature_of
from opsguard_assets.scorecards.signing.rules import Kept, Sealed
from resources.database import Database
from resources.kept_files import KeptFiles, kept_files
from resources.lake import Lake

FIGURES, SIGNATURE = "figures.json", "minisig"


def utc_now() -> datetime:
    """The time of the clock."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class House:
    """Where scorecards are made and kept.

    Attributes:
        lake: Figures, and files below it.
        database: Scorecards and their chain.
        settings: Who has to sign, and who reads.
        maker: Makes cards and files.
        key: Signs files; None: nothing is signed with a key.
        now: The clock (UTC).
    """

    lake: Lake
    database: Database
    settings: Scorecards
    maker: Maker
    key: SigningKey | None = None
    now: Callable[[], datetime] = utc_now

    @property
    def files(self) -> KeptFiles:
        """Files by their digests."""
        return kept_files(self.lake)


def completed(house: House, one: Kept, sealed: Sealed) -> Mapping[str, str]:
    """The digests of the files of a scorecard by kind; those that are missing are made, kept and noted.

    What was made once stays. So a process that died between signing and writing files leaves nothing undone for good.

    Raises:
        SnapshotError: When files are missing and what they are made of cannot be read any more.
    """
    with house.database.begin() as connection:
        there = store_io.files_of(connection, one, sealed)
    wanted = {FIGURES, SIGNATURE} if sealed == "signed" and house.key else {FIGURES}
    if there and not wanted - set(there):
        return {kind: found["digest"] for kind, found in there.items()}
    made = _made(house, one, sealed) if not there else {}
    made |= {FIGURES: one.figures.encode()}
    if house.key is not None and sealed == "signed":
        made[SIGNATURE] = signature_of(made[FIGURES], house.key, _comment(one)).encode()
    kept = {kind: (house.files.keep(content), len(content)) for kind, content in made.items()}
    with house.database.begin() as connection:
        store_io.save_files(connection, one, sealed, kept, made_by=house.maker.made_by, at=house.now())
        there = store_io.files_of(connection, one, sealed)
    return {kind: found["digest"] for kind, found in there.items()}


def rendered(house: House, one: Kept, sealed: Sealed) -> dict[str, bytes]:
    """The forms of a scorecard, made again from its figures and the rows of its snapshot."""
    return _made(house, one, sealed)


def _made(house: House, one: Kept, sealed: Sealed) -> dict[str, bytes]:
    snapshot = snapshots_io.read(house.database, one.snapshot_id)
    shown = replace(one, sent_unsigned=True) if sealed == "unsigned" else one
    return dict(house.maker.files(shown.card, house.maker.rows(snapshot, one.client_id)))


def _comment(one: Kept) -> str:
    """The trusted comment: what was signed, by whom, and its place in the chain."""
    whose = one.client_id or "provider"
    return f"client {whose} month {one.month:%Y-%m} number {one.number} signed by {one.signed_by} link {one.link}"
