"""`opsguard train`: learn from what was known by an instant. Not here: learning (`ml`, `opsguard_assets.tickets`)."""

import os
import re
import time
from datetime import UTC, datetime
from typing import Annotated

import polars as pl
import typer

from ml.evaluation import comparison
from ml.model_files import save
from ml.money import Costs
from ml.tracking import Place
from ml.tuning import Budget
from opsguard_assets.commands.problems import Problem, folder_of, instant
from opsguard_assets.commands.progress import bars
from opsguard_assets.commands.session import ConfigOption, JsonOption, Session, console, opened, print_json, print_rows
from opsguard_assets.tickets.train import Order, Training, train_sla_breach
from resources.database import MLFLOW
from resources.revision import code_revision

app = typer.Typer(rich_markup_mode=None)
_SHOWN = ("n", "base_rate", "pr_auc", "roc_auc", "brier", "brier_constant", "log_loss", "ece")
_SPAN = re.compile(r"^(\d+(?:\.\d+)?)(s|m|h)$")
_SECONDS = {"s": 1, "m": 60, "h": 3600}


@app.command()
def train(
    problem: Annotated[Problem, typer.Argument(help="sla_breach: will an open ticket miss its deadline?")],
    until: Annotated[str | None, typer.Option(help="Learn from what was known by then; now where left out.")] = None,
    budget: Annotated[str | None, typer.Option(help="Time for tuning, such as 120s or 5m.")] = None,
    trials: Annotated[int | None, typer.Option(min=0, help="Most trials per candidate; 0 tunes nothing.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tune, fit and calibrate all candidates on past moments, and compare them on the latest, unseen by all of them.

    The comparison is in MLflow (`opsguard up`), too; the models lie in OPSGUARD_HOME/models.
    """
    moment = instant(until, "--until") or datetime.now(UTC).replace(microsecond=0)
    seconds = _span(budget)
    with opened(config) as session:
        made = _train(session, problem, moment, seconds, trials)
    figures = comparison({t.candidate: t.figures for t in made.trained}, _SHOWN)
    if as_json:
        told = {"problem": problem.value, "until": moment, "mlflow_run": made.logged.run}
        print_json({**told, "best": made.best.candidate, "candidates": figures.to_dicts()})
    else:
        shown = figures.with_columns(pl.col(pl.Float64).round(4).cast(pl.String))
        print_rows(
            f"{problem.value}, judged on the latest tickets known by {moment:%Y-%m-%d %H:%M} UTC", shown.to_dicts()
        )
        console.print(
            f"Best: {made.best.candidate}. MLflow run {made.logged.run}; `opsguard up` shows it.", markup=False
        )


def _train(session: Session, problem: Problem, until: datetime, seconds: float | None, trials: int | None) -> Training:
    installation, settings = session.installation, session.settings
    place = Place(installation.database.url_for(MLFLOW), installation.environment.mlflow_artifacts)
    budget = Budget(
        seconds=settings.learning.tuning_seconds if seconds is None else seconds,
        trials=settings.learning.tuning_trials if trials is None else trials,
        clock=time.monotonic,
    )
    money = settings.money
    costs = Costs(money.breach_cost, money.alert_cost, money.prevented_share, money.lead_minutes)
    order = Order(until, budget, costs, revision=code_revision(os.environ))
    with bars() as shown:
        made = train_sla_breach(installation.lake, place, order, begin=shown.begin)
    for each in made.trained:
        if each.model:
            save(each.model, folder_of(installation.environment.models, problem, until) / each.candidate)
    return made


def _span(text: str | None) -> float | None:
    """Seconds of a text like 120s or 5m.

    Raises:
        BadParameter: When it is no such text.
    """
    if text is None:
        return None
    found = _SPAN.match(text)
    if not found:
        raise typer.BadParameter(f"--budget {text!r} is no span of time; write it like 120s or 5m.")
    return float(found[1]) * _SECONDS[found[2]]
