"""The web service as a process of its own: its stores are those that the environment names.

Not here: listening (`resources.serving` calls `create`; `opsguard serve` opens the stores itself), and the application
(`app`).
"""

import os

from opsguard_assets.config.load import load_settings_of
from opsguard_assets.web.app import create_app
from opsguard_assets.web.service import service_of
from resources.database import Database
from resources.environment import DATABASE_URL, EnvironmentVariableError, read_environment
from resources.guard import App
from resources.lake import Lake


def create() -> App:
    """The application, on stores that this process has opened.

    Raises:
        EnvironmentVariableError: When the environment does not name the database.
    """
    place = read_environment(os.environ)
    if place.database_url is None:
        raise EnvironmentVariableError(f"{DATABASE_URL} is not set; start the service by `opsguard serve`")
    settings = load_settings_of(place, os.environ)
    return create_app(service_of(Database(place.database_url), Lake(place.lake), settings, os.environ))
