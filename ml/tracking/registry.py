"""The model registry: versions of a problem's model, and the aliases `champion` and `challenger`.

Here: MLflow's registry in the few words that training and promotion need. Not here: who may become champion (`gate`),
the record of promotions and reading the champion for a tick (`opsguard_assets.models.champions`). The client is
explicit: no global address.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

if TYPE_CHECKING:
    from ml.tracking.tracking import Place

CHAMPION, CHALLENGER = "champion", "challenger"


class RegistryError(LookupError):
    """There is no such version or alias; the message says what there is."""


@dataclass(frozen=True)
class ModelVersion:
    """A version of a problem's model.

    Attributes:
        problem: The problem; the registered model has its name.
        version: The registry's number.
        run_id: The MLflow run that made it: leads to parameters, figures and the versions of the data.
        location: URI of the folder that holds it.
    """

    problem: str
    version: str
    run_id: str
    location: str

    @property
    def folder(self) -> Path:
        """Where the model lies on this machine.

        Raises:
            RegistryError: When it lies elsewhere.
        """
        address = urlparse(self.location)
        if address.scheme not in ("", "file"):
            raise RegistryError(f"{self.location} is no folder of this machine")
        return Path(unquote(address.path))


@dataclass(frozen=True)
class Registry:
    """The registry of one installation."""

    place: "Place"

    def register(self, problem: str, run_id: str, *, description: str) -> ModelVersion:
        """Makes the model of a run a version of the problem's.

        Args:
            problem: The problem.
            run_id: A candidate's run, whose artefacts hold `model`.
            description: What a person reads beside the version.
        """
        client = self._client()
        from mlflow.exceptions import MlflowException  # noqa: PLC0415 - two seconds, and only training needs it

        try:
            client.get_registered_model(problem)
        except MlflowException:
            client.create_registered_model(problem, description=f"Models of the problem {problem}")
        source = f"{client.get_run(run_id).info.artifact_uri}/model"
        made = client.create_model_version(problem, source, run_id, description=description)
        return ModelVersion(problem, str(made.version), run_id, source)

    def label(self, version: ModelVersion, labels: Mapping[str, str]) -> None:
        """Writes labels beside a version, as MLflow shows them."""
        client = self._client()
        for name, value in labels.items():
            client.set_model_version_tag(version.problem, version.version, name, value)

    def labels(self, version: ModelVersion) -> dict[str, str]:
        """The labels of a version."""
        return dict(self._client().get_model_version(version.problem, version.version).tags)

    def point(self, alias: str, version: ModelVersion) -> None:
        """Lets an alias name a version."""
        self._client().set_registered_model_alias(version.problem, alias, version.version)

    def clear(self, alias: str, problem: str) -> None:
        """Lets an alias name nothing."""
        self._client().delete_registered_model_alias(problem, alias)

    def named(self, problem: str, name: str) -> ModelVersion:
        """The version that an alias or a number names.

        Raises:
            RegistryError: When there is none.
        """
        client = self._client()
        from mlflow.exceptions import MlflowException  # noqa: PLC0415

        try:
            if name.isdigit():
                found = client.get_model_version(problem, name)
            else:
                found = client.get_model_version_by_alias(problem, name)
        except MlflowException:
            numbers = ", ".join(sorted(self._numbers(client, problem), key=int)) or "none; run `opsguard train` first"
            raise RegistryError(f"{problem} has no version {name!r}. There are: {numbers}.") from None
        return ModelVersion(problem, str(found.version), str(found.run_id), str(found.source))

    def _client(self) -> Any:
        from mlflow import MlflowClient  # noqa: PLC0415 - two seconds, and only training needs it

        return MlflowClient(tracking_uri=self.place.backend, registry_uri=self.place.backend)

    @staticmethod
    def _numbers(client: Any, problem: str) -> list[str]:
        return [str(found.version) for found in client.search_model_versions(f"name = '{problem}'")]
