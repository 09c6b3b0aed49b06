"""`opsguard playbook`: which playbooks are in use, what they say, and what is wrong with them.

Here: commands that execute nothing. Not here: reading and judging (`opsguard_assets.remediation.playbook`), rehearsing
(`playbook_rehearsal`), what they achieved (`playbook_outcomes`), commands that act (`playbook_acting`), executions
(`playbook_log`).
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from opsguard_assets.alerts.people import ActionError
from opsguard_assets.commands import playbook_acting, playbook_log
from opsguard_assets.commands.actor import ActorOption, actor_of
from opsguard_assets.commands.playbook_outcomes import outcomes
from opsguard_assets.commands.playbook_rehearsal import plan, rehearsal
from opsguard_assets.commands.playbooks_in_use import in_use, judged, named
from opsguard_assets.commands.session import ConfigOption, JsonOption, opened, print_json, print_rows
from opsguard_assets.remediation.autonomy.io import history, modes, set_mode
from opsguard_assets.remediation.playbook.model import MODES, Playbook
from opsguard_assets.remediation.playbook.schema import json_schema
from opsguard_assets.remediation.playbook.steps import Step
from opsguard_assets.views.texts import line

app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
    help="Playbooks say what is done about alerts by itself. docs/playbooks.md describes them.",
    epilog="Start with `opsguard playbook list`.",
)
Name = Annotated[str, typer.Argument(help="Name of the playbook, as shown by `list`.")]


@app.command("list")
def list_playbooks(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the playbooks in use, and files that cannot be read. Exits with 1 where there is one.

    Example: `opsguard playbook list`.
    """
    with opened(config) as session:
        library = in_use(session)
        standing = modes(session.installation.database)
    rows = [
        {
            "playbook": name,
            "title": line(each.playbook.title),
            "mode": _mode(standing.get(name)),
            "approval": each.playbook.approval.required,
            "at most": each.playbook.max_autonomy,
            "steps": len(each.playbook.steps),
            "from": line(each.place),
        }
        for name, each in library.playbooks.items()
    ]
    if as_json:
        print_json({"playbooks": rows, "problems": library.problems})
    else:
        print_rows("Playbooks in use", rows)
        for words in library.problems:
            typer.echo(line(words), err=True)
    if library.problems:
        raise typer.Exit(1)


