"""The channels that the settings describe, with their secrets filled in.

Here: settings in, transports out. Not here: the kinds (`resources.channels`), what they carry.
"""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from opsguard_assets.config.delivery import (
    AppriseChannel,
    ChannelSettings,
    Delivery,
    FolderChannel,
    MailChannel,
    SlackChannel,
)
from opsguard_assets.config.load import revealed
from opsguard_assets.config.secrets import require_encryption
from opsguard_assets.delivery.transports_io import (
    AppriseTransport,
    FolderTransport,
    MailTransport,
    Transport,
    WebhookTransport,
)
from resources.channels.apprise import AppriseChannel as Service
from resources.channels.folder import FolderChannel as Folder
from resources.channels.handed_over import ChannelError
from resources.channels.mail import MailServer
from resources.channels.webhook import WebhookChannel as Receiver

MAILBOX = "mailbox"


def transports_of(delivery: Delivery, variables: Mapping[str, str], home: Path) -> dict[str, Transport]:
    """Opens every channel of the settings, by name.

    Args:
        delivery: The settings.
        variables: Where secrets come from, usually `os.environ`.
        home: The home folder; messages that are not sent lie in it.

    Raises:
        ConfigError: When a secret's variable is not set.
        ChannelError: When an address cannot be used.
    """
    return {name: transport_of(name, channel, variables, home) for name, channel in delivery.all_channels.items()}


def transport_of(name: str, channel: ChannelSettings, variables: Mapping[str, str], home: Path) -> Transport:
    """Opens one channel; see `transports_of`."""
    place = f"delivery.channels.{name}"
    if isinstance(channel, FolderChannel):
        folder = Path(channel.folder).expanduser() if channel.folder else home / MAILBOX
        return FolderTransport(Folder(folder=folder), channel.form, name)
    if isinstance(channel, SlackChannel):
        return _slack(channel, variables, place)
    if isinstance(channel, MailChannel):
        server = MailServer(
            host=channel.host,
            port=channel.port_used,
            security=channel.security,
            user=channel.user,
            password=revealed(channel.password, variables, place) if channel.password else None,
            sender=channel.sender,
            connect_seconds=channel.connect_seconds,
            answer_seconds=channel.answer_seconds,
        )
        return MailTransport(server, channel.unsubscribe)
    if isinstance(channel, AppriseChannel):
        return AppriseTransport(Service(url=revealed(channel.url, variables, place)))
    url = revealed(channel.url, variables, place)
    try:
        require_encryption(url)
    except ValueError as error:
        raise ChannelError(f"{place}: {error}") from None
    receiver = Receiver(
        url=url,
        signing_secret=revealed(channel.signing_secret, variables, place),
        token=revealed(channel.token, variables, place) if channel.token else None,
        timeout_seconds=channel.timeout_seconds,
    )
    return WebhookTransport(receiver)


def _slack(channel: SlackChannel, variables: Mapping[str, str], place: str) -> Transport:
    from opsguard_assets.delivery.slack_io import SlackTransport  # noqa: PLC0415 - only who uses Slack pays for it
    from resources.channels.slack import SlackChannel as Workspace  # noqa: PLC0415

    workspace = Workspace(
        token=revealed(channel.token, variables, place),
        api_url=channel.api_url,
        timeout_seconds=channel.timeout_seconds,
    )
    return SlackTransport(workspace, channel.reads_history, timedelta(seconds=channel.look_after_seconds))
