"""Proving a signed scorecard: the chain, the bytes that are kept, the figures made once more, the files made once more.

Here: the checks. Not here: signing.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from opsguard_assets.scorecards.card.digest import canonical
from opsguard_assets.scorecards.signing import snapshots_io, store_io
from opsguard_assets.scorecards.signing.build_io import remade
from opsguard_assets.scorecards.signing.chain import Signing, broken
from opsguard_assets.scorecards.signing.diff import Differs, changed_rows, differences, restated, same_figures
from opsguard_assets.scorecards.signing.house_io import FIGURES, SIGNATURE, House, rendered
from opsguard_assets.scorecards.signing.minisign import SignatureError, checked
from opsguard_assets.scorecards.signing.rules import Kept, Sealed
from opsguard_assets.scorecards.signing.snapshots_io import SnapshotError
from opsguard_assets.scorecards.signing.store_io import ScorecardError
from resources.kept_files import KeptFileError, digest_of

# So many figures that differ are named.
_NAMED = 5


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: What.
        passed: Whether it holds; None where it could not be judged.
        words: What was found.
    """

    name: str
    passed: bool | None
    words: str


def verify(house: House, client_id: str, month: date, *, number: int | None = None) -> list[Check]:
    """Everything that can be proven of a scorecard, without changing anything.

    Raises:
        ScorecardError: When there is no such scorecard.
    """
    one = store_io.newest(house.database, client_id, month, number)
    sealed: Sealed = "signed" if one.link else "unsigned"
    chain = store_io.signings(house.database)
    return [_chain(house, chain), _signed(chain, one), *_files(house, one, sealed), *_made_again(house, one, sealed)]


def reproduced(house: House, month: date) -> list[Check]:
    """The figures of all signed scorecards of a month, made again of their pinned versions: one look per snapshot."""
    signed: dict[int, list[Kept]] = {}
    for each in store_io.kept(house.database, month=month):
        if each.link is not None:
            signed.setdefault(each.snapshot_id, []).append(each)
    found = []
    for number, cards in signed.items():
        try:
            snapshot = snapshots_io.read(house.database, number)
            fresh = {made.client_id: made for made in house.maker.cards(snapshot, [one.client_id for one in cards])}
        except Exception as error:  # noqa: BLE001 - whatever it is, these months cannot be proven, and the page says why
            found += [Check(one.words, False, f"{type(error).__name__}: {error}") for one in cards]
            continue
        for one in cards:
            made = fresh.get(one.client_id)
            if made is None or made.card is None:
                found.append(Check(one.words, False, (made and made.error) or "it cannot be made again"))
                continue
            differs = differences(one.card, made.card)
            words = "; ".join(_words(each) for each in differs[:_NAMED]) or "the same figures"
            found.append(Check(one.words, not differs, words))
    return found


def chain_check(house: House) -> Check:
    """Whether the whole chain holds, by the view of the database and by the same formula here."""
    return _chain(house, store_io.signings(house.database))


def _chain(house: House, chain: Sequence[Signing]) -> Check:
    found = [f"place {row['place']}: {row['reason']}" for row in store_io.broken_links(house.database)]
    found += [words for place, reason in broken(chain) if (words := f"place {place}: {reason}") not in found]
    head = f"{len(chain)} signings, head {chain[-1].link}" if chain else "nothing is signed yet"
    return Check("chain", not found, "; ".join(found) or head)


def _signed(chain: Sequence[Signing], one: Kept) -> Check:
    if one.link is None:
        return Check("signed", None, f"it is {one.seal.status}: nobody has signed it")
    (own,) = (
        each for each in chain if (each.client_id, each.month, each.number) == (one.client_id, one.month, one.number)
    )
    words = f"{own.signed_by}, {own.signed_at:%Y-%m-%d %H:%M} UTC, place {own.place}, link {own.link}"
    return Check("signed", own.digest == one.digest, words)


