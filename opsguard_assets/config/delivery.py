"""Channels that messages go by, as `opsguard.yaml` describes them.

Here: kinds of channels and their options. Not here: talking to them (`resources.channels`), who gets what (`routing`).
"""

import re
from email.utils import parseaddr
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from opsguard_assets.config.base import Strict
from opsguard_assets.config.secrets import EncryptedAddress, NamedSecret, require_encryption

# A name is part of the keys of messages, which `/` separates.
_NAME = re.compile(r"^[a-z][a-z0-9_-]{0,39}$")
_PORTS = {"starttls": 587, "tls": 465, "none": 25}
Form = Literal["slack", "mail"]


class FolderChannel(Strict):
    """Nothing is sent: what would have been lies in a folder, as `.eml` or as JSON of Slack.

    Attributes:
        form: What it stands in for.
        folder: Where; `mailbox` in the home folder where left out.
    """

    kind: Literal["folder"] = "folder"
    form: Form = "mail"
    folder: str | None = None

    @property
    def renders(self) -> Form:
        """The form of its messages."""
        return self.form


class SlackChannel(Strict):
    """A workspace of Slack.

    Attributes:
        token: The token of the app, by the name of its variable: `${SLACK_BOT_TOKEN}`.
        api_url: Where the Web API is.
        reads_history: Whether the app may read the history of its channels (`channels:history`, `groups:history`,
            `im:history`). Then a message in doubt is looked for before it is posted again.
        look_after_seconds: A message in doubt is looked for so long after it was posted, and once more after as long:
            Slack shows new messages in its history with a delay.
        timeout_seconds: How long a request may take.
    """

    kind: Literal["slack"]
    token: NamedSecret
    api_url: str = "https://slack.com/api/"
    reads_history: bool = True
    look_after_seconds: float = Field(default=60, ge=0, le=3_600)
    timeout_seconds: int = Field(default=30, ge=1, le=120)

    @field_validator("api_url")
    @classmethod
    def _encrypted(cls, value: str) -> str:
        require_encryption(value)
        return value

    @property
    def renders(self) -> Form:
        """The form of its messages."""
        return "slack"


class MailChannel(Strict):
    """A mail server.

    Attributes:
        host: Its name.
        port: Its port; 587 for STARTTLS, 465 for TLS, 25 without encryption where left out.
        security: How the connection is encrypted: `starttls`, `tls`, or `none` for a server on this machine.
        user: Who logs in; nobody where left out.
        password: Their password, by the name of its variable.
        sender: Who mails are from: `OpsGuard <opsguard@example.com>`.
        unsubscribe: Where people cancel digests: a mail address or an https address; the sender where left out.
        connect_seconds: How long a connection may take.
        answer_seconds: How long the answer to the final dot of a mail may take. Less than the 600 of RFC 5321 makes
            mails come twice.
    """

    kind: Literal["mail"]
    host: str = Field(min_length=1)
    port: int | None = Field(default=None, ge=1, le=65_535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password: NamedSecret | None = None
    sender: str
    unsubscribe: str | None = None
    connect_seconds: float = Field(default=30, gt=0, le=120)
    answer_seconds: float = Field(default=600, gt=0, le=600)

    @field_validator("sender")
    @classmethod
    def _address(cls, value: str) -> str:
        address = parseaddr(value)[1]
        if address.count("@") != 1 or any(ord(sign) < 32 for sign in value):  # noqa: PLR2004 - control characters
            raise ValueError("write the sender like `OpsGuard <opsguard@example.com>`")
        return value

    @model_validator(mode="after")
    def _login_is_encrypted(self) -> "MailChannel":
        if self.user is not None and self.security == "none":
            raise ValueError("a login needs `security: starttls` or `tls`: a password must not be read on the way")
        if (self.user is None) != (self.password is None):
            raise ValueError("`user` and `password` belong together")
        return self

    @property
    def port_used(self) -> int:
        """The port, or the usual one."""
        return self.port or _PORTS[self.security]

    @property
    def renders(self) -> Form:
        """The form of its messages."""
        return "mail"


class WebhookChannel(Strict):
    """A receiver of requests that are signed by Standard Webhooks (docs/delivery.md).

    Attributes:
        url: Where requests are posted to: https, or http on this machine; secrets in it as `${NAME}`.
        signing_secret: The secret that both sides know, by the name of its variable.
        token: Sent as a bearer token, by the name of its variable.
        timeout_seconds: How long a request may take.
    """

    kind: Literal["webhook"]
    url: EncryptedAddress
    signing_secret: NamedSecret
    token: NamedSecret | None = None
    timeout_seconds: float = Field(default=30, gt=0, le=120)

    @property
    def renders(self) -> None:
        """Messages are data."""


class AppriseChannel(Strict):
    """Any service that apprise knows, at least once (the extra `opsguard[apprise]`).

    Attributes:
        url: The address as apprise writes it, by the name of its variable.
    """

    kind: Literal["apprise"]
    url: NamedSecret

    @property
    def renders(self) -> None:
        """Messages are plain text."""


ChannelSettings = Annotated[
    FolderChannel | SlackChannel | MailChannel | WebhookChannel | AppriseChannel, Field(discriminator="kind")
]


class Delivery(Strict):
    """How messages reach people.

    Attributes:
        channels: Channels by name; routes name them. As long as `slack` and `mail` are not described, their messages
            lie in the folder `mailbox`, and nothing is sent.
        give_up_minutes: A message that could not be handed over for so long is not sent any more.
        unknown_minutes: A message whose delivery has been unknown for so long is a warning.
    """

    channels: dict[str, ChannelSettings] = Field(default_factory=dict)
    give_up_minutes: float = Field(default=120, gt=0, le=10_080)
    unknown_minutes: float = Field(default=60, gt=0, le=10_080)

    @field_validator("channels")
    @classmethod
    def _well_named(cls, channels: dict[str, ChannelSettings]) -> dict[str, ChannelSettings]:
        for name in channels:
            if not _NAME.match(name):
                raise ValueError(f"{name!r} is no name of a channel; write small letters, digits, `-` and `_`")
        return channels

    @property
    def all_channels(self) -> dict[str, ChannelSettings]:
        """Every channel by name, with those that only write files."""
        return {"slack": FolderChannel(form="slack"), "mail": FolderChannel(form="mail"), **self.channels}

    def channel_of(self, form: Form) -> str:
        """The name of the channel that brings messages of a form to people: `mail` or `slack`; the first of several."""
        return {each.renders: name for name, each in reversed(self.all_channels.items()) if each.renders}[form]

    @property
    def sends_nothing(self) -> bool:
        """Whether every channel only writes files."""
        return all(isinstance(channel, FolderChannel) for channel in self.all_channels.values())
