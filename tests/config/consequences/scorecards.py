"""What settings of scorecards do: who may sign and send, in which language, and who reads."""

from datetime import timedelta

from opsguard_assets.config.settings import Settings
from opsguard_assets.scorecards.forms.mail import summary
from opsguard_assets.scorecards.signing.rules import sealed_for_sending, why_not_signed
from tests.config.consequences.given import Seen
from tests.scorecards.cards import card, kept


def readers(settings: Settings) -> Seen:
    """Languages, locales and recipients of two clients and the provider."""
    own = settings.scorecards
    return [(own.language_of(each), own.locale_of(each), own.recipients_of(each)) for each in ("C1", "C2", None)]


def sign_off(settings: Settings) -> Seen:
    """Whether a draft may be sent, and who may sign it."""
    reviewed = kept(card(), reviewed_by="ada", reviewed_at=card().origin.as_of + timedelta(hours=1))
    signing = [why_not_signed(reviewed, who, settings.scorecards) for who in ("ada", "bob")]
    return sealed_for_sending(reviewed, settings.scorecards), signing


def subject(settings: Settings) -> Seen:
    """The subject of a mail."""
    return summary(card(), {}, settings.scorecards.subject).subject
