"""`opsguard promote`: a person makes a version champion. Not here: the steps (`opsguard_assets.models`)."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from opsguard_assets.commands.model_catalog import ActorOption, actor_of, catalog_of
from opsguard_assets.commands.problem_name import ProblemName
from opsguard_assets.commands.session import ConfigOption, opened
from opsguard_assets.models.promotion import GATE_LABEL, PASSED, PROMOTED

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def promote(
    problem: Annotated[ProblemName, typer.Argument(help="Whose model.")],
    version: Annotated[
        str, typer.Option(help="A version's number in the registry, or an alias; the challenger where left out.")
    ] = "challenger",
    reason: Annotated[str, typer.Option(help="Why; it stands in the history.")] = "",
    force: Annotated[
        bool, typer.Option("--force", help="Also what the gate has kept out; the history keeps that, too.")
    ] = False,
    by: ActorOption = None,
    config: ConfigOption = None,
) -> None:
    """Make a version champion: it scores from the next tick on, and open tickets are scored again within a minute.

    The gate promotes by itself where a challenger is better; this is for those who know more than the gate, and say so
    with --force. What holds anything that OpsGuard does not trust, or is not the file recorded at its training,
    is refused. `opsguard models sla_breach` shows versions and history.
    """
    with opened(config) as session:
        catalog = catalog_of(session)
        found = catalog.registry.named(problem.value, version)
        reasons = [reason] if reason else []
        catalog.promote(
            found, at=datetime.now(UTC), actor=actor_of(by), cause=PROMOTED, reasons=reasons, overrules=force
        )
        gate = catalog.registry.labels(found).get(GATE_LABEL)
    overruled = "" if gate == PASSED else f" although the gate {'had kept it out' if gate else 'had not judged it'}"
    typer.echo(f"Version {found.version} of {problem.value} is champion{overruled}.")
