"""The figures of a card as canonical bytes: what is signed, kept and compared.

Here: a card to RFC 8785 JSON and back, and its SHA-256. Not here: the JSON that readers get (`forms`), signing.

The seal is left out: it says who signed these bytes. Decimals are texts without trailing zeros, instants end in `Z`.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from opsguard_assets.scorecards.card.card import Card


def canonical(card: Card) -> bytes:
    """The figures of a card in the one way that there is to write them (RFC 8785, UTF-8).

    Raises:
        rfc8785.CanonicalizationError: When a text or a number cannot be written in JSON.
    """
    import rfc8785  # noqa: PLC0415 - only who signs or writes pays for it

    plain = {name: value for name, value in card.model_dump(mode="python").items() if name != "seal"}
    figures: bytes = rfc8785.dumps(_written(plain))
    return figures


def digest(figures: bytes) -> str:
    """The SHA-256 of canonical bytes, as hexadecimal digits."""
    return hashlib.sha256(figures).hexdigest()


def parsed(figures: bytes) -> Card:
    """The card of canonical bytes, without a seal.

    Raises:
        pydantic.ValidationError: When they are not those of a card.
    """
    return Card.model_validate_json(figures)


def _written(value: Any) -> Any:
    if isinstance(value, Decimal):
        short = format(value.normalize(), "f")
        return "0" if short == "-0" else short
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): _written(each) for name, each in value.items()}
    return [_written(each) for each in value] if isinstance(value, list | tuple) else value
