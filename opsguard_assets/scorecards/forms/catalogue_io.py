"""The catalogue of a language from its `.po` file: compiled when it is first asked for, and kept.

Here: reading. Not here: which texts there are (`language.msgid` marks them), saying them (`language`).
"""

import importlib.resources
import io
from functools import cache
from gettext import GNUTranslations, NullTranslations

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from opsguard_assets.scorecards.card.card import Language

DOMAIN = "opsguard"


@cache
def translations(language: Language) -> NullTranslations:
    """The texts of a language; English ones are the keys and have no file."""
    if language == "en":
        return NullTranslations()
    file = importlib.resources.files("templates") / "locale" / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    with file.open("rb") as source:
        catalogue = read_po(source, locale=language, domain=DOMAIN)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)
