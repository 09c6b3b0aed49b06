"""`opsguard models`: the champions, since when, and why. Not here: promotion."""

from typing import Annotated

import typer

from opsguard_assets.commands.model_catalog import catalog_of
from opsguard_assets.commands.problem_name import ProblemName
from opsguard_assets.commands.session import ConfigOption, JsonOption, opened, print_json, print_rows
from opsguard_assets.models.champions import Promotion
from opsguard_assets.models.files import check_files

app = typer.Typer(rich_markup_mode=None, add_completion=False)

_USUAL = ProblemName("sla_breach")


@app.command()
def models(
    problem: Annotated[ProblemName, typer.Argument(help="Whose models.")] = _USUAL,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the champions of a problem, newest first: version, since when, promoted by whom or what, and why.

    The MLflow run holds the parameters, the metrics and the versions of the training data.
    """
    with opened(config) as session:
        champions = catalog_of(session).champions
        history, challenger = champions.history(problem.value), champions.challenger(problem.value)
        current = champions.current(problem.value)
        files = check_files(champions.database, current) if current else None
    rows = [vars(line) | {"reasons": list(line.reasons)} for line in history]
    if as_json:
        named = {"champion": current and vars(current), "challenger": challenger and vars(challenger)}
        sound = files and {"are_sound": files[0], "found": files[1]}
        print_json({"problem": problem.value, **named, "files_of_champion": sound, "history": rows})
        return
    print_rows(f"Champions of {problem.value}, newest first", [_shown(line) for line in history])
    if current and files:
        standing = "is champion" if files[0] else "is champion, but cannot score: the rule scores"
        typer.echo(f"\nVersion {current.version} {standing}. Its files: {files[1]}")
    else:
        typer.echo(f"\n{problem.value} has no champion: the rule scores.")
    if challenger:
        typer.echo(f"\nChallenger: version {challenger.version}, MLflow run {challenger.run_id}")


def _shown(line: Promotion) -> dict[str, str]:
    return {
        "version": line.version or "none (the rule)",
        "since (UTC)": f"{line.at:%Y-%m-%d %H:%M}",
        "by": line.actor,
        "cause": line.cause,
        "gate": line.gate or "",
        "why": "\n".join(line.reasons),
        "MLflow run": line.run_id or "",
    }
