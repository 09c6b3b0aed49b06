"""The sheet of rows: each ticket, shift or device's day that a figure counts, with typed cells.

Here: which rows, in which order, and writing them. Not here: formulas over them (`book_formulas`).

A sheet holds 1,048,576 rows; what does not fit goes on in the next sheet of rows, and formulas go over all of them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from opsguard_assets.scorecards.card.card import Card
from opsguard_assets.scorecards.forms.book_cells import Column, Look, Sheet
from opsguard_assets.scorecards.forms.book_formulas import NAMED, range_name
from opsguard_assets.scorecards.forms.figures import Kpis
from opsguard_assets.scorecards.forms.language import plain
from opsguard_assets.scorecards.forms.terms import REASONS, term
from opsguard_assets.scorecards.kpis.kpi import Kpi

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

# How many rows of a sheet are left below its head.
LIMIT: Final = 1_048_575
# The columns, in order, that formulas read.
_PLACES: Final = {"kpi": 1, "site": 3, "numerator": 8, "denominator": 9, "measure": 10, "counted": 11}
# What a cell shows of a received identifier.
_LONGEST: Final = 255


def placed(card: Card, kpis: Kpis, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of the card's figures, in their order: of its client and of the month of each figure.

    Args:
        card: The card.
        kpis: The registry.
        rows: `KpiRows` of any clients and months.

    Returns:
        Columns of `KpiRows`; `site`, the number of the site on the card (null for others); `counted`, 1 or 0; `local`,
        `at` in the zone of the client.
    """
    figures = [(one.kpi, one.month, place) for place, one in enumerate(card.measures) if one.kpi in kpis]
    schema = {"kpi": pl.String, "month": pl.Date, "place": pl.Int64}
    own = rows if card.client_id is None else rows.filter(pl.col("client_id") == card.client_id)
    sites = {site.site_id: number for number, site in enumerate(card.sites, start=1)}
    return (
        own.join(pl.DataFrame(figures, schema=schema, orient="row"), on=["kpi", "month"])
        .with_columns(
            site=pl.col("site_id").replace_strict(sites, default=None, return_dtype=pl.Int64),
            counted=pl.col("excluded").is_null().cast(pl.Int64),
            local=pl.col("at").dt.convert_time_zone(card.timezone).dt.replace_time_zone(None),
            at=pl.col("at").dt.convert_time_zone("UTC").dt.replace_time_zone(None),
        )
        .sort("place", "at", "client_id", "entity_type", "entity_id", nulls_last=True)
    )


@dataclass(frozen=True)
class Sums:
    """Sums over the rows that are counted, and how many these are."""

    numerator: float = 0
    denominator: float = 0
    measure: float = 0
    counted: int = 0

    def above(self, kpi: Kpi) -> float:
        """What stands above the line of a figure (`book_formulas.numerator`)."""
        return self.measure if kpi.aggregate == "mean" else self.numerator

    def below(self, kpi: Kpi) -> float:
        """What stands below it (`book_formulas.basis`)."""
        return self.counted if kpi.aggregate in ("mean", "median") else self.denominator


def sums(rows: pl.DataFrame) -> dict[tuple[str, int | None], Sums]:
    """Sums by key figure and number of the site; None: of the client as a whole.

    Args:
        rows: As `placed` returns.
    """
    counted = rows.filter(pl.col("counted") == 1)
    both = pl.concat([counted.with_columns(site=pl.lit(None, pl.Int64)), counted.drop_nulls("site")])
    found = both.group_by("kpi", "site").agg(pl.col("numerator", "denominator", "measure", "counted").sum())
    return {(name, site): Sums(*values) for name, site, *values in found.iter_rows()}


