"""What the web service works with: stores, settings, clock. Not here: routes (`app`), and opening stores."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pydantic import SecretStr

from opsguard_assets.config.load import revealed
from opsguard_assets.config.settings import Settings
from resources.database import Database
from resources.lake import Lake

# Where Slack takes answers to a click (`response_url`): nothing is sent anywhere else.
SLACK_ANSWERS = ("https://hooks.slack.com/", "https://hooks.slack-gov.com/")


@dataclass(frozen=True)
class Service:
    """The stores and settings of one web service.

    Attributes:
        database: Where alerts, incidents and tokens are.
        lake: Where names are.
        settings: The settings in force.
        slack_secret: The signing secret of the Slack app; None where Slack's buttons are not answered.
        slack_answers: Beginnings of addresses that answers to clicks are sent to.
        now: The clock (UTC).
    """

    database: Database
    lake: Lake
    settings: Settings
    slack_secret: SecretStr | None = None
    slack_answers: tuple[str, ...] = SLACK_ANSWERS
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    @property
    def zone(self) -> str:
        """The time zone of the operations desk."""
        return self.settings.operations.timezone


def service_of(database: Database, lake: Lake, settings: Settings, variables: Mapping[str, str]) -> Service:
    """The service on open stores; its secret is taken from `variables` (usually `os.environ`).

    Raises:
        ConfigError: When the secret names a variable that is not set.
    """
    named = settings.web.slack_signing_secret
    secret = SecretStr(revealed(named, variables, "web.slack_signing_secret")) if named else None
    return Service(database, lake, settings, secret)
