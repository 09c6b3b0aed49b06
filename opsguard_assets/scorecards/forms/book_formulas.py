"""Formulas that make figures of rows, in the words that each spreadsheet knows.

Here: formula texts. Not here: writing them (`book`), rows (`book_rows`).

A name such as `rows_kpi` stands for a column of the sheet of rows; with more rows than a sheet holds there is one name
for each sheet, and sums go over all of them.
"""

from dataclasses import dataclass

from opsguard_assets.scorecards.card.card import Measure
from opsguard_assets.scorecards.kpis.kpi import Kpi

# The columns of the sheet of rows that formulas read.
NAMED = ("kpi", "site", "numerator", "denominator", "measure", "counted")
# A card keeps so many digits of a figure; a spreadsheet keeps percent as shares.
DIGITS, SHARE_DIGITS = 6, 8


@dataclass(frozen=True)
class Ranges:
    """The columns of rows, on so many sheets.

    Attributes:
        sheets: How many.
        kpi: The cell that holds the code of the key figure.
        site: The cell that holds the number of the site; None: all rows of the client.
    """

    sheets: int
    kpi: str
    site: str | None = None

    def name(self, column: str, sheet: int) -> str:
        """The name of a column on one of the sheets."""
        return range_name(column, sheet)

    def total(self, column: str) -> str:
        """The sum of a column over what is counted of the key figure."""
        sums = [
            f"SUMIFS({self.name(column, sheet)},{self.name('kpi', sheet)},{self.kpi},{self.name('counted', sheet)},1"
            + (f",{self.name('site', sheet)},{self.site})" if self.site else ")")
            for sheet in range(self.sheets)
        ]
        return "+".join(sums)

    def median(self) -> str:
        """The median of what is measured, over what is counted."""
        parts = []
        for sheet in range(self.sheets):
            inner = f"IF({self.name('counted', sheet)}=1,{self.name('measure', sheet)})"
            if self.site:
                inner = f"IF({self.name('site', sheet)}={self.site},{inner})"
            parts.append(f"IF({self.name('kpi', sheet)}={self.kpi},{inner})")
        return f"MEDIAN({','.join(parts)})"


def range_name(column: str, sheet: int) -> str:
    """The name of a column of rows on one of their sheets."""
    return f"rows_{column}" if not sheet else f"rows_{column}_{sheet + 1}"


def numerator(kpi: Kpi, ranges: Ranges) -> str:
    """What stands above the line: the sum of numerators, of means that of what is measured."""
    return "=" + ranges.total("measure" if kpi.aggregate == "mean" else "numerator")


def basis(kpi: Kpi, ranges: Ranges) -> str:
    """What stands below it: the sum of denominators, of means and medians how many rows are counted."""
    return "=" + ranges.total("counted" if kpi.aggregate in ("mean", "median") else "denominator")


def value(measure: Measure, kpi: Kpi, ranges: Ranges, above: str, below: str) -> str:
    """The figure by the cells of what stands above and below the line; percent as a share of one.

    Args:
        measure: The figure.
        kpi: Its definition.
        ranges: The rows.
        above: The cell of `numerator`.
        below: The cell of `basis`.
    """
    if kpi.aggregate == "median":
        return f"{{=ROUND({ranges.median()},{DIGITS})}}"
    if kpi.aggregate == "share":
        return f"=ROUND({above}/{below},{SHARE_DIGITS})"
    if kpi.aggregate == "mean":
        return f"=ROUND({above}/{below},{DIGITS})"
    return f"=ROUND({measure.per}*{above}/{below},{DIGITS})" if measure.per else f"=ROUND({above},{DIGITS})"