def write_rows(look: Look, rows: pl.DataFrame, card: Card, kpis: Kpis, *, limit: int, foot: str) -> int:
    """Writes rows to as many sheets as they need, and gives their columns names.

    Args:
        look: The formats.
        rows: As `placed` returns.
        card: The card.
        kpis: The registry.
        limit: How many rows a sheet takes.
        foot: What stands at the foot of each page.

    Returns:
        How many sheets there are, one at least.
    """
    parts = [rows.slice(start, limit) for start in range(0, rows.height, limit)] or [rows]
    for number, part in enumerate(parts):
        title = look.speaker.say("Rows") if not number else look.speaker.say("Rows {number}", number=number + 1)
        sheet = look.workbook.add_worksheet(title)
        kept = Sheet(look, sheet, _columns(card, look))
        kept.head()
        _write(look, sheet, part, card, kpis)
        kept.row = part.height + 1
        for name in NAMED:
            column = chr(ord("A") + _PLACES[name])
            where = f"='{title}'!${column}$2:${column}${max(part.height, 1) + 1}"
            look.workbook.define_name(range_name(name, number), where)
        kept.close(foot=foot)
    return len(parts)


def _columns(card: Card, look: Look) -> list[Column]:
    say = look.speaker.say
    return [
        Column(say("Key figure"), 26),
        Column(say("Code"), 20),
        Column(say("Site"), 24),
        Column(say("Number of the site"), 13),
        Column(say("Kind"), 12),
        Column(say("Identifier"), 26),
        Column(say("At (UTC)"), 17),
        Column(say("At ({zone})", zone=card.timezone), 17),
        Column(say("Numerator"), 12, is_number=True),
        Column(say("Denominator"), 12, is_number=True),
        Column(say("Measured"), 12, is_number=True),
        Column(say("Counted"), 9),
        Column(say("Why not counted"), 26),
    ]


def _write(look: Look, sheet: "Worksheet", rows: pl.DataFrame, card: Card, kpis: Kpis) -> None:
    names = {site.site_id: site.name for site in card.sites}
    labels = {name: look.speaker.say(kpi.label) for name, kpi in kpis.items()}
    reasons = {one: term(look.speaker.words, REASONS, one) for one in _unique(rows, "excluded")}
    sites = {one: plain(names.get(one, one), _LONGEST) for one in _unique(rows, "site_id")}
    kinds = {one: plain(one) for one in _unique(rows, "entity_type")}
    _texts(sheet, 0, (labels[name] for name in rows["kpi"]), look.of(align="left", indent=1))
    _texts(sheet, 1, rows["kpi"], look.of(align="left", indent=1))
    _texts(sheet, 2, (sites.get(one) for one in rows["site_id"]), look.of(align="left", indent=1))
    _numbers(sheet, 3, rows["site"], look.of(align="center"))
    _texts(sheet, 4, (kinds[one] for one in rows["entity_type"]), look.of(align="left", indent=1))
    _texts(sheet, 5, (plain(one, _LONGEST) for one in rows["entity_id"]), look.of(align="left", indent=1))
    for place, name in ((6, "at"), (7, "local")):
        for row, at in enumerate(rows[name], start=1):
            if at is not None:
                sheet.write_datetime(row, place, at, look.instant)
    for name in ("numerator", "denominator", "measure", "counted"):
        _numbers(sheet, _PLACES[name], rows[name], look.of(align="center") if name == "counted" else None)
    _texts(sheet, 12, (reasons.get(one) for one in rows["excluded"]), look.of(align="left", indent=1))


def _unique(rows: pl.DataFrame, column: str) -> Sequence[str]:
    return rows[column].drop_nulls().unique().to_list()


def _texts(sheet: "Worksheet", place: int, texts: Iterable[str | None], look: "Format | None" = None) -> None:
    for row, text in enumerate(texts, start=1):
        if text:
            sheet.write_string(row, place, text, look)


def _numbers(sheet: "Worksheet", place: int, numbers: Iterable[Any], look: "Format | None" = None) -> None:
    for row, number in enumerate(numbers, start=1):
        if number is not None:
            sheet.write_number(row, place, number, look)
