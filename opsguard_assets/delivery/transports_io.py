"""How each kind of channel carries letters, and what can be found out about one in doubt.

Here: letters in, what is certain out. Not here: what letters say, Slack (`slack_io`), attempts and leases
(`opsguard_assets.effects`).
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol

from opsguard_assets.config.delivery import Form
from opsguard_assets.delivery.letter import Letter
from opsguard_assets.delivery.mails import Envelope, mail_of, message_id
from opsguard_assets.delivery.plain import document, plain_text
from opsguard_assets.effects.machine import Effect
from resources.answers import Answer, Outcome
from resources.channels.apprise import AppriseChannel
from resources.channels.folder import FolderChannel
from resources.channels.handed_over import HandedOver, Reference
from resources.channels.mail import MailServer
from resources.channels.webhook import WebhookChannel

# Kinds of messages that show a later state of one that the reader has.
LATER = frozenset({"update", "resolved"})


@dataclass(frozen=True)
class Message:
    """A letter on its way.

    Attributes:
        effect: What was planned.
        letter: What it says.
        thread: The message that the reader has about the incident; None where they have none.
        now: The time of the clock (UTC).
    """

    effect: Effect
    letter: Letter
    thread: Reference | None
    now: datetime

    @property
    def address(self) -> str:
        """Where it goes."""
        return str(self.effect.payload["address"])

    @property
    def key(self) -> str:
        """What it is recognised by outside; a message that is sent again has the key of the first one."""
        return key_of(self.effect)


def key_of(effect: Effect) -> str:
    """What a message is recognised by outside; a message that is sent again has the key of the first one."""
    return str(effect.payload.get("first_key") or effect.idempotency_key)


class Transport(Protocol):
    """A channel that carries letters."""

    @property
    def can_tell(self) -> bool:
        """See `effects.adapter.Adapter`."""

    @property
    def reaches_people(self) -> bool:
        """Whether somebody sees what it carries."""

    @property
    def never_doubles(self) -> bool:
        """Whether ending a doubt never doubles a message; so several may be in doubt at once."""

    def may_repeat(self, effect: Effect) -> bool:
        """See `effects.adapter.Adapter`."""

    def ends_doubt(self, effect: Effect) -> bool:
        """Whether it can be found out, without a person, if a message in doubt arrived."""

    def hand_over(self, message: Message) -> HandedOver:
        """Hands a letter over, once."""

    def look_for(self, effect: Effect, thread: Reference | None, now: datetime) -> HandedOver:
        """Finds out whether a message in doubt arrived; only called where `can_tell`."""

    def place_of(self, effect: Effect) -> Reference | None:
        """Where a message must be, if it arrived; None where that is not known beforehand."""

    def close(self) -> None:
        """Ends sessions."""


@dataclass
class MailTransport:
    """Mail. What was in doubt once stays so: servers do not compare Message-IDs, and mailboxes are not read.

    Attributes:
        server: The mail server.
        unsubscribe: Where digests are cancelled.
    """

    server: MailServer
    unsubscribe: str | None = None
    can_tell: bool = False
    reaches_people: bool = True
    never_doubles: bool = False

    def may_repeat(self, effect: Effect) -> bool:  # noqa: ARG002 - the same for every mail
        """Never by itself: a critical mail is sent again as a message of its own."""
        return False

    def ends_doubt(self, effect: Effect) -> bool:  # noqa: ARG002 - the same for every mail
        """Nobody but the reader knows."""
        return False

    def hand_over(self, message: Message) -> HandedOver:
        """Sends a mail; later ones about the same incident follow the first."""
        envelope = Envelope(
            sender=self.server.sender,
            to=message.address,
            key=message.key,
            at=message.now,
            follows=(message.thread or {}).get("message_id"),
            unsubscribe=self.unsubscribe,
        )
        try:
            mail = mail_of(message.letter, envelope)
        except ValueError:
            return HandedOver(Answer(Outcome.FAILED, f"{message.address!r} is not an address that mail can go to"))
        return self.server.send(mail, message.address)

    def look_for(self, effect: Effect, thread: Reference | None, now: datetime) -> HandedOver:  # noqa: ARG002
        """Never called."""
        return HandedOver(Answer(Outcome.UNKNOWN, "mailboxes are not read"))

    def place_of(self, effect: Effect) -> Reference | None:
        """Its Message-ID."""
        return {"message_id": message_id(key_of(effect), self.server.sender)}

    def close(self) -> None:
        """Ends the session."""
        self.server.__exit__(None, None, None)


@dataclass
class Repeating:
    """What channels have in common on which a message in doubt is handed over again; none keeps anything open."""

    can_tell: ClassVar[bool] = True
    reaches_people: ClassVar[bool] = True
    never_doubles: ClassVar[bool] = False

    def may_repeat(self, effect: Effect) -> bool:  # noqa: ARG002 - the same for every message
        """Always."""
        return True

    def ends_doubt(self, effect: Effect) -> bool:  # noqa: ARG002 - the same for every message
        """By handing over again."""
        return True

    def look_for(self, effect: Effect, thread: Reference | None, now: datetime) -> HandedOver:  # noqa: ARG002
        """Never called: it is handed over again."""
        return HandedOver(Answer(Outcome.UNKNOWN, "nobody is asked; it is handed over again"))

    def place_of(self, effect: Effect) -> Reference | None:  # noqa: ARG002 - nobody says it beforehand
        """Not known beforehand."""
        return None

    def close(self) -> None:
        """Nothing is kept open."""


@dataclass
class WebhookTransport(Repeating):
    """A receiver that may compare the id of a message: handing over again is safe there.

    Attributes:
        channel: The receiver.
    """

    channel: WebhookChannel

    def hand_over(self, message: Message) -> HandedOver:
        """Posts the letter as data."""
        payload = message.effect.payload
        return self.channel.post(message.key, document(message.letter, payload, message.effect.planned_at))

    def place_of(self, effect: Effect) -> Reference | None:
        """The id that the receiver has."""
        return {"id": effect.idempotency_key}


@dataclass
class AppriseTransport(Repeating):
    """A service that apprise knows: at least once. A message may come twice, and the page of channels says so.

    Attributes:
        channel: The service.
    """

    channel: AppriseChannel

    def hand_over(self, message: Message) -> HandedOver:
        """Sends plain text."""
        letter = message.letter.said_again() if message.effect.is_in_doubt else message.letter
        return self.channel.notify(letter.subject, plain_text(letter))


@dataclass
class FolderTransport(Repeating):
    """Files in place of messages: what would have been sent. A file that is written again has the same name.

    Attributes:
        channel: The folder.
        form: Slack's JSON, or mail.
        name: The name of the channel, that of a folder in it.
    """

    channel: FolderChannel
    form: Form
    name: str
    reaches_people: ClassVar[bool] = False
    never_doubles: ClassVar[bool] = True

    def hand_over(self, message: Message) -> HandedOver:
        """Writes a file."""
        number, kind = message.effect.effect_id, message.effect.payload["kind"]
        name = f"{self.name}/{number:06d}-{_plain(message.address)}-{kind}"
        if self.form == "slack":
            return self.channel.write(f"{name}.json", self._call(message))
        envelope = Envelope(
            sender="OpsGuard <opsguard@localhost>",
            to=message.address,
            key=message.key,
            at=message.now,
            follows=(message.thread or {}).get("message_id"),
        )
        try:
            content = mail_of(message.letter, envelope).as_bytes()
        except ValueError:
            return HandedOver(Answer(Outcome.FAILED, f"{message.address!r} is not an address that mail can go to"))
        written = self.channel.write(f"{name}.eml", content)
        place = {"message_id": message_id(message.key, envelope.sender)}
        return HandedOver(written.answer, {**written.reference, **place} if written.reference else None)

    def _call(self, message: Message) -> bytes:
        """The call of Slack's Web API that would have been made."""
        from opsguard_assets.delivery.slack_blocks import slack_message  # noqa: PLC0415 - only Slack needs its models

        said = slack_message(message.letter)
        method = "chat.update" if message.effect.payload["kind"] in LATER else "chat.postMessage"
        call = {"method": method, "channel": message.address, "text": said.text, "blocks": list(said.blocks)}
        return (json.dumps(call, ensure_ascii=False, indent=1) + "\n").encode()


def _plain(address: str) -> str:
    return re.sub(r"[^A-Za-z0-9@.]+", "-", address).strip("-.")[:60] or "nobody"
