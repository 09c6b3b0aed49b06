"""Formats of timestamps with the meaning of Python's `strptime`; a format without one is refused, with a remedy.

Here: one format text to a regular expression and to what it says (a time of day, a zone). Not here: reading columns
with it (`instants`), and names of zones (`zone_names`).

Polars uses the formats of another library (chrono): there `%f` counts nanoseconds, `%Z` and a literal `Z` are skipped,
and a wrong letter is an error in the middle of a load. So Polars gets only formats on which both libraries agree.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from opsguard_assets.intake.mapping.zone_names import OFFSETS

MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# Before and after noon, as English, Spanish, Chinese, Japanese, Korean, Greek and Turkish systems write it.
FORENOON = r"a\.?\s?m\.?|上午|午前|오전|π\.?\s?μ\.?|öö"
AFTERNOON = r"p\.?\s?m\.?|下午|午後|오후|μ\.?\s?μ\.?|ös"
_OFFSET = r"[+-](?:[01][0-9]|2[0-3]):?[0-5][0-9](?::?[0-5][0-9](?:\.[0-9]{1,6})?)?|[+-](?:[01][0-9]|2[0-3])|(?-i:Z)"


def _names(words: tuple[str, ...], *more: str) -> str:
    return "|".join((*more, *words, *(word[:3] for word in words)))


# The patterns of Python's `_strptime`, and what goes beyond: 24:00, nine digits of a second, offsets of hours alone.
_PATTERNS = {
    "Y": r"[0-9]{4}",
    "y": r"[0-9]{2}",
    "m": r"1[0-2]|0[1-9]|[1-9]",
    "b": _names(MONTHS, "sept"),
    "d": r"3[01]|[12][0-9]|0[1-9]|[1-9]| [1-9]",
    "j": r"36[0-6]|3[0-5][0-9]|[12][0-9][0-9]|0[1-9][0-9]|00[1-9]|[1-9][0-9]|0[1-9]|[1-9]",
    "U": r"5[0-3]|[0-4][0-9]|[0-9]",
    "W": r"5[0-3]|[0-4][0-9]|[0-9]",
    "G": r"[0-9]{4}",
    "V": r"5[0-3]|0[1-9]|[1-4][0-9]|[1-9]",
    "a": _names(WEEKDAYS),
    "w": r"[0-6]",
    "u": r"[1-7]",
    "H": r"2[0-3]|[01][0-9]|[0-9]|24",
    "I": r"1[0-2]|0[1-9]|[1-9]| [1-9]",
    "p": rf"{FORENOON}|{AFTERNOON}",
    "M": r"[0-5][0-9]|[0-9]",
    "S": r"[0-5][0-9]|[0-9]",
    "f": r"[0-9]{1,9}",
    "z": _OFFSET,
    "Z": r"[a-z][a-z0-9_+\-/]*",
    "s": r"-?[0-9]{1,12}",
}
# Spellings of the same: of other libraries, and short for several directives.
_SAME = {
    "A": "%a", "B": "%b", "h": "%b", "e": "%d", "k": "%H", "l": "%I", "P": "%p", "n": " ", "t": " ",
    "F": "%Y-%m-%d", "T": "%H:%M:%S", "R": "%H:%M", "D": "%m/%d/%y", "r": "%I:%M:%S %p",
}  # fmt: skip
_FOREIGN = {
    "c": "depends on the language of a machine; write the parts out, such as `%a %b %d %H:%M:%S %Y`",
    "x": "depends on the language of a machine; write the parts out, such as `%d/%m/%Y`",
    "X": "depends on the language of a machine; write the parts out, such as `%H:%M:%S`",
}
_TOKEN = re.compile(
    r"%(?P<fraction>\.?[369]f|\.f)|%[#:]z|%[-0_^]?(?P<letter>.)|(?P<dangling>%)|(?P<space>\s+)|(?P<text>[^%\s]+)",
    re.DOTALL,
)
# What says one thing may stand once in a format.
_ONCE = (("Y", "y", "G"), ("m", "b", "j", "U", "W", "V"), ("H", "I"))
_TIMES = frozenset("HIMSfps")
_DAYS = ({"Y", "m", "d"}, {"Y", "j"}, {"Y", "U", "a"}, {"G", "V", "a"}, {"s"})
_FAST = re.compile(r"%Y|%m|%d|%H|%M|%S")
_FAST_BETWEEN = re.compile(r"[-/.:, ]+|T")
_ZONE_WORD = re.compile(
    rf"(?<![A-Za-z])(?P<name>{'|'.join(sorted(OFFSETS, key=len, reverse=True))})(?![A-Za-z])"
    r"|(?P<offset>[+-](?:[01]\d|2[0-3]):?[0-5]\d)$"
)


class FormatError(ValueError):
    """A format that describes no timestamp; the message says why and what to write, without a full stop."""


@dataclass(frozen=True)
class Format:
    """A parsed format.

    Attributes:
        text: As the mapping writes it.
        pattern: Names the parts; `rest` is what the format does not cover, empty where a value fits.
        parts: The directives in it, spelled the one way that `pattern` names them.
        zone: A zone name or an offset that stands in the format itself, such as the `Z` of `%H:%M:%SZ`.
        is_fast: Whether chrono reads the same.
    """

    text: str
    pattern: str
    parts: frozenset[str]
    zone: str | None
    is_fast: bool

    @property
    def has_time(self) -> bool:
        """Whether it says a time of day, and not only a day."""
        return bool(self.parts & _TIMES)


@lru_cache(maxsize=1024)
def read_format(text: str) -> Format:
    """A format as Python's `strptime` means it.

    Raises:
        FormatError: When it is not a format, says a part twice, or does not say the day.
    """
    tokens = list(_tokens(text))
    parts = [letter for letter, _ in tokens if letter]
    wrong = _clash(parts) or _gap(set(parts))
    if wrong:
        raise FormatError(f"the format {text!r} {wrong}")
    found = frozenset(parts)
    zone = None if found & {"z", "Z", "s"} else _zone_of(tokens)
    pattern = "".join(piece for _, piece in tokens)
    is_fast = zone is None and _is_fast(text)
    return Format(text, f"(?i)^{pattern}(?P<rest>(?s:.*))$", found, zone, is_fast)


def _tokens(text: str) -> list[tuple[str, str]]:
    """(directive, pattern) of every piece; the directive of a literal is empty."""
    found: list[tuple[str, str]] = []
    for match in _TOKEN.finditer(text):
        if match["space"]:
            found.append(("", r"\s+"))
        elif match["text"]:
            found.append(("", re.escape(match["text"])))
        elif match["dangling"]:
            raise FormatError(f"the format {text!r} ends in a lone `%`; write `%%` for a percent sign")
        elif match["fraction"]:
            found.append(("f", _fraction(match["fraction"])))
        else:
            found += _directive(match["letter"], match.group(), text)
    return found


def _directive(letter: str | None, written: str, text: str) -> list[tuple[str, str]]:
    if letter is None:  # `%:z` and `%#z` of other libraries
        return [("z", f"(?P<z>{_OFFSET})")]
    if letter in ("%", *_SAME):
        return [("", "%")] if letter == "%" else _tokens(_SAME[letter])
    if letter in _PATTERNS:
        return [(_kind(letter), f"(?P<{letter}>{_PATTERNS[letter]})")]
    if letter in _FOREIGN:
        raise FormatError(f"`{written}` in the format {text!r} {_FOREIGN[letter]}")
    raise FormatError(
        f"`{written}` in the format {text!r} is not a directive of strptime; use %Y %m %d %H %M %S %f %z and their "
        "kind, and `%%` for a percent sign"
    )


def _kind(letter: str) -> str:
    """Directives of the same part under one name: a year of two digits is a year."""
    return {"y": "Y", "b": "m", "W": "U", "w": "a", "u": "a"}.get(letter, letter)


def _fraction(token: str) -> str:
    """Chrono's fractions: `%.f` with its point and perhaps absent, `%3f` and `%.3f` with as many digits."""
    digits = token.strip(".f")
    if not digits:
        return r"(?:\.(?P<f>[0-9]{1,9}))?"
    return rf"{re.escape(token[: token.find(digits)])}(?P<f>[0-9]{{{digits}}})"


