"""The PDF: standards, tags, attachments, hostile names as text, and the place of a template's fault."""

import hashlib
import re
import struct
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO

import pikepdf
import pytest

from opsguard_assets.scorecards.card.card import Seal
from opsguard_assets.scorecards.card.digest import canonical, digest
from opsguard_assets.scorecards.forms.pdf import PageError, first_page, pdf, printed
from tests.scorecards.forms.cards import HOSTILE, KPIS, card, provider, restated
from tests.scorecards.forms.reading import words_of

BOOK = bytes(range(256))
# Letters of several fonts, one direction against another, and a word without an end.
NAME = f"本社 شركة {HOSTILE}"


def sealed(made):
    seal = Seal(
        status="signed", digest=digest(canonical(made)), link="9f" * 32, signed_by="A. Lee",
        signed_at=datetime(2026, 11, 3, 8, tzinfo=UTC),
    )  # fmt: skip
    return made.model_copy(update={"seal": seal})


@pytest.fixture(scope="module")
def opened():
    return pikepdf.open(BytesIO(pdf(sealed(card(client_name=NAME)), KPIS, BOOK)))


def test_it_says_that_it_is_pdf_a_3a_and_pdf_ua_1(opened):
    with opened.open_metadata() as said:
        assert (said["pdfaid:part"], said["pdfaid:conformance"], said["pdfuaid:part"]) == ("3", "A", "1")
    assert bool(opened.Root.MarkInfo.Marked)
    assert str(opened.Root.Lang).startswith("en")
    assert bool(opened.Root.ViewerPreferences.DisplayDocTitle)


def test_every_font_is_embedded(opened):
    fonts = [
        one for one in opened.objects if isinstance(one, pikepdf.Dictionary) and one.get("/Type") == "/FontDescriptor"
    ]
    assert fonts
    assert all({"/FontFile2", "/FontFile3"} & set(one.keys()) for one in fonts)


def test_tables_have_heads_and_each_picture_has_words(opened):
    found = list(tags(opened.Root.StructTreeRoot))
    kinds = {str(node.S) for node in found}
    assert {"/H1", "/H2", "/Table", "/THead", "/TH", "/TD", "/Figure"} <= kinds
    pictures = [str(node.get("/Alt", "")) for node in found if node.S == "/Figure"]
    assert len(pictures) > 20
    assert all(" 2026: least " in words for words in pictures)


def tags(node):
    """Every node of the tree of tags."""
    children = node.get("/K", [])
    for child in children if isinstance(children, pikepdf.Array) else [children]:
        if isinstance(child, pikepdf.Dictionary) and "/S" in child:
            yield child
            yield from tags(child)


def test_the_book_and_the_signed_figures_are_attached_byte_by_byte(opened):
    contents = {name: one.get_file().read_bytes() for name, one in opened.attachments.items()}
    assert contents["scorecard.xlsx"] == BOOK
    assert {str(one.UF): str(one.AFRelationship) for one in opened.Root.AF} == {
        "scorecard.xlsx": "/Data",
        "figures.json": "/Source",
    }
    # In one piece, so that it can be copied and compared.
    assert hashlib.sha256(contents["figures.json"]).hexdigest() in words_of(opened)


def test_each_page_says_whose_it_is_how_far_it_is_signed_and_where_it_stands(opened):
    pages = [words_of(opened, number) for number in range(len(opened.pages))]
    for number, words in enumerate(pages, start=1):
        assert f"page {number} of {len(pages)}" in words
        assert "Signed by A. Lee on 3 Nov 2026, 09:00 (UTC+01:00, Europe/Berlin)" in words
        assert f"Head of the chain of signings: {'9f' * 32}" in words
    assert "What acting was worth" in pages[0]
    assert "Operational excellence" in pages[2]


def test_hostile_names_are_printed_as_they_are(opened):
    words = re.sub(r"\s+", "", words_of(opened))
    assert "<script>alert(1)</script>=cmd|'/Ccalc'!A0" in words
    assert "{number}$x^2$" in words
    assert "\u202e" not in words


def test_chinese_japanese_and_korean_names_are_letters_and_not_boxes():
    name = "株式会社 カナ 한국 繁體 简体"
    opened = pikepdf.open(BytesIO(pdf(card(client_name=name), KPIS, BOOK)))
    fonts = {str(one.get("/FontName")).partition("+")[2] for one in opened.objects
             if isinstance(one, pikepdf.Dictionary) and one.get("/Type") == "/FontDescriptor"}  # fmt: skip
    assert re.sub(r"\s", "", name) in re.sub(r"\s", "", words_of(opened))
    assert any("CJK" in font for font in fonts)
    assert not any("LastResort" in font for font in fonts), fonts


BARE = card(measures=(), sites=(), value=(), likely=(), changes=(), shadow=(), predictions=())


@pytest.mark.parametrize("made", [restated(), provider(), BARE], ids=["restated", "provider", "bare"])
def test_every_kind_of_card_is_printed(made):
    opened = pikepdf.open(BytesIO(pdf(made, KPIS, BOOK)))
    assert f"page {len(opened.pages)} of {len(opened.pages)}" in words_of(opened)


def test_long_definitions_go_on_on_the_next_page_and_not_over_the_foot():
    long = {name: replace(one, formula=f"Words of {name}. " * 60) for name, one in KPIS.items()}
    opened = pikepdf.open(BytesIO(pdf(card(), long, BOOK)))
    pages = [words_of(opened, number) for number in range(len(opened.pages))]
    found = [next(n for n, words in enumerate(pages) if f"Words of {name}." in words) for name in KPIS]
    assert found == sorted(found)
    assert found[-1] > found[0]


def test_the_first_page_is_a_small_picture():
    picture = first_page(card(), KPIS)
    width, height = struct.unpack(">II", picture[16:24])
    assert picture.startswith(b"\x89PNG")
    assert (width, height) == (496, 702), "A4 at 60 dots per inch"
    assert len(picture) < 300_000


def test_a_template_that_does_not_compile_is_named_with_line_and_column():
    with pytest.raises(PageError, match=r"^templates/scorecard/scorecard.typ:\d+:\d+: dictionary does not contain key"):
        printed("scorecard.typ", {"card": "{}"})
