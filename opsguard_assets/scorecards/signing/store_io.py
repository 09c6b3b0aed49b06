"""Scorecards, their files and the chain in the database.

Here: one function per statement. Not here: when they are called (`build_io`, `signing_io`, `sending_io`), rules.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from opsguard_assets.scorecards.card.card import Card
from opsguard_assets.scorecards.card.digest import canonical, digest
from opsguard_assets.scorecards.signing.chain import Signing
from opsguard_assets.scorecards.signing.rules import Kept, Sealed
from resources.database import Database
from resources.sql import statement

# The error code of `sign_month`, the function of the database that has the last word on what may be signed.
_REFUSED = "OG001"


class ScorecardError(RuntimeError):
    """Something cannot be done with a scorecard; the message says why and what to do."""


def kept(database: Database, *, client_id: str | None = None, month: date | None = None) -> list[Kept]:
    """Scorecards, the newest months and numbers first.

    Args:
        database: Where they are.
        client_id: Of one client only; empty for the provider's own.
        month: Of one month only.
    """
    with database.begin() as connection:
        rows = connection.execute(statement(__name__, "kept"), {"client_id": client_id, "month": month})
        return [Kept.of(dict(row)) for row in rows.mappings()]


def newest(database: Database, client_id: str, month: date, number: int | None = None) -> Kept:
    """The scorecard of a client and month: one of its numbers, or the newest.

    Raises:
        ScorecardError: When there is none.
    """
    found = [each for each in kept(database, client_id=client_id, month=month) if number in {None, each.number}]
    if not found:
        which = "" if number is None else f", number {number}"
        raise ScorecardError(
            f"There is no scorecard of {month:%Y-%m} of {client_id or 'the provider'}{which}; "
            "`opsguard scorecard list` shows those that there are, `opsguard scorecard build` makes one."
        )
    return found[0]


def save_drafts(
    connection: Connection, cards: Sequence[Card], snapshot_id: int, *, at: datetime, by: str
) -> set[tuple[str, int]]:
    """Keeps drafts; returns the clients and numbers of those that were kept: others were signed or sent meanwhile."""
    rows = []
    for card in cards:
        figures = canonical(card)
        rows.append(
            {
                "client_id": card.client_id or "", "month": card.month.isoformat(), "number": card.number,
                "figures": figures.decode(), "digest": digest(figures), "snapshot_id": snapshot_id,
                "reason": card.reason,
            }
        )  # fmt: skip
    found = connection.execute(statement(__name__, "save_drafts"), {"rows": json.dumps(rows), "at": at, "by": by})
    return {(row.client_id, int(row.number)) for row in found}


def review(connection: Connection, one: Kept, *, at: datetime, by: str) -> bool:
    """Notes a review of the figures that were looked at; False where they have changed since."""
    values = {**_place(one), "digest": one.digest, "at": at, "by": by}
    return connection.execute(statement(__name__, "review"), values).first() is not None


def sign(connection: Connection, one: Kept, *, at: datetime, who: str, why: str) -> str:
    """Appends a signing; returns its link. A scorecard that is signed already keeps its link.

    Raises:
        ScorecardError: When the database refuses it.
    """
    values = {**_place(one), "digest": one.digest, "at": at, "who": who, "why": why}
    try:
        return str(connection.execute(statement(__name__, "sign"), values).scalar_one())
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == _REFUSED:
            said = str(error.orig).splitlines()[0]
            raise ScorecardError(f"{one.words} cannot be signed: {said}.") from None
        raise


def files_of(connection: Connection, one: Kept, sealed: Sealed) -> dict[str, dict[str, Any]]:
    """The files of a scorecard by kind: (`digest`, `bytes`, `made_by`)."""
    values = {**_place(one), "sealed": sealed, "of_digest": one.digest}
    rows = connection.execute(statement(__name__, "files"), values).mappings()
    return {row["kind"]: {name: row[name] for name in ("digest", "bytes", "made_by")} for row in rows}


def save_files(
    connection: Connection, one: Kept, sealed: Sealed, digests: Mapping[str, tuple[str, int]], *, made_by: str,
    at: datetime,
) -> None:  # fmt: skip
    """Notes files by kind: digest and bytes. The first one of a kind stays."""
    rows = [{"kind": kind, "digest": found, "bytes": size} for kind, (found, size) in digests.items()]
    values = {**_place(one), "sealed": sealed, "of_digest": one.digest, "made_by": made_by, "at": at}
    connection.execute(statement(__name__, "save_files"), {**values, "rows": json.dumps(rows)})


def signings(database: Database) -> list[Signing]:
    """The whole chain."""
    with database.begin() as connection:
        return [Signing(**row) for row in connection.execute(statement(__name__, "signings")).mappings()]


def broken_links(database: Database) -> list[dict[str, Any]]:
    """Links that do not hold, with the reason."""
    with database.begin() as connection:
        return [dict(row) for row in connection.execute(statement(__name__, "broken")).mappings()]


def _place(one: Kept) -> dict[str, Any]:
    return {"client_id": one.client_id, "month": one.month, "number": one.number}
