"""The scorecard as an Excel workbook whose figures recompute from its rows, the same bytes for the same card.

Here: its sheets, in memory. Not here: cells and formulas (`book_cells`, `book_formulas`), the sheet of rows
(`book_rows`), definitions and origin (`book_about`).

A figure is a formula over the rows, with the value of the card beside it as what the last computation gave: previews
of mail and programs that compute nothing show that one. Everything that is received is written as text: no formula, no
link and no number is made of it.
"""

import gc
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from typing import Final

import polars as pl

from opsguard_assets.scorecards.card.card import Card, Measure
from opsguard_assets.scorecards.forms import figures, sentences
from opsguard_assets.scorecards.forms.book_about import UNITS, write_about, write_definitions
from opsguard_assets.scorecards.forms.book_cells import OPTIONS, Column, Look, Sheet
from opsguard_assets.scorecards.forms.book_formulas import Ranges, basis, numerator, value
from opsguard_assets.scorecards.forms.book_rows import LIMIT, Sums, placed, sums, write_rows
from opsguard_assets.scorecards.forms.figures import Kpis
from opsguard_assets.scorecards.forms.headline import headline
from opsguard_assets.scorecards.forms.language import plain
from opsguard_assets.scorecards.forms.seal import marks, standing
from opsguard_assets.scorecards.forms.spoken import Speaker, speaker
from opsguard_assets.scorecards.forms.terms import ITEMS, METHODS, NO_DATA, term
from opsguard_assets.scorecards.kpis.kpi import Kpi

# Places of cells of a figure that its formulas refer to, from its first one on.
_ABOVE, _BELOW, _CODE = 0, 1, 5
_TREND: Final = 12
_WORTH: Final = 11  # the column of money on the sheet of values
# A point stands behind a whole number in a format that has digits for the rest, so whole numbers have none.
COUNTS: Final = "General"


@dataclass(frozen=True)
class Behind:
    """The rows that figures are made of: on so many sheets, and their sums by key figure and number of a site."""

    sheets: int
    sums: Mapping[tuple[str, int | None], Sums]


