"""`opsguard train`: trains models on what was known at a time. Not here: training (`ml`, `opsguard_assets.models`)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any

import polars as pl
import typer

from ml.evaluation.evaluate import comparison
from opsguard_assets.commands.model_catalog import catalog_of
from opsguard_assets.commands.moments import duration, instant_or_now
from opsguard_assets.commands.problem_name import PROBLEM_HELP, ProblemName
from opsguard_assets.commands.progress import steps
from opsguard_assets.commands.session import ConfigOption, JsonOption, Session, console, opened, print_json, print_rows
from opsguard_assets.domains import problems_of
from opsguard_assets.models.challenge import admit
from opsguard_assets.models.model_assets import challenger_of, order_of
from opsguard_assets.models.train import Training, train_problem

app = typer.Typer(rich_markup_mode=None, add_completion=False)
_SHOWN = ("n", "base_rate", "pr_auc", "roc_auc", "brier", "brier_constant", "log_loss", "ece")


@app.command()
def train(
    problem: Annotated[ProblemName, typer.Argument(help=PROBLEM_HELP)],
    until: Annotated[str | None, typer.Option(help="Train on what was known at this time. Default: now.")] = None,
    budget: Annotated[str | None, typer.Option(help="Time for tuning, such as 120s or 5m.")] = None,
    trials: Annotated[
        int | None, typer.Option(min=0, help="Maximum number of trials per candidate; 0 disables tuning.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tune, fit and calibrate all candidates on past moments, and compare them on later, unseen moments.

    The comparison is also in MLflow (`opsguard up`); the models are stored in OPSGUARD_HOME/models. The best learned
    model becomes challenger, and champion if the gate promotes it. With --until it is only compared.
    """
    moment = instant_or_now(until, "--until", config)
    length = duration(budget, "--budget")
    with opened(config) as session:
        made = _train(session, problem, moment, length.total_seconds() if length else None, trials)
        gate = _enter(session, made, moment) if until is None else None
    figures = comparison({t.candidate: t.figures for t in made.trained}, _SHOWN)
    if as_json:
        values = {"problem": problem.value, "until": moment, "mlflow_run": made.logged.run, "gate": gate}
        ranked = list(made.logged.candidates)
        best = {"best": ranked[0], "best_learned": made.best.candidate, "ranking": ranked}
        print_json({**values, **best, "candidates": figures.to_dicts()})
    else:
        shown = figures.with_columns(pl.col(pl.Float64).round(4).cast(pl.String))
        print_rows(
            f"{problem.value}, judged on the latest moments known by {moment:%Y-%m-%d %H:%M} UTC", shown.to_dicts()
        )
        console.print(f"{made.words} MLflow run {made.logged.run}; `opsguard up` shows it.", markup=False)
        if gate:
            console.print(_said(gate), markup=False)


def _enter(session: Session, made: Training, moment: datetime) -> dict[str, object]:
    """Registers the best model as challenger; returns the result of the gate."""
    catalog = catalog_of(session)
    challenge = challenger_of(catalog, made, moment)
    if challenge.verdict.passes:
        admit(catalog, made.task.problem, at=datetime.now(UTC))
    values = {"version": challenge.version.version, "is_champion": challenge.verdict.passes}
    return {**values, "reasons": challenge.verdict.reasons}


def _train(
    session: Session, problem: ProblemName, until: datetime, seconds: float | None, trials: int | None
) -> Training:
    installation, settings = session.installation, session.settings
    learned = problems_of(settings)[problem.value]
    usual = order_of(learned, settings, until)
    budget = replace(
        usual.budget,
        seconds=usual.budget.seconds if seconds is None else seconds,
        trials=usual.budget.trials if trials is None else trials,
    )
    order = replace(usual, budget=budget)
    with steps(problem.value) as tell:
        return train_problem(learned, installation.lake, catalog_of(session), order, tell=tell)


def _said(gate: Mapping[str, Any]) -> str:
    became = "is champion now" if gate["is_champion"] else "stays challenger: the gate rejected it"
    return "\n".join([f"Version {gate['version']} {became}.", *(f"  {reason}" for reason in gate["reasons"])])
