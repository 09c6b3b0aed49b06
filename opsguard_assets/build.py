"""The whole code location made of settings: assets, jobs, schedules and sensors, wired.

Here: what belongs together. Not here: any of the parts; which there are stands in the records of the domains
(`domains`). Nothing is opened and no secret is read while it is built.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import dagster as dg

from opsguard_assets.cadence import Cadence
from opsguard_assets.cadences import documented_cadences, job_tags, keys_of
from opsguard_assets.config.load import load_settings_of, with_secrets
from opsguard_assets.config.settings import Settings
from opsguard_assets.config.sources import DirectSource, FileSource, SimulatorSource, SqlSource
from opsguard_assets.delivery.assets import DELIVER_JOB, DELIVER_TAGS, MESSAGES_KEY, messages_asset
from opsguard_assets.delivery.round_io import due_at
from opsguard_assets.domain import Job, Learned
from opsguard_assets.domains import (
    AFTER_ALERTS,
    ALERT_TYPES,
    DOMAINS,
    FINANCE_JOB,
    HOUSE_JOB,
    JOBS,
    KPIS_JOB,
    SYNC_JOB,
    fed_problems,
)
from opsguard_assets.failed_runs import settle_failed, tell_failed
from opsguard_assets.finance.assets import finance_assets
from opsguard_assets.freshness import with_freshness
from opsguard_assets.housekeeping import keep_house_job
from opsguard_assets.incidents.assets import INCIDENTS_KEY, incidents_asset
from opsguard_assets.intake.assets import accepted_assets, raw_asset, raw_key, simulated_asset, simulated_key
from opsguard_assets.intake.ledger.groups import source_groups
from opsguard_assets.intake.mapping.contract import misfits
from opsguard_assets.intake.readers.simulated import direct_sources, file_sources
from opsguard_assets.intake.receiving.probe import new_files, new_rows, new_simulated
from opsguard_assets.intake.receiving.probe_result import ProbeResult
from opsguard_assets.metadata import key_of
from opsguard_assets.model_jobs import (
    MONITORING,
    assets_of,
    cadences_of,
    jobs_of,
    model_keys,
    monitored_keys,
    sensors_of,
)
from opsguard_assets.models.problem import Problem
from opsguard_assets.remediation.autonomy.assets import AUTONOMY_KEY, autonomy_asset
from opsguard_assets.remediation.engine.assets import (
    EXECUTIONS_KEY,
    REMEDIATE_JOB,
    REMEDIATE_TAGS,
    next_step_at,
    remediation_assets,
)
from opsguard_assets.remediation.outcomes.assets import outcomes_asset
from opsguard_assets.roles import roles
from opsguard_assets.routing.assets import NOTICES_KEY, notices_asset
from opsguard_assets.satisfaction.assets import satisfaction_asset
from opsguard_assets.scorecards.kpi_assets import KPIS_KEY, kpis_asset
from opsguard_assets.scorecards.kpis.registry import KPIS as REGISTRY
from opsguard_assets.scorecards.signing.assets import scorecards_asset
from opsguard_assets.scorecards.signing.maker_io import maker_of
from opsguard_assets.scorecards.value_assets import value_asset
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.triage.assets import triage_assets
from opsguard_assets.triage.priority.assets import PRIORITIES_KEY
from resources.environment import read_environment
from sensors.arrivals import Watched, arrivals_sensor
from sensors.cadences import schedule_for
from sensors.due import Words, due_sensor
from sensors.failures import Failed, failed_runs_sensor
from sensors.launching import naming_executor


def build_defs(
    *, settings: Settings | None = None, resources: Mapping[str, dg.ResourceDefinition] | None = None
) -> dg.Definitions:
    """The definitions of one installation.

    Args:
        settings: What to build; those of the environment where left out.
        resources: The outside world; that of the environment where left out.
    """
    settings = settings or load_settings_of(read_environment(os.environ), os.environ, misfits)
    fed, learned = fed_tables(settings), _learned(settings)
    wanted = [each.problem for each in learned if each.record.is_wanted(settings)]
    ticking = [job for job in JOBS.values() if job.assets and job.is_fed(fed)]
    loaded = [*_assets(settings, fed, learned), *_after_alerts(settings, fed, ticking)]
    loaded += _scorecards(settings, fed, loaded)
    sending = [messages_asset(settings, [NOTICES_KEY])] if loaded else []
    assets = with_freshness([*loaded, *sending], _cadences(ticking, wanted))
    others = dg.AssetSelection.assets(MESSAGES_KEY, EXECUTIONS_KEY, *_not_loaded(ticking, learned))
    jobs = [keep_house_job(HOUSE_JOB, settings), *(job for _ in sending for job in (_deliver_job(), _remediate_job()))]
    if loaded:
        jobs.append(
            _job(SYNC_JOB, dg.AssetSelection.all() - others, "Everything new at the sources, and what follows.")
        )
    jobs += [_job(job.name, dg.AssetSelection.assets(*keys_of(job.assets)), job.purpose) for job in ticking]
    jobs += [job for each in learned for job in jobs_of(each.problem, _job)]
    names = {job.name for job in jobs}
    models = [schedule for place, problem in enumerate(wanted) for schedule in cadences_of(problem, place=place)]
    return dg.Definitions(
        assets=assets,
        jobs=jobs,
        schedules=[
            schedule_for(scheduled, timezone=settings.operations.timezone, now=lambda: datetime.now(UTC))
            for scheduled in [*documented_cadences(settings), *models]
            if scheduled.job in names
        ],
        sensors=[
            *_sensors(settings, assets, others),
            failed_runs_sensor(partial(_settle_failed, settings)),
            *(sensor for each in learned for sensor in sensors_of(each.problem, each.record)),
            *(sensor for _ in sending for sensor in (_deliveries_sensor(settings), _remediations_sensor(settings))),
        ],
        resources=dict(resources or roles()),
        executor=naming_executor,
    )


@dataclass(frozen=True)
class _Fed:
    """A problem that this installation has records for, by its settings, and what its domain's record says of it."""

    record: Learned
    problem: Problem