def book(card: Card, kpis: Kpis, rows: pl.DataFrame, *, limit: int = LIMIT) -> bytes:
    """The workbook.

    Args:
        card: What it says.
        kpis: The registry.
        rows: `KpiRows`; rows of other clients and months are left out.
        limit: How many rows a sheet takes; more go on in a further sheet.

    Raises:
        ValueError: For a locale that does not exist.
    """
    import xlsxwriter  # noqa: PLC0415 - only who renders pays for it

    by = speaker(card)
    written = io.BytesIO()
    with _uncollected(), xlsxwriter.Workbook(written, OPTIONS) as workbook:
        title = f"{plain(card.client_name)}, {by.say('Scorecard {month}', month=by.month(card.month))}"
        created = card.origin.as_of.astimezone(UTC).replace(tzinfo=None)
        workbook.set_properties({"title": title, "author": f"OpsGuard {card.origin.code}", "created": created})
        look, foot = Look(workbook, by), f"{title} · {standing(card, by)}"
        own = placed(card, kpis, rows)
        behind = Behind(sheets=max(-(-own.height // limit), 1), sums=sums(own))
        _summary(look, card, kpis, behind, foot)
        if card.number:
            _restatement(look, card, kpis, foot)
        _sites(look, card, kpis, behind, foot)
        _value(look, card, foot)
        write_rows(look, own, card, kpis, limit=limit, foot=foot)
        write_definitions(look, card, kpis, foot)
        write_about(look, card, foot)
    return written.getvalue()


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without looking for garbage: tens of thousands of cells live to the end, and were looked through again and again.

    That took a fifth of the time of a workbook.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _title(sheet: Sheet, card: Card, kpis: Kpis, by: Speaker) -> None:
    """What stands above the figures."""
    sheet.line(plain(card.client_name), bold=True, font_size=16)
    sheet.line(by.say("Scorecard {month}", month=by.month(card.month)), font_size=11, font_color="#566170")
    sheet.line(headline(card, kpis, by), bold=True, font_size=11)
    for mark in marks(card, by):
        sheet.line(mark, bold=True, font_color="#8a5a00")
    sheet.line(by.say("Times in {zone}, money in {currency}", zone=card.timezone, currency=card.currency))
    sheet.row += 1


def _shown_columns(by: Speaker) -> list[Column]:
    """What readers of a figure look at first."""
    return [
        Column(by.say("Value"), 11, is_number=True),
        Column(by.say("Unit"), 14),
        Column(by.say("Standing"), 13),
        Column(by.say("Target"), 10, is_number=True),
    ]


def _checked_columns(by: Speaker, zone: str) -> list[Column]:
    """What those look at who check it."""
    return [
        Column(by.say("Numerator"), 12, is_number=True),
        Column(by.say("Denominator"), 12, is_number=True),
        Column(by.say("95 %, low"), 9, is_number=True),
        Column(by.say("95 %, high"), 9, is_number=True),
        Column(by.say("Data through ({zone})", zone=zone), 19),
        Column(by.say("Code"), 22),
    ]


def _summary(look: Look, card: Card, kpis: Kpis, behind: Behind, foot: str) -> None:
    by = look.speaker
    months = figures.months(card.month, _TREND)
    shown = [
        Column(by.say("Key figure"), 32),
        *_shown_columns(by),
        Column(by.say("Month before"), 10, is_number=True),
        Column(by.say("Year before"), 10, is_number=True),
        Column(by.say("12 months"), 22),
        Column(by.say("Note"), 36),
    ]
    checked = [*_checked_columns(by, card.timezone), Column(by.say("Month"), 10)]
    columns = [*shown, *checked, *(Column(by.month(month), 11, is_number=True) for month in months)]
    first = len(shown) + len(checked)
    sheet = Sheet(look, look.workbook.add_worksheet(by.say("Summary")), columns)
    _title(sheet, card, kpis, by)
    sheet.head()
    for one in card.measures:
        if one.kpi not in kpis:
            continue
        kpi = kpis[one.kpi]
        sheet.text(0, figures.label(one, kpi, by), look.of(bold=True, text_wrap=True, align="left", indent=1))
        _figure(sheet, (1, len(shown)), one, kpi, behind)
        for place, earlier in ((5, one.before), (6, one.year_before)):
            sheet.number(place, scaled(earlier, kpi), look.figure(kpi.unit, earlier))
        _sparkline(sheet, 7, first, look)
        sheet.text(8, _note(one, by))
        sheet.month(first - 1, one.month)
        own = dict(zip(figures.months(one.month, len(one.trend)), one.trend, strict=True))
        for place, month in enumerate(months, start=first):
            sheet.number(place, scaled(own.get(month), kpi), look.figure(kpi.unit, own.get(month)))
        sheet.end()
    sheet.close(printed=len(shown), foot=foot)


def _restatement(look: Look, card: Card, kpis: Kpis, foot: str) -> None:
    """Which figures a restatement changes, by how much, and the rows that changed them."""
    by = look.speaker
    columns = [
        Column(by.say("Key figure"), 32),
        Column(by.say("Site"), 24),
        Column(by.say("Before"), 11, is_number=True),
        Column(by.say("After"), 11, is_number=True),
        Column(by.say("Change"), 11, is_number=True),
        Column(by.say("Unit"), 14),
        Column(by.say("Rows that moved it"), 90),
        Column(by.say("Code"), 22),
    ]
    sheet = Sheet(look, look.workbook.add_worksheet(by.say("Restatement")), columns)
    sheet.line(by.say("What this restatement changes"), bold=True, font_size=11)
    if card.reason:
        sheet.line(f"{by.say('Reason')}: {plain(card.reason, 600)}")
    sheet.head()
    for one in card.restated:
        kpi = kpis.get(one.kpi)
        sheet.text(0, by.say(kpi.label) if kpi else plain(one.kpi))
        sheet.text(1, plain(one.site) if one.site else None)
        difference = one.after - one.before if one.after is not None and one.before is not None else None
        for place, number in ((2, one.before), (3, one.after), (4, difference)):
            if number is None and place < 4:  # noqa: PLR2004 - the last one
                sheet.text(place, by.say(NO_DATA), look.of(align="right", italic=True))
            elif kpi is not None:
                sheet.number(place, scaled(number, kpi), look.figure(kpi.unit, number))
            else:
                sheet.number(place, number, look.of(num_format=COUNTS))
        sheet.text(5, by.say(UNITS[kpi.unit]) if kpi else None, look.of(align="left", indent=1))
        sheet.text(6, "; ".join(plain(row) for row in one.rows))
        sheet.text(7, plain(one.kpi), look.of(font_color="#566170"))
        sheet.end()
    sheet.close(foot=foot)


def _sparkline(sheet: Sheet, place: int, first: int, look: Look) -> None:
    from xlsxwriter.utility import xl_range_abs  # noqa: PLC0415 - as above

    cells = xl_range_abs(sheet.row, first, sheet.row, first + _TREND - 1)
    where = f"'{look.speaker.say('Summary')}'!{cells}"
    sheet.sheet.add_sparkline(
        sheet.row, place, {"range": where, "series_color": "#4c78a8", "last_point": True, "show_hidden": True}
    )


def scaled(figure: Decimal | None, kpi: Kpi) -> Decimal | None:
    """A figure as spreadsheets keep it: percent as a share of one."""
    return figure / 100 if figure is not None and kpi.unit == "percent" else figure


def _figure(
    sheet: Sheet, starts: tuple[int, int], one: Measure, kpi: Kpi, behind: Behind, site: int | None = None
) -> None:
    """The cells of a figure: what is shown, and what is checked, each from its column on.

    The number of its site stands in the second column of the sheet.
    """
    from xlsxwriter.utility import xl_rowcol_to_cell  # noqa: PLC0415 - as above

    look, by = sheet.look, sheet.look.speaker
    start, checked = starts
    code = xl_rowcol_to_cell(sheet.row, checked + _CODE, col_abs=True)
    number = None if site is None else xl_rowcol_to_cell(sheet.row, 1, col_abs=True)
    ranges = Ranges(behind.sheets, code, number)
    if one.value is None:
        sheet.text(start, by.say(NO_DATA), look.of(align="right", italic=True))
    else:
        above, below = (xl_rowcol_to_cell(sheet.row, checked + place) for place in (_ABOVE, _BELOW))
        shown = look.figure(kpi.unit, one.value, one.target)
        sheet.formula(start, value(one, kpi, ranges, above, below), shown, scaled(one.value, kpi) or 0)
    sheet.text(start + 1, by.say(UNITS[kpi.unit]), look.of(align="left", indent=1))
    sheet.text(start + 2, figures.band(one, by) if one.band else None, look.band(one))
    sheet.number(start + 3, scaled(one.target, kpi), look.figure(kpi.unit, one.target))
    sums_of = behind.sums.get((kpi.name, site), Sums())
    counts = look.of(num_format=COUNTS)
    if kpi.aggregate != "median":
        sheet.formula(checked + _ABOVE, numerator(kpi, ranges), counts, sums_of.above(kpi))
    sheet.formula(checked + _BELOW, basis(kpi, ranges), counts, sums_of.below(kpi))
    sheet.number(checked + 2, scaled(one.low, kpi), look.figure(kpi.unit))
    sheet.number(checked + 3, scaled(one.high, kpi), look.figure(kpi.unit))
    sheet.instant(checked + 4, one.data_through.astimezone(by.zone) if one.data_through else None)
    sheet.text(checked + _CODE, kpi.name, look.of(font_color="#566170"))


def _note(one: Measure, by: Speaker) -> str:
    left_out = figures.excluded(one, by)
    said = (
        figures.why_missing(one, by),
        by.say("provisional") if one.is_provisional else None,
        by.say("not counted: {rows}", rows=left_out) if left_out else None,
    )
    return "; ".join(words for words in said if words)


def _sites(look: Look, card: Card, kpis: Kpis, behind: Behind, foot: str) -> None:
    by = look.speaker
    shown = [
        Column(by.say("Site"), 28),
        Column(by.say("Number of the site"), 13),
        Column(by.say("Key figure"), 32),
        *_shown_columns(by),
        Column(by.say("Note"), 36),
    ]
    columns = [*shown, *_checked_columns(by, card.timezone), Column(by.say("Identifier"), 22)]
    sheet = Sheet(look, look.workbook.add_worksheet(by.say("Sites")), columns)
    sheet.head()
    for number, site in enumerate(card.sites, start=1):
        for one in site.measures:
            if one.kpi not in kpis:
                continue
            kpi = kpis[one.kpi]
            sheet.text(0, plain(site.name), look.of(align="left", indent=1))
            sheet.number(1, number, look.of(align="center"))
            sheet.text(2, figures.label(one, kpi, by))
            _figure(sheet, (3, len(shown)), one, kpi, behind, site=number)
            sheet.text(7, _note(one, by))
            sheet.text(len(columns) - 1, plain(site.site_id), look.of())
            sheet.end()
    sheet.close(printed=len(shown), foot=foot)


def _value(look: Look, card: Card, foot: str) -> None:
    by = look.speaker
    columns = [
        Column(by.say("What acting was worth"), 28),
        Column(by.say("How it is known"), 26),
        Column(by.say("First month"), 11),
        Column(by.say("Last month"), 11),
        Column(by.say("Number"), 10, is_number=True),
        Column(by.say("95 %, low"), 10, is_number=True),
        Column(by.say("95 %, high"), 10, is_number=True),
        Column(by.say("A month"), 10, is_number=True),
        Column(by.say("Held back"), 10, is_number=True),
        Column(by.say("Needed"), 10, is_number=True),
        Column(by.say("One is worth ({currency})", currency=card.currency), 14, is_number=True),
        Column(by.say("Worth ({currency})", currency=card.currency), 16, is_number=True),
        Column(by.say("In words"), 80),
    ]
    sheet = Sheet(look, look.workbook.add_worksheet(by.say("Value")), columns)
    sheet.head()
    counts = look.of(num_format=COUNTS)
    for one in card.value:
        sheet.text(0, term(by.words, ITEMS, one.item))
        sheet.text(1, term(by.words, METHODS, one.method))
        sheet.month(2, one.window_starts)
        sheet.month(3, card.month)
        for place, number in enumerate((one.count, one.low, one.high, one.monthly, one.held_back, one.needed), start=4):
            sheet.number(place, number, counts)
        sheet.number(10, one.unit_value, look.money)
        sheet.number(_WORTH, one.money, look.money)
        sheet.text(12, sentences.value_line(one, card, by))
        sheet.end()
    _returns(sheet, card)
    sheet.close(foot=foot)


def _returns(sheet: Sheet, card: Card) -> None:
    """What an average month was worth, what the plan costs, and how many times that is: the last one a formula."""
    from xlsxwriter.utility import xl_rowcol_to_cell  # noqa: PLC0415 - as above

    look, by = sheet.look, sheet.look.speaker
    found = sentences.returns_of(card)
    cells = {}
    if found.worth is not None:
        cells["worth"] = xl_rowcol_to_cell(sheet.row, _WORTH)
        sheet.text(0, by.say("In an average month, without estimates and effects that may be none"))
        sheet.number(_WORTH, found.worth, look.money_of(card.currency, bold=True))
        sheet.end()
    if card.price is not None:
        cells["price"] = xl_rowcol_to_cell(sheet.row, _WORTH)
        sheet.text(0, by.say("Price of the plan a month ({currency})", currency=card.price_currency or card.currency))
        sheet.number(_WORTH, card.price, look.money_of(card.price_currency or card.currency))
        sheet.end()
    if found.times is not None:
        sheet.text(0, by.say("Times the price"))
        for place, end in ((5, found.times_low), (6, found.times_high)):
            sheet.number(place, end, look.of(num_format="0.0"))
        bold = look.of(bold=True, num_format="0.0")
        sheet.formula(_WORTH, f"={cells['worth']}/{cells['price']}", bold, found.times)
        sheet.end()
    for line in sentences.return_lines(card, by):
        sheet.text(0, line, look.of(italic=True))
        sheet.end()
