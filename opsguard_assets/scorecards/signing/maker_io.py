"""What makes scorecards of the lake: cards of a snapshot, the rows behind them, their five forms.

Here: binding cards and forms to snapshots. Not here: cards (`card.io`), forms, keeping what was made (`build_io`).

Libraries that render are loaded when something is rendered.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from importlib.metadata import version

import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.domains import PROBLEMS
from opsguard_assets.models.champions import Champions
from opsguard_assets.scorecards.card.card import Card, Origin
from opsguard_assets.scorecards.card.io import PROVIDER, Cards, read_cards
from opsguard_assets.scorecards.card.likely import FEEDS
from opsguard_assets.scorecards.forms.reading_io import disagreements
from opsguard_assets.scorecards.kpis.kpi import Kpi
from opsguard_assets.scorecards.kpis.past_io import Past
from opsguard_assets.scorecards.kpis.registry import KPIS as REGISTRY
from opsguard_assets.scorecards.kpis.schemas import KPI_ROWS, KPIS, PAST
from opsguard_assets.scorecards.signing.maker import Made
from opsguard_assets.scorecards.signing.snapshot import Snapshot
from resources.database import Database
from resources.lake import Lake
from resources.revision import code_revision

_RENDERERS = ("typst", "xlsxwriter", "babel")
_RULE = "rule"


@dataclass
class LakeMaker:
    """Makes scorecards of the lake.

    Attributes:
        lake: The lake as it is now.
        database: Alerts, decisions, playbooks, champions.
        settings: Bands, plans, languages.
        code: The revision of the code, for the card's origin.
    """

    lake: Lake
    database: Database
    settings: Settings
    code: str
    _read: dict[int, Cards] = field(default_factory=dict)

    @property
    def tables(self) -> Sequence[str]:
        """The derived tables of the lake that cards are made of."""
        feeds = {name for kpi in REGISTRY.values() for name in kpi.feeds} | set(FEEDS)
        derived = {name for name in feeds if "/" in name and not name.startswith("database/")}
        scores = {each.declare(self.settings).prediction_log.table.derived_name for each in PROBLEMS.values()}
        return sorted(derived | scores | {KPIS.derived_name, KPI_ROWS.derived_name, PAST.derived_name})

    @property
    def kpis(self) -> Mapping[str, Kpi]:
        """The registry of key figures."""
        return REGISTRY

    @property
    def made_by(self) -> str:
        """Versions of what makes files: with the same ones a file has the same bytes."""
        return " ".join((f"opsguard {self.code}", *(f"{name} {version(name)}" for name in _RENDERERS)))

    def keep_past(self, month: date, as_of: datetime) -> None:
        """Writes into the lake what cards of a month read of the database."""
        Past.read(self.database, as_of, month).keep(self.lake)

    def cards(self, snapshot: Snapshot, clients: Sequence[str] | None) -> Iterator[Made]:
        """Cards of the month of a snapshot: of some clients, or of all with the provider's own."""
        for one in self._of(snapshot).compose(self._origin(snapshot), clients):
            yield Made(one.client_id, one.card, one.error)

    def rows(self, snapshot: Snapshot, client_id: str) -> pl.DataFrame:
        """The rows behind the figures of a client."""
        rows = self._of(snapshot).rows
        return rows if client_id == PROVIDER else rows.filter(pl.col("client_id") == client_id)

    def files(self, card: Card, rows: pl.DataFrame) -> Mapping[str, bytes]:
        """The five forms of a card by kind."""
        from opsguard_assets.scorecards.forms.pdf import pdf  # noqa: PLC0415 - only rendering pays for it

        others = _without_paper(card, rows)
        return {"pdf": pdf(card, REGISTRY, others["xlsx"]), **others}

    def disagreements(self, card: Card, rows: pl.DataFrame) -> Sequence[str]:
        """What forms say otherwise than their card, read back: all but the PDF.

        The PDF takes most of the time of a card, and prints what the page shows; `opsguard verify` reads it back.
        """
        return disagreements(card, _without_paper(card, rows))

    def picture(self, card: Card) -> bytes:
        """The first page as a small picture (PNG)."""
        from opsguard_assets.scorecards.forms.pdf import first_page  # noqa: PLC0415 - as above

        return first_page(card, REGISTRY)

    def _of(self, snapshot: Snapshot) -> Cards:
        """What the cards of a snapshot are made of; of the newest one it is kept, since each client asks for it."""
        if snapshot.snapshot_id not in self._read:
            view = self.lake.at(snapshot.versions, snapshot.recorded_upto)
            self._read.clear()
            self._read[snapshot.snapshot_id] = read_cards(
                view, self.database, self.settings, snapshot.month, snapshot.as_of
            )
        return self._read[snapshot.snapshot_id]

    def _origin(self, snapshot: Snapshot) -> Origin:
        champions = Champions(self.database)
        active = {name: champions.active_version(name, snapshot.as_of) for name in PROBLEMS}
        return Origin(
            as_of=snapshot.as_of,
            recorded_upto=snapshot.recorded_upto,
            versions=dict(snapshot.versions),
            models={name: _RULE if found is None else found.version for name, found in active.items()},
            code=self.code,
        )


def _without_paper(card: Card, rows: pl.DataFrame) -> dict[str, bytes]:
    """All forms but the PDF."""
    from opsguard_assets.scorecards.forms.book import book  # noqa: PLC0415 - only rendering pays for it
    from opsguard_assets.scorecards.forms.csv import csv  # noqa: PLC0415
    from opsguard_assets.scorecards.forms.html import html  # noqa: PLC0415
    from opsguard_assets.scorecards.forms.json import json  # noqa: PLC0415

    return {
        "xlsx": book(card, REGISTRY, rows),
        "html": html(card, REGISTRY).encode(),
        "json": json(card),
        "csv": csv(card, REGISTRY),
    }


def maker_of(lake: Lake, database: Database, settings: Settings) -> LakeMaker:
    """The maker of this installation."""
    revision = code_revision(os.environ)
    code = version("opsguard") + (f" ({revision[:12]})" if revision else "")
    return LakeMaker(lake, database, settings, code)
