"""The finance page: one self-contained HTML file without scripts. Not here: figures, pictures, the workbook.

Everything that comes from outside goes through the autoescape of the template; pictures escape their own words.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import dataframely as dy
import polars as pl
from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from opsguard_assets.finance.pages.plots import adoption_plot, cohorts_plot, movements_plot, sensitivity_plot
from opsguard_assets.finance.projection.scenarios import Scenario, rows_of
from opsguard_assets.finance.revenue.schemas import (
    Adoption,
    Announced,
    Arr,
    ChurnRisk,
    Cohorts,
    Mrr,
    PlanRevenue,
    Reconciliation,
    UpgradeCandidates,
)

_MOST = 50
# Control and bidirectional characters show other words than there are.
_HIDDEN = re.compile("[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


@dataclass(frozen=True)
class Shown:
    """What the page shows.

    Attributes:
        as_of: By what was known then.
        zone: The zone of months.
        currency: Of all money.
        month: The month that is not over yet.
        months: Rows of `schemas.Arr`.
        cohorts: Of `movements.cohorts`.
        plans: Of `movements.by_plan`, of the last whole month.
        moved: Rows of `schemas.Mrr` of the last whole month that moved.
        adoption: Rows of `schemas.Adoption`.
        risks: Rows of `schemas.ChurnRisk`.
        upgrades: Rows of `schemas.UpgradeCandidates`.
        coming: What is announced to end.
        unplanned: Clients that are served and of whom no plan is known, so that they pay nothing.
        invoices: Reconciliation of the newest invoices, and their month.
        add_ons: Prices beside plans.
        scenarios: Scenarios of ARR.
        examples: Returns by inputs.
        measured: Returns by what was measured.
        names: Clients' names by their identifier.
    """

    as_of: datetime
    zone: str
    currency: str
    month: date
    months: dy.DataFrame[Arr]
    cohorts: dy.DataFrame[Cohorts]
    plans: dy.DataFrame[PlanRevenue]
    moved: dy.DataFrame[Mrr]
    adoption: dy.DataFrame[Adoption]
    risks: dy.DataFrame[ChurnRisk]
    upgrades: dy.DataFrame[UpgradeCandidates]
    coming: dy.DataFrame[Announced]
    unplanned: Sequence[str]
    invoices: tuple[date, dy.DataFrame[Reconciliation]]
    add_ons: Sequence[Mapping[str, Any]]
    scenarios: Sequence[Scenario]
    examples: Sequence[Mapping[str, Any]]
    measured: Sequence[Mapping[str, Any]]
    names: Mapping[str, str]


def finance_page(shown: Shown) -> str:
    """The page as HTML."""
    whole = shown.months.filter(~pl.col("is_provisional"))
    last = whole.tail(1).to_dicts()
    used = shown.adoption.filter(pl.col("month") < shown.month)
    before = used["month"].max()
    picked = before if isinstance(before, date) else shown.month
    environment = Environment(loader=PackageLoader("templates", ""), autoescape=True, trim_blocks=True)
    environment.filters |= {"money": _money, "share": _share, "said": said, "number": number}
    return environment.get_template("finance.html.j2").render(
        as_of=f"{shown.as_of:%Y-%m-%d %H:%M}",
        zone=shown.zone,
        currency=shown.currency,
        headline=headline(last[0] if last else None, shown.currency),
        last=last[0] if last else None,
        months=shown.months.sort("month", descending=True).head(13).to_dicts(),
        movements=_picture(movements_plot(shown.months)),
        cohorts=_picture(cohorts_plot(shown.cohorts)),
        adoption=_picture(adoption_plot(shown.adoption, picked)),
        sensitivity=[_picture(sensitivity_plot(each)) for each in shown.scenarios[:3]],
        plans=shown.plans.to_dicts(),
        moved=_named(shown.moved, shown.names),
        risks=_named(shown.risks, shown.names),
        upgrades=_named(shown.upgrades, shown.names),
        coming=_named(shown.coming, shown.names),
        unplanned=[shown.names.get(each) or each for each in shown.unplanned],
        invoice_month=shown.invoices[0],
        invoice_total=shown.invoices[1]["invoiced"].sum(),
        invoices=_named(shown.invoices[1], shown.names),
        open=shown.invoices[1].filter(pl.col("open") != 0).height,
        add_ons=shown.add_ons,
        scenarios=rows_of(shown.scenarios),
        examples=shown.examples,
        measured=shown.measured,
        most=_MOST,
    )


def headline(last: Mapping[str, Any] | None, currency: str) -> str:
    """A month (a row of `schemas.Arr`) in one sentence; None: none is over yet."""
    if last is None:
        return "No month is over yet since the first client became known."
    kept = last["net_retention"]
    words = "" if kept is None else f"; of the revenue it began with, {kept:.1%} is still paid"
    more, clients = last["end"] - last["start"], "client" if last["clients"] == 1 else "clients"
    moved = "as much as the month before" if not more else f"{_money(abs(more))} {'more' if more > 0 else 'less'}"
    verb = "stands" if last["is_provisional"] else "ended"
    return (
        f"{last['month']:%B %Y} {verb} at {_money(last['end'])} {currency} a month from {last['clients']:,} {clients}, "
        f"{moved}{words}."
    )


def said(value: object) -> str:
    """A text without characters that hide or turn what it says."""
    return _HIDDEN.sub("", unicodedata.normalize("NFC", str(value)))[:200]


def number(value: Decimal | int) -> str:
    """A number that is no money: 1,200 or 2.5."""
    return f"{Decimal(value).normalize():,f}"


def _money(value: Decimal | None) -> str:
    return "" if value is None else f"{value:,.2f}"


def _share(value: float | None) -> str:
    return "no data" if value is None else f"{value:.1%}"


def _named(rows: pl.DataFrame, names: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{**row, "name": names.get(row["client_id"]) or row["client_id"]} for row in rows.to_dicts()]


def _picture(svg: bytes) -> Markup:
    return Markup(svg.decode())  # noqa: S704 - pictures escape their words themselves
