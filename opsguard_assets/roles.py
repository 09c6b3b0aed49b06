"""The outside world in the roles that assets know it by; each is made when a run needs it, never at import.

Here: Dagster's view of the stores. Not here: the stores themselves, which know nothing of Dagster.
"""

import os

import dagster as dg
from pydantic import SecretStr

from ml.tracking.registry import Registry
from ml.tracking.tracking import Place
from opsguard_assets.intake.receiving.inbox import Inbox
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.promotion import ModelCatalog
from resources.database import MLFLOW, Database
from resources.environment import read_environment
from resources.lake import Lake
from resources.postgres import start_embedded
from resources.progress import Silent


def _lake(_context: dg.InitResourceContext) -> Lake:
    return Lake(read_environment(os.environ).lake)


def _database(_context: dg.InitResourceContext) -> Database:
    place = read_environment(os.environ)
    return Database(place.database_url or SecretStr(start_embedded(place.embedded_data)))


def _inbox(_context: dg.InitResourceContext) -> Inbox:
    place = read_environment(os.environ)
    return Inbox(lake_uri=place.lake, work_dir=place.dlt_home, variables=os.environ)


def _models(_context: dg.InitResourceContext) -> ModelCatalog:
    place = read_environment(os.environ)
    database = _database(_context)
    return ModelCatalog(Registry(Place(database.url_for(MLFLOW), place.mlflow_artifacts)), Champions(database))


def roles() -> dict[str, dg.ResourceDefinition]:
    """`lake`, `database`, `inbox`, `models` and `progress`, as the environment of the run names them."""
    return {
        "inbox": dg.ResourceDefinition(_inbox, description="Where records arrive: loaders and the secrets of sources"),
        "progress": dg.ResourceDefinition(lambda _: Silent(), description="Who hears how far long work is"),
        "models": dg.ResourceDefinition(_models, description="The registry of models, and who was champion when"),
        "lake": dg.ResourceDefinition(_lake, description="Delta tables under OPSGUARD_LAKE"),
        "database": dg.ResourceDefinition(_database, description="PostgreSQL under OPSGUARD_DATABASE_URL"),
    }
