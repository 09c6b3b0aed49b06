"""Tokens of links: random, kept as digests, bound to purpose, subject and recipient, expiring, used up once.

Here: issuing, looking, using up. Not here: what using one does (`acting`), and pages (`links`).

Looking consumes nothing: scanners of mail follow every link (GET and HEAD), people press a button (POST). A link holds
one secret for all that it may do; each purpose has its own row, so acknowledging does not use up the feedback.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, text

from resources.database import Database
from resources.sql import statement

VIEW, ACKNOWLEDGE, FEEDBACK = "view", "acknowledge", "feedback"
PURPOSES = (VIEW, ACKNOWLEDGE, FEEDBACK)
APPROVAL, OFFER, SATISFACTION = "approval", "offer", "satisfaction"
_DOCUMENT = "document/"
# What the link of a question may be used for, by the kind of its subject.
_OF_QUESTION = {each: (VIEW, each) for each in (APPROVAL, OFFER, SATISFACTION)}
# 32 random bytes: OWASP asks for at least 16 (128 bits) of a session's identifier.
_RANDOM_BYTES = 32
_LONGEST = 200


class TokenError(LookupError):
    """There is no such token, or it has expired; which of them is not said."""


@dataclass(frozen=True)
class Token:
    """What a token stands for.

    Attributes:
        purpose: One of `PURPOSES`, `APPROVAL`, `OFFER` or `SATISFACTION`.
        subject: What it may be used for, such as `incident/3`.
        recipient: Who acts by it: a person's identifier, or an address.
        expires_at: When it stops working.
        used_at: When it was used up; None where it was not.
        result: What its use did; None where it was not used.
    """

    purpose: str
    subject: str
    recipient: str
    expires_at: datetime
    used_at: datetime | None = None
    result: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Use:
    """What came of using a token.

    Attributes:
        token: The token as it is now.
        result: What the first use did.
        is_first: Whether this was the first use.
    """

    token: Token
    result: Mapping[str, Any]
    is_first: bool


def issue(
    connection: Connection,
    purposes: Sequence[str],
    subject: str,
    recipient: str,
    *,
    at: datetime,
    lasts: timedelta,
) -> str:
    """A new token for a link; only its digests are kept, so only the person who gets the link knows it.

    Args:
        connection: An open transaction.
        purposes: What the link may be used for.
        subject: Such as `incident/3` or `approval/7` (`views.actions.Subject`).
        recipient: Who acts by it: a person's identifier, or an address.
        at: The time of the clock (UTC).
        lasts: For how long it works.

    Raises:
        ValueError: When a purpose is unknown, or subject or recipient is empty.
    """
    known = (*PURPOSES, *_OF_QUESTION)
    strange = sorted(set(purposes) - set(known))
    if strange or not purposes:
        raise ValueError(f"a link is for some of {', '.join(known)}, not for {', '.join(strange) or 'nothing'}")
    if not subject or not recipient:
        raise ValueError("a link needs a subject and a recipient")
    token = secrets.token_urlsafe(_RANDOM_BYTES)
    values = {
        "digests": [_digest(token, purpose) for purpose in purposes], "purposes": list(purposes), "subject": subject,
        "recipient": recipient, "at": at, "expires_at": at + lasts,
    }  # fmt: skip
    connection.execute(statement(__name__, "issue"), values)
    return token


def purposes_of(subject: str) -> tuple[str, ...]:
    """What a link about a subject may be used for: a question is looked at and answered."""
    return _OF_QUESTION.get(subject.partition("/")[0], PURPOSES)


def document(digest: str) -> str:
    """The subject of a link that shows a kept page, by the SHA-256 of it."""
    return f"{_DOCUMENT}{digest}"


def document_of(token: Token) -> str | None:
    """The digest of the page that a link shows; None where it is about an alert, an incident or a question."""
    return token.subject.removeprefix(_DOCUMENT) if token.subject.startswith(_DOCUMENT) else None


def peek(connection: Connection, token: str, purpose: str, *, at: datetime) -> Token | None:
    """What a token stands for; None where it is unknown, expired or for another purpose. Consumes nothing."""
    values = {"digest": _digest(token, purpose), "at": at}
    row = connection.execute(statement(__name__, "peek"), values).mappings().first()
    return _token(row) if row else None


def use(
    connection: Connection,
    token: str,
    purpose: str,
    *,
    at: datetime,
    act: Callable[[Token], Mapping[str, Any]],
) -> Use:
    """Uses a token up and acts, in the caller's transaction; a later use returns what the first one did.

    Args:
        connection: An open transaction.
        token: The token.
        purpose: For what.
        at: The time of the clock (UTC).
        act: Does it; returns the result, which JSON can hold. Where it raises, the token is not used up.

    Raises:
        TokenError: When the token is unknown, expired or for another purpose.
    """
    digest = _digest(token, purpose)
    # A second click waits here for the transaction of the first, and then finds the token used.
    row = connection.execute(statement(__name__, "use_up"), {"digest": digest, "at": at}).mappings().first()
    if row is None:
        found = peek(connection, token, purpose, at=at)
        if found is None:
            raise TokenError("this link does not exist or has expired")
        return Use(found, found.result or {}, is_first=False)
    result = act(_token(row))
    keep = text("UPDATE link_tokens SET result = CAST(:result AS jsonb) WHERE token_sha256 = :digest")
    connection.execute(keep, {"digest": digest, "result": json.dumps(dict(result))})
    return Use(_token(row), result, is_first=True)


def forget_used(database: Database, *, links_before: datetime, clicks_before: datetime) -> int:
    """Deletes tokens that expired before an instant, and what is remembered of Slack's requests; returns how many.

    Args:
        database: Where they are.
        links_before: Tokens that expired before this go.
        clicks_before: Requests before this go; their signatures must have run out.
    """
    statements = (
        ("DELETE FROM link_tokens WHERE expires_at < :before", links_before),
        ("DELETE FROM slack_requests WHERE at < :before", clicks_before),
    )
    with database.begin() as connection:
        return sum(connection.execute(text(words), {"before": before}).rowcount for words, before in statements)


def _digest(token: str, purpose: str) -> bytes:
    """The digest that is kept; the purpose is part of it. What is far too long for a token has none that exists."""
    return hashlib.sha256(f"{purpose}:{token[:_LONGEST]}".encode("utf-8", "surrogatepass")).digest()


def _token(row: RowMapping) -> Token:
    return Token(**row)
