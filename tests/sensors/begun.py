"""Runs in whatever state a test needs, recorded in a real instance without being executed."""

import dagster as dg
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin


def begun(instance: dg.DagsterInstance, job: dg.JobDefinition, status: str) -> str:
    """The id of a recorded run of the job; a queued run must say where its code lives."""
    place = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("opsguard"), "__repository__")
    state = dg.DagsterRunStatus[status]
    return instance.create_run_for_job(job, status=state, remote_job_origin=RemoteJobOrigin(place, job.name)).run_id
