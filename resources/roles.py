"""The outside world in the roles that assets know it by; each is made when a run needs it, never at import.

Here: Dagster's view of the stores. Not here: the stores themselves, which know nothing of Dagster.
"""

import os

import dagster as dg
from pydantic import SecretStr

from resources.database import Database
from resources.environment import read_environment
from resources.lake import Lake
from resources.postgres import start_embedded


class LakeRole(dg.ConfigurableResourceFactory[Lake]):
    """The lake that `OPSGUARD_LAKE` names."""

    def create_resource(self, context: dg.InitResourceContext) -> Lake:  # noqa: ARG002 - Dagster's signature
        """Opens nothing: a lake is an address."""
        return Lake(read_environment(os.environ).lake)


class DatabaseRole(dg.ConfigurableResourceFactory[Database]):
    """The database that `OPSGUARD_DATABASE_URL` names, or the embedded one."""

    def create_resource(self, context: dg.InitResourceContext) -> Database:  # noqa: ARG002 - Dagster's signature
        """Joins the embedded server where no other is named."""
        place = read_environment(os.environ)
        return Database(place.database_url or SecretStr(start_embedded(place.embedded_data)))
