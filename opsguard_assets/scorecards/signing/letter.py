"""What the mail and the message about a scorecard say.

Here: subjects and lines of a card. Not here: the forms themselves (`forms`), sending (`sending_io`).
"""

from opsguard_assets.config.scorecards import Scorecards
from opsguard_assets.scorecards.card.card import Card

_SUBJECT = {"en": "{client}: scorecard of {month}", "de": "{client}: Kennzahlen {month}"}
# Who reads the subject on a phone sees so much of a name.
_NAME = 60


def subject_of(card: Card, settings: Scorecards) -> str:
    """The subject of the mail, in the reader's language; names come from outside and are on one line."""
    from babel.dates import format_skeleton  # noqa: PLC0415 - only who writes mails pays for it

    month = format_skeleton("yMMMM", card.month, locale=card.locale)
    name = " ".join(card.client_name.split())[:_NAME]
    pattern = settings.subject or _SUBJECT[card.language]
    return pattern.replace("{month}", month).replace("{client}", name)
