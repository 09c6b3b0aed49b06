"""`opsguard evaluate`: how good models were, measured on later outcomes. Not here: metrics (`ml.evaluation`)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import polars as pl
import typer

from ml.dataset.dataset import Dataset
from ml.dataset.task import Task
from ml.evaluation.evaluate import comparison
from ml.evaluation.evaluate import evaluate as judge
from ml.evaluation.segments import by_segment
from ml.features.moments import ProtocolError
from ml.models.model import RiskModel
from opsguard_assets.commands.model_catalog import catalog_of
from opsguard_assets.commands.moments import instant
from opsguard_assets.commands.problem_name import PROBLEM_HELP, NothingToJudgeError, ProblemName
from opsguard_assets.commands.session import ConfigOption, JsonOption, Session, opened, print_json, print_rows
from opsguard_assets.domains import problems_of
from opsguard_assets.models import trainings
from opsguard_assets.models.problem import Problem
from opsguard_assets.tables.values import INSTANT

app = typer.Typer(rich_markup_mode=None, add_completion=False)
BASELINE = "baseline"
_SHOWN = ("n", "base_rate", "pr_auc", "roc_auc", "brier", "brier_constant", "log_loss", "ece")


@app.command()
def evaluate(
    problem: Annotated[ProblemName, typer.Argument(help=PROBLEM_HELP)],
    begins: Annotated[
        str,
        typer.Option(
            "--from", help="Start. Tickets, shifts and orders count by when they began; devices by the time since."
        ),
    ],
    ends: Annotated[str | None, typer.Option("--to", help="End. Default: now.")] = None,
    moments: Annotated[
        str,
        typer.Option(help="When each entity is scored: opening, +24h, +72h, elapsed:0.5, every:15m, every:24h."),
    ] = "opening",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare the models of the newest training before --from and the rule baseline at the same moments.

    The champion is the active model if its training data ends before --from; else the best model of that training.

    Entities without a mature label are left out, and so are moments after the event. For devices, the headline metrics
    use the horizon of the settings; every horizon is also reported separately.
    """
    first, now = instant(begins, "--from", config), datetime.now(UTC)
    last = instant(ends, "--to", config) or now
    if first is None:
        raise typer.BadParameter("--from is needed")
    if first >= last:
        raise typer.BadParameter("--from must be before --to")
    with opened(config) as session:
        models = in_roles(session, problem, first)
        learned = problems_of(session.settings)[problem.value]
        dataset = learned.dataset(session.installation.lake, now)
        rows = _moments(learned, dataset, (first, last), moments)
    results = judged(learned, dataset.task, [*models, (BASELINE, learned.rule)], rows)
    if as_json:
        print_json(results)
        return
    shown = comparison({f"{result['model']} ({result['role']})": result for result in results}, _SHOWN)
    rounded = shown.with_columns(pl.col(pl.Float64).round(4).cast(pl.String))
    print_rows(f"{problem.value} at {moments}, {first:%Y-%m-%d} to {last:%Y-%m-%d}", rounded.to_dicts())


def _moments(problem: Problem, dataset: Dataset, period: tuple[datetime, datetime], protocol: str) -> pl.DataFrame:
    """Labelled rows of the lives of a period; at least one counts for the headline metrics."""
    try:
        rows = dataset.of_lives(within(dataset, *period), protocol)
    except ProtocolError as error:
        raise typer.BadParameter(str(error)) from None
    if dataset.task.headlined(rows).is_empty():
        first, last = period
        raise NothingToJudgeError(
            f"Nothing to evaluate: no {problem.entity} from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC was "
            f"open at {protocol!r} and has a known outcome. Choose an earlier --from, a later --to, or other --moments."
        )
    return rows


def in_roles(session: Session, problem: ProblemName, moment: datetime) -> list[tuple[str, RiskModel]]:
    """The models whose training data ends before a moment: the champion first, if it qualifies, then the best."""
    return list(trainings.in_roles(catalog_of(session), problem.value, moment))


def within(dataset: Dataset, first: datetime, last: datetime) -> pl.DataFrame:
    """The lives of a period: those that began in it, or, for entities that outlive it, the parts within it."""
    begins, ends = pl.col("begins_at"), pl.col("ends_at")
    if dataset.task.split == "entities":
        return dataset.lives.filter((begins >= first) & (begins < last))
    cut = dataset.lives.with_columns(begins_at=pl.max_horizontal(begins, pl.lit(first, INSTANT)))
    return cut.with_columns(ends_at=pl.min_horizontal(ends, pl.lit(last, INSTANT))).filter(begins < ends)


def judged(
    problem: Problem, task: Task, models: Sequence[tuple[str, RiskModel]], rows: pl.DataFrame
) -> list[dict[str, Any]]:
    """The metrics of models in their roles on the same moments.

    Args:
        problem: Their problem.
        task: Its task; `parts` are reported separately.
        models: Role (`CHAMPION`, `CANDIDATE`, `BASELINE`) and model.
        rows: Labelled moments with features.
    """
    return [{"model": model.name, "role": role, **_figures(problem, task, model, rows)} for role, model in models]


def _figures(problem: Problem, task: Task, model: RiskModel, rows: pl.DataFrame) -> dict[str, Any]:
    scored = rows.with_columns(problem.risk(model, rows).alias("risk"))
    figures = judge(
        task.headlined(scored), key=task.key, visits_per_day=task.visits_per_day, acting_from=task.acting_from
    )
    return {**figures, "parts": by_segment(scored, task.parts, task.acting_from).to_dicts()} if task.parts else figures
