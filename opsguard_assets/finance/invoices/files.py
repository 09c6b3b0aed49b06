"""Files of tables: CSV and XLSX, the same bytes for the same rows. Not here: what is in them."""

import datetime as dt
import io as memory
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import polars as pl

# What spreadsheets take for a formula, also behind a blank or a control character.
_FORMULA = r"^[\s\x00-\x1f]*[=+\-@]"
_WIDEST, _SAMPLE = 48, 200


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook.

    Attributes:
        rows: Its rows.
        summed: Columns with money of which the sum means something: balances of several months have none.
    """

    rows: pl.DataFrame
    summed: Collection[str] = ()


def as_csv(rows: pl.DataFrame) -> bytes:
    """A table as CSV (UTF-8, comma, dot); a text that a spreadsheet would compute gets an apostrophe before it."""
    texts = [name for name, dtype in rows.schema.items() if dtype == pl.String]
    text = rows.with_columns(
        pl.when(pl.col(name).str.contains(_FORMULA)).then(pl.format("'{}", name)).otherwise(name).alias(name)
        for name in texts
    ).write_csv(null_value="")
    return text.encode()


def as_workbook(sheets: Mapping[str, Sheet], *, created: dt.datetime, currency: str) -> bytes:
    """Tables as sheets of one XLSX: typed cells, frozen headers, filters, sums below money where there are some.

    Args:
        sheets: Sheets by their name (31 characters at most).
        created: The time that the file says it was made at.
        currency: Of decimals, for their number format.
    """
    import xlsxwriter  # noqa: PLC0415 - only what writes workbooks needs it

    buffer = memory.BytesIO()
    options = {
        "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
        "remove_timezone": True, "default_date_format": "yyyy-mm-dd",
    }  # fmt: skip
    with xlsxwriter.Workbook(buffer, options) as book:
        book.set_properties({"title": "Finance", "created": created.replace(tzinfo=None)})
        formats = {
            "head": book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}),
            "money": book.add_format({"num_format": f'#,##0.00 "{currency}";[Red]-#,##0.00 "{currency}"'}),
            "sum": book.add_format({"num_format": f'#,##0.00 "{currency}"', "bold": True, "top": 1}),
            "share": book.add_format({"num_format": "0.0%"}),
            "date": book.add_format({"num_format": "yyyy-mm-dd"}),
            "instant": book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
        }
        for name, each in sheets.items():
            _write(book.add_worksheet(name), each, formats)
    return buffer.getvalue()


def _write(sheet: Any, given: Sheet, formats: Mapping[str, Any]) -> None:
    rows, last = given.rows, len(given.rows)
    for place, name in enumerate(rows.columns):
        sheet.write_string(0, place, name.replace("_", " "), formats["head"])
        widest = max([len(name), *(len(str(value)) for value in rows[name].head(_SAMPLE))], default=8)
        sheet.set_column(place, place, min(widest + 3, _WIDEST))
        for number, value in enumerate(rows[name], start=1):
            _cell(sheet, number, place, value, name, formats)
        if name in given.summed and last:
            column = _letters(place)
            total = f"=SUM({column}2:{column}{last + 1})"
            sheet.write_formula(last + 1, place, total, formats["sum"], float(rows[name].sum() or 0))
    sheet.freeze_panes(1, 1)
    if rows.width and last:
        sheet.autofilter(0, 0, last, rows.width - 1)


def _cell(sheet: Any, row: int, column: int, value: object, name: str, formats: Mapping[str, Any]) -> None:
    if value is None:
        return
    if isinstance(value, Decimal):
        sheet.write_number(row, column, float(value), formats["money"])
    elif isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, float):
        is_share = name.endswith(("share", "retention", "target", "adoption"))
        sheet.write_number(row, column, value, formats["share"] if is_share else None)
    elif isinstance(value, int):
        sheet.write_number(row, column, value)
    elif isinstance(value, dt.datetime):
        sheet.write_datetime(row, column, value, formats["instant"])
    elif isinstance(value, dt.date):
        sheet.write_datetime(row, column, value, formats["date"])
    else:
        sheet.write_string(row, column, str(value))


def _letters(place: int) -> str:
    first, second = divmod(place, 26)
    return (chr(64 + first) if first else "") + chr(65 + second)
