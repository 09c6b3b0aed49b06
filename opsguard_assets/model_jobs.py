"""What every problem has in Dagster: assets of its model, jobs that learn, look and replay, and who starts them.

Here: one problem's parts, made alike for all. Not here: which problems there are and what scores them (`build`).
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import dagster as dg

from opsguard_assets.cadence import DAY, HOUR, MINUTE, WEEK, Cadence
from opsguard_assets.cadences import tick_config, tick_partition
from opsguard_assets.config.settings import Settings
from opsguard_assets.domain import Learned
from opsguard_assets.domains import JOBS
from opsguard_assets.models.model_assets import learned_keys, model_assets
from opsguard_assets.models.monitoring_assets import monitoring_asset, monitoring_key
from opsguard_assets.models.monitoring_records import last_record
from opsguard_assets.models.outcome_assets import outcomes_asset, outcomes_key
from opsguard_assets.models.problem import Problem
from opsguard_assets.models.promotion import reconcile
from opsguard_assets.models.replay_assets import replay_asset, replay_key
from opsguard_assets.moment import moment_config
from sensors.cadences import Scheduled
from sensors.champions import champion_sensor
from sensors.retraining import RetrainingRequest, retraining_sensor

MakeJob = Callable[[str, dg.AssetSelection, str], Any]
# Daily monitoring of the active model, and the weekly training on Monday.
MONITORING, TRAINS = Cadence(DAY, 5 * HOUR), Cadence(WEEK, DAY + 4 * HOUR)


def assets_of(problem: Problem, settings: Settings) -> list[dg.AssetsDefinition]:
    """The assets of a problem's model."""
    return [*model_assets(problem, settings), monitoring_asset(problem), outcomes_asset(problem), replay_asset(problem)]


def model_keys(problem: Problem) -> tuple[dg.AssetKey, ...]:
    """The keys of these assets; none of them follows new records by itself."""
    return (*learned_keys(problem), *monitored_keys(problem), replay_key(problem))


def monitored_keys(problem: Problem) -> tuple[dg.AssetKey, ...]:
    """The keys of the assets of daily monitoring."""
    return monitoring_key(problem), outcomes_key(problem)


def jobs_of(problem: Problem, make: MakeJob) -> list[Any]:
    """The jobs of a problem's model."""
    name, selected = problem.name, dg.AssetSelection.assets
    return [
        make(
            problem.replay_job,
            selected(replay_key(problem)),
            f"{name}: what would have been alerted in a past period; launch it with one.",
        ),
        make(
            problem.monitoring_job,
            selected(*monitored_keys(problem)),
            f"{name}: monitors the active model (skill, calibration, drift) and the recorded scores.",
        ),
        make(
            problem.train_job,
            selected(*learned_keys(problem)),
            f"{name}: learns a model; a better one becomes champion.",
        ),
    ]


def train_config(problem: Problem, as_of: datetime) -> dict[str, object]:
    """Run configuration of a training on what is known at a moment."""
    return moment_config(as_of, *learned_keys(problem))


def monitoring_config(problem: Problem, as_of: datetime) -> dict[str, object]:
    """Run configuration of monitoring for a moment."""
    return moment_config(as_of, *monitored_keys(problem))


def cadences_of(problem: Problem, *, place: int) -> list[Scheduled]:
    """The daily look and the weekly training; problems begin a quarter of an hour apart."""
    later = place * 15 % 60 * MINUTE
    looks, trains = (Cadence(each.every, each.offset + later) for each in (MONITORING, TRAINS))
    return [
        Scheduled(
            job=problem.monitoring_job,
            name=f"{problem.monitoring_job}_{looks.words}",
            cron=looks.cron,
            description=f"Monitors the active model of {problem.name} with the outcomes known so far.",
            configure=lambda as_of: monitoring_config(problem, as_of),
        ),
        Scheduled(
            job=problem.train_job,
            name=f"{problem.train_job}_{trains.words}",
            cron=trains.cron,
            description=f"Learns {problem.name} from what became known since.",
            configure=lambda as_of: train_config(problem, as_of),
        ),
    ]


def sensors_of(problem: Problem, learned: Learned) -> list[dg.SensorDefinition]:
    """Who scores again when another version is champion, and who asks for a training."""
    scoring = JOBS[learned.scored_by]

    def champion(context: dg.SensorEvaluationContext) -> str | None:
        champions = context.resources.models.champions
        reconcile(champions, problem.name, at=datetime.now(UTC))
        version = champions.current(problem.name)
        return version.version if version else None

    def request(context: dg.SensorEvaluationContext) -> RetrainingRequest | None:
        database = context.resources.models.champions.database
        watch = last_record(database, problem.name, None, datetime.now(UTC))
        return RetrainingRequest(watch.as_of, watch.words) if watch and watch.wants_training else None

    return [
        champion_sensor(
            problem.name,
            look=champion,
            job=scoring.name,
            configure=partial(tick_config, scoring.name),
            partition=partial(tick_partition, scoring.name) if scoring.is_by_day else None,
        ),
        retraining_sensor(problem.name, wanted=request, job=problem.train_job),
    ]
