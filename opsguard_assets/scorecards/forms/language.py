"""Texts in the reader's language, by gettext: the English text is the key.

Here: looking a text up and filling it in, and cleaning what is received. Not here: numbers, money and dates (`spoken`).

A text reaches the catalogue where it stands as a literal in `say(…)`, `count(…)` or `msgid(…)`, in Python or in a
template, or in a record of the registry. A test holds the catalogue to exactly these.
"""

import unicodedata
from dataclasses import dataclass

from opsguard_assets.scorecards.card.card import Language
from opsguard_assets.scorecards.forms.catalogue_io import translations
from opsguard_assets.views.texts import shortened

# What a page shows of one received name.
LONGEST = 120


def msgid(text: str) -> str:
    """Marks a text for the catalogue; it is looked up where it is said."""
    return text


def plain(text: str, longest: int = LONGEST) -> str:
    """A received text on one bounded line, composed (NFC), without control characters and changes of direction."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return shortened(unicodedata.normalize("NFC", whole), longest)


@dataclass(frozen=True)
class Words:
    """The texts of one language.

    Attributes:
        language: Which one.
        is_swiss: Whether German is written without ß.
    """

    language: Language
    is_swiss: bool = False

    def say(self, text: str, /, **values: object) -> str:
        """A text of the catalogue; values fill its `{names}` and are never read as texts with names themselves."""
        found = self._spelt(translations(self.language).gettext(text)) if text else ""
        return found.format(**values) if values else found

    def count(self, one: str, many: str, number: int, /, **values: object) -> str:
        """The form of a text that belongs to a number; `{number}` stands for it unless values hold it in words."""
        found = self._spelt(translations(self.language).ngettext(one, many, number))
        return found.format(**{"number": number, **values})

    def _spelt(self, text: str) -> str:
        return text.replace("ß", "ss") if self.is_swiss else text
