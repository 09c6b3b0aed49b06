"""A card whose figures are made of rows, by arithmetic of its own: exact fractions, one figure at a time."""

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from statistics import median

import polars as pl

from opsguard_assets.scorecards.card.card import Excluded, SiteFigures
from opsguard_assets.scorecards.kpis.schemas import KpiRows
from tests.scorecards.forms import cards
from tests.scorecards.forms.cards import HOSTILE, KPIS, MONTH

D = Decimal
SITES = {"=S-1": "Harbour", "007": f"Old Town {HOSTILE}", "*": "漢字 \u0634\u0631\u0643\u0629"}
# Key figure, rows by how many, every how many-th is not counted, what the numerator of a row is.
_MADE = (
    ("sla_performance", 27, 9, lambda n: n % 7 != 0),
    ("attendance_compliance", 40, 0, lambda n: n % 3 != 0),
    ("tour_coverage", 12, 0, lambda n: n % 5),
    ("work_order_backlog", 31, 0, lambda n: n % 2),
    ("helpdesk_sentiment", 21, 4, lambda _: 0),
    ("incident_response", 12, 5, lambda _: 0),
    ("geofence_violations", 8, 0, lambda n: n == 3),
)


def rows(client="C-1"):
    """`KpiRows` of the month; the last row of each figure belongs to no site."""
    made = []
    sites = list(SITES)
    start = datetime(2026, 10, 24, 22, 30, tzinfo=UTC)
    for kpi, number, every, numerator in _MADE:
        for n in range(number):
            is_left_out = bool(every) and n % every == 1
            row = {
                "kpi": kpi, "month": MONTH, "client_id": client, "site_id": None if n == number - 1 else sites[n % 3],
                "entity_type": "ticket", "entity_id": f"=T-{n}" if n else HOSTILE, "at": start + timedelta(hours=n),
                "numerator": float(numerator(n)), "denominator": 5.0 if kpi == "tour_coverage" else 1.0,
                "measure": (n * 37 % 23) / 7 - 0.5 if kpi in ("helpdesk_sentiment", "incident_response") else None,
                "excluded": "cancelled" if is_left_out else None,
            }  # fmt: skip
            made.append(row | ({"numerator": 0.0, "denominator": 0.0} if is_left_out else {}))
    return pl.DataFrame(made, schema=KpiRows.create_empty().schema)


def figure(kpi, own, per=None):
    """A figure of rows, rounded half up to six digits."""
    counted = own.filter(pl.col("excluded").is_null())
    above, below = (sum(map(Fraction, counted[name])) for name in ("numerator", "denominator"))
    measured = [Fraction(value) for value in counted["measure"].drop_nulls()]
    exact = {
        "share": lambda: 100 * above / below,
        "count": lambda: per * above / below if per else above,
        "mean": lambda: sum(measured) / len(measured),
        "median": lambda: median(measured),
    }[KPIS[kpi].aggregate]()
    value = (D(exact.numerator) / D(exact.denominator)).quantize(D("0.000001"), rounding=ROUND_HALF_UP)
    of_rows = KPIS[kpi].aggregate in ("mean", "median")
    left_out = own.height - counted.height
    return cards.measure(
        kpi, value, D(float(above)), D(len(measured) if of_rows else float(below)), per=per, band="good", target=D(95),
        excluded=(Excluded(reason="cancelled", rows=left_out),) if left_out else (),
        data_through=datetime(2026, 11, 1, 2, tzinfo=UTC), trend=(None,) * 10 + (value, value),
    )  # fmt: skip


def card(made=None, **more):
    """The card of rows, with one figure of which there are no data."""
    made = rows() if made is None else made
    names = list(dict.fromkeys(made["kpi"]))
    per = {"work_order_backlog": 100}
    measures = [figure(name, made.filter(pl.col("kpi") == name), per.get(name)) for name in names]
    sites = [
        SiteFigures(
            site_id=site, name=name,
            measures=tuple(
                figure(kpi, made.filter(pl.col("kpi") == kpi, pl.col("site_id") == site), per.get(kpi))
                for kpi in names
            ),
        )
        for site, name in SITES.items()
    ]  # fmt: skip
    missing = cards.measure("auto_resolution", None, missing="none")
    return cards.card(measures=(*measures, missing), sites=tuple(sites), **more)


def foreign():
    """Rows that are no part of the card: of another client, and of another month."""
    other = rows(client="C-2")
    return pl.concat([other, rows().with_columns(month=pl.lit(date(2026, 9, 1)))])
