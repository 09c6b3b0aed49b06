"""Reads the key figures of a scorecard back from its forms, with nothing that made them, and compares them.

Here: JSON, CSV, the cells of a workbook, the text of a page and of a PDF in English. Not here: the forms.
"""

import csv
import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from html import unescape
from xml.etree import ElementTree as ET

from babel.numbers import get_decimal_symbol

from opsguard_assets.scorecards.card.card import Card
from opsguard_assets.scorecards.kpis.registry import KPIS

_LABELS = {kpi.label: name for name, kpi in KPIS.items()}
_FOR_PEOPLE = ("html", "pdf")
_SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
# The columns of the first sheet that hold a figure's value, its unit and its code.
_VALUE, _UNIT, _CODE = "B", "C", "O"


def read_forms(files: Mapping[str, bytes]) -> dict[str, dict[str, Decimal]]:
    """By form, the key figures of the client as a whole by their names; those without a figure are left out.

    Args:
        files: Some of the forms by kind: json, csv, xlsx, html, pdf.
    """
    return {kind: _READERS[kind](content) for kind, content in files.items()}


def disagreements(card: Card, files: Mapping[str, bytes]) -> list[str]:
    """What forms say otherwise than the card, in words: every figure of the client as a whole, as far as it has digits.

    Args:
        card: The card.
        files: Its forms by kind. Page and PDF are read only in English, with a point before decimals.
    """
    is_readable = card.language == "en" and get_decimal_symbol(card.locale) == "."
    read = read_forms({kind: each for kind, each in files.items() if is_readable or kind not in _FOR_PEOPLE})
    return [
        f"{form} says {'nothing' if shown is None else shown} for {measure.kpi}, which is {measure.value}"
        for measure in card.measures
        if measure.value is not None and measure.kpi in KPIS
        for form, values in read.items()
        if not _is_the_same(measure.value, shown := values.get(measure.kpi))
    ]


def _is_the_same(exact: Decimal, shown: Decimal | None) -> bool:
    return shown is not None and abs(exact - shown) <= Decimal(1).scaleb(int(shown.as_tuple().exponent)) / 2


def _figures(content: bytes) -> dict[str, Decimal]:
    return _numbers({one["kpi"]: one["value"] for one in json.loads(content)["card"]["measures"]})


def _table(content: bytes) -> dict[str, Decimal]:
    return _numbers({row["kpi"]: row["value"] for row in _lines(content) if not row["site_id"]})


def _numbers(found: Mapping[str, str | None]) -> dict[str, Decimal]:
    return {name: Decimal(value) for name, value in found.items() if value}


def _lines(content: bytes) -> Iterator[dict[str, str]]:
    yield from csv.DictReader(io.StringIO(content.decode()))


def _number(shown: str) -> Decimal | None:
    """The number in a text in English, such as "1,234.5 min"; None where there is none."""
    digits = re.sub(r"[^\d.\N{MINUS SIGN}-]", "", shown).replace("\N{MINUS SIGN}", "-").rstrip(".")
    try:
        return Decimal(digits)
    except InvalidOperation:
        return None


def _page(content: bytes) -> dict[str, Decimal]:
    found = re.findall(
        r'<th scope="row">([^<]*)(?:<span[^>]*>[^<]*</span>)*</th><td class="number value">(.*?)</td>', content.decode()
    )
    shown = {_LABELS[label]: unescape(text) for each, text in found if (label := unescape(each)) in _LABELS}
    return {name: number for name, text in shown.items() if (number := _number(text)) is not None}


