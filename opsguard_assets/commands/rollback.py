"""`opsguard rollback`: restores the previous champion. Not here: the steps (`opsguard_assets.models`)."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from opsguard_assets.commands.actor import ActorOption, actor_of
from opsguard_assets.commands.model_catalog import catalog_of
from opsguard_assets.commands.problem_name import ProblemName
from opsguard_assets.commands.session import ConfigOption, opened

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def rollback(
    problem: Annotated[ProblemName, typer.Argument(help="Whose model.")],
    reason: Annotated[str, typer.Option(help="Why. It is kept in the history.")] = "",
    by: ActorOption = None,
    config: ConfigOption = None,
) -> None:
    """Restore the previous champion. Before the first champion, the rule scores.

    Two rollbacks go back two champions.
    """
    with opened(config) as session:
        catalog = catalog_of(session)
        reasons = [reason] if reason else []
        version = catalog.roll_back(problem.value, at=datetime.now(UTC), actor=actor_of(by), reasons=reasons)
    if version is None:
        typer.echo(f"{problem.value} has no champion any longer: the rule scores.")
    else:
        typer.echo(f"Version {version.version} of {problem.value} is champion again.")
