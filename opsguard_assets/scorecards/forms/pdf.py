"""The scorecard as a PDF that archives and screen readers take: PDF/A-3a and PDF/UA-1, the same bytes everywhere.

Here: data, fonts and attachments to bytes. Not here: what it says (`paper`), how it looks
(`templates/scorecard/scorecard.typ`).

Data reach the template as inputs and are text there, never markup. Fonts come from two packages, never from the
machine: Noto Sans of our own, then DejaVu Sans, then Last Resort, which has a box for every character. Without the
last one a single name in a script that no font has would stop a client's PDF: PDF/A demands a glyph for each character.
"""

import importlib.metadata
import importlib.resources
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from opsguard_assets.scorecards.card.card import Card
from opsguard_assets.scorecards.card.digest import canonical
from opsguard_assets.scorecards.forms.figures import Kpis
from opsguard_assets.scorecards.forms.paper import paper
from opsguard_assets.scorecards.forms.spoken import speaker

if TYPE_CHECKING:
    import typst

TEMPLATE = "scorecard.typ"
_FOLDER = "scorecard"
_DOTS_PER_INCH = 60.0  # words can be read, and the picture has some 150 kB
_STANDARDS: "Final[list[typst.PDFStandard]]" = ["a-3a", "ua-1"]


class PageError(ValueError):
    """A template that cannot be printed: where it stands and why."""


def pdf(card: Card, kpis: Kpis, book: bytes) -> bytes:
    """The scorecard as PDF, with its book and its figures attached.

    Args:
        card: What it says.
        kpis: The registry.
        book: The Excel workbook (`book.book`).

    Raises:
        PageError: When the template does not compile, or the result were no PDF/A-3a and PDF/UA-1.
        ValueError: For a locale that does not exist.
    """
    by = speaker(card)
    files = (
        {
            "name": "scorecard.xlsx",
            "mime_type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "relationship": "data",
            "description": by.say("The figures, and the rows behind them, as an Excel workbook"),
        },
        {
            "name": "figures.json",
            "mime_type": "application/json",
            "relationship": "source",
            "description": by.say("The figures that are signed, as canonical JSON"),
        },
    )
    contents = {"scorecard.xlsx": book, "figures.json": canonical(card)}
    return pages(paper(card, kpis, by), files, contents)


def pages(said: Mapping[str, Any], files: Sequence[Mapping[str, str]], contents: Mapping[str, bytes]) -> bytes:
    """Words, tables and pictures as PDF, in the look of scorecards.

    Args:
        said: As `paper.paper` gives them.
        files: What is attached: `name`, `mime_type`, `relationship`, `description`.
        contents: The bytes of these, by name.

    Raises:
        PageError: As `pdf`.
    """
    inputs = {"card": json.dumps({**said, "files": list(files)}, ensure_ascii=False)}
    # As lists of bytes: inputs are text, and files on disk would have to lie beside the template.
    inputs |= {f"file:{name}": str(list(content)) for name, content in contents.items()}
    return printed(TEMPLATE, inputs)


def first_page(card: Card, kpis: Kpis) -> bytes:
    """The first page as a small picture (PNG), without attachments: for previews.

    Raises:
        PageError: When the template does not compile.
        ValueError: For a locale that does not exist.
    """
    inputs = {"card": json.dumps({**paper(card, kpis, speaker(card)), "files": ()}, ensure_ascii=False)}
    made = _compiled(TEMPLATE, inputs, format="png", ppi=_DOTS_PER_INCH)
    return bytes(made[0] if isinstance(made, list) else made)


def printed(template: str, inputs: Mapping[str, str]) -> bytes:
    """A template with inputs as PDF/A-3a and PDF/UA-1.

    Args:
        template: Its file in `templates/scorecard`.
        inputs: What it reads as `sys.inputs`.

    Raises:
        PageError: As `pdf`.
    """
    return bytes(_compiled(template, inputs, format="pdf", pdf_standards=_STANDARDS))


def _compiled(template: str, inputs: Mapping[str, str], **form: Any) -> Any:
    """What typst makes of a template: bytes, or a list of them by page."""
    import typst  # noqa: PLC0415 - 80 MB that only who prints pays for

    root = str(importlib.resources.files("templates") / _FOLDER)
    try:
        return typst.compile(
            f"{root}/{template}",
            root=root,
            font_paths=_fonts(),
            ignore_system_fonts=True,
            sys_inputs=dict(inputs),
            **form,
        )
    except typst.TypstError as error:
        raise PageError(_explained(template, error)) from error


@cache
def _fonts() -> "typst.Fonts":
    import typst  # noqa: PLC0415 - as above

    ours = str(importlib.resources.files("templates") / "fonts")
    # Chinese, Japanese and Korean: all in one font of 16 MB, of which a PDF holds the letters that it shows.
    east = str(importlib.resources.files("noto_cjk_sans_jp_regular"))
    # Where its wheel lies, without importing a plotting library.
    others = str(importlib.metadata.distribution("matplotlib").locate_file("matplotlib/mpl-data/fonts/ttf"))
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[ours, east, others])


def _explained(template: str, error: "typst.TypstError") -> str:
    """What is wrong, where: the error's own text has no place, its diagnostic has."""
    found = re.search(r"┌─ (?P<file>.+?):(?P<line>\d+):(?P<column>\d+)", error.diagnostic)
    # The diagnostic's path is of the folder in which the process runs; templates lie side by side in one.
    place = f"{found['file'].rpartition('/')[2]}:{found['line']}:{found['column']}" if found else template
    hints = "".join(f" ({hint})" for hint in error.hints)
    return f"templates/{_FOLDER}/{place}: {error.message}{hints}"
