"""Opens the model catalog of an installation for commands, and names the acting user.

Here: opening. Not here: promotion and rollback.
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

ActorOption = Annotated[str | None, typer.Option("--by", help="Who acts. Default: the current user.")]


def catalog_of(session: Session) -> ModelCatalog:
    """The model catalog of this installation."""
    installation = session.installation
    place = Place(installation.database.url_for(MLFLOW), installation.environment.mlflow_artifacts)
    return ModelCatalog(Registry(place), Champions(installation.database))


def actor_of(by: str | None) -> str:
    """The acting user, for the history."""
    return by or getpass.getuser()
