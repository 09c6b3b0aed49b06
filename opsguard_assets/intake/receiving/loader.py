"""dlt, set up so that a load is one commit, made once, without files, variables or telemetry outside our folders.

Here: the pipeline of one source and the destination that writes its raw table. Not here: where records come from. This
module imports dlt, which takes two seconds: import it only where something is loaded.

dlt moves a load in steps (extracted, normalised, loaded) and finishes after a crash what it had begun. Only its last
step is not repeatable: killed after the commit to the Delta table and before its own note of it, dlt would append the
rows again. The destination below writes the load's number into the same commit and skips a load that is there.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dlt
from deltalake import write_deltalake
from dlt.common.configuration.container import Container
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext
from dlt.common.configuration.specs.runtime_configuration import RuntimeConfiguration
from dlt.common.destination.client import HasFollowupJobs, RunnableLoadJob
from dlt.common.libs.deltalake import deltalake_storage_options
from dlt.common.libs.pyarrow import get_local_dataset_reader
from dlt.common.runtime.run_context import RunContext
from dlt.destinations.impl.filesystem.factory import filesystem
from dlt.destinations.impl.filesystem.filesystem import DeltaLoadFilesystemJob, FilesystemClient
from dlt.destinations.job_impl import FinalizedLoadJob, FinalizedLoadJobWithFollowupJobs
from dlt.pipeline.exceptions import PipelineStepFailed

from opsguard_assets.intake.raw.received import SourceError, cause_of
from resources.delta import once, open_table
from resources.room import StorageError, stored_in

DATASET = "raw"
_APPLICATION = "dlt"


class _Isolated(RunContext):
    """Where dlt looks for settings: nowhere. Two installations in one folder do not meet in a `.dlt`."""

    def __init__(self, home: Path) -> None:
        super().__init__(str(home))
        self._home = str(home)

    @property
    def global_dir(self) -> str:
        return self._home

    @property
    def run_dir(self) -> str:
        return self._home

    @property
    def local_dir(self) -> str:
        return self._home

    @property
    def data_dir(self) -> str:
        return self._home

    def initial_providers(self) -> list[Any]:
        return []

    def initialize_runtime(self, runtime_config: RuntimeConfiguration | None = None) -> None:
        settings = runtime_config or RuntimeConfiguration()
        settings.dlthub_telemetry = False
        settings.log_level = "CRITICAL"
        # dlt would take the first Ctrl-C for itself, and only end after the load.
        settings.intercept_signals = False
        settings.request_backoff_factor = 0.5
        super().initialize_runtime(settings)


class _OnceJob(DeltaLoadFilesystemJob):
    """Appends the files of a load to its Delta table, unless a commit says that it did."""

    def run(self) -> None:
        location = self._job_client.get_open_table_location("delta", self.load_table_name)
        options = deltalake_storage_options(
            self._job_client.config.credentials, self._job_client.config.deltalake_storage_options
        )
        number = round(float(self._load_id) * 1_000_000)
        table = open_table(location, options)
        application = _APPLICATION
        newest = table.transaction_version(application) if table is not None else None
        if table is not None and newest is not None and newest > number:
            # The number is a time, and the clock was set back: this load stands for itself.
            application = f"{_APPLICATION}/{self._load_id}"
            newest = table.transaction_version(application)
        if newest == number:
            return
        with get_local_dataset_reader(self.file_paths) as rows:
            write_deltalake(
                location if table is None else table,
                rows,
                mode="append",
                schema_mode="merge",
                storage_options=options or None,
                commit_properties=once(application, number),
            )


class _NothingToDo(RunnableLoadJob):
    """A file that needs no work of its own. Where dlt takes such a file for finished, each load waits for a second."""

    def run(self) -> None:
        pass


class _NothingToDoYet(_NothingToDo, HasFollowupJobs):
    """A file that is appended by a later job, together with the others of its table."""


# How dlt works on a file, and how we do instead.
_JOBS = {
    DeltaLoadFilesystemJob: _OnceJob,
    FinalizedLoadJob: _NothingToDo,
    FinalizedLoadJobWithFollowupJobs: _NothingToDoYet,
}


class _OnceClient(FilesystemClient):
    """The file destination with jobs that append once, and at once."""

    def get_load_job_class(self, table: Any, file_path: str) -> Any:
        usual = super().get_load_job_class(table, file_path)
        return _JOBS.get(usual, usual)


class _Raw(filesystem):
    """The `raw` folder of the lake as a destination of dlt."""

    @property
    def client_class(self) -> type[FilesystemClient]:
        return _OnceClient


@contextmanager
def pipeline_of(name: str, *, lake_uri: str, work_dir: Path) -> Iterator[dlt.Pipeline]:
    """The pipeline of one source, with its state: from the working folder, or from the lake where that is gone.

    Args:
        name: The source; its raw table gets the same name.
        lake_uri: The lake.
        work_dir: The working folder of the loaders.
    """
    work_dir.mkdir(parents=True, exist_ok=True)
    with Container().injectable_context(PluggableRunContext(_Isolated(work_dir))):
        pipeline = dlt.pipeline(
            name,
            pipelines_dir=str(work_dir),
            destination=_Raw(bucket_url=lake_uri, max_state_files=5),
            dataset_name=DATASET,
        )
        try:
            if pipeline.first_run and not pipeline.has_pending_data:
                pipeline.sync_destination()
            yield pipeline
        finally:
            pipeline.deactivate()


def finish_pending(pipeline: dlt.Pipeline) -> list[str]:
    """Brings the loads to the lake that a crash left behind; the numbers dlt gave them."""
    if not pipeline.has_pending_data:
        return []
    with _causes_told(pipeline):
        pipeline.normalize()
        info = pipeline.load()
        info.raise_on_failed_jobs()
    return list(info.loads_ids)


def run(pipeline: dlt.Pipeline, records: Any) -> None:
    """Extracts, normalises and loads what `records` yields.

    Args:
        pipeline: The pipeline of the source.
        records: A dlt resource.

    Raises:
        SourceError: What the resource raised.
        StorageError: When nothing more can be written; the load is finished by the next call.
    """
    hints = {"table_format": "delta", "write_disposition": "append", "table_name": pipeline.pipeline_name}
    records.apply_hints(**hints)
    with _causes_told(pipeline):
        info = pipeline.run(records, loader_file_format="parquet")
        info.raise_on_failed_jobs()


@contextmanager
def _causes_told(pipeline: dlt.Pipeline) -> Iterator[None]:
    """What dlt wraps comes out as it was raised: our own errors, a full disk, the interruption by a person."""
    try:
        with stored_in(Path(pipeline.pipelines_dir)):
            yield
    except PipelineStepFailed as error:
        for kind in (KeyboardInterrupt, SystemExit, StorageError, SourceError):
            ours = cause_of(error, kind)
            if ours is not None:
                raise ours from None
        raise


def remembered(pipeline: dlt.Pipeline, resource: str) -> Mapping[str, Any]:
    """The state that a resource left with its last load."""
    sources = pipeline.state.get("sources", {})
    return dict(sources.get(pipeline.default_schema_name or "", {}).get("resources", {}).get(resource, {}))
