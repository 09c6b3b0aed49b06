"""A cadence waits for a run that is running, and not for one whose process was killed."""

import subprocess
import sys

import dagster as dg
import pytest

from sensors.runs import this_process, unfinished_run


@dg.op
def nothing():
    pass


@dg.job
def some_job():
    nothing()


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as opened:
        yield opened


def started(instance, tags):
    return instance.create_run_for_job(some_job, status=dg.DagsterRunStatus.STARTED, tags=tags).run_id


def test_a_run_of_a_living_process_is_waited_for(instance):
    assert unfinished_run(instance, "some_job") is None
    run = started(instance, this_process())
    assert unfinished_run(instance, "some_job") == run


def test_a_run_that_the_daemon_launched_is_left_to_the_daemon(instance):
    run = started(instance, {})
    assert unfinished_run(instance, "some_job") == run


def test_a_run_whose_process_was_killed_is_reported_as_failed(instance):
    script = "from sensors.runs import this_process; import time; print(this_process(), flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    tags = eval(process.stdout.readline())  # noqa: S307 - our own child prints a dict of texts
    run = started(instance, tags)
    assert unfinished_run(instance, "some_job") == run
    process.kill()
    process.wait()
    process.stdout.close()
    assert unfinished_run(instance, "some_job") is None
    assert instance.get_run_by_id(run).status == dg.DagsterRunStatus.FAILURE
