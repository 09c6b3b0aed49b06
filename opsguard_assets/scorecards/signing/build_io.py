"""Building the scorecards of a month: one snapshot, every client on its own, drafts that follow the data.

Here: from a snapshot to drafts. Not here: making a card (`maker`), signing, sending.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from opsguard_assets.scorecards.card.card import Card, Restated
from opsguard_assets.scorecards.signing import snapshots_io, store_io
from opsguard_assets.scorecards.signing.diff import changed_rows, differences, restated, same_figures
from opsguard_assets.scorecards.signing.house_io import House
from opsguard_assets.scorecards.signing.rules import Kept
from opsguard_assets.scorecards.signing.snapshot import Snapshot
from opsguard_assets.scorecards.signing.store_io import ScorecardError

BUILT, UNCHANGED, FROZEN, FAILED = "built", "unchanged", "frozen", "failed"


@dataclass(frozen=True)
class Built:
    """What a build did, by client; the provider's own card is that of the empty name.

    Attributes:
        results: built, unchanged, frozen (signed or sent: a restatement would change it) or failed.
        errors: Why, of those that failed.
        late: Of frozen ones: how many figures would differ by what is known now.
    """

    results: Mapping[str, str]
    errors: Mapping[str, str] = field(default_factory=dict)
    late: Mapping[str, int] = field(default_factory=dict)


def build(
    house: House, month: date, *, as_of: datetime, by: str, clients: Sequence[str] | None = None
) -> Built:  # fmt: skip
    """Builds the scorecards of a month. Repeated, it changes nothing but drafts whose figures have changed.

    Args:
        house: Where they are made and kept.
        month: First day of the month.
        as_of: The moment of the run (UTC).
        by: Who builds.
        clients: Some clients only, the provider by the empty name.

    Raises:
        SnapshotError: When what they are made of cannot be read.
    """
    snapshot = snapshots_io.take(
        house.lake, house.database, house.maker, month, as_of=as_of, now=house.now()
    )  # fmt: skip
    before: dict[str, Kept] = {}
    for each in store_io.kept(house.database, month=month):
        before.setdefault(each.client_id, each)
    results, errors, late, drafts = {}, {}, {}, []
    for made in house.maker.cards(snapshot, clients):
        if made.card is None:
            results[made.client_id], errors[made.client_id] = FAILED, made.error or "no reason was given"
            continue
        known = before.get(made.client_id)
        if known is not None and known.is_frozen:
            results[made.client_id] = FROZEN
            if differs := differences(known.card, made.card):
                late[made.client_id] = len(differs)
            continue
        card = made.card if known is None or known.number == 0 else _again(house, snapshot, known, made.card)
        if known is not None and same_figures(card, known.card):
            results[made.client_id] = UNCHANGED
            continue
        results[made.client_id] = BUILT
        drafts.append(card)
    with house.database.begin() as connection:
        done = store_io.save_drafts(connection, drafts, snapshot.snapshot_id, at=house.now(), by=by)
    # Signed or sent by somebody while this build made its drafts: they stay as they were.
    signed = {card.client_id or "" for card in drafts} - {client for client, _ in done}
    return Built({**results, **dict.fromkeys(signed, FROZEN)}, errors, late)


def restate(house: House, client_id: str, month: date, *, reason: str, as_of: datetime, by: str) -> Kept:
    """Makes the next number of a scorecard that was signed or sent, of what is known now.

    Raises:
        ScorecardError: When there is nothing to restate, or no reason.
        SnapshotError: When what it is made of cannot be read.
    """
    known = store_io.newest(house.database, client_id, month)
    if not reason.strip():
        raise ScorecardError("A restatement needs a reason: its readers see it.")
    if not known.is_frozen:
        raise ScorecardError(f"{known.words} is a {known.status}: it follows the data; `opsguard scorecard build`.")
    snapshot, card = fresh(house, client_id, month, as_of=as_of)
    card = _compared(house, snapshot, known, card, reason.strip())
    if not card.restated:
        raise ScorecardError(f"{known.words} would say the same: no figure has changed since.")
    with house.database.begin() as connection:
        store_io.save_drafts(connection, [card], snapshot.snapshot_id, at=house.now(), by=by)
    return store_io.newest(house.database, client_id, month)


def would_restate(house: House, client_id: str, month: date, *, as_of: datetime) -> Sequence[Restated]:
    """What a restatement would change by what is known now; nothing is kept.

    Raises:
        ScorecardError: When there is no scorecard, or it cannot be made again.
        SnapshotError: When what it was made of cannot be read any more.
    """
    known = store_io.newest(house.database, client_id, month)
    snapshot, card = fresh(house, client_id, month, as_of=as_of)
    return _compared(house, snapshot, known, card, known.reason or "").restated


def fresh(house: House, client_id: str, month: date, *, as_of: datetime) -> tuple[Snapshot, Card]:
    """The card of a client and month by what is known now, and of which snapshot; it is not kept.

    Raises:
        ScorecardError: When it cannot be made.
    """
    snapshot = snapshots_io.take(
        house.lake, house.database, house.maker, month, as_of=as_of, now=house.now()
    )  # fmt: skip
    return snapshot, remade(house, snapshot, client_id)


def remade(house: House, snapshot: Snapshot, client_id: str) -> Card:
    """The card of a client by a snapshot.

    Raises:
        ScorecardError: When it cannot be made.
    """
    made = next(iter(house.maker.cards(snapshot, [client_id])), None)
    if made is None or made.card is None:
        why = made.error if made else "there is no such client"
        raise ScorecardError(f"The scorecard of {client_id or 'the provider'} cannot be made: {why}")
    return made.card


def _again(house: House, snapshot: Snapshot, draft: Kept, card: Card) -> Card:
    """The draft of a restatement by newer data."""
    before = store_io.newest(house.database, draft.client_id, draft.month, draft.number - 1)
    return _compared(house, snapshot, before, card, draft.reason or "")


def _compared(house: House, snapshot: Snapshot, before: Kept, card: Card, reason: str) -> Card:
    rows = changed_rows(
        house.maker.rows(snapshots_io.read(house.database, before.snapshot_id), before.client_id),
        house.maker.rows(snapshot, before.client_id),
    )
    return restated(before.card, card.model_copy(update={"number": before.number + 1, "reason": reason}), rows)