def _clash(parts: list[str]) -> str | None:
    """Which directives exclude each other, and what to write."""
    found = set(parts)
    twice = sorted({part for part in parts if parts.count(part) > 1})
    if twice:
        return f"says {_WORDS.get(twice[0], f'`%{twice[0]}`')} twice; take one of them out"
    for group in _ONCE:
        both = [part for part in group if part in found]
        if len(both) > 1:
            return f"says the same by `%{both[0]}` and `%{both[1]}`; take one of them out"
    if "s" in found and found != {"s"}:
        return "has `%s`, seconds since 1970, which is a whole timestamp; take the other directives out"
    return None


def _gap(found: set[str]) -> str | None:
    """What directives leave open, and what to write."""
    if "p" in found and "I" not in found:
        return "has `%p` (AM, PM) without the hour of a twelve-hour clock; write `%I` instead of `%H`"
    if "I" in found and "p" not in found:
        return "has `%I`, the hour of a twelve-hour clock; add `%p`, or write `%H`"
    if not any(day <= found for day in _DAYS):
        return (
            "does not say the day: it needs %Y, %m and %d, or %Y and %j, %Y with %U or %W and a weekday, or "
            "%G, %V and %u. Where date and time are two columns, join them with `template`"
        )
    if found & {"M", "S", "f", "z", "Z"} and not found & {"H", "I"}:
        return "says minutes, seconds or a zone without the hour; add `%H`, or `%I` and `%p`"
    return None


_WORDS = {"Y": "the year", "m": "the month", "d": "the day", "a": "the weekday", "H": "the hour", "I": "the hour"}


def _zone_of(tokens: list[tuple[str, str]]) -> str | None:
    """A zone that the format names in its literal text, behind its first directive."""
    seen = False
    for place, (letter, piece) in enumerate(tokens):
        seen = seen or bool(letter)
        if letter or not seen:
            continue
        is_end = place + 1 == len(tokens)
        found = _ZONE_WORD.search(piece.replace("\\", ""))
        if found and (found["name"] or is_end):
            return found["name"] or found["offset"]
    return None


def _is_fast(text: str) -> bool:
    """Whether all parts are digits with something between them."""
    pieces = _FAST.split(text)
    return not pieces[0] and not pieces[-1] and all(_FAST_BETWEEN.fullmatch(piece) for piece in pieces[1:-1])
