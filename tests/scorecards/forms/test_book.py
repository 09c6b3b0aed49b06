"""The workbook: every figure recomputes from its rows, cells have types, received texts stay texts, same bytes."""

import os
import subprocess
import sys
import warnings
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import formulas
import polars as pl
import pytest

from opsguard_assets.scorecards.card.card import Restated
from opsguard_assets.scorecards.forms.book import book
from opsguard_assets.scorecards.forms.book_cells import money_format, percent_format
from opsguard_assets.scorecards.forms.language import plain
from opsguard_assets.scorecards.forms.pdf import pdf
from opsguard_assets.scorecards.forms.spoken import speaker
from tests.scorecards.forms.cards import HOSTILE, KPIS, restated
from tests.scorecards.forms.cards import card as full_card
from tests.scorecards.forms.reading import opened, without_values
from tests.scorecards.forms.rows import SITES, card, foreign, rows

ROOT = Path(__file__).parents[3]
# Fewer rows on a sheet than there are, so that figures are sums over several sheets.
LIMIT = 60


@pytest.fixture(scope="module")
def made():
    return book(card(), KPIS, pl.concat([foreign(), rows()]), limit=LIMIT)


@pytest.fixture(scope="module")
def read(made):
    return opened(made)


def test_each_figure_recomputes_from_the_rows_to_the_value_beside_it(made, read, tmp_path):
    stripped, struck = without_values(made)
    (tmp_path / "book.xlsx").write_bytes(stripped)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        computed = formulas.ExcelModel().loads(str(tmp_path / "book.xlsx")).finish().calculate()
    cached, found = opened(made, values=True), {}
    for name in ("Summary", "Sites", "Value"):
        for cell in (cell for row in read[name].iter_rows() for cell in row if cell.data_type == "f"):
            value = computed[f"'[book.xlsx]{name.upper()}'!{cell.coordinate}"].value[0, 0]
            found[name, cell.coordinate] = (float(value), cached[name][cell.coordinate].value)
    assert len(found) == struck
    # A value and what stands above and below it; a median has nothing above, no data have no value. And the return.
    assert struck == (len(SITES) + 1) * (3 * 7 - 1) + 2 + 1
    assert {where: both for where, both in found.items() if both[0] != pytest.approx(both[1], abs=1e-9, rel=1e-8)} == {}
    assert len({value for value, _ in found.values()}) > 20


def test_the_values_are_those_of_the_card(made):
    cells = opened(made, values=True)["Summary"]
    head = next(row[0].row for row in cells.iter_rows() if row[0].value == "Key figure")
    shown = {row[14].value: row[1].value for row in cells.iter_rows(min_row=head + 1)}
    wanted = {one.kpi: one.value for one in card().measures}
    assert shown.pop("auto_resolution") == "no data"
    assert wanted.pop("auto_resolution") is None
    scales = {name: 100 if KPIS[name].unit == "percent" else 1 for name in wanted}
    assert shown == {name: pytest.approx(float(value) / scales[name]) for name, value in wanted.items()}


def test_rows_are_the_client_s_own_of_the_month_with_typed_cells_and_both_times(read):
    sheets = [read[name] for name in read.sheetnames if name.startswith("Rows")]
    assert [sheet.max_row - 1 for sheet in sheets] == [60, 60, 31]
    head, first = ([cell.value for cell in row] for row in sheets[0].iter_rows(max_row=2))
    assert head[6:8] == ["At (UTC)", "At (Europe/Berlin)"]
    assert first[6:8] == [datetime(2026, 10, 24, 22, 30), datetime(2026, 10, 25, 0, 30)]  # noqa: DTZ001
    # The hour that is there twice has one local time and two in UTC.
    local = [row[7].value for row in sheets[0].iter_rows(min_row=3, max_row=6)]
    assert [at.hour for at in local] == [1, 2, 2, 3]
    assert {cell.data_type for cell in sheets[0]["I"][1:]} == {"n"}
    assert {cell.number_format for cell in sheets[0]["G"][1:]} == {"yyyy-mm-dd hh:mm"}


def test_received_texts_are_no_formula_no_link_and_no_number(read):
    formulas_of = {cell.value for sheet in read for row in sheet.iter_rows() for cell in row
                   if cell.data_type == "f" and sheet.title not in ("Summary", "Sites")}  # fmt: skip
    assert formulas_of == {"=L6/L7"}, "what acting was worth by the price"
    assert all(not sheet._hyperlinks for sheet in read)
    identifiers = {cell.value: cell.data_type for cell in read["Sites"]["O"][1:]}
    assert identifiers == {"=S-1": "s", "007": "s", "*": "s"}
    texts = {cell.value for cell in read["Rows"]["F"]}
    assert any(text.startswith("<script>alert(1)</script> =cmd|'") and "\u202e" not in text for text in texts)


