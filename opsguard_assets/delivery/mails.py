"""A letter as mail: plain text and HTML, with headers that thread it and keep machines from answering.

Here: the mail. Not here: sending it (`resources.channels.mail`), what it says (`wording`).
"""

import importlib.resources
import re
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, parseaddr
from functools import cache
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined, select_autoescape

from opsguard_assets.delivery.letter import Letter
from opsguard_assets.views.texts import line

_COLOURS = {"critical": "#b42318", "high": "#b54708", "medium": "#175cd3", "low": "#475467"}
_OVER = "#027a48"
# What needs no encoding, no folding and adds no header: it stands in a mail as it is.
_PLAIN = re.compile(r"[\x20-\x7e]{1,50}")


class _Policy(EmailPolicy):
    """Takes plain headers as they are; parsing and folding them all is most of the work of writing a mail."""

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        # What describes the content is read again and again, and better parsed once.
        if type(value) is str and not name.startswith("Content-") and _PLAIN.fullmatch(value):
            return name, value
        return super().header_store_parse(name, value)


_POLICY = _Policy()


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """Where a mail goes and what it follows.

    Attributes:
        sender: Who it is from: `Name <address>`.
        to: To whom.
        key: The idempotency key of the message; its Message-ID follows from it.
        at: When it is written (UTC).
        follows: The Message-ID of the first mail about the same; None where this is the first.
        unsubscribe: Where digests are cancelled; the sender where left out.
    """

    sender: str
    to: str
    key: str
    at: datetime
    follows: str | None = None
    unsubscribe: str | None = None


def message_id(key: str, sender: str) -> str:
    """The Message-ID of a message: the same however often it is sent."""
    return f"<{key}@{parseaddr(sender)[1].rpartition('@')[2]}>"


def mail_of(letter: Letter, envelope: Envelope) -> EmailMessage:
    """The mail of a letter.

    Raises:
        ValueError: When the address of the recipient holds a line break; no header can be added that way.
    """
    mail = EmailMessage(_POLICY)
    mail["From"], mail["To"] = envelope.sender, envelope.to
    mail["Subject"] = line(letter.subject)
    mail["Date"] = format_datetime(envelope.at)
    mail["Message-ID"] = message_id(envelope.key, envelope.sender)
    if envelope.follows:
        mail["In-Reply-To"] = mail["References"] = envelope.follows
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence answers
    mail["X-Auto-Response-Suppress"] = "All"
    if letter.severity == "critical" and not letter.is_over:
        mail["Importance"] = "high"
    if letter.is_digest:
        mail["List-Unsubscribe"] = f"<{_unsubscribe(envelope)}>"
    given = {"letter": letter, "colour": _OVER if letter.is_over else _COLOURS[letter.severity]}
    mail.set_content(_templates().get_template("mail.txt.j2").render(given))
    mail.add_alternative(_templates().get_template("mail.html.j2").render(given), subtype="html")
    for each in letter.enclosures:
        main, _, sub = each.media_type.partition("/")
        mail.add_attachment(each.content, maintype=main, subtype=sub, filename=line(each.name))
    return mail


def _unsubscribe(envelope: Envelope) -> str:
    wanted = envelope.unsubscribe or parseaddr(envelope.sender)[1]
    return wanted if wanted.startswith(("https://", "mailto:")) else f"mailto:{wanted}?subject=unsubscribe"


@cache
def _templates() -> Environment:
    """The templates; what stands in HTML is escaped."""
    return Environment(
        loader=FunctionLoader(lambda name: (importlib.resources.files("templates") / name).read_text(encoding="utf-8")),
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