def _files(house: House, one: Kept, sealed: Sealed) -> Iterator[Check]:
    with house.database.begin() as connection:
        there = store_io.files_of(connection, one, sealed)
    if one.link and not there:
        yield Check("files", False, "it is signed and has no files: `opsguard scorecard sign` makes what is missing")
    for kind, found in there.items():
        try:
            content = house.files.read(found["digest"])
        except KeptFileError as error:
            yield Check(kind, False, str(error))
            continue
        if kind == FIGURES:
            is_same = content == one.figures.encode()
            yield Check(kind, is_same, "as signed" if is_same else "not the figures that were signed")
        elif kind == SIGNATURE:
            yield _signature(house, one, content.decode())
        else:
            yield Check(kind, True, f"{len(content):,} bytes, sha256 {found['digest']}")


def _signature(house: House, one: Kept, signature: str) -> Check:
    if house.key is None:
        return Check(SIGNATURE, None, "the key is not here (OPSGUARD_SIGNING_KEY); `minisign -V` checks it")
    try:
        comment = checked(one.figures.encode(), signature, house.key.public)
    except SignatureError as error:
        return Check(SIGNATURE, False, str(error))
    return Check(SIGNATURE, f"link {one.link}" in comment, comment)


def _made_again(house: House, one: Kept, sealed: Sealed) -> Iterator[Check]:
    """The figures and the files, made once more of the pinned versions."""
    card = one.card
    try:
        snapshot = snapshots_io.read(house.database, one.snapshot_id)
        snapshots_io.open_again(house.lake, snapshot)
        fresh = remade(house, snapshot, one.client_id).model_copy(update={"number": card.number, "reason": card.reason})
        if card.number:
            before = store_io.newest(house.database, one.client_id, one.month, card.number - 1)
            rows = changed_rows(
                house.maker.rows(snapshots_io.read(house.database, before.snapshot_id), one.client_id),
                house.maker.rows(snapshot, one.client_id),
            )
            fresh = restated(before.card, fresh, rows)
        files = rendered(house, one, sealed)
    except (SnapshotError, ScorecardError) as error:
        yield Check("figures", False, str(error))
        return
    found = differences(card, fresh)
    if same_figures(fresh, card):
        yield Check("figures", True, "made again of the pinned versions: the same figures")
    else:
        parts = [_words(each) for each in found[:_NAMED]] or _parts(one.figures, canonical(fresh).decode())
        yield Check("figures", False, "made again, they differ: " + "; ".join(parts))
    yield from _same_bytes(house, one, sealed, files)


def _same_bytes(house: House, one: Kept, sealed: Sealed, files: dict[str, bytes]) -> Iterator[Check]:
    with house.database.begin() as connection:
        there = store_io.files_of(connection, one, sealed)
    kept = {kind: found for kind, found in there.items() if kind in files}
    other = sorted(kind for kind, found in kept.items() if digest_of(files[kind]) != found["digest"])
    writers = {found["made_by"] for found in kept.values()}
    if not kept:
        return
    if not other:
        yield Check("bytes", True, f"{', '.join(sorted(kept))}: made again, the same bytes")
    elif writers != {house.maker.made_by}:
        words = f"the same figures, rendered by another version: {', '.join(sorted(writers))}"
        yield Check("bytes", None, f"{words}; here {house.maker.made_by}; differing: {', '.join(other)}")
    else:
        yield Check("bytes", False, f"made again by the same version, other bytes: {', '.join(other)}")


def _words(differs: Differs) -> str:
    where = f" at {differs.name or differs.site}" if differs.site else ""
    before, after = ("no data" if value is None else f"{value:f}" for value in (differs.before, differs.after))
    return f"{differs.kpi}{where}: {before}, now {after}"


def _parts(before: str, after: str) -> list[str]:
    """The parts of a card that differ, where no figure does."""
    old, new = json.loads(before), json.loads(after)
    return [name for name in old if name != "origin" and old[name] != new.get(name)] or ["another form of the card"]