def test_sheets_stay_in_sight_filter_and_print(read):
    assert read.sheetnames == ["Summary", "Sites", "Value", "Rows", "Rows 2", "Rows 3", "Definitions", "About"]
    for sheet in read:
        assert sheet.freeze_panes.startswith("B"), sheet.title
        assert sheet.auto_filter.ref, sheet.title
        assert sheet.print_area, sheet.title
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.page_setup.fitToHeight == 0
    # What is checked, and twelve months of numbers, would make the printed page tiny.
    assert read["Summary"].print_area == "'Summary'!$A$1:$I$15"


def test_figures_have_the_digits_that_every_form_shows(read):
    formats = {row[14].value: row[1].number_format for row in read["Summary"].iter_rows(min_row=8)}
    assert formats["sla_performance"] == "0.0%"
    assert formats["helpdesk_sentiment"] == "#,##0.00"
    assert formats["geofence_violations"] == "#,##0"


@pytest.mark.parametrize(
    ("locale", "currency", "money", "percent"),
    [
        ("en_US", "USD", '"$"#,##0.00', "0.0%"),
        ("de_DE", "EUR", '#,##0.00"\N{NO-BREAK SPACE}""€"', '0.0"\N{NO-BREAK SPACE}"%'),
        ("de_CH", "CHF", '"CHF""\N{NO-BREAK SPACE}"#,##0.00;"CHF"-#,##0.00', "0.0%"),
        ("ja_JP", "JPY", '"￥"#,##0', "0.0%"),
        ("en_GB", "KWD", '"KWD"#,##0.000', "0.0%"),
        ("tr_TR", "TRY", '"₺"#,##0.00', "%0.0"),
    ],
)
def test_formats_follow_locale_and_currency(locale, currency, money, percent):
    by = speaker(full_card(locale=locale, currency=currency))
    assert (money_format(by), percent_format(by.numbers, 1)) == (money, percent)


def test_every_part_of_a_card_has_its_cells():
    sheets = opened(book(restated(), KPIS, rows().clear(), limit=LIMIT))
    value = [[cell.value for cell in row] for row in sheets["Value"].iter_rows(min_row=2)]
    assert value[0][4:8] == [259, 177, 342, 21.6]
    assert sheets["Value"]["L2"].number_format == '"€"#,##0.00'
    about = {row[0].value: row[1].value for row in sheets["About"].iter_rows()}
    assert about["Reason"] == "Late punches of Harbour"
    assert len(about["SHA-256 of the figures"]) == 64
    assert HOSTILE[:20] in sheets["Sites"]["A6"].value


def test_a_restatement_has_a_sheet_of_what_it_changes_by_how_much_and_which_rows():
    changes = (
        *restated().restated,
        Restated(kpi="work_order_backlog", before=None, after=Decimal(31), rows=("work_order W-9 added",)),
        Restated(kpi="gone", before=Decimal(2), after=None),
    )
    sheets = opened(book(restated().model_copy(update={"restated": changes}), KPIS, rows().clear(), limit=LIMIT))
    assert sheets.sheetnames[:2] == ["Summary", "Restatement"]
    said = [[cell.value for cell in row] for row in sheets["Restatement"].iter_rows()]
    assert said[1][0] == "Reason: Late punches of Harbour"
    share, count, gone = said[3:]
    assert share[:2] == ["Attendance", "Harbour"]
    assert share[2:5] == pytest.approx([0.969, 0.97123456, 0.00223456])
    assert share[5:8] == ["percent", f"P-1; {plain(HOSTILE)}", "attendance_compliance"]
    assert count[2:7] == ["no data", 31, None, "number", "work_order W-9 added"]
    assert [gone[0], *gone[2:5]] == ["gone", 2, "no data", None], "a figure that no registry holds any longer"
    assert "Restatement" not in opened(book(full_card(), KPIS, rows().clear(), limit=LIMIT)).sheetnames


def test_another_process_in_another_zone_and_language_makes_the_same_bytes(made):
    program = (
        "import hashlib, polars as pl\n"
        "from tests.scorecards.forms.rows import card, foreign, rows\n"
        "from tests.scorecards.forms.cards import KPIS\n"
        "from opsguard_assets.scorecards.forms.book import book\n"
        "from opsguard_assets.scorecards.forms.pdf import pdf\n"
        f"made = book(card(), KPIS, pl.concat([rows(), foreign()]), limit={LIMIT})\n"
        "print(*(hashlib.sha256(one).hexdigest() for one in (made, pdf(card(), KPIS, made))))"
    )
    other = {"TZ": "Asia/Kathmandu", "LANG": "tr_TR.UTF-8", "LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "7"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **other},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [sha256(one).hexdigest() for one in (made, pdf(card(), KPIS, made))]
