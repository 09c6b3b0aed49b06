"""`opsguard models`: who is champion since when, on which grounds. Not here: promotion."""

from typing import Annotated

import typer

from opsguard_assets.commands.offices import office_of
from opsguard_assets.commands.problems import Problem
from opsguard_assets.commands.session import ConfigOption, JsonOption, opened, print_json, print_rows

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def models(
    problem: Annotated[Problem, typer.Argument(help="Whose models.")] = Problem.SLA_BREACH,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the champions of a problem, the newest first: version, since when, who or what made it so, and why.

    The MLflow run leads to parameters, figures and the versions of the data that the model learned from.
    """
    with opened(config) as session:
        champions = office_of(session).champions
        history, challenger = champions.history(problem.value), champions.challenger(problem.value)
    rows = [vars(line) | {"reasons": list(line.reasons)} for line in history]
    if as_json:
        print_json({"problem": problem.value, "challenger": challenger and vars(challenger), "history": rows})
        return
    shown = [
        {
            "version": line.version or "none (the rule)",
            "since (UTC)": f"{line.at:%Y-%m-%d %H:%M}",
            "by": line.actor,
            "cause": line.cause,
            "why": "\n".join(line.reasons),
            "MLflow run": line.run_id or "",
        }
        for line in history
    ]
    print_rows(f"Champions of {problem.value}", shown)
    if challenger:
        typer.echo(f"\nChallenger: version {challenger.version}, MLflow run {challenger.run_id}")
