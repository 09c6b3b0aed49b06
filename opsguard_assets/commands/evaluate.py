"""`opsguard evaluate`: how good models were, by what happened afterwards. Not here: the figures (`ml.evaluation`)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import polars as pl
import typer

from ml.evaluation import comparison
from ml.evaluation import evaluate as judge
from ml.model import RiskModel
from ml.moments import ProtocolError
from ml.sla_breach.problem import TASK
from ml.sla_breach.rule import RuleBaseline
from ml.sla_breach.rule_inputs import inputs_of_features
from opsguard_assets.commands.offices import office_of
from opsguard_assets.commands.problems import Problem, instant, trained_by
from opsguard_assets.commands.session import ConfigOption, JsonOption, Session, opened, print_json, print_rows
from opsguard_assets.models.serving import learned_until, trained_of
from opsguard_assets.tickets.knowledge import history_of
from opsguard_assets.tickets.learning import Past

app = typer.Typer(rich_markup_mode=None)
CHAMPION, CANDIDATE, BASELINE = "champion", "candidate", "baseline"
_SHOWN = ("n", "base_rate", "pr_auc", "roc_auc", "brier", "brier_constant", "log_loss", "ece")


@app.command()
def evaluate(
    problem: Annotated[Problem, typer.Argument(help="sla_breach: will an open ticket miss its deadline?")],
    begins: Annotated[str, typer.Option("--from", help="Tickets that became known from then on.")],
    ends: Annotated[str | None, typer.Option("--to", help="And before then; now where left out.")] = None,
    moments: Annotated[
        str, typer.Option(help="When in its life a ticket is looked at: opening, +24h, +72h, elapsed:0.5, every:15m.")
    ] = "opening",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge the models of the newest training before --from, and the rule, on open tickets at the same moments.

    The champion is the model in force, if it knew nothing later than --from; else the best of that training.

    Tickets whose outcome is not known yet are left out; so are moments after a missed deadline, which is a fact.
    """
    first, now = instant(begins, "--from"), datetime.now(UTC)
    last = instant(ends, "--to") or now
    if first is None:
        raise typer.BadParameter("--from is needed")
    with opened(config) as session:
        models = in_roles(session, problem, first)
        past = Past.of(history_of(session.installation.lake), now)
        began = past.lives.filter((pl.col("begins_at") >= first) & (pl.col("begins_at") < last))
        try:
            rows = past.of_lives(began, moments)
        except ProtocolError as error:
            raise typer.BadParameter(str(error)) from None
    results = judged([*models, (BASELINE, RuleBaseline())], rows)
    if as_json:
        print_json(results)
        return
    shown = comparison({result["model"]: result for result in results}, _SHOWN)
    rounded = shown.with_columns(pl.col(pl.Float64).round(4).cast(pl.String))
    print_rows(f"{problem.value} at {moments}, tickets of {first:%Y-%m-%d} to {last:%Y-%m-%d}", rounded.to_dicts())


def in_roles(session: Session, problem: Problem, moment: datetime) -> list[tuple[str, RiskModel]]:
    """The models that knew nothing later than a moment, the champion among them first."""
    trained = trained_by(session.installation.environment.models, problem, moment)
    version = office_of(session).champions.current(problem.value)
    champion, until = trained_of(version) if version else (None, moment)
    if champion is not None and until <= moment:
        others = [model for model in trained if (model.name, learned_until(model)) != (champion.name, until)]
        return [(CHAMPION, champion), *((CANDIDATE, model) for model in others)]
    return [(CHAMPION, trained[0]), *((CANDIDATE, model) for model in trained[1:])]


def judged(models: Sequence[tuple[str, RiskModel]], rows: pl.DataFrame) -> list[dict[str, Any]]:
    """The figures of models in their roles on the same moments.

    Args:
        models: Role (`CHAMPION`, `CANDIDATE`, `BASELINE`) and model.
        rows: Labelled moments with features.
    """
    told = inputs_of_features(rows)
    return [
        {
            "model": model.name,
            "role": role,
            **judge(rows.with_columns(model.predict(told).alias("risk")), key=TASK.key),
        }
        for role, model in models
    ]
