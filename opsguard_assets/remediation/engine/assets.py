"""Triggers and executions as assets: figures and checks.

Here: running them in Dagster. Not here: what they do (`triggers_io`, `advance_io`), when there is something to do
(`claim_io.next_due`).
"""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import dagster as dg

from opsguard_assets.config.settings import Settings
from opsguard_assets.metadata import Materialized, check_spec, figures, owners_of, preview_rows
from opsguard_assets.moment import Moment
from opsguard_assets.remediation.actions.action import World
from opsguard_assets.remediation.actions.adapters_io import adapters_of
from opsguard_assets.remediation.actions.simulated_people import next_answer_at
from opsguard_assets.remediation.engine.advance_io import Advanced, advance
from opsguard_assets.remediation.engine.claim_io import next_due, standing_of
from opsguard_assets.remediation.engine.log_io import executions
from opsguard_assets.remediation.engine.people_io import switches
from opsguard_assets.remediation.engine.triggers_io import trigger
from opsguard_assets.remediation.playbook.load_io import Library, library
from resources.database import Database
from resources.environment import read_environment
from resources.lake import Lake

TRIGGERS_KEY: Final = dg.AssetKey(["remediation", "triggers"])
EXECUTIONS_KEY: Final = dg.AssetKey(["remediation", "executions"])
REMEDIATE_JOB: Final = "remediate_job"
# What a run that was ended left, the next one takes up.
REMEDIATE_TAGS: Final = {"dagster/max_runtime": "3600", "dagster/max_retries": "0"}
READ, NONE_STUCK, CERTAIN, WITHOUT_ERROR, NOT_PAUSED = (
    "every_playbook_can_be_read", "no_execution_is_stuck", "no_step_is_in_doubt", "no_step_raised_an_error",
    "no_playbook_paused_itself",
)  # fmt: skip
# Something that was due for longer was forgotten by everybody.
_LATE: Final = timedelta(minutes=30)
_SHOWN: Final = ("execution_id", "playbook", "alert_id", "title", "mode", "state", "reason", "triggered_at", "due_at")


def remediation_assets(settings: Settings, deps: Sequence[dg.AssetKey]) -> list[dg.AssetsDefinition]:
    """The assets of triggers and executions.

    Args:
        settings: Which playbooks are in use, and what they may do.
        deps: What triggers follow: alerts with their priorities and incidents.
    """
    return [_triggers(settings, deps), _executions(settings)]


def _triggers(settings: Settings, deps: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    @dg.asset(
        key=TRIGGERS_KEY,
        deps=list(deps),
        group_name="remediation",
        kinds={"postgres", "polars"},
        owners=owners_of("remediation"),
        description="Which playbooks start about what happened to alerts, and why others do not: one decision per "
        "playbook and episode.",
        check_specs=[check_spec(READ, TRIGGERS_KEY)],
    )
    def triggers(config: Moment, lake: dg.ResourceParam[Lake], database: dg.ResourceParam[Database]) -> Materialized:
        config.instant()  # a moment in the future is refused, as everywhere
        held = library(settings.remediation, read_environment(os.environ).config)
        playbooks = [each.playbook for each in held.playbooks.values()]
        done = trigger(World(database, lake, settings), playbooks, now=datetime.now(UTC))
        decided = {f"decided_{name.replace(' ', '_')}": count for name, count in done.decisions.items()}
        return dg.MaterializeResult(
            metadata=figures({"playbooks": len(playbooks), "transitions": done.looked_at, **decided}),
            check_results=[_read(held)],
        )

    return triggers


def _executions(settings: Settings) -> dg.AssetsDefinition:
    @dg.asset(
        key=EXECUTIONS_KEY,
        deps=[TRIGGERS_KEY],
        group_name="remediation",
        kinds={"postgres"},
        owners=owners_of("remediation"),
        description="Executions of playbooks that are due, moved as far as they go; each side effect once, or unknown.",
        check_specs=[check_spec(name, EXECUTIONS_KEY) for name in (NONE_STUCK, CERTAIN, WITHOUT_ERROR, NOT_PAUSED)],
    )
    def advanced(lake: dg.ResourceParam[Lake], database: dg.ResourceParam[Database]) -> Materialized:
        done = advance(World(database, lake, settings), adapters_of(settings, os.environ, lake, database))
        ended = {f"ended_{state}": count for state, count in sorted(done.ended.items())}
        effects = {f"effects_{state}": count for state, count in sorted(done.settled.items())}
        newest = [{name: row[name] for name in _SHOWN} for row in executions(database, limit=20)]
        return dg.MaterializeResult(
            metadata={
                **figures({"dagster/row_count": done.moved, **ended, **effects}),
                "newest": preview_rows(newest),
            },
            check_results=[*_stuck(database), _without_error(done), _not_paused(database)],
        )

    return advanced


def next_step_at(database: Database, lake: Lake, settings: Settings, now: datetime) -> datetime | None:
    """When there is something to do next for `remediate_job`; None where nothing waits."""
    due = next_due(database, adapters_of(settings, os.environ, lake, database), now)
    return min((at for at in (due, next_answer_at(database, settings)) if at is not None), default=None)


def _read(held: Library) -> dg.AssetCheckResult:
    first = f"; {held.problems[0]}" if held.problems else ""
    return dg.AssetCheckResult(
        check_name=READ,
        passed=not held.problems,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(held.playbooks):,} playbooks are in use, {len(held.problems):,} troubles{first}",
        metadata={"troubles": len(held.problems)},
    )


def _stuck(database: Database) -> list[dg.AssetCheckResult]:
    found = standing_of(database, datetime.now(UTC) - _LATE)
    wrong = found.overdue + found.leased
    remedy = "; `opsguard playbook resolve-unknown` says what happened" if found.in_doubt else ""
    return [
        dg.AssetCheckResult(
            check_name=NONE_STUCK,
            passed=wrong == 0,
            description=f"{found.unended:,} executions have not ended; {found.overdue:,} were due more than half an "
            f"hour ago, {found.leased:,} are held by a worker for longer than that",
            metadata={"overdue": found.overdue, "leased": found.leased},
        ),
        dg.AssetCheckResult(
            check_name=CERTAIN,
            passed=found.in_doubt == 0,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"of {found.in_doubt:,} executions nobody can tell whether a step happened{remedy}",
            metadata={"in_doubt": found.in_doubt},
        ),
    ]


def _without_error(done: Advanced) -> dg.AssetCheckResult:
    first = f", such as {done.errors[0]}" if done.errors else ""
    return dg.AssetCheckResult(
        check_name=WITHOUT_ERROR,
        passed=not done.errors,
        description=f"{len(done.errors):,} steps raised an error{first}; they are tried again until their time is over",
        metadata={"errors": len(done.errors)},
    )


def _not_paused(database: Database) -> dg.AssetCheckResult:
    paused = [f"{row['name']}: {row['why']}" for row in switches(database) if row["scope"] == "paused"]
    remedy = "; `opsguard playbook log` shows what failed, `opsguard playbook resume` lets it go on" if paused else ""
    return dg.AssetCheckResult(
        check_name=NOT_PAUSED,
        passed=not paused,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{'; '.join(paused) or 'no playbook is paused'}{remedy}",
        metadata={"paused": len(paused)},
    )