def _learned(settings: Settings) -> list[_Fed]:
    return [_Fed(each, each.declare(settings)) for each in fed_problems(fed_tables(settings))]


def learned_problems(settings: Settings) -> list[Problem]:
    """The problems that this installation has records for, and can learn."""
    return [each.problem for each in _learned(settings)]


def fed_tables(settings: Settings) -> list[str]:
    """The canonical tables that sources write into directly, in the order of the sources."""
    return [feed.table for source in direct_sources(settings.sources) for feed in source.feeds]


def _cadences(ticking: Sequence[Job], wanted: Sequence[Problem]) -> dict[dg.AssetKey, Cadence]:
    """How often every asset that has a cadence is computed; what several jobs compute, by the most frequent one."""
    rarest_first = sorted(ticking, key=lambda job: job.cadence.every, reverse=True)
    ticks = {key: job.cadence for job in rarest_first for key in keys_of(job.assets)}
    return ticks | {key: MONITORING for problem in wanted for key in monitored_keys(problem)}


def _not_loaded(ticking: Sequence[Job], learned: Sequence[_Fed]) -> list[dg.AssetKey]:
    """The assets that have cadences of their own and follow no load by themselves."""
    loaded = {key for job in ticking if job.follows_loads for key in keys_of(job.assets)}
    ticks = [key for job in ticking for key in keys_of(job.assets) if key not in loaded]
    return [*ticks, *(key for each in learned for key in model_keys(each.problem))]


def _assets(settings: Settings, fed: Sequence[str], learned: Sequence[_Fed]) -> list[dg.AssetsDefinition]:
    simulators = [source for source in settings.sources if isinstance(source, SimulatorSource)]
    written_by = {file.name: [simulated_key(source)] for source in simulators for file in file_sources(source)}
    direct = direct_sources(settings.sources)
    return [
        *(simulated_asset(source) for source in simulators),
        *(raw_asset(source, written_by.get(source.name, [])) for source in direct),
        *(accepted_assets(group) for group in source_groups(direct)),
        *(asset for domain in DOMAINS if set(domain.needs) <= set(fed) for asset in domain.assets(settings, fed)),
        *(asset for each in learned for asset in assets_of(each.problem, settings)),
    ]


def _after_alerts(settings: Settings, fed: Sequence[str], ticking: Sequence[Job]) -> list[dg.AssetsDefinition]:
    """The assets that follow wherever alerts are settled (`domains.AFTER_ALERTS`), and what is made of them daily."""
    settled = [key for job in ticking if job.settles for key in keys_of(job.assets) if key.path[0] == "alerts"]
    deps = sorted(set(settled) - set(keys_of(AFTER_ALERTS)))
    if not fed:
        return []
    return [
        *triage_assets(settings, ALERT_TYPES, fed, deps),
        incidents_asset(settings, ALERT_TYPES, [PRIORITIES_KEY]),
        notices_asset(settings, [INCIDENTS_KEY]),
        autonomy_asset(settings, [INCIDENTS_KEY]),
        outcomes_asset(settings, ALERT_TYPES, [INCIDENTS_KEY]),
        *remediation_assets(settings, [INCIDENTS_KEY, AUTONOMY_KEY]),
        *_finance(settings, fed),
    ]


def _scorecards(
    settings: Settings, fed: Sequence[str], others: Sequence[dg.AssetsDefinition]
) -> list[dg.AssetsDefinition]:
    """Key figures of clients, which follow what there is of the tables that they read; their worth, and scorecards."""
    if not JOBS[KPIS_JOB].is_fed(fed):
        return []
    there = {key.path[-1]: key for asset in others for key in asset.keys}
    read = sorted({name.rpartition("/")[2] for kpi in REGISTRY.values() for name in kpi.feeds})
    return [
        kpis_asset(settings, [there[name] for name in read if name in there]),
        value_asset(settings),
        scorecards_asset(settings, maker_of, [KPIS_KEY]),
        satisfaction_asset(settings, [key_of(TABLES["clients"])]),
    ]


