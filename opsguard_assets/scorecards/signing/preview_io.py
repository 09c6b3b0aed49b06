"""What a client would get, as files in a folder: every form, and the mail's plain text. Nothing is sent or kept.

Here: writing that folder. Not here: forms (`maker`), texts (`forms.mail`).
"""

from datetime import date, datetime
from pathlib import Path

from opsguard_assets.scorecards.card.card import Card
from opsguard_assets.scorecards.forms.mail import file_name, summary
from opsguard_assets.scorecards.signing import build_io, snapshots_io, store_io
from opsguard_assets.scorecards.signing.house_io import House
from opsguard_assets.scorecards.signing.snapshot import Snapshot
from opsguard_assets.scorecards.signing.store_io import ScorecardError


def preview(
    house: House, client_id: str, month: date, folder: Path, *, as_of: datetime, number: int | None = None
) -> list[Path]:  # fmt: skip
    """Writes the scorecard of a client as it is kept, or by what is known now where there is none.

    Returns:
        The files.

    Raises:
        ScorecardError: When it cannot be made.
        SnapshotError: When what it was made of cannot be read any more.
    """
    snapshot, card = _of(house, client_id, month, as_of, number)
    made = dict(house.maker.files(card, house.maker.rows(snapshot, client_id)))
    said = summary(card, house.maker.kpis, house.settings.subject)
    lines = [said.subject, "", said.headline, *said.notes, ""]
    lines += [" | ".join(row) for row in (said.columns, *said.rows)]
    lines += ["", *said.advised, *said.worth, "", *(f"{label}: {value}" for label, value in said.facts)]
    made["txt"] = ("\n".join(lines) + "\n").encode()
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for kind, content in sorted(made.items()):
        place = folder / file_name(card, kind)
        place.write_bytes(content)
        written.append(place)
    return written


def _of(house: House, client_id: str, month: date, as_of: datetime, number: int | None) -> tuple[Snapshot, Card]:
    try:
        one = store_io.newest(house.database, client_id, month, number)
    except ScorecardError:
        if number is not None:
            raise
        return build_io.fresh(house, client_id, month, as_of=as_of)
    return snapshots_io.read(house.database, one.snapshot_id), one.card
