"""The card of a client and month, of tables.

Here: from figures, rows and names to the value that is signed. Not here: reading (`io`), what moved (`changes`), words.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl

from opsguard_assets.scorecards.card.card import (
    Card,
    Excluded,
    Language,
    Measure,
    Origin,
    Predicted,
    Risk,
    Shadow,
    SiteFigures,
    Value,
    Vendor,
)
from opsguard_assets.scorecards.card.changes import changes
from opsguard_assets.scorecards.card.returns import returned
from opsguard_assets.scorecards.kpis.figures import cluster
from opsguard_assets.scorecards.kpis.kpi import Kpi
from opsguard_assets.tables.months import month_after

Clusters = Mapping[tuple[str, date, str | None], int]
_DIGITS, _YEAR = 6, 12


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Whose card it is.

    Attributes:
        client_id: The client; None for the provider.
        sections: The sections of the card that its plan holds; None: all.
    """

    client_id: str | None
    name: str
    timezone: str
    currency: str
    language: Language
    locale: str
    plan: str | None = None
    features: tuple[str, ...] = ()
    sections: frozenset[str] | None = None
    price: Decimal | None = None
    price_currency: str | None = None


@dataclass(frozen=True, kw_only=True)
class Material:
    """What a card is made of, all of one client.

    Attributes:
        figures: Rows of `Kpis`, of the month and those before it.
        rows: Rows of `KpiRows`, of the month and the one before it.
        value: Rows of `ValueDelivered` of the month.
        sites: Names by identifier.
        likely: What is likely to go wrong next.
        shadow: What greater plans would have delivered.
        predictions: How good predictions were.
        vendors: Of the provider's card only.
        per: Of figures that are counts per so many: how many.
    """

    figures: pl.DataFrame
    rows: pl.DataFrame
    value: pl.DataFrame
    sites: Mapping[str, str] = field(default_factory=dict)
    likely: Sequence[Risk] = ()
    shadow: Sequence[Shadow] = ()
    predictions: Sequence[Predicted] = ()
    vendors: Sequence[Vendor] = ()
    per: Mapping[str, int] = field(default_factory=dict)


def compose(reader: Reader, month: date, material: Material, kpis: Mapping[str, Kpi], origin: Origin) -> Card:
    """The card.

    Args:
        reader: Whose it is.
        month: The first day of its month.
        material: What it is made of.
        kpis: The registry, in the order of the card.
        origin: Of which versions the material is.
    """
    held = {name: kpi for name, kpi in kpis.items() if reader.sections is None or kpi.section in reader.sections}
    clusters = _clusters(material.rows, held)
    whole = _measures(material.figures.filter(pl.col("site_id").is_null()), month, held, material.per, clusters)
    value = tuple(_values(material.value))
    price = None if reader.price is None else reader.price.normalize() + 0
    dated = [one.data_through for one in whole if one.data_through is not None]
    return Card(
        client_id=reader.client_id,
        client_name=reader.name,
        month=month,
        timezone=reader.timezone,
        language=reader.language,
        locale=reader.locale,
        currency=reader.currency,
        data_through=min(dated, default=None),
        is_provisional=any(one.is_provisional for one in whole),
        plan=reader.plan,
        features=reader.features,
        price=price,
        price_currency=None if price is None else reader.price_currency,
        returns=returned(value, month, price, reader.currency, reader.price_currency) if value else None,
        origin=origin,
        measures=whole,
        sites=_sites(material, month, held, clusters),
        value=value,
        likely=tuple(material.likely),
        changes=changes(whole, material.rows, material.sites, held),
        shadow=tuple(material.shadow),
        predictions=tuple(material.predictions),
        vendors=tuple(material.vendors),
    )


def decimal(value: float | None) -> Decimal | None:
    """A figure as a card holds it: six digits behind the point at most, no negative zero, as short as it can be.

    Ten and its multiples stay in plain notation.
    """
    if value is None:
        return None
    # By the shortest text of the double: its exact value has dozens of digits. Adding 0 takes the sign of a zero.
    rounded = Decimal(repr(round(value, _DIGITS))) + 0
    return rounded.quantize(Decimal(1)) if rounded == rounded.to_integral_value() else rounded.normalize()


def known(value: float) -> Decimal:
    """A figure that there always is, as a card holds it."""
    return decimal(value) or Decimal(0)


