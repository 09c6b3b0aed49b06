"""A new champion scores at once, a model that wants a training gets one, and neither asks twice."""

from datetime import UTC, datetime

import dagster as dg
import pytest

from sensors.champions import champion_sensor
from sensors.retraining import RetrainingRequest, retraining_sensor
from tests.sensors.begun import begun

SCORE, TRAIN = "score_job", "train_job"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@dg.job(name=SCORE)
def score_job() -> None:
    """A job that sensors name."""


@dg.job(name=TRAIN)
def train_job() -> None:
    """Another one."""


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as opened:
        yield opened


def evaluate(sensor, instance, cursor=None):
    models = dg.ResourceDefinition.hardcoded_resource(object())
    context = dg.build_sensor_context(instance=instance, cursor=cursor, resources={"models": models})
    return sensor.evaluate_tick(context)


def champion(name):
    return champion_sensor(
        "sla_breach", look=lambda _: name, job=SCORE, configure=lambda at: {"ops": {"x": {"config": at.isoformat()}}}
    )


def test_the_first_look_remembers_the_champion_and_asks_for_nothing(instance):
    result = evaluate(champion("3"), instance)
    assert not result.run_requests
    assert result.cursor == "3"
    assert "champion of sla_breach: 3" in result.skip_message


@pytest.mark.parametrize(("before", "now"), [("3", "4"), ("3", None), ("rule", "1")])
def test_another_champion_and_none_at_all_are_scored_at_once_and_once(instance, before, now):
    result = evaluate(champion(now), instance, cursor=before)
    (request,) = result.run_requests
    assert request.tags["opsguard/champion"] == (now or "rule")
    assert datetime.fromisoformat(request.run_config["ops"]["x"]["config"]).tzinfo is not None
    assert not evaluate(champion(now), instance, cursor=result.cursor).run_requests


def test_a_new_champion_waits_for_the_tick_that_runs_and_is_not_forgotten(instance):
    begun(instance, score_job, "STARTED")
    result = evaluate(champion("4"), instance, cursor="3")
    assert not result.run_requests
    assert result.cursor == "3"


def test_a_look_that_wants_a_training_gets_one_with_its_reason_and_only_one(instance):
    sensor = retraining_sensor("sla_breach", wanted=lambda _: RetrainingRequest(NOON, "skill -0.26"), job=TRAIN)
    requests = [evaluate(sensor, instance).run_requests[0] for _ in range(2)]
    assert requests[0].tags["opsguard/why"] == "skill -0.26"
    assert requests[0].run_key == requests[1].run_key


def test_a_model_that_is_as_it_was_is_left_alone(instance):
    result = evaluate(retraining_sensor("sla_breach", wanted=lambda _: None, job=TRAIN), instance)
    assert not result.run_requests
