"""The priorities of all unresolved alerts, computed and written in one transaction.

Here: the order of statements, and which changes are worth a line in the history. Not here: the scale (`priority`), its
inputs (`inputs`), SQL (`sql`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl
from sqlalchemy import TextClause

from ml.problems.alert_action.rule import AlertRule
from opsguard_assets.alerts.lifecycle import lock_alerts
from opsguard_assets.triage.priority.inputs import UNRESOLVED, Described, with_inputs
from opsguard_assets.triage.priority.priority import INTERRUPTS, SUPERVISOR, priorities
from resources.copying import copy_in, copy_out
from resources.database import Database
from resources.sql import statement

# A priority that moved by so many points since its history noted it last is noted again; so is one that crosses a mark.
_NOTED_FROM: Final = 5
_MARKS: Final = (INTERRUPTS, SUPERVISOR)
_DIGITS: Final = 4
_RULE, _MODEL = "rule", "model"


@dataclass(frozen=True)
class Judge:
    """Who says how probable it is that an alert needs a person.

    Attributes:
        probability: From rows with the inputs of the rule to probabilities, one per row.
        name: Of the model or the rule.
        version: Of it.
        run_id: The run that trained it; None for the rule.
        basis: `rule` or `model`.
        is_judged: Which rows it judges; the rule judges the others.
    """

    probability: Callable[[pl.DataFrame], pl.Series]
    name: str
    version: str
    run_id: str | None = None
    basis: str = _RULE
    is_judged: Callable[[pl.DataFrame], pl.Series] = lambda rows: pl.repeat(value=True, n=len(rows), eager=True)


@dataclass(frozen=True)
class Prioritised:
    """What a run did.

    Attributes:
        as_of: The moment that it was computed for: never before the newest one.
        alerts: Unresolved alerts, with `alert_type`, `severity`, `priority`, `action_probability` and `reasons`.
        written: Priorities that changed.
        noted: Changes that their histories tell.
        judge: Who judged.
    """

    as_of: datetime
    alerts: pl.DataFrame
    written: int
    noted: int
    judge: Judge


def rule_judge() -> Judge:
    """The rule of cold start."""
    rule = AlertRule()
    return Judge(rule.predict, rule.name, rule.version)


def judge_of(risk: pl.DataFrame) -> Judge:
    """The champion by the probabilities of its tick; the rule where it scored the tick, and for what the tick lacks.

    Args:
        risk: Rows of `triage.learning.schemas.ALERT_RISK` of the moment.
    """
    said = risk.filter(pl.col("model_run_id").is_not_null()).drop_nulls(["alert_id", "opening"])
    if said.is_empty():
        return rule_judge()
    # Several alerts of another system may be one of ours: the most probable one counts.
    found = said.group_by("alert_id", "opening").agg(pl.col("risk").max())
    rule, model = AlertRule(), said.row(0, named=True)

    def looked_up(rows: pl.DataFrame) -> pl.Series:
        return rows.select("alert_id", "opening").join(
            found, on=["alert_id", "opening"], how="left", maintain_order="left"
        )["risk"]

    return Judge(
        probability=lambda rows: looked_up(rows).fill_null(rule.predict(rows)),
        name=model["model_name"],
        version=model["model_version"],
        run_id=model["model_run_id"],
        basis=_MODEL,
        is_judged=lambda rows: looked_up(rows).is_not_null(),
    )


def prioritise(
    database: Database,
    described: Described,
    judge: Judge,
    as_of: datetime,
    *,
    now: datetime | None = None,
    only_new: bool = False,
) -> Prioritised:
    """Computes the priorities of all unresolved alerts and writes those that changed.

    Running it again changes nothing. A moment before the newest one is computed as the newest: alerts are as they are
    now.

    Args:
        database: The database of alerts.
        described: The types of alerts.
        judge: Who says whether an alert needs a person.
        as_of: The moment, UTC.
        now: The time of the clock; priorities of later moments were wrong and are computed again. None: none is.
        only_new: Alerts whose opening has a priority keep it.
    """
    dues = {name: each.due for name, each in described.declared.items() if each.due}
    with database.begin() as connection:
        lock_alerts(connection)
        connection.execute(_sql("unresolved"), {"types": list(dues), "dues": list(dues.values())})
        alerts = copy_out(connection, "unresolved", UNRESOLVED)
        moment = max(as_of, _newest(alerts, now) or as_of)
        if only_new:
            alerts = alerts.filter(pl.col("opening").ne_missing(pl.col("old_opening")))
        rows = prioritised(alerts, described, judge, moment)
        changed = changes(rows)
        if len(changed):
            connection.execute(_sql("create_found"))
            copy_in(connection, "found", changed)
            connection.execute(_sql("write"), {"as_of": moment})
            connection.execute(_sql("note"), {"as_of": moment})
    return Prioritised(moment, rows, len(changed), int(changed["is_noted"].sum()), judge)


def prioritised(alerts: pl.DataFrame, described: Described, judge: Judge, at: datetime) -> pl.DataFrame:
    """Unresolved alerts (`UNRESOLVED`) with their priorities at a moment (`priority.priorities`), and who judged."""
    inputs = with_inputs(alerts, described).with_columns(
        is_life_safety=pl.col("is_life_safety").cast(pl.Float64)  # as a feature
    )
    probability = judge.probability(inputs).round(_DIGITS).rename("action_probability")
    scored = priorities(inputs.with_columns(probability, pl.col("is_life_safety") == 1), at)
    rule, is_judged = rule_judge(), judge.is_judged(inputs)
    by = {"basis": "basis", "model_name": "name", "model_version": "version", "model_run_id": "run_id"}
    return scored.with_columns(
        pl.when(is_judged)
        .then(pl.lit(getattr(judge, of), pl.String))
        .otherwise(pl.lit(getattr(rule, of), pl.String))
        .alias(name)
        for name, of in by.items()
    )


def changes(rows: pl.DataFrame) -> pl.DataFrame:
    """The priorities that differ from what is stored, in the columns of `sql/create_found`.

    `is_noted`: an alert's first priority, one that moved by `_NOTED_FROM` points since the last noted one, one that
    crossed 80 or 90 since then.
    """
    said, new = pl.col("said_priority"), pl.col("priority")
    crossed = [(said >= mark) != (new >= mark) for mark in _MARKS]
    is_noted = pl.any_horizontal((new.cast(pl.Int32) - said).abs() >= _NOTED_FROM, *crossed).fill_null(value=True)
    # As PostgreSQL writes jsonb, so that reasons which have not changed are recognised.
    texts = pl.format('["{}"]', pl.col("reasons").list.eval(_escaped(pl.element())).list.join('", "'))
    changed = pl.any_horizontal(
        pl.col("opening").ne_missing(pl.col("old_opening")),
        new.ne_missing(pl.col("old_priority")),
        pl.col("action_probability").ne_missing(pl.col("old_probability")),
        pl.col("_texts").ne_missing(pl.col("old_reasons")),
        pl.col("basis").ne_missing(pl.col("old_basis")),
        pl.col("model_version").ne_missing(pl.col("old_version")),
    )
    return (
        rows.with_columns(_texts=texts)
        .filter(changed)
        .select(
            "alert_id",
            "opening",
            "action_probability",
            "priority",
            "hourly_harm",
            "_texts",
            "basis",
            "model_name",
            "model_version",
            "model_run_id",
            is_noted.alias("is_noted"),
            "said_priority",
            reason=pl.col("reasons").list.head(2).list.join("; "),
        )
    )


def without_priority(database: Database) -> tuple[int, int]:
    """The number of unresolved alerts, and of those among them whose opening has no priority."""
    with database.begin() as connection:
        unresolved, without = connection.execute(_sql("without")).one()
    return int(unresolved), int(without)


def _newest(alerts: pl.DataFrame, now: datetime | None) -> datetime | None:
    stored = alerts["old_as_of"]
    newest = (stored if now is None else stored.filter(stored <= now)).max()
    return newest if isinstance(newest, datetime) else None


def _escaped(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all("\\", "\\\\", literal=True).str.replace_all('"', '\\"', literal=True)


def _sql(name: str) -> TextClause:
    return statement(__name__, name)
