"""What signing needs of whatever makes scorecards: cards of a snapshot, their rows, their files.

Here: the contract. Not here: the real maker (`maker_io`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

import polars as pl

from opsguard_assets.scorecards.card.card import Card
from opsguard_assets.scorecards.kpis.kpi import Kpi
from opsguard_assets.scorecards.signing.snapshot import Snapshot


@dataclass(frozen=True)
class Made:
    """The card of a client, or why there is none.

    Attributes:
        client_id: The client; empty for the provider's own card.
        card: The card; None where it failed.
        error: Why it failed; None where it did not.
    """

    client_id: str
    card: Card | None
    error: str | None = None


class Maker(Protocol):
    """Makes scorecards."""

    @property
    def tables(self) -> Sequence[str]:
        """The derived tables of the lake that cards are made of."""

    @property
    def kpis(self) -> Mapping[str, Kpi]:
        """The registry of key figures."""

    @property
    def made_by(self) -> str:
        """Versions of what makes files: with the same ones a file has the same bytes."""

    def keep_past(self, month: date, as_of: datetime) -> None:
        """Writes into a table of the lake what cards of a month read of the database, for the snapshot taken next."""

    def cards(self, snapshot: Snapshot, clients: Sequence[str] | None) -> Iterable[Made]:
        """Cards of the month of a snapshot: of some clients, or of all with the provider's own.

        A failure of one client is its `error`; the others are made all the same.
        """

    def rows(self, snapshot: Snapshot, client_id: str) -> pl.DataFrame:
        """The rows behind the figures of a client (`kpis.schemas.KpiRows`)."""

    def files(self, card: Card, rows: pl.DataFrame) -> Mapping[str, bytes]:
        """The forms of a card by kind: `pdf`, `xlsx`, `html`, `json`, `csv`; always `pdf` and `xlsx`."""

    def disagreements(self, card: Card, rows: pl.DataFrame) -> Sequence[str]:
        """What forms say otherwise than their card, read back of the files, in words."""

    def picture(self, card: Card) -> bytes:
        """The first page as a small picture (PNG)."""
