"""`opsguard train`: learn from what was known by an instant. Not here: learning (`ml`, `opsguard_assets.tickets`)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import polars as pl
import typer

from ml.candidates import candidates
from ml.evaluation import comparison
from ml.model_files import save
from ml.tracking import Place, log_training
from ml.training import Trained
from ml.training import train as learn
from opsguard_assets.commands.problems import Problem, folder_of, instant
from opsguard_assets.commands.progress import bars
from opsguard_assets.commands.session import ConfigOption, JsonOption, Session, console, opened, print_json, print_rows
from opsguard_assets.tickets.knowledge import history_of
from opsguard_assets.tickets.learning import TASK, Past
from resources.database import MLFLOW

app = typer.Typer(rich_markup_mode=None)
_SHOWN = ("n", "base_rate", "pr_auc", "roc_auc", "brier", "brier_constant", "log_loss", "ece")


@app.command()
def train(
    problem: Annotated[Problem, typer.Argument(help="sla_breach: will an open ticket miss its deadline?")],
    until: Annotated[str | None, typer.Option(help="Learn from what was known by then; now where left out.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fit and calibrate all candidates on past moments, and compare them on the latest, which none of them has seen.

    The comparison is in MLflow (`opsguard up`), too; the models lie in OPSGUARD_HOME/models.
    """
    moment = instant(until, "--until") or datetime.now(UTC).replace(microsecond=0)
    with opened(config) as session:
        trained, run = _train(session, problem, moment)
    figures = comparison({t.candidate: t.figures for t in trained}, _SHOWN)
    if as_json:
        print_json({"problem": problem.value, "until": moment, "mlflow_run": run, "candidates": figures.to_dicts()})
    else:
        shown = figures.with_columns(pl.col(pl.Float64).round(4).cast(pl.String))
        print_rows(
            f"{problem.value}, judged on the latest tickets known by {moment:%Y-%m-%d %H:%M} UTC", shown.to_dicts()
        )
        console.print(f"MLflow run {run}; `opsguard up` shows it.", markup=False)


def _train(session: Session, problem: Problem, until: datetime) -> tuple[Sequence[Trained], str]:
    place = session.installation.environment
    rows = Past.of(history_of(session.installation.lake), until).training()
    competing = candidates()
    with bars() as shown:
        trained = learn(rows, TASK, competing, until=until, done=shown.begin("fitting", 2 * len(competing)))
    for each in trained:
        save(each.model, folder_of(place.models, problem, until) / each.candidate)
    backend = Place(session.installation.database.url_for(MLFLOW), place.mlflow_artifacts)
    return trained, log_training(backend, problem.value, trained, until=until, facts=_facts(session, rows))


def _facts(session: Session, rows: pl.DataFrame) -> dict[str, Any]:
    lake = session.installation.lake
    return {
        "moments": len(rows),
        "tickets": rows[TASK.key].n_unique(),
        "late_share": float(rows["is_late"].cast(pl.Int64).sum()) / max(len(rows), 1),
        "features": len(TASK.features),
        "tickets_version": lake.version("tables/tickets"),
        "ticket_events_version": lake.version("tables/ticket_events"),
    }
