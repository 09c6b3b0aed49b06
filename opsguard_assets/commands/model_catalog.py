"""What commands around champions share: the registry and the history of an installation, and who acts.

Here: opening them. Not here: what is done with them.
"""

import getpass
from typing import Annotated

import typer

from ml.tracking.registry import Registry
from ml.tracking.tracking import Place
from opsguard_assets.commands.session import Session
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.promotion import ModelCatalog
from resources.database import MLFLOW

ActorOption = Annotated[str | None, typer.Option("--by", help="Who acts; your user name where left out.")]


def catalog_of(session: Session) -> ModelCatalog:
    """Where champions of this installation are made."""
    installation = session.installation
    place = Place(installation.database.url_for(MLFLOW), installation.environment.mlflow_artifacts)
    return ModelCatalog(Registry(place), Champions(installation.database))


def actor_of(by: str | None) -> str:
    """Who acts, for the history."""
    return by or getpass.getuser()
