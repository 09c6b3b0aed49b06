"""What every settings model shares: frozen, and a key that nobody reads is an error, not a silence."""

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """A settings model that is immutable and refuses unknown keys."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        str_strip_whitespace=True,
        hide_input_in_errors=True,
    )
