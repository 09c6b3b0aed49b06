"""Which key figures moved most since the month before, and the rows that moved them.

Here: choosing and ranking. Not here: figures (`kpis.figures`), saying it (`forms`).
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

import polars as pl

from opsguard_assets.scorecards.card.card import Change, Measure
from opsguard_assets.scorecards.kpis.kpi import Kpi
from opsguard_assets.tables.months import month_after

_MOST, _ROWS = 5, 5
# Without bands, a move counts by its share of the figure before.
_UNBANDED: Final = Decimal(10)


def changes(
    measures: Sequence[Measure], rows: pl.DataFrame, sites: Mapping[str, str], kpis: Mapping[str, Kpi]
) -> tuple[Change, ...]:
    """The greatest changes, measured in widths of the warning band, so that percent and minutes can be compared.

    Args:
        measures: Of the client as a whole.
        rows: Rows of `KpiRows` of the months of the measures and of those before.
        sites: Names by identifier.
        kpis: The registry.
    """
    moved = [one for one in measures if one.value is not None and one.before is not None and one.value != one.before]
    first = sorted(moved, key=lambda one: -_size(one, kpis[one.kpi]))[:_MOST]
    return tuple(_change(one, kpis[one.kpi], rows, sites) for one in first)


def _size(measure: Measure, kpi: Kpi) -> Decimal:
    assert measure.value is not None and measure.before is not None  # noqa: S101, PT018 - chosen so
    move = abs(measure.value - measure.before)
    if kpi.band is not None and kpi.band.good != kpi.band.warning:
        return move / abs(kpi.band.good - kpi.band.warning)
    return move * _UNBANDED / max(abs(measure.before), Decimal(1))


def _change(measure: Measure, kpi: Kpi, rows: pl.DataFrame, sites: Mapping[str, str]) -> Change:
    assert measure.value is not None and measure.before is not None  # noqa: S101, PT018 - chosen so
    is_worse = (measure.value < measure.before) == (kpi.is_better == "higher")
    found = _against(rows, measure.kpi, kpi, measure.month if is_worse else month_after(measure.month, -1))
    site = found.drop_nulls("site_id").group_by("site_id").agg(pl.col("_weight").sum()).sort(
        "_weight", "site_id", descending=[True, False]
    )  # fmt: skip
    most = site["site_id"].item(0) if len(site) else None
    names = found.sort("_weight", "entity_id", descending=[True, False]).head(_ROWS).select("entity_type", "entity_id")
    return Change(
        kpi=measure.kpi,
        site=sites.get(most, most) if most is not None else None,
        before=measure.before,
        after=measure.value,
        rows=tuple(f"{kind} {name}" for kind, name in names.iter_rows()),
    )


def _against(rows: pl.DataFrame, name: str, kpi: Kpi, month: date) -> pl.DataFrame:
    """The rows of a month that count against the figure, with how much."""
    own = rows.filter(pl.col("kpi") == name, pl.col("month") == month, pl.col("excluded").is_null())
    if kpi.aggregate == "share":
        lost = pl.col("denominator") - pl.col("numerator") if kpi.is_better == "higher" else pl.col("numerator")
    elif kpi.aggregate == "count":
        lost = pl.col("numerator")
    else:
        lost = -pl.col("measure") if kpi.is_better == "higher" else pl.col("measure")
        # No row is lost or won in a mean: the ones on its worse side pull it there.
        worst = own.drop_nulls("measure").with_columns(_weight=lost)
        return worst.filter(pl.col("_weight") >= pl.col("_weight").mean())
    return own.with_columns(_weight=lost).filter(pl.col("_weight") > 0)
