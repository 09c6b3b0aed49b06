"""The model of a problem as assets: a training's challenger, and the champion that scores.

Here: reading settings, calling one function, showing its metrics. Not here: training, the gate, promotion.
"""

import os
import time
from collections.abc import Iterator, Mapping
from datetime import datetime

import dagster as dg
import polars as pl

from ml.dataset.split import TooLittleDataError
from ml.training.tuning import Budget
from opsguard_assets.config.settings import Settings
from opsguard_assets.metadata import Materialized, check_spec, figures, key_of, owners_of, preview, preview_rows
from opsguard_assets.models.challenge import Challenge, Contest, admit, beside, enter
from opsguard_assets.models.problem import Problem
from opsguard_assets.models.promotion import ModelCatalog
from opsguard_assets.models.train import Order, Tell, Training, train_problem
from opsguard_assets.moment import Moment
from resources.lake import Lake
from resources.revision import code_revision

GATE_CHECK = "challenger_is_better"
MLFLOW_RUN_TAG = "opsguard/mlflow_run"
NOT_YET_TAG = "opsguard/training"
_SHOWN = ("n", "base_rate", "pr_auc", "roc_auc", "brier", "log_loss", "ece")


def learned_keys(problem: Problem) -> tuple[dg.AssetKey, dg.AssetKey]:
    """The keys of a problem's challenger and of its champion."""
    return dg.AssetKey(["models", f"{problem.name}_model"]), dg.AssetKey(["models", f"{problem.name}_champion"])


def model_assets(problem: Problem, settings: Settings) -> list[dg.AssetsDefinition]:
    """The challenger of a training, and the champion."""
    model_key, _ = learned_keys(problem)

    @dg.asset(
        key=model_key,
        deps=[key_of(table) for table in problem.inputs],
        group_name="models",
        kinds={"lightgbm", "scikitlearn", "mlflow"},
        owners=owners_of("models"),
        description=f"Models of {problem.name}, trained on everything known then: candidates are tuned, calibrated and "
        "compared in MLflow; the best learned model becomes challenger. Runs every Monday, or by "
        f"`opsguard train {problem.name}`.",
        check_specs=[check_spec(GATE_CHECK, model_key, blocking=True)],
    )
    def learned_model(
        context: dg.AssetExecutionContext,
        config: Moment,
        lake: dg.ResourceParam[Lake],
        models: dg.ResourceParam[ModelCatalog],
    ) -> Materialized:
        order = order_of(problem, settings, config.instant(), dagster_run=context.run.run_id)
        try:
            training = train_problem(problem, lake, models, order, tell=_logged(context))
        except TooLittleDataError as error:
            return _not_yet(context, str(error))
        challenge = challenger_of(models, training, order.until)
        context.instance.add_run_tags(context.run.run_id, {MLFLOW_RUN_TAG: training.logged.run})
        if challenge.verdict.is_undecided:
            return _not_yet(context, "; ".join(challenge.verdict.reasons), _shown(training, challenge))
        return dg.MaterializeResult(metadata=_shown(training, challenge), check_results=[_gate(challenge)])

    return [learned_model, _champion_asset(problem)]


def _champion_asset(problem: Problem) -> dg.AssetsDefinition:
    model_key, champion_key = learned_keys(problem)

    @dg.asset(
        key=champion_key,
        deps=[model_key],
        group_name="models",
        kinds={"mlflow"},
        owners=owners_of("models"),
        description="The model that scores: the challenger, once the gate has promoted it. Before the first training "
        "(on Monday) the rule scores.",
        output_required=False,
    )
    def champion(
        context: dg.AssetExecutionContext, config: Moment, models: dg.ResourceParam[ModelCatalog]
    ) -> Iterator[Materialized]:
        # A check that only warns lets this step begin. `context.run` knows the tags with which the run was launched;
        # the one that says so was added since.
        run = context.instance.get_run_by_id(context.run.run_id)
        if run is not None and NOT_YET_TAG in run.tags:
            context.log.info("the champion stays: %s", run.tags[NOT_YET_TAG])
            return
        version = admit(models, problem.name, at=config.instant())
        entries = [
            {
                "version": line.version,
                "since": f"{line.at:%Y-%m-%d %H:%M}",
                "by": line.actor,
                "cause": line.cause,
                "gate": line.gate,
            }
            for line in models.champions.history(problem.name)[:20]
        ]
        yield dg.MaterializeResult(
            metadata={
                **figures({"version": version.version, "mlflow_run": version.run_id}),
                "history": preview_rows(entries),
            }
        )

    return champion


def _logged(context: dg.AssetExecutionContext) -> Tell:
    """Logs the steps of a training in its run."""
    return lambda what, number, of: context.log.info("%s (step %d of %d)", what, number, of)


def _not_yet(
    context: dg.AssetExecutionContext, why: str, shown: Mapping[str, dg.MetadataValue] | None = None
) -> Materialized:
    """A training with too little data is not a failure: the run says so and succeeds, and the champion stays."""
    words = f"not enough data yet: {why}"
    context.instance.add_run_tags(context.run.run_id, {NOT_YET_TAG: "not enough yet"})
    check = dg.AssetCheckResult(
        check_name=GATE_CHECK, passed=False, severity=dg.AssetCheckSeverity.WARN, description=words
    )
    return dg.MaterializeResult(metadata={**(shown or {}), "verdict": words}, check_results=[check])


def order_of(problem: Problem, settings: Settings, until: datetime, *, dagster_run: str | None = None) -> Order:
    """The order of a training by the settings."""
    learning = settings.learning
    budget = Budget(seconds=learning.tuning_seconds, trials=learning.tuning_trials, clock=time.monotonic)
    revision = code_revision(os.environ)
    return Order(until, budget, problem.costs, learning.candidates, revision=revision, dagster_run=dagster_run)


def challenger_of(models: ModelCatalog, training: Training, until: datetime) -> Challenge:
    """Registers the best model of a training as challenger."""
    best = training.best
    rule = next(each for each in training.trained if each.model is None)
    contest = Contest(training.task, beside(best.test, rule.test, key=training.task.key))
    description = f"{best.candidate}, learned from what was known by {until:%Y-%m-%d %H:%M} UTC"
    logged = training.logged
    return enter(
        models,
        logged.candidates[best.candidate],
        contest,
        description=description,
        files=logged.files[best.candidate],
    )


def _gate(challenge: Challenge) -> dg.AssetCheckResult:
    verdict = challenge.verdict
    return dg.AssetCheckResult(
        check_name=GATE_CHECK,
        passed=verdict.passes,
        description="; ".join(verdict.reasons),
        metadata={
            c.name.replace(" ", "_"): f"{'holds' if c.holds else 'does not hold'}: {c.found}"
            for c in verdict.conditions
        },
    )


def _shown(training: Training, challenge: Challenge) -> dict[str, dg.MetadataValue]:
    rows = [{"candidate": t.candidate, **{name: t.figures[name] for name in _SHOWN}} for t in training.trained]
    compared = pl.DataFrame(rows).sort("brier").with_columns(pl.col(pl.Float64).round(4))
    return {
        **figures({"challenger": challenge.version.version, "mlflow_run": training.logged.run}),
        "best": dg.MetadataValue.text(training.words),
        "candidates": preview(compared),
        "gate": dg.MetadataValue.md("\n".join(f"- {reason}" for reason in challenge.verdict.reasons)),
    }
