"""The whole code location made of settings: assets, jobs, schedules and sensors, wired.

Here: what belongs together. Not here: any of the parts. Nothing is opened and no secret is read while it is built.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import dagster as dg

from opsguard_assets.cadences import (
    DEVICE_KEYS,
    HOUSE_JOB,
    SHIFT_KEYS,
    SYNC_JOB,
    TICK_KEYS,
    VENDOR_KEYS,
    VENDOR_SCORE_KEYS,
    day_of,
    device_config,
    documented_cadences,
    job_tags,
    shift_config,
    tick_config,
    vendor_config,
)
from opsguard_assets.config.load import load_settings_of, with_secrets
from opsguard_assets.config.settings import Settings
from opsguard_assets.config.sources import DirectSource, FileSource, SimulatorSource, SqlSource
from opsguard_assets.devices.assets import device_assets
from opsguard_assets.devices.failure.assets import SCORE_DEVICES_JOB
from opsguard_assets.devices.health.outcome_assets import HEALTH_OUTCOMES_KEY, JUDGE_HEALTH_JOB
from opsguard_assets.freshness import with_freshness
from opsguard_assets.housekeeping import keep_house_job
from opsguard_assets.intake.assets import accepted_assets, raw_asset, raw_key, simulated_asset, simulated_key
from opsguard_assets.intake.ledger.groups import source_groups
from opsguard_assets.intake.mapping.contract import misfits
from opsguard_assets.intake.readers.simulated import direct_sources, file_sources
from opsguard_assets.intake.receiving.probe import new_files, new_rows, new_simulated
from opsguard_assets.intake.receiving.probe_result import ProbeResult
from opsguard_assets.model_jobs import Scoring, assets_of, cadences_of, jobs_of, keys_of, looked_at, sensors_of
from opsguard_assets.models.problem import Problem
from opsguard_assets.pace import EVERY
from opsguard_assets.problems import problems_of
from opsguard_assets.roles import roles
from opsguard_assets.shifts.assets import shift_assets
from opsguard_assets.shifts.calendar.assets import PLAN_JOB, SHIFT_CALENDAR_KEY
from opsguard_assets.shifts.verdicts.assets import JUDGE_SHIFTS_JOB
from opsguard_assets.tickets.assets import ticket_assets
from opsguard_assets.tickets.escalation.assets import ESCALATE_JOB, ESCALATIONS_KEY, escalations_asset
from opsguard_assets.tickets.escalation.helpdesk import ticket_system_of
from opsguard_assets.tickets.risk.keys import SCORE_JOB
from opsguard_assets.vendors.assets import vendor_assets
from opsguard_assets.vendors.orders.assets import WATCH_ORDERS_JOB
from opsguard_assets.vendors.scores.assets import SCORE_VENDORS_JOB
from resources.environment import read_environment
from resources.ticket_system.change import TicketSystem
from sensors.arrivals import Watched, arrivals_sensor
from sensors.cadences import Cadence, schedule_for
from sensors.launching import naming_executor

_DAILY = timedelta(days=1)


def build_defs(
    *, settings: Settings | None = None, resources: Mapping[str, dg.ResourceDefinition] | None = None
) -> dg.Definitions:
    """The definitions of one installation.

    Args:
        settings: What to build; those of the environment where left out.
        resources: The outside world; that of the environment where left out.
    """
    settings = settings or load_settings_of(read_environment(os.environ), os.environ, misfits)
    scored = _scored(settings)
    assets = with_freshness(_assets(settings), _cadence_of(scored))
    others = dg.AssetSelection.assets(*(key for each in scored for key in each.keys))
    jobs = [keep_house_job(HOUSE_JOB, settings)]
    if assets:
        jobs.append(
            _job(SYNC_JOB, dg.AssetSelection.all() - others, "Everything new at the sources, and what follows.")
        )
    for each in scored:
        jobs += [_job(name, dg.AssetSelection.assets(*keys), words) for name, (keys, words) in each.ticks.items()]
        jobs += jobs_of(each.problem, _job)
    if fed(settings, "rosters"):
        jobs.append(_job(PLAN_JOB, dg.AssetSelection.assets(SHIFT_CALENDAR_KEY), "Who should be where from now on."))
    names = {job.name for job in jobs}
    return dg.Definitions(
        assets=assets,
        jobs=jobs,
        schedules=[
            schedule_for(cadence, timezone=settings.operations.timezone, now=lambda: datetime.now(UTC))
            for cadence in [*documented_cadences(settings), *_of_models(scored)]
            if cadence.job in names
        ],
        sensors=[
            *_sensors(settings, assets, others),
            *(sensor for each in scored for sensor in sensors_of(each.problem, each.scoring)),
        ],
        resources=dict(resources or roles()),
        executor=naming_executor,
    )


@dataclass(frozen=True)
class Scored:
    """A problem that this installation has records for.

    Attributes:
        problem: The problem.
        scoring: The job that scores it.
        ticks: The jobs of its frequent cadences: name to assets and words.
        is_wanted: Whether its models are learned by themselves: of people only where a client wants it. By hand they
            can be learned everywhere.
    """

    problem: Problem
    scoring: Scoring
    ticks: Mapping[str, tuple[tuple[dg.AssetKey, ...], str]]
    is_wanted: bool = True

    @property
    def keys(self) -> tuple[dg.AssetKey, ...]:
        """The assets that have cadences of their own and follow no load by themselves."""
        return (*keys_of(self.problem), *(key for keys, _ in self.ticks.values() for key in keys))


def _scored(settings: Settings) -> list[Scored]:
    problems = problems_of(settings)
    tickets = {
        SCORE_JOB: (TICK_KEYS, "The SLA risk of every open ticket at one moment, and its alerts."),
        ESCALATE_JOB: ((ESCALATIONS_KEY,), "Escalates the tickets of the greatest SLA risk at one moment."),
    }
    found = []
    if fed(settings, "tickets"):
        found.append(Scored(problems["sla_breach"], Scoring(SCORE_JOB, tick_config), tickets))
    if fed(settings, "telemetry"):
        devices = {
            SCORE_DEVICES_JOB: (DEVICE_KEYS, "Rollups, health, risk and alerts of all devices at one full hour."),
            JUDGE_HEALTH_JOB: ((HEALTH_OUTCOMES_KEY,), "Whether low scores of health came before failures."),
        }
        scoring = Scoring(SCORE_DEVICES_JOB, device_config, partition=day_of)
        found.append(Scored(problems["device_failure"], scoring, devices))
    if is_judged(settings):
        words = "Verdicts on all shifts that run or ended within a day, and their alerts."
        judged = {JUDGE_SHIFTS_JOB: (SHIFT_KEYS, words)}
        wanted = bool(settings.shifts.no_show_risk_for)
        found.append(Scored(problems["no_show"], Scoring(JUDGE_SHIFTS_JOB, shift_config), judged, is_wanted=wanted))
    if fed(settings, "work_orders"):
        watched = {
            WATCH_ORDERS_JOB: (VENDOR_KEYS, "The risk of open work orders at one moment, and alerts of vendors."),
            SCORE_VENDORS_JOB: (VENDOR_SCORE_KEYS, "Scores, months and ranking of vendors."),
        }
        found.append(Scored(problems["work_order_late"], Scoring(WATCH_ORDERS_JOB, vendor_config), watched))
    return found


def _cadence_of(scored: Sequence[Scored]) -> dict[dg.AssetKey, timedelta]:
    """The time between two ticks of every asset that has a cadence."""
    ticks = {key: EVERY[job] for each in scored for job, (keys, _) in each.ticks.items() for key in keys}
    return ticks | {key: _DAILY for each in _wanted(scored) for key in looked_at(each.problem)}


def is_judged(settings: Settings) -> bool:
    """Whether rosters and punches are known, so that there are verdicts on shifts."""
    return fed(settings, "rosters") and fed(settings, "attendance")


def learned_problems(settings: Settings) -> list[Problem]:
    """The problems that this installation has records for, and can learn."""
    return [each.problem for each in _scored(settings)]


def _assets(settings: Settings) -> list[dg.AssetsDefinition]:
    simulators = [source for source in settings.sources if isinstance(source, SimulatorSource)]
    written_by = {file.name: [simulated_key(source)] for source in simulators for file in file_sources(source)}
    direct = direct_sources(settings.sources)
    fed = [feed.table for source in direct for feed in source.feeds]
    return [
        *(simulated_asset(source) for source in simulators),
        *(raw_asset(source, written_by.get(source.name, [])) for source in direct),
        *(accepted_assets(group) for group in source_groups(direct)),
        *(ticket_assets(fed, settings) if "tickets" in fed else []),
        *(device_assets(settings, fed) if "telemetry" in fed else []),
        *(shift_assets(settings, fed) if "rosters" in fed else []),
        *(vendor_assets(settings, fed) if "work_orders" in fed else []),
        *(asset for each in _scored(settings) for asset in assets_of(each.problem, settings)),
        *([escalations_asset(settings, partial(_helpdesk, settings))] if "tickets" in fed else []),
    ]


def _helpdesk(settings: Settings) -> TicketSystem:
    return ticket_system_of(settings.ticket_system, os.environ)


def fed(settings: Settings, table: str) -> bool:
    """Whether a source writes into a canonical table directly."""
    return any(feed.table == table for source in direct_sources(settings.sources) for feed in source.feeds)


def _job(name: str, selection: dg.AssetSelection, description: str) -> Any:
    return dg.define_asset_job(
        name,
        selection,
        description=description,
        executor_def=naming_executor,
        tags=job_tags(name),
    )


def _wanted(scored: Sequence[Scored]) -> list[Scored]:
    return [each for each in scored if each.is_wanted]


def _of_models(scored: Sequence[Scored]) -> list[Cadence]:
    return [cadence for place, each in enumerate(_wanted(scored)) for cadence in cadences_of(each.problem, place=place)]


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
    return tuple(sorted(selection.resolve(list(assets))))
