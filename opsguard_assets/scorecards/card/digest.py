"""The figures of a card as canonical bytes: what is signed, kept and compared.

Here: a card to RFC 8785 JSON and back, and its SHA-256. Not here: the JSON that readers get (`forms.json`), signing.

The seal is left out: it says who signed these bytes. Decimals are texts without trailing zeros, instants end in `Z`.
Fields that are None or empty by default are left out: what a later version adds changes no digest of an earlier one.
"""

import hashlib
from datetime import UTC, date, datetime
from decimal import MAX_PREC, Context, Decimal
from typing import Any

from pydantic import BaseModel

from opsguard_assets.scorecards.card.card import Card

# By itself `normalize` rounds to 28 digits.
_EXACT = Context(prec=MAX_PREC)


def canonical(card: Card) -> bytes:
    """The figures of a card in the one way that there is to write them (RFC 8785, UTF-8).

    Raises:
        ValueError: For a number that is not finite, an instant without zone, or a text that is no Unicode.
    """
    return canonical_json(card.model_copy(update={"seal": None}))


def digest(figures: bytes) -> str:
    """The SHA-256 of canonical bytes, as hexadecimal digits."""
    return hashlib.sha256(figures).hexdigest()


def parsed(figures: bytes) -> Card:
    """The card of canonical bytes, without a seal.

    Raises:
        pydantic.ValidationError: When they are not those of a card.
    """
    return Card.model_validate_json(figures)


def canonical_json(value: Any) -> bytes:
    """Canonical JSON of models, mappings and sequences of what cards hold.

    Raises:
        ValueError: As `canonical`.
    """
    import rfc8785  # noqa: PLC0415 - only who signs or writes pays for it

    try:
        return bytes(rfc8785.dumps(plain_json(value)))
    except rfc8785.CanonicalizationError as error:
        raise ValueError(f"this cannot be written as canonical JSON: {error}") from error


def plain_json(value: Any) -> Any:
    """Models, decimals and instants as what JSON has: objects and text."""
    if isinstance(value, BaseModel):
        return {
            name: plain_json(getattr(value, name))
            for name, field in type(value).model_fields.items()
            if not _is_left_out(getattr(value, name), field.default)
        }
    if isinstance(value, dict):
        return {name: plain_json(one) for name, one in value.items()}
    if isinstance(value, tuple | list):
        return [plain_json(one) for one in value]
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, datetime):
        return _instant(value)
    return value.isoformat() if isinstance(value, date) else value


def _is_left_out(value: Any, default: Any) -> bool:
    return value in (None, ()) and value == default


def _decimal(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError(f"{value} is no figure")
    return format(value.normalize(_EXACT), "f") if value else "0"


def _instant(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError(f"{value} has no time zone")
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
