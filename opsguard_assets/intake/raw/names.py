"""How a source's column names become names of raw columns, and where values of another type than before go.

Here: names only, without any import that takes time: mappings are resolved with these on every start. Not here: types
(`raw.types`) and drift (`drift`).

The convention is dlt's `snake_case`, so that dlt leaves the names as they are, with three additions: no name starts
with an underscore (those belong to the loader: `_load_id`, `_damage`, …), letters with accents lose them, and what
cannot be written in ASCII or is very long gets a short digest, so that different columns stay different.
"""

import hashlib
import re
import unicodedata
from functools import lru_cache

LOAD_ID, LOADED_AT, PART, ORIGIN, POSITION, DAMAGE, TEXT = (
    "_load_id",
    "_loaded_at",
    "_part",
    "_origin",
    "_position",
    "_damage",
    "_text",
)
LONGEST_NAME = 100
_VARIANT = "__v_"
_LETTERS = str.maketrans(
    {
        "ß": "ss",
        "æ": "ae",
        "Æ": "Ae",
        "ø": "o",
        "Ø": "O",
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "Đ": "D",
        "\u0131": "i",
        "œ": "oe",
    }
)
_REDUCED = str.maketrans("+-*@|", "x_xal")
_OTHER = re.compile(r"[^a-zA-Z\d_]")
_WORD_START = re.compile(r"([^_])([A-Z][a-z]+)")
_CAPITAL = re.compile(r"([a-z0-9])([A-Z])")
_UNDERSCORES = re.compile(r"__+")


@lru_cache(maxsize=4096)
def raw_name(name: str) -> str:
    """The raw column that holds a source column.

    Args:
        name: The column as the source spells it; capitals and punctuation do not matter.

    Returns:
        A name in snake case that starts with a letter; applying the function again changes nothing. An empty name is
        `unnamed`.
    """
    plain = _without_accents(name.strip())
    snake = _snake(_OTHER.sub("_", plain.translate(_REDUCED)))
    if not snake:
        snake = "unnamed"
    elif snake[0].isdigit():
        snake = f"column_{snake}"
    if not plain.isascii() or len(snake) > LONGEST_NAME:
        snake = f"{snake[: LONGEST_NAME - 10].rstrip('_')}_h{hashlib.sha256(name.strip().encode()).hexdigest()[:8]}"
    return snake


def variant_name(column: str, kind: str) -> str:
    """The raw column for values of `kind` where `column` already holds another type."""
    return f"{column}{_VARIANT}{kind}"


def is_received(column: str) -> bool:
    """Whether a raw column holds what the source sent, rather than what the loader noted."""
    return not column.startswith("_")


def _without_accents(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name.translate(_LETTERS))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _snake(name: str) -> str:
    words = _CAPITAL.sub(r"\1_\2", _WORD_START.sub(r"\1_\2", name)).lower().lstrip("_")
    # dlt writes a trailing underscore as an x, so that `Cost` and `Cost $` stay different.
    stripped = words.rstrip("_")
    return _UNDERSCORES.sub("_", stripped + "x" * (len(words) - len(stripped)))
