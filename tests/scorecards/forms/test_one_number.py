"""One number, five forms: each form is read back by itself, and all of them show the same figure of the same month.

What is shown is in the table below by hand, so that no rounding of ours says what is right.
"""

import csv as reader
import json as reading
import re
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from html import unescape
from io import BytesIO
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pikepdf
import pytest
from babel.numbers import format_decimal, parse_decimal

from opsguard_assets.scorecards.card.card import Value
from opsguard_assets.scorecards.forms.book import book
from opsguard_assets.scorecards.forms.csv import csv
from opsguard_assets.scorecards.forms.html import html
from opsguard_assets.scorecards.forms.json import json
from opsguard_assets.scorecards.forms.pdf import pdf
from tests.scorecards.forms.cards import MONTH, card, kpi, measure
from tests.scorecards.forms.reading import opened, words_of
from tests.scorecards.forms.rows import rows

D = Decimal
# Unit, value, target, what is shown.
HARD = (
    ("percent", "93.45", None, "93.5"),  # a tie that Babel alone would round to even
    ("percent", "93.55", None, "93.6"),
    ("percent", "8.35", None, "8.4"),  # 0.0835 has no exact double
    ("percent", "0.05", None, "0.1"),
    ("percent", "0.049999", None, "0.0"),
    ("percent", "94.96", "95", "94.96"),  # not shown as the target that it misses
    ("percent", "99.999999", "100", "99.999999"),
    ("percent", "0", "0", "0.0"),
    ("percent", "100", "95", "100.0"),
    ("tone", "-0.5", None, "-0.50"),
    ("tone", "2.675", None, "2.68"),  # its double is less than a tie
    ("tone", "1.005", None, "1.01"),
    ("tone", "-0.125", None, "-0.13"),
    ("tone", "-0.004", None, "0.00"),  # no minus before nothing
    ("count", "12345678901", None, "12345678901"),
    ("count", "999999999999", None, "999999999999"),
    ("count", "0.25", None, "0.3"),
    ("count", "7", "7", "7"),
    ("minutes", "1234567.25", None, "1234567.3"),
    ("minutes", "0.95", None, "1.0"),
    ("tone", None, None, None),
)
KPIS = {f"hard_{n}": kpi(f"hard_{n}", f"Figure {chr(65 + n)}", unit, "count", "higher", None, None, "quality")
        for n, (unit, *_) in enumerate(HARD)}  # fmt: skip
PRICE = D(5)
THROUGH = datetime(2026, 11, 1, 3, 30, tzinfo=UTC)


class Place(NamedTuple):
    language: str
    locale: str
    currency: str
    zone: str
    month: str
    no_data: str
    money: tuple[str, str]


PLACES = (
    Place("en", "en_US", "USD", "America/New_York", "October 2026", "no data", ("1234.565", "1234.57")),
    Place("de", "de_DE", "JPY", "Asia/Kathmandu", "Oktober 2026", "keine Daten", ("1234.5", "1235")),
    Place("en", "en_GB", "KWD", "Africa/Casablanca", "October 2026", "no data", ("0.0005", "0.001")),
)


@pytest.fixture(scope="module", params=PLACES, ids=lambda place: place.locale)
def read(request):
    place = request.param
    measures = [
        measure(name, value, 1, 2, target=target and D(target), missing=None if value else "none", data_through=THROUGH)
        for name, (_, value, target, _) in zip(KPIS, HARD, strict=True)
    ]
    money = Value(item="penalties", method="counted", window_starts=MONTH, count=D(1), unit_value=D(1),
                  money=D(place.money[0]))  # fmt: skip
    made = card(language=place.language, locale=place.locale, currency=place.currency, timezone=place.zone,
                measures=tuple(measures), sites=(), value=(money,), changes=(), data_through=THROUGH,
                price=PRICE)  # fmt: skip
    workbook = book(made, KPIS, rows().clear())
    return {
        "place": place,
        "json": reading.loads(json(made))["card"],
        "csv": {line["kpi"]: line for line in reader.DictReader(csv(made, KPIS).decode().splitlines())},
        "html": html(made, KPIS),
        "pdf": words_of(pikepdf.open(BytesIO(pdf(made, KPIS, workbook)))).replace("\N{NO-BREAK SPACE}", " "),
        "xlsx": opened(workbook, values=True),
    }


def shown_on_page(read):
    """What HTML shows of each figure, by its label."""
    found = re.findall(r'<th scope="row">(Figure \w+).*?</th><td class="number value">(.*?)</td>', read["html"])
    return {label: unescape(text).replace("\N{NO-BREAK SPACE}", " ") for label, text in found}


def cells(read):
    """The row of each figure in the book, by its code."""
    found = {row[14].value: row for row in read["xlsx"].worksheets[0].iter_rows()}
    return {name: found[name] for name in KPIS}


def test_files_for_machines_keep_the_value_as_it_is(read):
    values = {one["kpi"]: one.get("value") for one in read["json"]["measures"]}
    wanted = {name: value for name, (_, value, *_) in zip(KPIS, HARD, strict=True)}
    assert {name: value and D(value) for name, value in values.items()} == {n: v and D(v) for n, v in wanted.items()}
    assert {name: line["value"] for name, line in read["csv"].items() if name in KPIS} == {
        n: v or "" for n, v in wanted.items()
    }
    assert {name: line["unit"] for name, line in read["csv"].items() if name in KPIS} == {
        n: one.unit for n, one in KPIS.items()
    }


