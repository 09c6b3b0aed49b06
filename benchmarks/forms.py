"""Scorecards in all five forms, and what their renderers alone need for the same pages and cells.

Here: what is timed of forms. Not here: running the sides (`timing`).
"""

import io
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl


def rendered(cards: int) -> Callable[[], object]:
    """OpsGuard: a card and its rows become HTML, PDF, Excel, JSON and CSV."""
    from opsguard_assets.scorecards.forms.book import book
    from opsguard_assets.scorecards.forms.csv import csv
    from opsguard_assets.scorecards.forms.html import html
    from opsguard_assets.scorecards.forms.json import json
    from opsguard_assets.scorecards.forms.pdf import pdf
    from tests.scorecards.forms.cards import KPIS

    rows, made = _rows(), [_card(number) for number in range(cards)]

    def work() -> object:
        size = 0
        for one in made:
            workbook = book(one, KPIS, rows)
            forms = (workbook, pdf(one, KPIS, workbook), html(one, KPIS).encode(), json(one), csv(one, KPIS))
            size += sum(map(len, forms))
        return size

    return work


def bare(cards: int) -> Callable[[], object]:
    """The renderers alone: typst with inputs that are ready, xlsxwriter with the same number of cells of rows."""
    from opsguard_assets.scorecards.forms.book import book
    from tests.scorecards.forms.cards import KPIS

    rows = _rows()
    inputs = [_inputs(number, book(_card(number), KPIS, rows)) for number in range(cards)]
    cells = list(zip(*_columns(rows), strict=True))

    def work() -> object:
        return sum(len(_compiled(one)) + len(_written(cells)) for one in inputs)

    return work


def _card(number: int) -> Any:
    from opsguard_assets.scorecards.card.card import Seal
    from opsguard_assets.scorecards.card.digest import canonical, digest
    from tests.scorecards.forms.cards import card

    # Another name on each, so that nothing that a renderer keeps is of use to the next card.
    one = card(client_id="C-1", client_name=f"Client {number}")
    return one.model_copy(update={"seal": Seal(status="draft", digest=digest(canonical(one)))})


def _rows() -> pl.DataFrame:
    """1,359 rows of seven key figures."""
    from tests.scorecards.forms.rows import rows

    many = pl.concat([rows()] * 9).with_row_index("n")
    return many.with_columns(entity_id=pl.format("{}-{}", "entity_id", "n")).drop("n")


def _inputs(number: int, workbook: bytes) -> Mapping[str, str]:
    from opsguard_assets.scorecards.forms import pdf
    from tests.scorecards.forms.cards import KPIS

    taken: dict[str, str] = {}
    printed = pdf.printed
    pdf.printed = lambda _, inputs: taken.update(inputs) or b""  # type: ignore[func-returns-value]
    try:
        pdf.pdf(_card(number), KPIS, workbook)
    finally:
        pdf.printed = printed
    return taken


def _compiled(inputs: Mapping[str, str]) -> bytes:
    from opsguard_assets.scorecards.forms.pdf import TEMPLATE, printed

    return printed(TEMPLATE, inputs)


def _columns(rows: pl.DataFrame) -> list[list[Any]]:
    """The thirteen columns of the sheet of rows."""
    at = rows["at"].dt.replace_time_zone(None).to_list()
    texts = [rows[name].to_list() for name in ("kpi", "kpi", "site_id", "entity_type", "entity_id", "excluded")]
    numbers = [rows[name].to_list() for name in ("numerator", "denominator", "measure", "numerator", "numerator")]
    return [*texts, at, at, *numbers]


def _written(rows: list[tuple[Any, ...]]) -> bytes:
    import xlsxwriter

    written = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(written, {**options, "default_date_format": "yyyy-mm-dd hh:mm"}) as workbook:
        sheet = workbook.add_worksheet()
        for place, row in enumerate(rows):
            sheet.write_row(place, 0, row)
    return written.getvalue()
