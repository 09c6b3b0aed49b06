"""What playbooks achieved by a moment, read from the database.

Here: reading and composing. Not here: verdicts, comparison and figures, which are pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection

from opsguard_assets.alerts.alert_type import AlertType
from opsguard_assets.alerts.finding import AT_SOURCE, CLEARED
from opsguard_assets.config.settings import Settings
from opsguard_assets.incidents.grouping import LIFE_SAFETY_PRIORITY, UNTRIAGED
from opsguard_assets.incidents.io import Context
from opsguard_assets.incidents.matching import matches
from opsguard_assets.incidents.rules_io import context_of
from opsguard_assets.remediation.outcomes.comparison import compared
from opsguard_assets.remediation.outcomes.figures import (
    Assumed,
    against_expected,
    automate_next,
    of_all,
    rates,
    savings,
)
from opsguard_assets.remediation.outcomes.verdicts import EPISODE, EXECUTION, judged, with_truth
from opsguard_assets.remediation.playbook.model import Playbook
from opsguard_assets.remediation.playbook.steps import ACTIONS
from resources.database import Database
from resources.lake import Lake
from resources.sql import statement

# Steps that only look or wait: before another one began, nothing was done about the alert.
_READING: Final = [name for name, kind in ACTIONS.items() if not kind.trait.acts]

# What is read of episodes; which came true is found among them.
_READ: Final = pl.Schema({name: kind for name, kind in EPISODE.items() if name not in {"warns", "came_true_at"}})


@dataclass(frozen=True)
class Outcomes:
    """What playbooks achieved.

    Attributes:
        as_of: The moment.
        days: Figures are of so many days before it.
        executions: Rows of `verdicts.judged`.
        total: `figures.rates` of all together.
        all_alerts: `figures.of_all` of all together.
        all_by_client: `figures.of_all` by client.
        by_playbook: Rows of `figures.savings`.
        by_client: `figures.rates` by playbook and client.
        automate_next: Rows of `figures.automate_next`.
    """

    as_of: datetime
    days: float
    executions: pl.DataFrame
    total: pl.DataFrame
    all_alerts: pl.DataFrame
    all_by_client: pl.DataFrame
    by_playbook: pl.DataFrame
    by_client: pl.DataFrame
    automate_next: pl.DataFrame

    @property
    def words(self) -> str:
        """The rate of auto-resolution in one sentence."""
        row = self.total.row(0, named=True)
        conclusive = row["auto_resolved"] + row["not_resolved"]
        if not row["acted"]:
            return f"no playbook acted; {row['executions']:,} executions were in shadow, denied or expired"
        share = "none with a conclusive outcome" if row["rate"] is None else (
            f"{row['auto_resolved']:,} of {conclusive:,} alerts auto-resolved, {row['rate']:.0%} ({row['low']:.0%} to "
            f"{row['high']:.0%})"
        )  # fmt: skip
        times = "once" if row["acted"] == 1 else f"{row['acted']:,} times"
        return f"playbooks acted {times}: {share}, {row['inconclusive']:,} inconclusive"

    @property
    def words_of_all(self) -> str:
        """The share of all alerts that playbooks resolved, in one sentence."""
        row = self.all_alerts.row(0, named=True)
        if not row["ended"]:
            return "no alert that people could see has been over for long enough"
        return (
            f"of all {row['ended']:,} alerts that ended, playbooks resolved {row['auto_resolved']:,} without a person, "
            f"{row['rate']:.0%} ({row['low']:.0%} to {row['high']:.0%}; {against_expected(row['low'], row['high'])})"
        )


def outcomes_at(
    database: Database,
    lake: Lake,
    settings: Settings,
    declared: Mapping[str, AlertType],
    playbooks: Sequence[Playbook],
    as_of: datetime,
) -> Outcomes:
    """What playbooks achieved by a moment: of all that happened until then, also if it was recorded later.

    Args:
        database: Alerts and executions.
        lake: Plans of clients.
        settings: For how long is looked back, how long an alert may take to clear, what people cost.
        declared: The types of alerts that domains declare.
        playbooks: Those in use: types that none is about could be automated next.
        as_of: The moment.
    """
    since = as_of - timedelta(days=settings.remediation.outcome_days)
    with database.begin() as connection:
        found, executions = _episodes(connection, since, as_of), _executions(connection, since, as_of)
    return outcomes_of(found, executions, lake, settings, declared, playbooks, as_of)


def outcomes_of(
    found: pl.DataFrame,
    executions: pl.DataFrame,
    lake: Lake,
    settings: Settings,
    declared: Mapping[str, AlertType],
    playbooks: Sequence[Playbook],
    as_of: datetime,
) -> Outcomes:
    """The same of episodes (`episodes_between`) and executions (`executions_between`) that were read already."""
    warns_of = {name: kind.warns_of for name, kind in declared.items()}
    episodes = with_truth(found, warns_of, timedelta(hours=settings.remediation.outcome_hours))
    return achieved(executions, episodes, playbooks, context_of(settings, declared, lake, as_of), settings, as_of)


def episodes_between(database: Database, since: datetime, as_of: datetime) -> pl.DataFrame:
    """Episodes raised within a period, as they stood at its end: the columns of `EPISODE` but those of warnings."""
    with database.begin() as connection:
        return _episodes(connection, since, as_of)


def executions_between(database: Database, since: datetime, as_of: datetime) -> pl.DataFrame:
    """Executions that were triggered within a period, as they stood at its end: rows of `EXECUTION`."""
    with database.begin() as connection:
        return _executions(connection, since, as_of)


def achieved(
    executions: pl.DataFrame,
    episodes: pl.DataFrame,
    playbooks: Sequence[Playbook],
    context: Context,
    settings: Settings,
    as_of: datetime,
) -> Outcomes:
    """The same of what was read already.

    Args:
        executions: Rows of `verdicts.EXECUTION`.
        episodes: Rows of `verdicts.EPISODE`.
        playbooks: Those in use.
        context: Types and clients, as known at the moment.
        settings: How long an alert may take to clear, what people cost.
        as_of: The moment.
    """
    chosen = settings.remediation
    within = timedelta(hours=chosen.outcome_hours)
    found = judged(executions, episodes, as_of, within)
    assumed = Assumed.of(settings.money, chosen.approval_minutes)
    by_playbook = rates(found, ["playbook"])
    return Outcomes(
        as_of=as_of,
        days=chosen.outcome_days,
        executions=found,
        total=rates(found, []),
        all_alerts=of_all(found, episodes, [], as_of, within),
        all_by_client=of_all(found, episodes, ["client_id"], as_of, within),
        by_playbook=savings(by_playbook, compared(found, episodes, as_of, within), assumed),
        by_client=rates(found, ["playbook", "client_id"]),
        automate_next=automate_next(_covered(episodes, playbooks, context), assumed, chosen.outcome_days),
    )


def playbooks_in_force(database: Database) -> list[Playbook]:
    """The playbooks that the engine knows and no file has lost since, as they were recorded."""
    with database.begin() as connection:
        found = connection.execute(statement(__name__, "playbooks")).scalars().all()
    return [Playbook.model_validate(content) for content in found]


def described(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Alerts with what triggers compare beside their own columns: cause, team, plan, life safety, priority.

    Args:
        rows: At least `alert_type`, `client_id`, `severity`; `priority` where it is known.
        context: What is known of types and clients.
    """
    own = rows.drop("cause", "team", "plan", strict=False)
    if "priority" not in own.columns:
        own = own.with_columns(priority=pl.lit(None, pl.Int64))
    kinds = context.describe(own["alert_type"].unique().sort().to_list())
    saves_lives = pl.col("alert_type").is_in(list(context.life_safety))
    by_severity = pl.col("severity").replace_strict(UNTRIAGED, return_dtype=pl.Int64)
    priority = pl.coalesce(pl.col("priority").cast(pl.Int64), by_severity)
    return (
        own.join(kinds, on="alert_type", how="left", maintain_order="left")
        .join(context.plans, on="client_id", how="left", maintain_order="left")
        .with_columns(
            is_life_safety=saves_lives,
            priority=pl.when(saves_lives).then(pl.max_horizontal(priority, LIFE_SAFETY_PRIORITY)).otherwise(priority),
            alerts=pl.lit(1, pl.Int64),
        )
    )


def _covered(episodes: pl.DataFrame, playbooks: Sequence[Playbook], context: Context) -> pl.DataFrame:
    """Episodes with `is_covered`: whether the trigger of any playbook is about them."""
    about = [matches(playbook.trigger.when) for playbook in playbooks]
    is_covered = pl.any_horizontal(about) if about else pl.lit(value=False)
    return described(episodes, context).select(*episodes.columns, is_covered=is_covered)


def _episodes(connection: Connection, since: datetime, as_of: datetime) -> pl.DataFrame:
    asked = {"since": since, "as_of": as_of, "seen": [CLEARED, AT_SOURCE]}
    return _rows(connection, "episodes", _READ, asked)


def _executions(connection: Connection, since: datetime, as_of: datetime) -> pl.DataFrame:
    return _rows(connection, "executions", EXECUTION, {"since": since, "as_of": as_of, "reading": _READING})


def _rows(connection: Connection, name: str, schema: pl.Schema, values: Mapping[str, Any]) -> pl.DataFrame:
    found = connection.execute(statement(__name__, name), dict(values)).mappings()
    rows = [tuple(row[column] for column in schema) for row in found]
    return pl.DataFrame(rows, schema=schema, orient="row")