def _cells(content: bytes) -> dict[str, Decimal]:
    """The values of the first sheet by the code in their row; shares are kept as such, and shown as percent."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        shared, first = book.read("xl/sharedStrings.xml"), book.read("xl/worksheets/sheet1.xml")
    # The workbook is the one that OpsGuard has just made.
    texts = ["".join(item.itertext()) for item in ET.fromstring(shared)]  # noqa: S314
    sheet = ET.fromstring(first)  # noqa: S314
    found = {}
    for row in sheet.iter(f"{_SHEET}row"):
        cells = {re.sub(r"\d", "", cell.get("r", "")): cell for cell in row}
        code = _text(cells.get(_CODE), texts)
        value = cells.get(_VALUE)
        if code in KPIS and value is not None and value.get("t") is None and code not in found:
            shown = Decimal(value.findtext(f"{_SHEET}v") or "0")
            found[code] = round(shown * (100 if KPIS[code].unit == "percent" else 1), 6)
    return found


def _text(cell: ET.Element | None, texts: list[str]) -> str:
    if cell is None:
        return ""
    value = cell.findtext(f"{_SHEET}v") or ""
    return texts[int(value)] if cell.get("t") == "s" else value


def _printed(content: bytes) -> dict[str, Decimal]:
    """What a PDF prints behind the label of each figure."""
    text = _text_of_pdf(content)
    found = {}
    for label, name in _LABELS.items():
        printed = re.search(rf"{re.escape(label)} ([\d.,\N{{MINUS SIGN}}-]*\d)", text)
        if printed and (number := _number(printed[1])) is not None:
            found[name] = number
    return found


def _text_of_pdf(content: bytes) -> str:
    """The text of all pages in the order of the document, by the tables that a PDF carries for copying (ToUnicode)."""
    objects = {int(number): body for number, body in _OBJECT.findall(content)}
    fonts = {number: _letters(objects, body) for number, body in objects.items() if b"/ToUnicode" in body}
    said: list[str] = []
    for page in (body for body in objects.values() if re.search(rb"/Type\s*/Page\b", body)):
        resources = objects[_reference(page, b"Resources")]
        names = {
            name.decode(): fonts[int(number)]
            for name, number in re.findall(rb"/(\w+) (\d+) 0 R", resources.partition(b"/Font<<")[2].partition(b">>")[0])
        }
        said += _words(_stream(objects[_reference(page, b"Contents")]), names)
    return re.sub(r"\s+", " ", " ".join(said).replace("\u200b", "").replace("\N{NO-BREAK SPACE}", " "))


_OBJECT = re.compile(rb"(?:^|\n)(\d+) 0 obj\r?\n?(.*?)\r?\n?endobj", re.DOTALL)
_SHOWN = re.compile(
    rb"/(\w+) [\d.]+ Tf|((?:\((?:\\.|[^\\()])*\)|\[(?:[^\[\]()]|\((?:\\.|[^\\()])*\))*\]))\s*TJ?j?", re.DOTALL
)
_STRING = re.compile(rb"\(((?:\\.|[^\\()])*)\)", re.DOTALL)
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_NAMED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def _reference(body: bytes, name: bytes) -> int:
    found = re.search(rb"/" + name + rb" (\d+) 0 R", body)
    return int(found[1]) if found else -1


def _stream(body: bytes) -> bytes:
    return zlib.decompressobj().decompress(body.partition(b"stream\n")[2])


def _letters(objects: Mapping[int, bytes], font: bytes) -> dict[bytes, str]:
    """Glyphs of two bytes to text."""
    table = _stream(objects[_reference(font, b"ToUnicode")]).decode()
    pairs = re.findall(r"^<([0-9a-fA-F]{4})> <([0-9a-fA-F]+)>", table, flags=re.MULTILINE)
    return {bytes.fromhex(glyph): bytes.fromhex(text).decode("utf-16-be") for glyph, text in pairs}


def _words(page: bytes, fonts: Mapping[str, Mapping[bytes, str]]) -> Iterator[str]:
    letters: Mapping[bytes, str] = {}
    for font, shown in _SHOWN.findall(page):
        if font:
            letters = fonts.get(font.decode(), {})
            continue
        glyphs = b"".join(_ESCAPE.sub(_unescaped, each) for each in _STRING.findall(shown))
        yield "".join(letters.get(glyphs[place : place + 2], "") for place in range(0, len(glyphs), 2))


def _unescaped(escape: re.Match[bytes]) -> bytes:
    said = escape[1]
    return bytes([int(said, 8)]) if said[:1].isdigit() else _NAMED.get(said, said)


_READERS: Mapping[str, Callable[[bytes], dict[str, Decimal]]] = {
    "json": _figures,
    "csv": _table,
    "xlsx": _cells,
    "html": _page,
    "pdf": _printed,
}