@app.command()
def show(name: Name, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show what a playbook says, and what is wrong with it.

    Example: `opsguard playbook show device-offline`.
    """
    with opened(config) as session:
        library = in_use(session)
        standing = modes(session.installation.database).get(name)
        changes = history(session.installation.database, name)
        found = [words for owner, _, words in judged(session, library) if owner == name]
    if name not in library.playbooks:
        raise ActionError(f"There is no playbook {name}; `opsguard playbook list` shows those in use.")
    loaded = library.playbooks[name]
    playbook = loaded.playbook
    if as_json:
        content = playbook.model_dump(mode="json", by_alias=True, exclude_none=True)
        print_json(
            {
                "playbook": content, "digest": playbook.digest, "place": loaded.place, "findings": found,
                "mode": standing, "modes": changes,
            }
        )  # fmt: skip
        return
    typer.echo(f"{name}: {line(playbook.title)}")
    when = playbook.trigger.when.model_dump(mode="json", by_alias=True, exclude_none=True)
    said = {
        "from": loaded.place,
        "text": playbook.digest[:12],
        "mode": _mode(standing)
        + (f" since {standing['mode_since']:%Y-%m-%d %H:%M} UTC: {standing['mode_reason']}" if standing else ""),
        "starts": f"{', '.join(playbook.trigger.on)} of alerts with {json.dumps(when, ensure_ascii=False)}",
        "approval": f"{playbook.approval.required}, expires after {playbook.approval.expires_minutes:g} minutes",
        "at most": f"{playbook.max_autonomy}; {playbook.limits.at_once_per_site} at once at a site, "
        f"{playbook.limits.per_hour} an hour, again after {playbook.limits.cool_down_minutes:g} minutes",
    }
    for what, words in said.items():
        typer.echo(f"  {what}: {line(words)}")
    print_rows("\nSteps", rows_of_steps(playbook, "steps"))
    if playbook.on_failure:
        print_rows("\nWhere a step failed", rows_of_steps(playbook, "on_failure"))
    if changes:
        print_rows("\nChanges of its mode", [_change(change) for change in changes])
    for words in found:
        typer.echo(line(words), err=True)


def _mode(standing: Mapping[str, Any] | None) -> str:
    """What it may do now; nothing is known of a playbook that the engine has not read yet."""
    if standing is None:
        return "shadow"
    if standing["off_why"]:
        return f"switched off: {line(standing['off_why'])}"
    return f"paused: {line(standing['paused_why'])}" if standing["paused_at"] else str(standing["mode"])


def _change(change: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "at": f"{change['at']:%Y-%m-%d %H:%M} UTC", "from": change["from_mode"] or "", "to": change["to_mode"],
        "by": line(change["actor"]), "why": line(change["reason"]),
    }  # fmt: skip


@app.command("mode")
def give_mode(
    name: Name,
    to: Annotated[str, typer.Argument(help="shadow, approval or alone.")],
    why: Annotated[str, typer.Option(help="Why, for the history.")],
    by: ActorOption = None,
    config: ConfigOption = None,
) -> None:
    """Give a playbook a mode by hand. From there the ladder moves it again.

    Example: `opsguard playbook mode device-offline shadow --why "the new gateways restart by themselves"`.
    """
    if to not in MODES:
        raise typer.BadParameter(f"there is no mode {to}; there are {', '.join(MODES)}")
    with opened(config) as session:
        greatest = min(named(session, name).max_autonomy, session.settings.remediation.max_autonomy, key=MODES.index)
        if MODES.index(to) > MODES.index(greatest):
            raise ActionError(f"Its text and `remediation.max_autonomy` allow {greatest} at most.")
        was = set_mode(
            session.installation.database, name, MODES[MODES.index(to)], actor=actor_of(by), why=why,
            now=datetime.now(UTC),
        )  # fmt: skip
    if was is None:
        raise ActionError(f"{name} has not been read by a run yet; it begins in shadow.")
    typer.echo(f"{name}: {was} → {to}.")


def rows_of_steps(playbook: Playbook, phase: str) -> list[dict[str, Any]]:
    """The steps of a phase for people: number, action, what it does, parameters, and how it is undone."""
    steps: tuple[Step, ...] = getattr(playbook, phase)
    return [
        {
            "step": number,
            "name": step.name or "",
            "action": step.do,
            "does": step.trait.does,
            "with": line(_parameters(step)),
            "afterwards": step.trait.undo or step.trait.reversal.value,
        }
        for number, step in enumerate(steps, start=1)
    ]


def _parameters(step: Step) -> str:
    shared = set(Step.model_fields)
    said = step.model_dump(mode="json", exclude=shared, exclude_unset=True)
    return json.dumps(said, ensure_ascii=False)[1:-1] if said else ""


@app.command()
def lint(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Say what is wrong with playbooks, each with file, line and remedy. Exits with 1 when something is.

    Example: `opsguard playbook lint`.
    """
    with opened(config) as session:
        library = in_use(session)
        found = [("", "error", words) for words in library.problems] + judged(session, library)
    if as_json:
        print_json([{"playbook": name or None, "severity": grade, "words": words} for name, grade, words in found])
    else:
        for _, grade, words in found:
            typer.echo(f"{grade}: {line(words)}")
        if not found:
            typer.echo(f"Nothing is wrong with {len(library.playbooks)} playbooks.")
    if found:
        raise typer.Exit(1)


app.command("test")(rehearsal)
app.command()(plan)
app.command()(outcomes)


@app.command()
def schema() -> None:
    """Print the JSON Schema of playbooks, for editors (docs/playbooks.md says how to use it).

    Example: `opsguard playbook schema > playbook.schema.json`.
    """
    print_json(json_schema())


app.command("log")(playbook_log.log)
for _name, _acting in playbook_acting.COMMANDS.items():
    app.command(_name)(_acting)