def _finance(settings: Settings, fed: Sequence[str]) -> list[dg.AssetsDefinition]:
    """The assets of finance, where clients and sites are known."""
    if not JOBS[FINANCE_JOB].is_fed(fed):
        return []
    read = [key_of(TABLES[name]) for name in ("clients", "sites", "devices") if name in fed]
    return finance_assets(settings, ALERT_TYPES, [*read, INCIDENTS_KEY])


def _deliver_job() -> Any:
    """The job that sends. What it cannot send, the next round tries; the sensor starts it when something is due."""
    return dg.define_asset_job(
        DELIVER_JOB,
        dg.AssetSelection.assets(NOTICES_KEY, MESSAGES_KEY),
        description="Everything that people are to be told now, by every channel.",
        executor_def=naming_executor,
        tags={**job_tags(DELIVER_JOB), **DELIVER_TAGS},
    )


def _remediate_job() -> Any:
    """The job that advances executions of playbooks; the sensor starts it when one is due."""
    return dg.define_asset_job(
        REMEDIATE_JOB,
        dg.AssetSelection.assets(EXECUTIONS_KEY),
        description="Executions of playbooks that are due, moved as far as they go.",
        executor_def=naming_executor,
        tags={**job_tags(REMEDIATE_JOB), **REMEDIATE_TAGS},
    )


def _deliveries_sensor(settings: Settings) -> dg.SensorDefinition:
    words = Words(
        what="Asks for a round of the delivery when a message, a step of a chain or a digest is due.",
        nothing="nobody is to be told of anything",
        waits="the next message",
    )
    return due_sensor(
        "deliveries_sensor", words, job=DELIVER_JOB,
        due_at=lambda context, now: due_at(context.resources.database, settings, now),
    )  # fmt: skip


def _remediations_sensor(settings: Settings) -> dg.SensorDefinition:
    words = Words(
        what="Asks for a run when an execution of a playbook, or a side effect of one, is due.",
        nothing="no playbook has anything to do",
        waits="the next execution",
    )
    return due_sensor(
        "remediations_sensor", words, job=REMEDIATE_JOB,
        needs=("database", "lake"),
        due_at=lambda context, now: next_step_at(context.resources.database, context.resources.lake, settings, now),
    )  # fmt: skip


def _settle_failed(
    settings: Settings, context: dg.SensorEvaluationContext, failed: Mapping[str, Failed], at: datetime
) -> None:
    """The alerts of failed runs of OpsGuard itself, with priority, owner and messages."""
    frequent = {name for name, job in JOBS.items() if job.cadence.is_frequent}
    database = context.resources.database
    settle_failed(database, failed, at, frequent.__contains__)
    tell_failed(database, context.resources.lake, settings, ALERT_TYPES, at)


def _job(name: str, selection: dg.AssetSelection, description: str) -> Any:
    return dg.define_asset_job(
        name,
        selection,
        description=description,
        executor_def=naming_executor,
        tags=job_tags(name),
    )


def _sensors(
    settings: Settings, assets: Sequence[dg.AssetsDefinition], ticks: dg.AssetSelection
) -> list[dg.SensorDefinition]:
    files = {
        source.name: Watched(partial(_probe_files, source), _following(source, assets, ticks))
        for source in settings.sources
        if isinstance(source, FileSource | SimulatorSource)
    }
    rows = {
        source.name: Watched(partial(_probe_rows, source), _following(source, assets, ticks))
        for source in settings.sources
        if isinstance(source, SqlSource)
    }
    described = [
        ("new_files_sensor", files, "Requests the load of sources with new or changed files, and what follows."),
        ("new_rows_sensor", rows, "Requests the load of relations with new rows, and what follows."),
    ]
    return [
        arrivals_sensor(name, job=SYNC_JOB, watched=sources, every_seconds=30, description=description)
        for name, sources, description in described
        if sources
    ]


def _probe_files(source: FileSource | SimulatorSource, cursor: str | None) -> ProbeResult:
    if isinstance(source, SimulatorSource):
        return new_simulated(source, cursor, now=datetime.now(UTC))
    return new_files(source, cursor)


def _probe_rows(source: SqlSource, cursor: str | None) -> ProbeResult:
    return new_rows(with_secrets(source, os.environ), cursor)


def _following(
    source: DirectSource | SimulatorSource, assets: Sequence[dg.AssetsDefinition], ticks: dg.AssetSelection
) -> tuple[dg.AssetKey, ...]:
    """The assets of a source and all that follow from it but the ticks, which have their own cadence.

    Sources that share a table are accepted in one step, which runs as a whole or not at all: the tables that only the
    other ones fill belong to it, and so does what follows from them.
    """
    first = simulated_key(source) if isinstance(source, SimulatorSource) else raw_key(source.name)
    selection = dg.AssetSelection.assets(first).downstream().required_multi_asset_neighbors().downstream() - ticks
    found = selection.resolve(list(assets))
    after = set(keys_of(AFTER_ALERTS))
    settles = any(key.path[0] == "alerts" for key in found - after)
    return tuple(sorted(found if settles else found - after))
