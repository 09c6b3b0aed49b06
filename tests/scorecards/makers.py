"""A maker of small scorecards, of two real tables in a lake: figures by client, and the rows behind them.

Here: figures that tests write and change. Not here: the maker of the house, which needs months of records.
"""

import json
from decimal import Decimal

import polars as pl

from opsguard_assets.scorecards.card.card import Origin
from opsguard_assets.scorecards.card.digest import canonical
from opsguard_assets.scorecards.kpis.schemas import KPI_ROWS
from opsguard_assets.scorecards.signing.maker import Made
from opsguard_assets.scorecards.signing.snapshots_io import scan
from tests.scorecards.cards import MONTH, card, measure
from tests.scorecards.forms.cards import KPIS

FIGURES, ROWS = "scorecards/kpis", "scorecards/kpi_rows"


class SmallMaker:
    """Makes cards of what lies in a lake."""

    tables = (FIGURES, ROWS)
    kpis = KPIS
    made_by = "test 1"

    def __init__(self, lake, **more):
        self.lake, self.more, self.failing, self.disagreeing = lake, more, set(), set()
        self.pages = {}

    def write(self, **met):
        """Writes what clients have: tickets and which of them were in time."""
        rows = [
            {
                "kpi": "sla_performance", "month": MONTH, "client_id": client, "site_id": "S1", "entity_type": "ticket",
                "entity_id": f"T{number}", "at": None, "numerator": float(was_met), "denominator": 1.0,
                "measure": None, "excluded": None,
            }
            for client, tickets in met.items()
            for number, was_met in enumerate(tickets)
        ]  # fmt: skip
        frame = pl.DataFrame(rows, schema=KPI_ROWS.empty().schema)
        self.lake.replace(ROWS, frame)
        sums = frame.group_by("client_id").agg(pl.col("numerator").sum(), pl.len().alias("denominator"))
        self.lake.replace(FIGURES, sums.sort("client_id"))

    def keep_past(self, month, as_of):
        """It reads nothing of a database."""

    def cards(self, snapshot, clients):
        for client, met, count in scan(self.lake, snapshot, FIGURES).sort("client_id").collect().iter_rows():
            if clients is not None and client not in clients:
                continue
            if client in self.failing:
                yield Made(client, None, "its zone is unknown")
                continue
            value = str(round(Decimal(100) * Decimal(met) / count, 6))
            one = measure(value=value, numerator=Decimal(met), denominator=Decimal(count))
            origin = Origin(
                as_of=snapshot.as_of,
                recorded_upto=snapshot.recorded_upto,
                versions=dict(snapshot.versions),
                models={},
                code=self.made_by,
            )
            given = {"measures": (one,), "sites": (), "origin": origin, **self.more}
            yield Made(client, card(client, **given))

    def rows(self, snapshot, client_id):
        found = scan(self.lake, snapshot, ROWS)
        return found.filter(pl.col("client_id") == client_id).collect()

    def disagreements(self, card, rows):
        wrong = rows.height and card.client_id in self.disagreeing
        return [f"csv says 1 for {card.measures[0].kpi}"] if wrong else []

    def picture(self, card):
        return b"\x89PNG " + canonical(card)[:20]

    def files(self, card, rows):
        seal = json.dumps(card.seal and card.seal.model_dump(mode="json"), sort_keys=True).encode()
        content = canonical(card) + seal + self.made_by.encode() + str(rows.height).encode()
        return {"pdf": b"%PDF " + content, "xlsx": b"PK " + content, **self.pages}
