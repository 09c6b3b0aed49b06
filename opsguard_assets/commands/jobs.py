"""Runs the jobs of the code location from the command line: the same runs that schedules start, seen in the same UI.

Here: one job in this process. Not here: what jobs contain.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_shared.error import SerializableErrorInfo

from opsguard_assets.build import build_defs
from opsguard_assets.commands.session import Session
from opsguard_assets.domains import JOBS
from resources.progress import Progress
from resources.room import StorageError, storage_words
from sensors.connections import kept_open
from sensors.runs import this_process

_INTERRUPTIONS = {"DagsterExecutionInterruptedError", "KeyboardInterrupt"}
# Their messages may quote what was received.
_OWN = {"SourceError", "MappingError", "ConfigError"}


class JobMissingError(LookupError):
    """This installation has no such job, because no source fills its tables; the message names them."""


class RunFailedError(RuntimeError):
    """A run or one of its checks failed; the message names the step, the reason and where to find more."""


def run_job(
    session: Session,
    job: str,
    *,
    progress: Progress,
    run_config: Mapping[str, Any] | None = None,
    selection: Sequence[dg.AssetKey] | None = None,
    partition: str | None = None,
) -> dg.ExecuteInProcessResult:
    """Runs a job to its end in this process, recorded in the installation's Dagster instance.

    Raises:
        JobMissingError: When no source fills its tables.
        RunFailedError: When a step fails.
    """
    defs = _definitions(session)
    if job not in {each.name for each in defs.jobs or ()}:
        raise JobMissingError(_unfed(job))
    with dg.DagsterInstance.get() as instance, kept_open(instance), _interruption_told():
        result = defs.resolve_job_def(job).execute_in_process(
            instance=instance,
            run_config={**(run_config or {}), "loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            asset_selection=list(selection) if selection else None,
            partition_key=partition,
            raise_on_error=False,
            tags=this_process(),
            resources={"progress": dg.ResourceDefinition.hardcoded_resource(progress)},
        )
    if not result.success:
        raise _failure(session, result)
    return result


@lru_cache(maxsize=1)
def _definitions(session: Session) -> dg.Definitions:
    """The assets and jobs of the installation: building them takes a second, and a demo runs fourteen jobs."""
    return build_defs(settings=session.settings)


@contextmanager
def _interruption_told() -> Iterator[None]:
    """Ctrl-C in a step ends the command, as it does elsewhere."""
    try:
        yield
    except dg.DagsterExecutionInterruptedError:
        raise KeyboardInterrupt from None


def _failure(session: Session, result: dg.ExecuteInProcessResult) -> BaseException:
    """Why a run failed: Ctrl-C, however wrapped; a full disk, in any step; or the step's own reason."""
    installation = session.installation
    lake = [] if "://" in installation.lake.uri else [Path(installation.lake.uri)]
    errors = [error for event in result.all_events if event.is_step_failure for error in _layers(event)]
    if any(error.cls_name in _INTERRUPTIONS for error in errors):
        return KeyboardInterrupt()
    words = storage_words([e.message for e in errors if e.cls_name not in _OWN], [installation.environment.home, *lake])
    return StorageError(words) if words is not None else RunFailedError(_reasons(result))


def _layers(event: dg.DagsterEvent) -> Iterator[SerializableErrorInfo]:
    """The errors of a failed step, outermost first, with all their causes."""
    waiting = [event.step_failure_data.error]
    while waiting:
        error = waiting.pop(0)
        if error is not None:
            yield error
            waiting += [error.cause, error.context]


def failed_checks(result: dg.ExecuteInProcessResult) -> list[dict[str, str]]:
    """The failed checks, with their descriptions."""
    evaluations = result.get_asset_check_evaluations()
    return [
        {
            "check": evaluation.check_name,
            "asset": evaluation.asset_key.to_user_string(),
            "severity": evaluation.severity.value,
            "found": evaluation.description or "",
        }
        for evaluation in evaluations
        if not evaluation.passed
    ]


def _unfed(job: str) -> str:
    tables = JOBS[job].needs if job in JOBS else ()
    if not tables:
        return f"There is no {job} here: opsguard.yaml names no sources. `opsguard doctor` shows more."
    return (
        f"There is no {job} here, because no source in opsguard.yaml fills {' and '.join(tables)}. Map a source onto "
        f"{'them' if len(tables) > 1 else 'it'} (docs/sources.md; `opsguard tables {tables[0]}` lists its columns), or "
        "leave this command out."
    )


def _reasons(result: dg.ExecuteInProcessResult) -> str:
    failures = [event for event in result.all_events if event.is_step_failure]
    reasons = [f"{event.step_key}: {_innermost(event)}" for event in failures]
    return "\n".join(reasons) or f"run {result.run_id} failed; see it with `opsguard up`"


def _innermost(event: dg.DagsterEvent) -> str:
    error = event.step_failure_data.error
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message.strip() if error else event.message or "no reason given"
