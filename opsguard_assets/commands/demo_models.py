"""The small models of `opsguard demo`: one per problem, so that the first screen ranks by what was learned.

Here: what makes them small, and what is said of each. Not here: trainings (`opsguard train`), the gate, ticks.
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

# One candidate, as its parameters are set: a training by `opsguard train` tries all of them and takes minutes.
CANDIDATE, MOST_MOMENTS = "logistic_regression", 6_000
_DEMO = {"made_by": "opsguard demo"}


def train_small(session: Session, moment: datetime) -> list[dict[str, str]]:
    """Trains a small model of each problem on what was known by a moment; the gate decides which of them scores it.

    A problem that has a champion keeps it.

    Args:
        session: The installation.
        moment: The moment that is scored afterwards.

    Returns:
        A row per problem that there are records for: `problem`, `scores` (who scores from now on), `why` (in words).
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
            yield _row(problem, f"version {champion.version}", "champion already; it was not trained again")
            continue
        try:
            yield _row(problem, *_one(session, catalog, problem, moment))
        except TooLittleDataError as error:
            yield _row(problem, problem.rule.name, f"not enough yet to learn from: {error}")


def _one(session: Session, catalog: ModelCatalog, problem: Problem, moment: datetime) -> tuple[str, str]:
    """Trains one model; who scores from now on, and why."""
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
        return f"version {version.version} ({CANDIDATE})", "the gate let it in: it is better than the rule"
    failed = [f"{one.name}: {one.found}" for one in challenge.verdict.conditions if not one.holds]
    return problem.rule.name, f"the gate keeps version {challenge.version.version} out: {'; '.join(failed)}"


def _row(problem: Problem, scores: str, why: str) -> dict[str, str]:
    return {"problem": problem.name, "scores": scores, "why": why}
