"""A helpdesk that is told by signed requests: retried where that is safe, honest where nobody can know.

Here: one change or new ticket as one POST, its retries, doubt. Not here: signing (`signature`), one request and what
its answer means (`resources.posting`), which tickets.

The receiver promises (docs/escalation.md): the same Idempotency-Key is answered like the first time without acting
again, and 409 or 412 say that the ticket is not as expected. An attempt is certain when the receiver said something
final or was never reached. Once one was not, only a 2xx is certain: a 409 may then be about our own earlier request.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC

from tenacity import RetryCallState, Retrying, retry_if_result, wait_exponential_jitter

from resources.answers import Answer, Outcome
from resources.posting import Attempt, post
from resources.ticket_system.change import Cancellation, Change, NewTicket
from resources.ticket_system.signature import KEY_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, sign


@dataclass
class _Doubt:
    """Whether an earlier request may have done something."""

    exists: bool


@dataclass(frozen=True, kw_only=True)
class WebhookSystem:
    """Posts changes to one address.

    Attributes:
        url: The address; never shown, it may hold a secret.
        signing_secret: What both sides know.
        token: A bearer token, or None.
        timeout_seconds: For a connection, and for every wait for bytes of the answer.
        attempts: Requests per change at most.
        backoff_seconds: The first wait; it doubles, and a random part of it is added.
        longest_wait_seconds: Where more would have to be waited, the change is left to a later run.
    """

    url: str = field(repr=False)
    signing_secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    timeout_seconds: float = 10
    attempts: int = 4
    backoff_seconds: float = 1
    longest_wait_seconds: float = 30
    kind: str = "webhook"
    acts_outside: bool = True
    can_tell: bool = False

    def apply(self, change: Change) -> Answer:
        """Posts a change until something certain is known, the attempts are used up, or the wait is too long."""
        return self._hand_over(change.key, body_of(change), was_sent=change.was_sent)

    def create(self, ticket: NewTicket) -> Answer:
        """The same for a ticket that is to be opened."""
        return self._hand_over(ticket.key, body_of_ticket(ticket), was_sent=ticket.was_sent)

    def cancel(self, cancellation: Cancellation) -> Answer:
        """The same for a ticket that is to be cancelled."""
        return self._hand_over(cancellation.key, body_of_cancellation(cancellation), was_sent=cancellation.was_sent)

    def _hand_over(self, key: str, body: bytes, *, was_sent: bool) -> Answer:
        doubt = _Doubt(was_sent)
        backoff = wait_exponential_jitter(
            multiplier=self.backoff_seconds, max=self.longest_wait_seconds, jitter=self.backoff_seconds
        )
        tries = Retrying(
            retry=retry_if_result(lambda attempt: attempt.outcome is None),
            wait=lambda state: _asked_wait(state) or backoff(state),
            stop=lambda state: (
                state.attempt_number >= self.attempts or state.upcoming_sleep > self.longest_wait_seconds
            ),
            retry_error_callback=_last,
        )
        last: Attempt = tries(self._post, key, body, doubt)
        return self._judged(last, doubt)

    def _judged(self, last: Attempt, doubt: _Doubt) -> Answer:
        words = self._redacted(last.words)
        if last.outcome is Outcome.DONE:
            return Answer(Outcome.DONE, words)
        asked = last.retry_after
        if doubt.exists:
            return Answer(Outcome.UNKNOWN, f"{words}; an earlier request may have been carried out", asked)
        return Answer(last.outcome or Outcome.NOT_REACHED, words, asked)

    def _post(self, key: str, body: bytes, doubt: _Doubt) -> Attempt:
        timestamp = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "OpsGuard",
            KEY_HEADER: key,
            TIMESTAMP_HEADER: str(timestamp),
            SIGNATURE_HEADER: sign(self.signing_secret, timestamp, body),
        }
        attempt = post(self.url, body, headers, self.token, self.timeout_seconds)
        doubt.exists = doubt.exists or not attempt.is_certain
        return attempt

    def _redacted(self, words: str) -> str:
        for secret in filter(None, (self.token, self.signing_secret, self.url)):
            words = words.replace(secret, "***")
        return words


def body_of(change: Change) -> bytes:
    """The body of a request: JSON in UTF-8, equal for equal changes."""
    document = {
        "type": change.by,
        "idempotency_key": change.key,
        "ticket_id": change.ticket_id,
        "step": change.step,
        "as_of": change.as_of.astimezone(UTC).isoformat(),
        "expected": {
            "priority": change.expected_priority,
            "assignee_id": change.expected_assignee_id,
            "status": change.expected_status,
            "updated_at": change.expected_updated_at.astimezone(UTC).isoformat(),
        },
        "change": {"priority": change.priority, "assignee_id": change.assignee_id},
        "reason": change.reason,
    }
    return _encoded(document)


def body_of_ticket(ticket: NewTicket) -> bytes:
    """The body of a request that opens a ticket; likewise."""
    document = {
        "type": "ticket",
        "idempotency_key": ticket.key,
        "as_of": ticket.as_of.astimezone(UTC).isoformat(),
        "ticket": {
            name: getattr(ticket, name)
            for name in ("title", "description", "priority", "group_id", "client_id", "site_id")
        },
    }
    return _encoded(document)


def body_of_cancellation(cancellation: Cancellation) -> bytes:
    """The body of a request that cancels a ticket, which is named by the key of its opening; likewise."""
    document = {
        "type": "cancellation",
        "idempotency_key": cancellation.key,
        "as_of": cancellation.as_of.astimezone(UTC).isoformat(),
        "created_key": cancellation.created_key,
        "reason": cancellation.reason,
    }
    return _encoded(document)


def _encoded(document: Mapping[str, object]) -> bytes:
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _last(state: RetryCallState) -> Attempt:
    assert state.outcome is not None  # noqa: S101 - tenacity asks after an attempt only
    attempt: Attempt = state.outcome.result()
    return attempt


def _asked_wait(state: RetryCallState) -> float:
    return _last(state).wait_seconds or 0.0
