"""The monthly question whether clients are satisfied: whom it is asked. Not here: asking (`satisfaction`)."""

from collections.abc import Mapping

from pydantic import Field

from opsguard_assets.config.base import Strict
from opsguard_assets.config.scorecards import Addresses


class ClientSatisfaction(Strict):
    """What is asked of a client.

    Attributes:
        contacts: Mail addresses that get the question, each once a month.
    """

    contacts: Addresses = ()


class Satisfaction(Strict):
    """One question a month, by mail, with five answers. Nobody is asked who is not named here.

    Attributes:
        target: The mean of answers, 1 to 5, that is aimed at.
        clients: Whom it is asked, by client.
    """

    target: float = Field(default=4.5, ge=1, le=5)
    clients: Mapping[str, ClientSatisfaction] = Field(default_factory=dict)

    @property
    def contacts(self) -> list[tuple[str, str]]:
        """(client, address) of everybody who is asked, each once."""
        found = [(client, each) for client, own in self.clients.items() for each in own.contacts]
        return list({(client, each.lower()): (client, each) for client, each in reversed(found)}.values())[::-1]
