"""Reads forms back: the words of a PDF, and a workbook whose values are computed from its formulas alone.

Neither has anything in common with how forms are made: glyphs become text by the tables that the PDF carries for
copying, formulas are computed by the package `formulas` after the values beside them have been struck out.
"""

import re
import warnings
import zipfile
from io import BytesIO

import openpyxl
import pikepdf


def words_of(document, number=None):
    """The words of all pages or of one, in the order of the document, parted by spaces where text was set apart."""
    pages = document.pages if number is None else [document.pages[number]]
    return re.sub(r"\s+", " ", " ".join(" ".join(_words(page)) for page in pages).replace("\u200b", ""))


def _words(page):
    fonts = {name: _letters(font) for name, font in page.Resources.Font.items()}
    letters = {}
    for operands, operator in pikepdf.parse_content_stream(page):
        if str(operator) == "Tf":
            letters = fonts[str(operands[0])]
        elif str(operator) == "Tj":
            yield _said(bytes(operands[0]), letters)
        elif str(operator) == "TJ":
            yield "".join(_said(bytes(one), letters) for one in operands[0] if isinstance(one, pikepdf.String))


def _said(glyphs, letters):
    return "".join(letters[glyphs[place : place + 2]] for place in range(0, len(glyphs), 2))


def _letters(font):
    """Glyphs of two bytes to text, from the font's table for copying (ToUnicode)."""
    table = font.ToUnicode.read_bytes().decode()
    pairs = re.findall(r"^<([0-9a-fA-F]{4})> <([0-9a-fA-F]+)>", table, flags=re.MULTILINE)
    return {bytes.fromhex(glyph): bytes.fromhex(text).decode("utf-16-be") for glyph, text in pairs}


def without_values(book):
    """A workbook whose formulas have no values beside them, and how many these are."""
    found, stripped = 0, BytesIO()
    with zipfile.ZipFile(BytesIO(book)) as source, zipfile.ZipFile(stripped, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name.startswith("xl/worksheets/sheet"):
                content, struck = re.subn(rb"(</f>)<v>[^<]*</v>", rb"\1", content)
                found += struck
            target.writestr(name, content)
    return stripped.getvalue(), found


def opened(book, *, values=False):
    """A workbook as openpyxl reads it: its formulas, or the values beside them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it does not keep sparklines
        return openpyxl.load_workbook(BytesIO(book), data_only=values)
