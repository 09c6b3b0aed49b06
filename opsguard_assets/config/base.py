"""The base of settings models: frozen, unknown keys are errors, time zones must exist."""

import codecs
import difflib
from functools import cache
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict


class Strict(BaseModel):
    """A settings model that is immutable and refuses unknown keys."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        str_strip_whitespace=True,
        hide_input_in_errors=True,
    )


@cache
def _zones() -> set[str]:
    # Of the system, and no zone of the libraries that read times.
    return available_timezones() - {"Factory", "localtime"}


def _known_zone(zone: str) -> str:
    if zone not in _zones():
        close = difflib.get_close_matches(zone.lower(), {known.lower(): known for known in _zones()}, n=1)
        named = next((known for known in sorted(_zones()) if close and known.lower() == close[0]), None)
        remedy = f"did you mean {named}?" if named else "write one like Europe/Berlin"
        raise ValueError(f"{zone!r} is not an IANA time zone; {remedy}")
    return zone


Zone = Annotated[str, AfterValidator(_known_zone)]

# What a name means to spreadsheets and browsers (WHATWG), where Python takes it by the letter.
_READ_AS = {
    "iso8859-1": "cp1252", "ascii": "cp1252", "iso8859-9": "cp1254", "iso8859-11": "cp874", "shift_jis": "cp932",
    "euc_kr": "cp949", "gb2312": "gb18030", "gbk": "gb18030", "utf-8-sig": "utf-8", "utf_8_sig": "utf-8",
}  # fmt: skip


def _known_encoding(name: str) -> str:
    try:
        known = codecs.lookup(name)
        # Also codecs are known by name that are of no text, such as hex.
        "".encode(name)
    except (LookupError, ValueError):
        raise ValueError(f"{name!r} is not a character set; {ENCODINGS}") from None
    plain = known.name
    if plain in {
        "idna",
        "punycode",
        "undefined",
        "unicode_escape",
        "raw_unicode_escape",
        "unicode-escape",
        "mbcs",
        "oem",
    }:
        raise ValueError(f"{name!r} is not a character set of files; {ENCODINGS}")
    return _READ_AS.get(plain, plain)


ENCODINGS = (
    "write utf-8, cp1252 (Excel on Windows in America and western Europe), cp1250 (central Europe), cp1251 (Cyrillic), "
    "shift_jis, gb18030, utf-16 or another one that Python knows"
)
Encoding = Annotated[str, AfterValidator(_known_encoding)]
