"""How Slack carries letters: a thread per incident, edits for later states, and a look into the history in doubt.

Here: which call a letter becomes, and what the history says. Not here: calls (`resources.channels.slack`), blocks.

A message in doubt is looked for by its key. Slack shows new messages in its history with a delay, so the first look
waits, and what is not there is looked for once more before it is posted again. One read of a history serves all that
are in doubt there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from opsguard_assets.delivery.slack_blocks import slack_message
from opsguard_assets.delivery.transports_io import LATER, Message, key_of
from opsguard_assets.effects.machine import Effect
from resources.answers import Answer, Outcome
from resources.channels.handed_over import HandedOver, Reference, UnreadableError
from resources.channels.slack import SlackChannel

# Kinds of messages that stand below the one that the reader has about the incident.
REPLIES = frozenset({"chain", "playbook"})
NOT_SEEN = "not in the history of Slack; it is looked for once more"
# Clocks of two machines differ; a message is looked for from so long before it was posted.
_BEFORE = timedelta(seconds=60)
# What was posted longer ago is not looked for any more: its history may be gone, and it is too late to send it.
_LONGEST_LOOK = timedelta(days=1)
_UNREADABLE_WAIT = timedelta(hours=1)


@dataclass(frozen=True)
class _History:
    """What was read: our messages by key, when, and from when on."""

    found: Mapping[str, Reference]
    read_at: datetime
    oldest: datetime


@dataclass
class SlackTransport:
    """A workspace.

    Attributes:
        channel: The workspace.
        reads_history: Whether the app may read the history of its channels.
        look_after: How long after a message was posted its history is believed.
    """

    channel: SlackChannel
    reads_history: bool
    look_after: timedelta
    reaches_people: bool = True
    _histories: dict[tuple[str, str | None], _History] = field(default_factory=dict)
    _unreadable: set[str] = field(default_factory=set)

    @property
    def can_tell(self) -> bool:
        """Where histories can be read."""
        return self.reads_history

    @property
    def never_doubles(self) -> bool:
        """Where histories can be read."""
        return self.reads_history

    def may_repeat(self, effect: Effect) -> bool:
        """Edits only: the same edit twice changes nothing."""
        return effect.payload["kind"] in LATER

    def ends_doubt(self, effect: Effect) -> bool:
        """Where the history can be read."""
        return self.reads_history and effect.payload["address"] not in self._unreadable

    def hand_over(self, message: Message) -> HandedOver:
        """Posts the first message about an incident, replies with reminders, edits for every later state."""
        said = slack_message(message.letter)
        thread, kind = message.thread, message.effect.payload["kind"]
        if kind in LATER:
            if thread is None or "ts" not in thread:
                return HandedOver(Answer(Outcome.SUPERSEDED, "there is no message in Slack that could be edited"))
            return self.channel.update(thread, said)
        reply_to = thread.get("ts") if thread and kind in REPLIES else None
        sent = self.channel.post(message.address, message.key, said, reply_to)
        if sent.answer.outcome is Outcome.UNKNOWN and self.reads_history:
            answer = Answer(Outcome.UNKNOWN, sent.answer.words, sent.answer.retry_after, look_after=self.look_after)
            return HandedOver(answer)
        return sent

    def look_for(self, effect: Effect, thread: Reference | None, now: datetime) -> HandedOver:
        """Looks for a message by its key: done where it is there, not reached where two looks did not find it."""
        address, posted_at = str(effect.payload["address"]), effect.sent_before or effect.planned_at
        if now - posted_at > _LONGEST_LOOK:
            return _later("it was posted too long ago to be looked for; a person has to look", _LONGEST_LOOK)
        too_early = posted_at + self.look_after - now
        if too_early > timedelta(0):
            return _later("posted a moment ago; Slack shows new messages with a delay", too_early)
        reply_to = thread.get("ts") if thread and effect.payload["kind"] in REPLIES else None
        try:
            found = self._history(address, reply_to, posted_at, now)
        except UnreadableError as error:
            if error.is_forbidden:
                self._unreadable.add(address)
            wait = error.retry_after or (_UNREADABLE_WAIT if error.is_forbidden else self.look_after)
            answer = Answer(Outcome.UNKNOWN, str(error), look_after=wait, is_heard=error.is_forbidden)
            return HandedOver(answer)
        if key_of(effect) in found:
            words = "read back: it is in Slack"
            return HandedOver(Answer(Outcome.DONE, words), found[key_of(effect)])
        if effect.answer == NOT_SEEN:
            return HandedOver(Answer(Outcome.NOT_REACHED, "looked for twice: it is not in Slack"))
        return _later(NOT_SEEN, self.look_after)

    def _history(self, address: str, thread: str | None, posted_at: datetime, now: datetime) -> Mapping[str, Reference]:
        """Our messages in a history; what was read already serves, if it is late enough and reaches far enough."""
        oldest = posted_at - _BEFORE
        known = self._histories.get((address, thread))
        if known and known.oldest <= oldest and known.read_at >= posted_at + self.look_after:
            return known.found
        found = self.channel.read(address, oldest, thread)
        self._histories[address, thread] = _History(found, now, oldest)
        return found

    def check(self) -> str:
        """Which workspace it is, as Slack says; see `resources.channels.slack`."""
        return self.channel.check()

    def place_of(self, effect: Effect) -> Reference | None:  # noqa: ARG002 - Slack says it when it is posted
        """Not known beforehand."""
        return None

    def close(self) -> None:
        """Ends the connection."""
        self.channel.close()


def _later(words: str, wait: timedelta) -> HandedOver:
    """Nothing is certain yet; nothing is wrong with Slack."""
    return HandedOver(Answer(Outcome.UNKNOWN, words, look_after=wait, is_heard=True))
