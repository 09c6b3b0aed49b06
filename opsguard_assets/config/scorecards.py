"""Scorecards: who has to sign, in which language they are written, and who gets them.

Here: what a file says of them. Not here: the key that signs; it comes from the environment (`OPSGUARD_SIGNING_KEY`).
"""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from opsguard_assets.config.base import Strict

Language = Literal["en", "de"]
_ADDRESS = re.compile(r"[^\s@,;:<>()\[\]\\\"]{1,64}@[^\s@,;:<>()\[\]\\\"]{1,255}")
_FIELDS = {"client", "month"}


def _locale(value: str) -> str:
    if not re.fullmatch(r"[a-z]{2,3}(_[A-Z][a-z]{3})?(_[A-Z]{2})?", value):
        raise ValueError(f"{value!r} is not a locale; write one like en_US, de_DE or de_CH")
    return value


def _addresses(values: tuple[str, ...]) -> tuple[str, ...]:
    wrong = [value for value in values if not _ADDRESS.fullmatch(value)]
    if wrong:
        raise ValueError(f"{wrong[0]!r} is not a mail address")
    return values


def _subject(value: str) -> str:
    found = set(re.findall(r"\{([^{}]*)\}", value))
    if found - _FIELDS or value.replace("{client}", "").replace("{month}", "").count("{"):
        raise ValueError("a subject holds {client} and {month} and no other field")
    return value


Locale = Annotated[str, AfterValidator(_locale)]
Addresses = Annotated[tuple[str, ...], AfterValidator(_addresses)]


class ClientScorecard(Strict):
    """What differs for a client; what is left out is as for all.

    Attributes:
        language: Of words.
        locale: Of numbers, dates and money.
        recipients: Mail addresses beside `clients.executive_emails`.
    """

    language: Language | None = None
    locale: Locale | None = None
    recipients: Addresses = ()


class Scorecards(Strict):
    """The monthly scorecards.

    Attributes:
        sign_off: Whether somebody signs before a scorecard is sent. `optional`: what nobody signed is sent as unsigned.
        four_eyes: Whether somebody else than who signs has to have reviewed it.
        language: Of words: `en` or `de`.
        locale: Of numbers, dates and money, such as `de_CH`; that of the language where left out.
        recipients: Mail addresses of the provider's own people who get every scorecard, and the provider's own.
        subject: Of mails, with `{client}` and `{month}`; that of the language where left out.
        clients: What differs, by client.
    """

    sign_off: Literal["required", "optional"] = "required"
    four_eyes: bool = False
    language: Language = "en"
    locale: Locale | None = None
    recipients: Addresses = ()
    subject: Annotated[str, AfterValidator(_subject)] | None = Field(default=None, min_length=1, max_length=150)
    clients: Mapping[str, ClientScorecard] = Field(default_factory=dict)

    def language_of(self, client_id: str | None) -> Language:
        """The language of a client's scorecard; None is the provider."""
        return self._own(client_id).language or self.language

    def locale_of(self, client_id: str | None) -> str:
        """The locale of a client's scorecard; None is the provider."""
        own = self._own(client_id)
        usual = {"en": "en_US", "de": "de_DE"}
        if own.locale or (own.language and own.language != self.language):
            return own.locale or usual[self.language_of(client_id)]
        return self.locale or usual[self.language]

    def recipients_of(self, client_id: str | None) -> tuple[str, ...]:
        """Mail addresses beside those of the client's executives, each once."""
        return tuple(dict.fromkeys((*self._own(client_id).recipients, *self.recipients)))

    def _own(self, client_id: str | None) -> ClientScorecard:
        return self.clients.get(client_id or "", ClientScorecard())
