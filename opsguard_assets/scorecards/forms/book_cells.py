"""Cells of the workbook: their formats, and sheets that are written row by row with a head that stays.

Here: how anything is written. Not here: what is written (`book`, `book_rows`, `book_about`).

Numbers have formats, not words: a reader's spreadsheet adds them. Formats take digits and currency of the card's
locale; the marks for decimals and groups are always those of the reader's own spreadsheet. Dates are written
year-month-day, which is read one way everywhere.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Final

from babel import Locale
from babel.numbers import get_currency_precision, get_currency_symbol

from opsguard_assets.scorecards.card.card import Measure
from opsguard_assets.scorecards.forms.spoken import Speaker, digits
from opsguard_assets.scorecards.kpis.kpi import Unit

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

# Everything that is received is text: no formula, no link and no number is made of it.
OPTIONS: Final = {
    "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
}  # fmt: skip
# Of a row with one line of words, in points.
_LINE: Final = 15
INSTANT: Final = "yyyy-mm-dd hh:mm"
_BANDS: Final = {"good": "#16703f", "warning": "#8a5a00", "bad": "#b3261e"}
# Quoted letters stand for themselves in a format.
_NUMBER = re.compile(r"[#0,.]+")


@dataclass(frozen=True)
class Look:
    """The formats of one workbook, each made once."""

    workbook: "Workbook"
    speaker: Speaker
    _made: "dict[tuple[tuple[str, Any], ...], Format]" = field(default_factory=dict)

    def of(self, **properties: Any) -> "Format":
        """The format with these properties (xlsxwriter's names)."""
        key = tuple(sorted(properties.items()))
        if key not in self._made:
            self._made[key] = self.workbook.add_format({"valign": "top", **properties})
        return self._made[key]

    @cached_property
    def text(self) -> "Format":
        """Words that wrap; set off from a number on their left."""
        return self.of(text_wrap=True, align="left", indent=1)

    def head(self, *, is_number: bool) -> "Format":
        """The head of a column, above its words or its numbers."""
        place = {"align": "right"} if is_number else {"align": "left", "indent": 1}
        return self.of(bold=True, text_wrap=True, bottom=2, bg_color="#eef1f4", **place)

    def figure(self, unit: Unit, value: Decimal | None = None, target: Decimal | None = None) -> "Format":
        """A figure with the digits that every form shows of it."""
        places = digits(value, unit, target) if value is not None else digits(Decimal(0), unit)
        shown = f"#,##0{_point(places)}"
        return self.of(
            num_format=percent_format(self.speaker.numbers, places) if unit == "percent" else shown, align="right"
        )

    def band(self, measure: Measure) -> "Format":
        """The words of a band."""
        return (
            self.of(bold=True, font_color=_BANDS[measure.band], align="left", indent=1) if measure.band else self.of()
        )

    @cached_property
    def money(self) -> "Format":
        """An amount in the currency of the card."""
        return self.money_of(self.speaker.currency)

    def money_of(self, currency: str, **more: Any) -> "Format":
        """An amount in a currency."""
        return self.of(num_format=money_format(replace(self.speaker, currency=currency)), **more)

    @cached_property
    def instant(self) -> "Format":
        """A date with its time."""
        return self.of(num_format=INSTANT, align="left", indent=1)

    @cached_property
    def month(self) -> "Format":
        """A month."""
        return self.of(num_format="yyyy-mm", align="left", indent=1)


def _point(places: int) -> str:
    return f".{'0' * places}" if places else ""


@cache
def percent_format(numbers: Locale, places: int) -> str:
    """Percent as the locale writes them: 93.5%, 93,5 %, %93,5."""
    return _format_of(numbers.percent_formats[None].pattern, f"0{_point(places)}", "%", "%")


def money_format(speaker: Speaker) -> str:
    """An amount as the locale writes it, with as many digits as the currency has."""
    symbol = get_currency_symbol(speaker.currency, speaker.numbers)
    places = get_currency_precision(speaker.currency)
    pattern = speaker.numbers.currency_formats["standard"].pattern
    return _format_of(pattern, f"#,##0{_point(places)}", "¤", _quoted(symbol))


def _format_of(pattern: str, number: str, mark: str, shown: str) -> str:
    """A spreadsheet's format of a pattern of Unicode's; both part positive and negative numbers by a semicolon."""
    sections = []
    for section in pattern.split(";"):
        found = _NUMBER.search(section)
        start, end = found.span() if found else (len(section), len(section))
        sections.append(_around(section[:start], mark, shown) + number + _around(section[end:], mark, shown))
    return ";".join(sections)


def _around(words: str, mark: str, shown: str) -> str:
    parts = [_quoted(part) for part in words.replace("'", "").split(mark)]
    return shown.join(parts)


def _quoted(words: str) -> str:
    """Letters that stand for themselves; a sign stays what it is."""
    cleaned = words.replace('"', "")
    return cleaned if cleaned in ("", "-") else f'"{cleaned}"'


@dataclass(frozen=True)
class Column:
    """A column of a sheet.

    Attributes:
        head: What stands above it.
        width: In characters.
        is_number: Whether numbers stand in it.
    """

    head: str
    width: float
    is_number: bool = False


class Sheet:
    """A sheet that is written from above: words, then a head that stays in sight, then rows."""

    def __init__(self, look: Look, sheet: "Worksheet", columns: Sequence[Column]) -> None:
        """A sheet without content.

        Args:
            look: The formats.
            sheet: What xlsxwriter added.
            columns: Its columns.
        """
        self.look, self.sheet, self._columns = look, sheet, columns
        self.row = 0
        self._lines = 1
        for place, column in enumerate(columns):
            sheet.set_column(place, place, column.width)

    def line(self, words: str, **properties: Any) -> None:
        """Words over the whole width."""
        self.sheet.write_string(self.row, 0, words, self.look.of(**properties))
        self.row += 1

    def head(self) -> None:
        """The heads of the columns, with filters; what is below scrolls."""
        for place, column in enumerate(self._columns):
            self.sheet.write_string(self.row, place, column.head, self.look.head(is_number=column.is_number))
        self._head = self.row
        self.sheet.set_row(self.row, 2 * _LINE)
        self.sheet.freeze_panes(self.row + 1, 1)
        self.sheet.repeat_rows(self.row)
        self.row += 1

    def end(self) -> None:
        """Ends a row; one with wrapped words is as high as they need, for spreadsheets that do not look themselves."""
        if self._lines > 1:
            self.sheet.set_row(self.row, _LINE * self._lines)
        self.row, self._lines = self.row + 1, 1

    def close(self, *, printed: int | None = None, foot: str = "") -> None:
        """Filters, and how it is printed: across one page, the first so many columns.

        Args:
            printed: How many columns; all of them if None.
            foot: What stands at the foot of each page.
        """
        last = max(self.row - 1, self._head)
        self.sheet.autofilter(self._head, 0, last, len(self._columns) - 1)
        self.sheet.print_area(0, 0, last, (printed or len(self._columns)) - 1)
        self.sheet.set_landscape()
        # As Excel numbers them: 1 is US Letter, 9 is A4.
        self.sheet.set_paper(1 if self.look.speaker.prints_on_letter else 9)
        self.sheet.fit_to_pages(1, 0)
        # An ampersand begins a code there; at most 255 characters.
        self.sheet.set_footer(f"&L{foot.replace('&', '&&')[:200]}&R&P / &N")

    def text(self, place: int, words: str | None, look: "Format | None" = None) -> None:
        """Words, never anything else."""
        if words:
            self.sheet.write_string(self.row, place, words, look or self.look.text)
            if look is None:
                self._lines = max(self._lines, -(-len(words) // int(self._columns[place].width - 2)))

    def number(self, place: int, value: Decimal | float | None, look: "Format | None" = None) -> None:
        """A number; nothing where there is none."""
        if value is not None:
            self.sheet.write_number(self.row, place, float(value), look or self.look.of())

    def formula(self, place: int, formula: str, look: "Format", cached: Decimal | float) -> None:
        """A formula with the value that it has; in braces one that goes through rows on its own."""
        if formula.startswith("{"):
            self.sheet.write_array_formula(self.row, place, self.row, place, formula, look, float(cached))
        else:
            self.sheet.write_formula(self.row, place, formula, look, float(cached))

    def instant(self, place: int, at: datetime | None) -> None:
        """An instant in the zone that the head names; `at` has that zone."""
        if at is not None:
            self.sheet.write_datetime(self.row, place, at.replace(tzinfo=None), self.look.instant)

    def month(self, place: int, first: Any) -> None:
        """A month by its first day."""
        self.sheet.write_datetime(self.row, place, datetime(first.year, first.month, first.day), self.look.month)  # noqa: DTZ001
