"""Small cards of tests."""

from datetime import UTC, date, datetime
from decimal import Decimal

from opsguard_assets.scorecards.card.card import Card, Measure, Origin, SiteFigures
from opsguard_assets.scorecards.card.digest import canonical, digest
from opsguard_assets.scorecards.signing.rules import Kept

MONTH = date(2026, 10, 1)
AS_OF = datetime(2026, 11, 1, 2, tzinfo=UTC)


def measure(kpi="sla_performance", value="93.45", **more):
    """A key figure of the month."""
    figure = None if value is None else Decimal(value)
    given = {"numerator": Decimal(86), "denominator": Decimal(92), "unit": "percent", "band": "good"}
    given = {name: each for name, each in given.items() if name in Measure.model_fields}
    return Measure(kpi=kpi, month=MONTH, value=figure, **(given | more))


def card(client="C1", **more):
    """The scorecard of a client."""
    given = {
        "client_id": client, "client_name": f"Client {client}", "month": MONTH, "timezone": "Europe/Berlin",
        "currency": "EUR", "data_through": AS_OF, "is_provisional": False, "plan": "gold",
        "features": ("scorecard",),
        "origin": Origin(as_of=AS_OF, recorded_upto=AS_OF, versions={"scorecards/kpis": 3}, models={}, code="1"),
        "measures": (measure(), measure("security_events", "4", band=None)),
        "sites": (SiteFigures(site_id="S1", name="Harbour", measures=(measure(),)),),
    }  # fmt: skip
    return Card(**(given | more))


def kept(given, **more):
    """A scorecard as the database keeps it."""
    figures = canonical(given).decode()
    row = {
        "client_id": given.client_id or "", "month": given.month, "number": given.number, "status": "draft",
        "sent_unsigned": False, "figures": figures, "digest": digest(figures.encode()), "snapshot_id": 1,
        "reason": given.reason, "created_at": AS_OF, "created_by": "job", "reviewed_at": None, "reviewed_by": None,
        "signed_at": None, "signed_by": None, "sent_at": None, "sent_by": None, "send_note": None, "link": None,
    }  # fmt: skip
    return Kept.of(row | more)
