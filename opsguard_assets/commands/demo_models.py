"""The small models of `opsguard demo`: one per problem, so that the first screen shows learned scores.

Here: their size, and one line of text per model. Not here: full trainings (`opsguard train`), the gate, ticks.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from ml.dataset.split import TooLittleDataError
from opsguard_assets.build import learned_problems
from opsguard_assets.commands.model_catalog import catalog_of
from opsguard_assets.commands.progress import steps
from opsguard_assets.commands.session import Session
from opsguard_assets.models.challenge import admit
from opsguard_assets.models.model_assets import challenger_of, order_of
from opsguard_assets.models.problem import Problem
from opsguard_assets.models.promotion import ModelCatalog
from opsguard_assets.models.train import Tell, train_problem

# One candidate with default parameters. `opsguard train` tunes all candidates and takes minutes.
CANDIDATE, MOST_MOMENTS = "logistic_regression", 6_000
_DEMO = {"made_by": "opsguard demo"}


def train_small(session: Session, moment: datetime) -> list[dict[str, str]]:
    """Trains a small model per problem on what was known at a moment. The gate decides whether it is promoted.

    A problem with a champion keeps it.

    Args:
        session: The installation.
        moment: The moment that will be scored.

    Returns:
        One row per problem that has records: `problem`, `scores` (the model that scores from now on), `why`.
    """
    catalog = catalog_of(session)
    with steps("small models") as tell:
        return list(_trained(session, catalog, learned_problems(session.settings), moment, tell))


def _trained(
    session: Session, catalog: ModelCatalog, problems: list[Problem], moment: datetime, tell: Tell
) -> Iterator[dict[str, str]]:
    for number, problem in enumerate(problems, start=1):
        tell(problem.name, number, len(problems))
        champion = catalog.champions.current(problem.name)
        if champion is not None:
            yield _row(problem, f"version {champion.version}", "has a champion; not trained again")
            continue
        try:
            yield _row(problem, *_one(session, catalog, problem, moment))
        except TooLittleDataError as error:
            yield _row(problem, problem.rule.name, f"not enough data to train on: {error}")


def _one(session: Session, catalog: ModelCatalog, problem: Problem, moment: datetime) -> tuple[str, str]:
    """Trains one model; returns which model scores from now on, and why."""
    usual = order_of(problem, session.settings, moment)
    order = replace(
        usual,
        budget=replace(usual.budget, trials=0),
        candidates=(CANDIDATE,),
        tags=_DEMO,
        most_moments=MOST_MOMENTS,
    )
    challenge = challenger_of(catalog, train_problem(problem, session.installation.lake, catalog, order), moment)
    if challenge.verdict.passes:
        version = admit(catalog, problem.name, at=moment)
        return f"version {version.version} ({CANDIDATE})", "promoted by the gate: it is better than the rule"
    failed = [f"{one.name}: {one.found}" for one in challenge.verdict.conditions if not one.holds]
    return problem.rule.name, f"the gate rejected version {challenge.version.version}: {'; '.join(failed)}"


def _row(problem: Problem, scores: str, why: str) -> dict[str, str]:
    return {"problem": problem.name, "scores": scores, "why": why}
