"""A card is composed of figures, rows and names: each measure beside its past, the greatest changes with their rows."""

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest

from opsguard_assets.scorecards.card.card import Origin
from opsguard_assets.scorecards.card.compose import Material, Reader, compose, decimal
from opsguard_assets.scorecards.card.digest import canonical, parsed
from opsguard_assets.scorecards.kpis.kpi import Band, Kpi
from opsguard_assets.scorecards.kpis.schemas import KPI_ROWS, KPIS
from opsguard_assets.scorecards.value.schemas import VALUE_DELIVERED
from opsguard_assets.tables.months import month_after

MONTH = date(2026, 10, 1)
AT = datetime(2026, 11, 2, 3, tzinfo=UTC)
ORIGIN = Origin(as_of=AT, recorded_upto=AT, versions={"scorecards/kpis": 3}, models={}, code="1")
TEXTS = dict.fromkeys(("formula", "population", "membership", "exclusions", "no_data", "source"), "")


def kpi(name, *, section="operations", better="higher", aggregate="share", late=0, band=(95, 85), clusters=None):
    good, warning = map(Decimal, band)
    return Kpi(
        name=name, label=name, unit="percent", aggregate=aggregate, is_better=better, section=section,
        band=Band(good=good, warning=warning), feeds=(), watermarks=(), months_late=late, clusters=clusters,
        rows=lambda *_: pl.LazyFrame(),
        **TEXTS,
    )  # fmt: skip


REGISTRY = {
    each.name: each
    for each in (
        kpi("sla"),
        kpi("tours", section="shifts"),
        kpi("fix", late=1),
        kpi("uptime", section="devices", clusters="device"),
        kpi("backlog", aggregate="count", better="lower", band=(10, 25)),
    )
}


def figure(name, back, value, site=None, **more):
    row = {
        "month": month_after(MONTH, -back), "client_id": "a", "site_id": site, "kpi": name, "value": value,
        "numerator": 1.0, "denominator": 2.0, "unit": "percent", "band": "good", "target": 95.0, "excluded": [],
        "data_through": AT, "is_provisional": False, "recorded_upto": AT, **more,
    }  # fmt: skip
    return {name: row.get(name) for name in KPIS.columns}


def row(name, entity, back=0, site="s1", numerator=0.0, denominator=1.0, excluded=None):
    values = (name, month_after(MONTH, -back), "a", site, "ticket", entity, AT, numerator, denominator, None, excluded)
    return dict(zip(KPI_ROWS.columns, values, strict=True))


def composed(figures, rows=(), sections=None):
    reader = Reader(
        client_id="a", name="Acme", timezone="UTC", currency="USD", language="en", locale="en_US",
        sections=sections,
    )  # fmt: skip
    material = Material(
        figures=pl.DataFrame(figures, schema=KPIS.dtypes),
        rows=pl.DataFrame(list(rows), schema=KPI_ROWS.dtypes),
        value=VALUE_DELIVERED.empty(),
        sites={"s1": "Harbour", "s2": "Airport"},
    )
    return compose(reader, MONTH, material, REGISTRY, ORIGIN)


def test_a_measure_stands_beside_the_month_before_the_year_before_and_twelve_months():
    card = composed([figure("sla", back, 90.0 + back) for back in range(13)])
    (sla,) = card.measures
    assert (sla.value, sla.before, sla.year_before) == (90, 91, 102)
    assert sla.trend == tuple(Decimal(90 + back) for back in range(11, -1, -1))


def test_a_figure_that_is_complete_later_is_that_of_the_month_before():
    card = composed([figure("fix", back, 50.0 + back) for back in range(3)])
    assert (card.measures[0].month, card.measures[0].value, card.measures[0].before) == (date(2026, 9, 1), 51, 52)


def test_no_data_is_not_zero():
    card = composed([figure("sla", 0, None, missing="nothing", band=None), figure("sla", 1, 0.0)])
    assert (card.measures[0].value, card.measures[0].missing, card.measures[0].before) == (None, "nothing", 0)


def test_measures_have_the_order_of_the_registry_and_the_sections_of_the_plan():
    figures = [figure(name, 0, 1.0) for name in ("backlog", "tours", "sla")]
    assert [one.kpi for one in composed(figures).measures] == ["sla", "tours", "backlog"]
    bronze = composed(figures, sections=frozenset({"operations"}))
    assert [one.kpi for one in bronze.measures] == ["sla", "backlog"]


def test_a_figure_whose_rows_hang_together_says_of_how_many_things_it_is():
    days = [row("uptime", f"D {n} 2026-10-{day:02}", site=f"s{n % 2 + 1}") for n in range(3) for day in (1, 2)]
    days += [row("uptime", "D 9 -", excluded="no_interval"), row("uptime", "D 8 2026-09-30", back=1)]
    card = composed([figure("uptime", 0, 50.0), *(figure("uptime", 0, 50.0, site) for site in ("s1", "s2"))], days)
    assert card.measures[0].clusters == 3
    assert {site.name: site.measures[0].clusters for site in card.sites} == {"Harbour": 2, "Airport": 1}
    assert composed([figure("sla", 0, 50.0)], [row("sla", "T1")]).measures[0].clusters is None


def test_sites_stand_by_their_names():
    card = composed([figure("sla", 0, 1.0, site) for site in ("s1", "s2", "s3")])
    assert [each.name for each in card.sites] == ["Airport", "Harbour", "s3"]


def test_the_greatest_change_comes_first_in_widths_of_its_band_with_the_rows_that_made_it():
    figures = [figure("sla", 0, 90.0), figure("sla", 1, 95.0), figure("backlog", 0, 40.0), figure("backlog", 1, 10.0)]
    rows = [
        row("sla", "T1", site="s2"),
        row("sla", "T2", numerator=1.0),
        row("sla", "T3", excluded="cancelled", denominator=0.0),
        row("sla", "T4", back=1),
        row("backlog", "W1", numerator=1.0),
    ]
    first, second = composed(figures, rows).changes
    assert (first.kpi, first.rows, first.site) == ("backlog", ("ticket W1",), "Harbour")
    assert (second.kpi, second.rows, second.site) == ("sla", ("ticket T1",), "Airport")


def test_an_improvement_names_the_rows_that_are_gone():
    figures = [figure("sla", 0, 95.0), figure("sla", 1, 90.0)]
    (change,) = composed(figures, [row("sla", "T1"), row("sla", "T4", back=1)]).changes
    assert change.rows == ("ticket T4",)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (100.0, "100"),
        (-0.0, "0"),
        (93.4567891, "93.456789"),
        (1e-6, "0.000001"),
        (1_200_000.0, "1200000"),
        (0.5, "0.5"),
    ],
)
def test_a_figure_has_one_way_to_be_written(value, text):
    assert str(decimal(value)) == text


def test_a_card_reads_back_as_it_was_written():
    card = composed([figure("sla", 0, 1 / 3)], [row("sla", "T1")])
    assert parsed(canonical(card)) == card
