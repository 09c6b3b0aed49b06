"""A tick is one run for one moment: never twice, never late beyond its limit, never beside its predecessor."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from sensors.cadences import AS_OF_TAG, Scheduled, schedule_for, unfinished_run
from tests.sensors.begun import begun

TICK = datetime(2025, 3, 3, 12, 15, tzinfo=UTC)
JOB = "score_job"


@dg.job(name=JOB)
def score_job() -> None:
    """A job that schedules name."""


@pytest.fixture(scope="module")
def kept(tmp_path_factory) -> Iterator[dg.DagsterInstance]:
    """A schedule finds its instance again by reference, which an instance in memory does not have."""
    with dg.DagsterInstance.local_temp(str(tmp_path_factory.mktemp("instance"))) as opened:
        yield opened


@pytest.fixture
def instance(kept) -> dg.DagsterInstance:
    for run in kept.get_runs():
        kept.delete_run(run.run_id)
    return kept


def cadence(**changes) -> Scheduled:
    settings = {
        "job": JOB,
        "name": f"{JOB}_every_15_minutes",
        "cron": "*/15 * * * *",
        "description": "A test.",
        "configure": lambda as_of: {"ops": {"score": {"config": {"as_of": as_of.isoformat()}}}},
        "stale_after": timedelta(minutes=60),
    }
    return Scheduled(**{**settings, **changes})


def evaluate(instance, *, at=TICK, now=TICK, zone="UTC", **changes):
    schedule = schedule_for(cadence(**changes), timezone=zone, now=lambda: now)
    context = dg.build_schedule_context(instance=instance, scheduled_execution_time=at)
    return schedule.evaluate_tick(context)


def test_a_tick_asks_for_one_run_of_its_moment(instance):
    result = evaluate(instance)
    assert result.skip_message is None
    (request,) = result.run_requests
    assert request.run_key == "score_job:2025-03-03T12:15:00+00:00"
    assert request.tags[AS_OF_TAG] == "2025-03-03T12:15:00+00:00"
    assert request.run_config == {"ops": {"score": {"config": {"as_of": "2025-03-03T12:15:00+00:00"}}}}


def test_the_moment_is_the_scheduled_time_in_utc_whatever_zone_the_desk_keeps(instance):
    local = TICK.astimezone(ZoneInfo("America/New_York"))
    (request,) = evaluate(instance, at=local, zone="America/New_York").run_requests
    assert request.run_key == "score_job:2025-03-03T12:15:00+00:00"


def test_the_same_tick_has_the_same_run_key_and_the_next_one_another(instance):
    keys = [
        evaluate(instance, at=TICK + timedelta(minutes=m), now=TICK + timedelta(minutes=20)).run_requests[0].run_key
        for m in (0, 0, 15)
    ]
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize("late", [timedelta(minutes=60, microseconds=1), timedelta(days=3)])
def test_a_tick_that_is_overdue_beyond_its_limit_is_left_to_the_next_one(instance, late):
    result = evaluate(instance, now=TICK + late)
    assert not result.run_requests
    assert result.skip_message == "2025-03-03T12:15:00+00:00 is more than 1:00:00 overdue; the next tick covers it"


def test_a_tick_at_its_limit_is_caught_up(instance):
    assert len(evaluate(instance, now=TICK + timedelta(minutes=60)).run_requests) == 1


def test_where_each_tick_counts_none_is_too_late(instance):
    assert len(evaluate(instance, now=TICK + timedelta(days=30), stale_after=None).run_requests) == 1


@pytest.mark.parametrize("status", ["QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING"])
def test_a_tick_is_skipped_while_its_predecessor_has_not_finished(instance, status):
    run = begun(instance, score_job, status)
    result = evaluate(instance)
    assert not result.run_requests
    assert result.skip_message == f"run {run} of score_job has not finished; two ticks never overlap"


@pytest.mark.parametrize("status", ["SUCCESS", "FAILURE", "CANCELED"])
def test_a_finished_run_holds_nobody_up(instance, status):
    begun(instance, score_job, status)
    assert unfinished_run(instance, JOB) is None
    assert len(evaluate(instance).run_requests) == 1


def test_an_unfinished_run_of_another_job_holds_nobody_up(instance):
    @dg.job
    def another_job() -> None:
        """A job of another cadence."""

    begun(instance, another_job, "STARTED")
    assert len(evaluate(instance).run_requests) == 1


def test_a_schedule_runs_from_the_first_start_in_the_zone_of_the_desk():
    schedule = schedule_for(cadence(), timezone="Europe/Berlin", now=lambda: TICK)
    assert schedule.name == "score_job_every_15_minutes"
    assert schedule.job_name == JOB
    assert schedule.cron_schedule == "*/15 * * * *"
    assert schedule.execution_timezone == "Europe/Berlin"
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
