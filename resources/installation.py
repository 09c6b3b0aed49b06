"""One installation of OpsGuard: its stores opened and made ready, and the variables that programs beside it need.

Here: the order of first steps (server, migrations, Dagster's home). Not here: what any store holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import SecretStr

from resources import database, environment
from resources.dagster_home import add_sections, newest
from resources.database import Database
from resources.environment import Environment
from resources.lake import Lake
from resources.postgres import start_embedded

DAGSTER_DATABASE_URL = "OPSGUARD_DAGSTER_DATABASE_URL"


@dataclass(frozen=True)
class Installation:
    """The open stores of one environment.

    Attributes:
        environment: Where everything is.
        database: The PostgreSQL database, migrated.
    """

    environment: Environment
    database: Database

    @cached_property
    def lake(self) -> Lake:
        """The lake of this installation."""
        return Lake(self.environment.lake)

    def variables(self, outer: Mapping[str, str]) -> dict[str, str]:
        """What Dagster and MLflow processes of this installation find in their environment, beside `outer`."""
        own = {
            environment.HOME: str(self.environment.home),
            environment.LAKE: self.environment.lake,
            environment.DATABASE_URL: self.database.url.get_secret_value(),
            DAGSTER_DATABASE_URL: self.database.url_for(database.DAGSTER),
            "DAGSTER_HOME": outer.get("DAGSTER_HOME") or str(self.environment.dagster_home),
            "DAGSTER_DISABLE_TELEMETRY": "yes",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "DO_NOT_TRACK": "true",
            "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
        }
        if self.environment.config:
            own[environment.CONFIG] = str(self.environment.config)
        return own


def open_installation(place: Environment) -> Installation:
    """Opens the stores of `place`, and creates on first use what is missing. Safe from many processes at once."""
    place.home.mkdir(parents=True, exist_ok=True)
    url = place.database_url or SecretStr(start_embedded(place.embedded_data))
    opened = Installation(place, Database(url))
    opened.database.migrate()
    _write_dagster_home(place.dagster_home, opened)
    return opened


def _write_dagster_home(folder: Path, opened: Installation) -> None:
    """Writes `dagster.yaml` once, and initialises Dagster's tables before several processes could race for them."""
    target = folder / "dagster.yaml"
    if target.exists():
        add_sections(target)
        return
    folder.mkdir(parents=True, exist_ok=True)
    with opened.database.lock("opsguard dagster home"):
        draft = folder / "dagster.draft.yaml"
        draft.write_text(newest(), encoding="utf-8")
        from dagster import DagsterInstance  # noqa: PLC0415 - slow to import, and needed on first use only

        own = {DAGSTER_DATABASE_URL: opened.database.url_for(database.DAGSTER)}
        with environment.variables(own), DagsterInstance.from_config(str(folder), draft.name):
            draft.replace(target)
