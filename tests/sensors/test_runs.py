"""A cadence waits for a run that is running, and not for one whose process was killed or whose time is over."""

import json
import subprocess
import sys
import time
from datetime import timedelta

import dagster as dg
import pytest

from resources.processes import is_gone, this_mark
from sensors import runs
from sensors.launching import WatchedRunLauncher
from sensors.runs import LIMIT_TAG, PROCESS_TAG, end_abandoned, limit_of, this_process, unfinished_run
from tests.sensors.begun import begun

SLEEPING = "from resources.processes import this_mark; import time; print(this_mark(), flush=True); time.sleep(600)"
UNFINISHED = ["QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING"]


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


@pytest.fixture
def sleeping():
    """A process that sleeps, and its mark."""
    process = subprocess.Popen([sys.executable, "-c", SLEEPING], stdout=subprocess.PIPE, text=True)
    yield process, process.stdout.readline().strip()
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.fixture
def impatient(monkeypatch):
    """No time is given beyond the limits."""
    for name in ("_GRACE", "_STARTS_WITHIN", "_CANCELS_WITHIN"):
        monkeypatch.setattr(runs, name, timedelta(0))


def started(instance, tags, status="STARTED"):
    run = begun(instance, some_job, status)
    instance.add_run_tags(run, tags)
    return run


def elsewhere(**parts):
    """A mark as another machine or another boot would have written it."""
    names = ("node", "machine", "boot", "numbers", "pid", "start")
    return "/".join({**dict(zip(names, this_mark().split("/"), strict=True)), **parts}.values())


def test_a_run_of_a_living_process_is_waited_for_as_long_as_it_takes(instance, impatient):
    assert unfinished_run(instance, "some_job") is None
    run = started(instance, this_process())
    assert unfinished_run(instance, "some_job") == run


def test_a_run_that_says_nothing_of_its_process_is_left_to_its_limit(instance):
    run = started(instance, {LIMIT_TAG: "600"})
    assert unfinished_run(instance, "some_job") == run


@pytest.mark.parametrize("status", ["STARTED", "STARTING", "CANCELING"])
def test_a_run_whose_process_was_killed_has_ended(instance, sleeping, status):
    process, mark = sleeping
    run = started(instance, {PROCESS_TAG: mark, LIMIT_TAG: "600"}, status)
    assert unfinished_run(instance, "some_job") == run
    process.kill()
    process.wait()
    assert unfinished_run(instance, "some_job") is None
    assert instance.get_run_by_id(run).status.value in {"FAILURE", "CANCELED"}


@pytest.mark.parametrize("status", UNFINISHED)
def test_a_run_past_its_limit_is_passed_over_and_ended_whoever_has_it(instance, impatient, status):
    run = started(instance, {LIMIT_TAG: "0.2", PROCESS_TAG: elsewhere(node="another-host")}, status)
    time.sleep(0.3)
    assert unfinished_run(instance, "some_job") is None
    assert instance.get_run_by_id(run).is_finished


def test_a_launched_run_past_its_limit_is_not_left_running_beside_the_next_one(instance, impatient, sleeping):
    process, mark = sleeping
    started(instance, {LIMIT_TAG: "0.2", PROCESS_TAG: mark})
    time.sleep(0.3)
    assert unfinished_run(instance, "some_job") is None
    assert process.wait(timeout=10) != 0


def test_a_run_within_its_limit_is_waited_for_on_another_machine_too(instance, impatient):
    run = started(instance, {LIMIT_TAG: "600", PROCESS_TAG: elsewhere(node="another-host")})
    assert unfinished_run(instance, "some_job") == run


def test_a_machine_that_was_started_again_runs_nothing_of_before():
    assert is_gone(this_mark()) is False
    assert is_gone(elsewhere(boot="0f0f0f0f")) is True
    assert is_gone(elsewhere(start="1")) is True
    assert is_gone(elsewhere(pid="99999999")) is True


@pytest.mark.parametrize("changed", [{"node": "another"}, {"machine": "another"}, {"numbers": "1"}])
def test_nobody_here_knows_of_processes_of_another_machine_or_container(changed):
    assert is_gone(elsewhere(**changed, pid="99999999")) is None


@pytest.mark.parametrize("mark", ["", "host/12/34.5", "a/b/c/d/e/f", "////x/"])
def test_a_mark_that_cannot_be_read_says_nothing(mark):
    assert is_gone(mark) is None


@pytest.mark.parametrize(("tag", "limit"), [("600", 600), ("0", None), ("-1", None), ("soon", None)])
def test_a_limit_is_what_the_tag_says(instance, tag, limit):
    run = instance.create_run_for_job(some_job, tags={LIMIT_TAG: tag})
    assert limit_of(run) == (timedelta(seconds=limit) if limit else None)


def test_a_run_that_ended_meanwhile_keeps_its_end(instance, impatient):
    run = started(instance, {LIMIT_TAG: "0.1"})
    records = instance.get_run_records()
    time.sleep(0.2)
    instance.report_run_canceled(instance.get_run_by_id(run))
    assert end_abandoned(instance, records) == []
    assert instance.get_run_by_id(run).status == dg.DagsterRunStatus.CANCELED


def test_monitoring_fails_a_run_whose_process_is_gone_and_leaves_others_alone(instance, sleeping):
    process, mark = sleeping
    launcher = WatchedRunLauncher()
    lost = instance.create_run_for_job(some_job, tags={PROCESS_TAG: mark})
    unknown = instance.create_run_for_job(some_job)
    assert launcher.supports_check_run_worker_health
    assert launcher.check_run_worker_health(lost).status.name == "RUNNING"
    process.kill()
    process.wait()
    assert launcher.check_run_worker_health(lost).status.name == "FAILED"
    assert launcher.check_run_worker_health(unknown).status.name == "RUNNING"


def test_marks_are_one_line_of_text_without_secrets():
    assert json.loads(json.dumps(this_mark())).count("/") == 5
