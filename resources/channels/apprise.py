"""Whatever apprise knows: Teams, text messages, Matrix, PagerDuty and a hundred more. An optional extra.

Here: one message to one address of apprise. Not here: Slack and mail, which have channels of their own.

**At least once**: apprise says whether a service took a message and nothing else. A message that failed is sent again,
also where it arrived. It cannot be edited, looked for, or answered by a button.
"""

from dataclasses import dataclass, field

from resources.answers import Answer, Outcome
from resources.channels.handed_over import ChannelError, HandedOver


@dataclass(frozen=True, kw_only=True)
class AppriseChannel:
    """One service.

    Attributes:
        url: The address as apprise writes it; never shown, it holds secrets.
    """

    url: str = field(repr=False)

    def notify(self, title: str, body: str) -> HandedOver:
        """Hands a message over as plain text.

        Raises:
            ChannelError: When apprise is not installed, or does not know the address.
        """
        try:
            import apprise  # noqa: PLC0415 - an optional extra that takes seconds to import
        except ImportError:
            raise ChannelError(
                "channels of the kind apprise need the extra: install opsguard[apprise], or use another kind"
            ) from None
        service = apprise.Apprise()
        if not service.add(self.url):
            raise ChannelError("apprise does not know this address; see github.com/caronc/apprise for those it knows")
        try:
            is_taken = service.notify(title=title, body=body, body_format=apprise.NotifyFormat.TEXT)
        except Exception as error:  # noqa: BLE001 - a hundred services, each with errors of its own
            return HandedOver(Answer(Outcome.NOT_REACHED, f"the service failed ({type(error).__name__})"))
        if is_taken:
            return HandedOver(Answer(Outcome.DONE, "the service took it"))
        return HandedOver(Answer(Outcome.NOT_REACHED, "the service did not take it; it is sent again"))