def test_page_and_paper_show_the_same_digits_rounded_half_up(read):
    place, page = read["place"], shown_on_page(read)
    for one, (unit, _, _, shown) in zip(KPIS.values(), HARD, strict=True):
        text = page[one.label]
        assert f"{one.label} {text}" in read["pdf"]
        if shown is None:
            assert text == place.no_data
            continue
        number = re.sub(r"[^\d.,\N{MINUS SIGN}-]", "", text).rstrip(".").replace("\N{MINUS SIGN}", "-")
        assert str(parse_decimal(number, locale=place.locale, strict=True)) == shown, one.label
        assert ("%" in text) == (unit == "percent")
        assert ("min" in text.lower()) == (unit == "minutes")


def test_the_book_holds_the_value_and_its_format_shows_the_same_digits(read):
    for (name, row), (unit, value, _, shown) in zip(cells(read).items(), HARD, strict=True):
        cell = row[1]
        if value is None:
            assert cell.value == read["place"].no_data
            continue
        scale = 100 if unit == "percent" else 1
        assert cell.value == pytest.approx(float(D(value) / scale), rel=1e-15), name
        assert ("%" in cell.number_format) == (unit == "percent")
        # A spreadsheet rounds the shortest decimal of a double, half away from zero.
        places = len(re.search(r"0(?:\.(0+))?", cell.number_format[::1].replace("#,##", "")).group(1) or "")
        rounded = (D(repr(cell.value)) * scale).quantize(D(1).scaleb(-places), rounding=ROUND_HALF_UP)
        assert rounded == D(shown), name
        assert places == len(shown.partition(".")[2]), name


def test_every_form_says_the_month_the_zone_the_currency_and_how_old_data_are(read):
    place = read["place"]
    local = THROUGH.astimezone(ZoneInfo(place.zone))
    assert (read["json"]["month"], read["json"]["timezone"], read["json"]["currency"]) == (
        "2026-10-01", place.zone, place.currency,
    )  # fmt: skip
    assert read["json"]["data_through"] == "2026-11-01T03:30:00Z"
    line = read["csv"]["hard_0"]
    assert (line["month"], line["timezone"], line["currency"]) == ("2026-10-01", place.zone, place.currency)
    assert line["data_through"] == "2026-11-01T03:30:00Z"
    for text in (unescape(read["html"]), read["pdf"]):
        assert place.month in text
        assert place.zone in text
        assert f"{local:%H:%M}" in text
    row = cells(read)["hard_0"]
    assert row[15].value.date() == date(2026, 10, 1)
    assert row[13].value == local.replace(tzinfo=None)
    head = [cell.value for line in read["xlsx"].worksheets[0].iter_rows() for cell in line]
    assert any(place.zone in str(one) for one in head if one)


def test_the_return_on_the_price_is_the_same_number_in_all_forms(read):
    place, exact = read["place"], D(read["place"].money[0])
    times = exact / PRICE
    assert D(read["json"]["price"]) == PRICE
    assert {name: (line["value"], line["unit"]) for name, line in read["csv"].items() if name not in KPIS} == {
        "worth_a_month": (str(exact), place.currency),
        "plan_price": (str(PRICE), place.currency),
        "return_on_price": (str(times.normalize()), "times"),
    }
    rows_of_value = {row[0].value: row[11] for row in read["xlsx"].worksheets[2].iter_rows(min_row=2)}
    assert [cell.value for cell in rows_of_value.values() if cell.value][-3:] == [float(exact), 5, float(times)]
    page, paper = (unescape(read[form]).replace("\N{NO-BREAK SPACE}", " ") for form in ("html", "pdf"))
    shown = format_decimal(times, "0" if times > 10 else "0.0", locale=place.locale)
    said = {"en": f": {shown} times that.", "de": f": das {shown}-Fache davon."}[place.language]
    assert said in page
    assert said.replace(" ", "") in paper.replace(" ", ""), "wherever a line ends"


def test_money_has_the_digits_of_its_currency(read):
    place = read["place"]
    cell = read["xlsx"].worksheets[2]["L2"]
    exact, shown = place.money
    assert cell.value == float(exact)
    digits = len(shown.partition(".")[2])
    assert f"#,##0{'.' + '0' * digits if digits else ''}" in cell.number_format
    assert f".{'0' * (digits + 1)}" not in cell.number_format
    number = re.search(
        r"[\d.,]*\d", re.search(r"<strong>([^<]*?\d[^<]*?)</strong></td>", read["html"]).group(1)
    ).group()
    assert str(parse_decimal(number, locale=place.locale)) == shown


@pytest.mark.parametrize(("locale", "width"), [("de_DE", 595), ("en_US", 612), ("es_CL", 612), ("en_GB", 595)])
def test_workbook_and_paper_have_the_size_of_the_reader_s_country(locale, width):
    made = card(locale=locale)
    workbook = book(made, KPIS, rows().clear())
    with pikepdf.open(BytesIO(pdf(made, KPIS, workbook))) as document:
        assert int(document.pages[0].MediaBox[2]) == width
    letter, a4 = 1, 9
    assert opened(workbook).worksheets[0].page_setup.paperSize == (letter if width == 612 else a4)
