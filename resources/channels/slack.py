"""Slack by its Web API: a message posted, edited, or looked for by its key.

Here: one call per function and what its answer makes certain. Not here: blocks (`opsguard_assets.delivery`), waiting.

No call is repeated here. The client of Slack posts again by itself after a lost connection and so doubles messages;
its handlers are switched off. Slack knows no idempotency keys, so the key travels in the metadata of the message, and a
doubtful message is looked for in the history of its channel (`read`).
"""

import http.client
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.error import URLError

from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse

from resources.answers import Answer, Outcome
from resources.channels.handed_over import HandedOver, Reference, UnreadableError
from resources.channels.slack_client import KeptClient
from resources.posting import retry_after_of

EVENT_TYPE = "opsguard_message"
SLACK_API = "https://slack.com/api/"
# Slack's own words (docs.slack.dev, errors of chat.postMessage and of all methods). Where it says that part of an
# operation may have succeeded, nothing is certain.
_DOUBTFUL = frozenset({"fatal_error", "internal_error", "service_unavailable"})
# Nothing happened, and nothing will before somebody changes the app or the workspace: every message waits.
_NOT_SET_UP = frozenset(
    {
        "access_denied", "account_inactive", "ekm_access_denied", "enterprise_is_restricted", "invalid_auth",
        "missing_scope", "no_permission", "not_allowed_token_type", "not_authed", "org_login_required",
        "team_access_not_granted", "team_added_to_org", "token_expired", "token_revoked", "two_factor_setup_required",
    }
)  # fmt: skip
_LATER = frozenset({"message_limit_exceeded", "rate_limited", "ratelimited", "request_timeout"})
_UNREADABLE = frozenset({"channel_not_found", "is_archived", "method_not_supported_for_channel_type", "not_in_channel"})
_SERVER_ERRORS, _TOO_MANY = 500, 429
_PAGE = 200
_MOST_PAGES = 20


@dataclass(frozen=True)
class SlackMessage:
    """A message as Slack takes it.

    Attributes:
        text: What push messages and screen readers say.
        blocks: Block Kit.
    """

    text: str
    blocks: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, kw_only=True)
class SlackChannel:
    """One workspace.

    Attributes:
        token: The token of the app; never shown.
        api_url: Where the Web API is.
        timeout_seconds: For a connection, and for every wait for bytes of the answer.
    """

    token: str = field(repr=False)
    api_url: str = SLACK_API
    timeout_seconds: int = 30

    @cached_property
    def _client(self) -> KeptClient:
        return KeptClient(self.token, base_url=self.api_url, timeout=self.timeout_seconds, retry_handlers=[])

    def close(self) -> None:
        """Ends the connection, if one is open."""
        self._client.close()

    def post(self, address: str, key: str, message: SlackMessage, thread: str | None = None) -> HandedOver:
        """Posts a message.

        Args:
            address: A channel, or a user for a direct message.
            key: What the message is recognised by later.
            message: What it says.
            thread: The timestamp of the message that it replies to.
        """
        return self._handed_over(
            lambda: self._client.chat_postMessage(
                channel=address,
                text=message.text,
                blocks=list(message.blocks),
                thread_ts=thread,
                metadata=_metadata(key),
                unfurl_links=False,
                unfurl_media=False,
            ),
            key,
        )

    def update(self, reference: Reference, message: SlackMessage) -> HandedOver:
        """Makes a message say something else. The same edit twice changes nothing."""
        return self._handed_over(
            lambda: self._client.chat_update(
                channel=reference["channel"],
                ts=reference["ts"],
                text=message.text,
                blocks=list(message.blocks),
                metadata=_metadata(reference["key"]),
            ),
            reference["key"],
        )

    def read(self, address: str, oldest: datetime, thread: str | None = None) -> dict[str, Reference]:
        """Our messages in a channel, or in a thread of it, since an instant.

        Args:
            address: A channel, or a user for the direct messages with them.
            oldest: The instant (UTC).
            thread: The timestamp of the message whose replies are read.

        Returns:
            Where each is, by its key.

        Raises:
            UnreadableError: When they cannot be read now, or at all.
        """
        found: dict[str, Reference] = {}
        try:
            channel = self._conversation(address)
            wanted = {
                "channel": channel, "oldest": f"{oldest.timestamp():.6f}", "limit": _PAGE, "include_all_metadata": True,
            }  # fmt: skip
            cursor = ""
            for _ in range(_MOST_PAGES):
                page = self._page({**wanted, "cursor": cursor or None}, thread)
                found |= dict(filter(None, (_ours(message, channel) for message in page.get("messages") or ())))
                cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
                if not cursor:
                    return found
        except SlackApiError as error:
            code = _code(error)
            raise UnreadableError(
                f"the history of {address} cannot be read: {code}",
                retry_after=_asked(error.response),
                is_forbidden=code in _UNREADABLE | _NOT_SET_UP,
            ) from None
        except (OSError, http.client.HTTPException, SlackClientError, AttributeError, TypeError, ValueError) as error:
            raise UnreadableError(
                f"the history of {address} cannot be read: Slack did not answer ({_cause(error)})"
            ) from None
        raise UnreadableError(f"the history of {address} cannot be read: more than {_PAGE * _MOST_PAGES:,} messages")

    def check(self) -> str:
        """The name of the workspace and of the app, as Slack says.

        Raises:
            UnreadableError: When Slack does not answer, or refuses the token.
        """
        try:
            who = self._client.auth_test()
        except SlackApiError as error:
            raise UnreadableError(f"Slack refuses the token: {_code(error)}", is_forbidden=True) from None
        except (OSError, http.client.HTTPException, SlackClientError) as error:
            raise UnreadableError(f"Slack did not answer ({_cause(error)})") from None
        return f"{who.get('team')} as {who.get('user')}"

    def _conversation(self, address: str) -> str:
        """The channel of an address: that of a user is the conversation with them."""
        # So identifiers of users begin; W where an organisation has several workspaces.
        if not address.startswith(("U", "W")):
            return address
        opened = self._client.conversations_open(users=address)
        return str((opened.get("channel") or {})["id"])

    def _page(self, wanted: dict[str, Any], thread: str | None) -> SlackResponse:
        if thread is None:
            return self._client.conversations_history(**wanted)
        return self._client.conversations_replies(ts=thread, **wanted)

    def _handed_over(self, call: Callable[[], SlackResponse], key: str) -> HandedOver:
        try:
            said = call()
        except SlackApiError as error:
            return HandedOver(_refusal(error))
        except (OSError, http.client.HTTPException, SlackClientError) as error:
            outcome = Outcome.NOT_REACHED if _was_never_sent(error) else Outcome.UNKNOWN
            reached = "could not be reached" if outcome is Outcome.NOT_REACHED else "did not answer"
            return HandedOver(Answer(outcome, f"Slack {reached} ({_cause(error)})"))
        channel, timestamp = said.get("channel"), said.get("ts")
        if not (isinstance(channel, str) and isinstance(timestamp, str)):
            return HandedOver(Answer(Outcome.UNKNOWN, "Slack's answer does not say where the message is"))
        return HandedOver(
            Answer(Outcome.DONE, f"in Slack: {channel} {timestamp}"),
            {"channel": channel, "ts": timestamp, "key": key},
        )


