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


def _lake(_context: dg.InitResourceContext) -> Lake:
    return Lake(read_environment(os.environ).lake)


def _database(_context: dg.InitResourceContext) -> Database:
    place = read_environment(os.environ)
    return Database(place.database_url or SecretStr(start_embedded(place.embedded_data)))


def roles() -> dict[str, dg.ResourceDefinition]:
    """`lake` and `database`, as the environment of the run names them."""
    return {
        "lake": dg.ResourceDefinition(_lake, description="Delta tables under OPSGUARD_LAKE"),
        "database": dg.ResourceDefinition(_database, description="PostgreSQL under OPSGUARD_DATABASE_URL"),
    }