def _clusters(rows: pl.DataFrame, kpis: Mapping[str, Kpi]) -> Clusters:
    """How many clusters there are by key figure, month and site (None: all of them), where rows hang together."""
    wanted = [name for name, kpi in kpis.items() if kpi.clusters is not None]
    own = rows.filter(pl.col("kpi").is_in(wanted), pl.col("excluded").is_null())
    both = pl.concat([own.with_columns(site_id=pl.lit(None, pl.String)), own.drop_nulls("site_id")])
    counted = both.group_by("kpi", "month", "site_id").agg(cluster().n_unique())
    return {(kpi, month, site): number for kpi, month, site, number in counted.iter_rows()}


def _measures(
    figures: pl.DataFrame, month: date, kpis: Mapping[str, Kpi], per: Mapping[str, int], clusters: Clusters
) -> tuple[Measure, ...]:
    """The measures of a client, or of one of its sites, in the order of the registry."""
    found = {(row["kpi"], row["month"]): row for row in figures.iter_rows(named=True)}
    own = ((name, month_after(month, -kpi.months_late)) for name, kpi in kpis.items())
    return tuple(_measure(found, (name, at), per.get(name), clusters) for name, at in own if (name, at) in found)


def _measure(
    found: Mapping[tuple[str, date], Mapping[str, Any]], of: tuple[str, date], per: int | None, clusters: Clusters
) -> Measure:
    row, (name, month) = found[of], of
    trend = [found.get((name, month_after(month, -back)), {}).get("value") for back in range(_YEAR, -1, -1)]
    return measure_of(row, per, trend, clusters.get((name, month, row["site_id"])))


def measure_of(
    row: Mapping[str, Any], per: int | None, trend: Sequence[float | None], clusters: int | None = None
) -> Measure:
    """A measure of a row of `Kpis`.

    Args:
        row: The row.
        per: Of a count: per how many.
        trend: Values of the same month a year before and of all up to its own one; may be shorter.
        clusters: How many clusters its rows hang together by; None where they do not.
    """
    return Measure(
        kpi=row["kpi"],
        month=row["month"],
        value=decimal(row["value"]),
        numerator=known(row["numerator"]),
        denominator=known(row["denominator"]),
        clusters=clusters,
        per=per,
        low=decimal(row["low"]),
        high=decimal(row["high"]),
        band=row["band"],
        target=decimal(row["target"]),
        before=decimal(trend[-2]) if len(trend) > 1 else None,
        year_before=decimal(trend[0]) if len(trend) > _YEAR else None,
        trend=tuple(decimal(each) for each in trend[-_YEAR:]),
        excluded=tuple(Excluded(**each) for each in row["excluded"]),
        missing=row["missing"],
        data_through=row["data_through"],
        is_provisional=row["is_provisional"],
    )


def _sites(material: Material, month: date, kpis: Mapping[str, Kpi], clusters: Clusters) -> tuple[SiteFigures, ...]:
    """The sites that have a figure in the month, by name."""
    at_sites = material.figures.drop_nulls("site_id").sort("site_id")
    parts = ((site, part) for (site,), part in at_sites.group_by("site_id", maintain_order=True))
    figures = ((str(site), _measures(part, month, kpis, material.per, clusters)) for site, part in parts)
    named = [
        SiteFigures(site_id=site, name=material.sites.get(site, site), measures=measures)
        for site, measures in figures
        if measures
    ]
    return tuple(sorted(named, key=lambda each: (each.name, each.site_id)))


def _values(rows: pl.DataFrame) -> Iterable[Value]:
    """What acting was worth; the monthly mean is over the months of the window with data."""
    for row in rows.iter_rows(named=True):
        count, months = row["count"], row["months"]
        yield Value(
            item=row["item"],
            method=row["method"],
            window_starts=row["window_starts"],
            count=decimal(count),
            low=decimal(row["low"]),
            high=decimal(row["high"]),
            monthly=decimal(count / months) if count is not None and months else None,
            held_back=row["held_back"],
            needed=row["needed"],
            unit_value=decimal(row["unit_value"]),
            money=decimal(row["money"]),
            provider_low=decimal(row["provider_low"]),
            provider_high=decimal(row["provider_high"]),
            announced=row["announced"],
            happened=row["happened"],
            expected=decimal(row["expected"]),
            checked_on=row["checked_on"],
        )
