"""What settings models share: frozen, a key that nobody reads is an error and not a silence, time zones are known."""

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
