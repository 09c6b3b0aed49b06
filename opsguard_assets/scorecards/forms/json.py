"""The scorecard as canonical JSON (RFC 8785): the card itself, its digest, and how far it is signed.

Here: the file that readers get. Not here: the bytes that are signed, which are the card alone (`card.digest`).

A reader writes the member `card` as canonical JSON again, and finds its SHA-256 under `digest`.
"""

from opsguard_assets.scorecards.card.card import Card
from opsguard_assets.scorecards.card.digest import canonical_json
from opsguard_assets.scorecards.forms.seal import digest_of


def json(card: Card) -> bytes:
    """The file of a card, in UTF-8.

    Raises:
        ValueError: For a figure that is not a number.
    """
    figures = card.model_copy(update={"seal": None})
    return canonical_json({"card": figures, "digest": digest_of(card), "seal": card.seal})
