"""What settings of the monthly question do: whom it is asked, and which mean is good."""

from datetime import date

from opsguard_assets.config.settings import Settings
from opsguard_assets.config.web import WebService
from opsguard_assets.satisfaction.asking_io import ask
from opsguard_assets.satisfaction.rating import standing
from tests.config.consequences.given import NOW, STORES, Seen, lake_of
from tests.remediation.given import record


def standings(settings: Settings) -> Seen:
    """How a mean stands to the target."""
    return standing(4.2, 4.8, settings.satisfaction.target)


def asked(settings: Settings) -> Seen:
    """Who is asked about a month."""
    lake = lake_of("satisfaction")
    record(lake, "clients", {"client_id": "C1", "name": "One", "timezone": "UTC"}, loaded_at=NOW)
    reachable = settings.model_copy(update={"web": WebService(base_url="https://ops.example.org")})
    return ask(lake, STORES[0].migrated(), reachable, date(2026, 2, 1), at=NOW, by="test")
