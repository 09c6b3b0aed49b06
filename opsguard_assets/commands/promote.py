"""`opsguard promote`: a person makes a version champion. Not here: the steps (`opsguard_assets.models`)."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from opsguard_assets.commands.actor import ActorOption, actor_of
from opsguard_assets.commands.model_catalog import catalog_of
from opsguard_assets.commands.problem_name import ProblemName
from opsguard_assets.commands.session import ConfigOption, opened
from opsguard_assets.models.promotion import GATE_LABEL, PASSED, PROMOTED

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def promote(
    problem: Annotated[ProblemName, typer.Argument(help="Whose model.")],
    version: Annotated[
        str, typer.Option(help="A version number of the registry, or an alias. Default: the challenger.")
    ] = "challenger",
    reason: Annotated[str, typer.Option(help="Why. It is kept in the history.")] = "",
    force: Annotated[
        bool, typer.Option("--force", help="Promote although the gate rejected the version; the history records it.")
    ] = False,
    by: ActorOption = None,
    config: ConfigOption = None,
) -> None:
    """Make a version champion. It scores from the next tick on, and open tickets are rescored within a minute.

    The gate promotes a better challenger by itself. --force overrules the gate. A version is refused when its files
    contain untrusted types or differ from those recorded at its training. `opsguard models sla_breach` lists versions
    and history.
    """
    with opened(config) as session:
        catalog = catalog_of(session)
        found = catalog.registry.named(problem.value, version)
        reasons = [reason] if reason else []
        catalog.promote(
            found, at=datetime.now(UTC), actor=actor_of(by), cause=PROMOTED, reasons=reasons, overrules=force
        )
        gate = catalog.registry.labels(found).get(GATE_LABEL)
    overruled = "" if gate == PASSED else f" although the gate {'had rejected it' if gate else 'had not evaluated it'}"
    typer.echo(f"Version {found.version} of {problem.value} is champion{overruled}.")
