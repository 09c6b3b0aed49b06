"""What settings models share: frozen, a key that nobody reads is an error and not a silence, time zones are known."""

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
    return available_timezones()


def _known_zone(zone: str) -> str:
    if zone not in _zones():
        raise ValueError(f"{zone!r} is no IANA time zone; write one like Europe/Berlin")
    return zone


Zone = Annotated[str, AfterValidator(_known_zone)]
