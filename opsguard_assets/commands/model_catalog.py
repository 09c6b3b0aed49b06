"""Opens the model catalog of an installation for commands.

Here: opening. Not here: promotion and rollback.
"""

from ml.tracking.registry import Registry
from ml.tracking.tracking import Place
from opsguard_assets.commands.session import Session
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.promotion import ModelCatalog
from resources.database import MLFLOW


def catalog_of(session: Session) -> ModelCatalog:
    """The model catalog of this installation."""
    installation = session.installation
    place = Place(installation.database.url_for(MLFLOW), installation.environment.mlflow_artifacts)
    return ModelCatalog(Registry(place), Champions(installation.database))