def _metadata(key: str) -> dict[str, Any]:
    return {"event_type": EVENT_TYPE, "event_payload": {"key": key}}


def _ours(message: Mapping[str, Any], channel: str) -> tuple[str, Reference] | None:
    """Key and place of a message of ours; None for others."""
    metadata = message.get("metadata") or {}
    key = (metadata.get("event_payload") or {}).get("key")
    if metadata.get("event_type") != EVENT_TYPE or not isinstance(key, str):
        return None
    return key, {"channel": channel, "ts": str(message["ts"]), "key": key}


def _refusal(error: SlackApiError) -> Answer:
    code, asked = _code(error), _asked(error.response)
    status = error.response.status_code
    if status == _TOO_MANY or code in _LATER:
        return Answer(Outcome.NOT_REACHED, f"Slack asks to wait: {code}", asked)
    if status >= _SERVER_ERRORS or code in _DOUBTFUL:
        return Answer(Outcome.UNKNOWN, f"Slack failed: HTTP {status}, {code}", asked)
    if code in _NOT_SET_UP:
        return Answer(Outcome.NOT_REACHED, f"Slack refuses the app: {code}; see docs/delivery.md", asked)
    if not code.replace("_", "").isalnum():  # no word of Slack's: what came was no answer of its API
        return Answer(Outcome.UNKNOWN, f"Slack's answer cannot be read (HTTP {status})", asked)
    return Answer(Outcome.FAILED, f"Slack refuses the message: {code}", asked)


def _code(error: SlackApiError) -> str:
    """What Slack calls an error; never the text of an answer that nobody expected."""
    data = error.response.data
    code = data.get("error") if isinstance(data, dict) else None
    return code if isinstance(code, str) and code.isascii() and len(code) <= 80 else "an unreadable answer"  # noqa: PLR2004 - words of Slack are shorter


def _asked(response: SlackResponse) -> timedelta | None:
    headers = {name.lower(): value for name, value in (response.headers or {}).items()}
    value = headers.get("retry-after")
    return retry_after_of(value[0] if isinstance(value, list) else value)


def _was_never_sent(error: BaseException) -> bool:
    """Whether no byte of a request can have arrived: the connection itself failed."""
    reason = error.reason if isinstance(error, URLError) else None
    return isinstance(reason, ConnectionRefusedError | socket.gaierror | ssl.SSLCertVerificationError)


def _cause(error: BaseException) -> str:
    """What the operating system said, or else the kind of the error."""
    inner = error.reason if isinstance(error, URLError) else error
    words = inner.strerror if isinstance(inner, OSError) else None
    return words or type(inner).__name__
