"""The ticket system that the settings describe, with its secrets filled in.

Here: settings in, a ticket system out. Not here: the kinds (`resources.ticket_system`).
"""

from collections.abc import Mapping

from opsguard_assets.config.load import revealed
from opsguard_assets.config.secrets import require_encryption
from opsguard_assets.config.ticket_system import RecordOnly, SqlTicketSystem, TicketSystemSettings
from resources.ticket_system.change import TicketSystem, TicketSystemError
from resources.ticket_system.record import RecordOnlySystem
from resources.ticket_system.sql import SqlSystem
from resources.ticket_system.webhook import WebhookSystem

_PLACE = "ticket_system"


def ticket_system_of(settings: TicketSystemSettings, variables: Mapping[str, str]) -> TicketSystem:
    """Opens the ticket system of the settings.

    Args:
        settings: Which kind, and its options.
        variables: Where secrets come from, usually `os.environ`.

    Raises:
        ConfigError: When a secret's variable is not set.
        TicketSystemError: When an address cannot be used.
    """
    if isinstance(settings, RecordOnly):
        return RecordOnlySystem()
    url = revealed(settings.url, variables, _PLACE)
    if isinstance(settings, SqlTicketSystem):
        system = SqlSystem(
            url=url,
            update=settings.update,
            further=settings.further,
            remember=settings.remember,
            recall=settings.recall,
            create_by=settings.create,
            cancel_by=settings.cancel,
            created=settings.created,
            priorities={str(name): word for name, word in settings.priorities.items()},
            timeout_seconds=settings.timeout_seconds,
        )
        system.check()
        return system
    try:
        require_encryption(url)
    except ValueError as error:
        raise TicketSystemError(f"{_PLACE}: {error}") from None
    return WebhookSystem(
        url=url,
        signing_secret=revealed(settings.signing_secret, variables, _PLACE),
        token=revealed(settings.token, variables, _PLACE) if settings.token else None,
        timeout_seconds=settings.timeout_seconds,
        attempts=settings.attempts,
        backoff_seconds=settings.backoff_seconds,
        longest_wait_seconds=settings.longest_wait_seconds,
    )
