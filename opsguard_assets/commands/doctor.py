"""`opsguard doctor`: what is wrong with this installation, and what to do about it.

Here: the command. Not here: the checks (`diagnosis`).
"""

import os

import typer

from opsguard_assets.commands.diagnosis import diagnose
from opsguard_assets.commands.session import ConfigOption, JsonOption, console, environment_of, print_json, print_rows

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def doctor(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Check versions, stores, sources and permissions, and name the remedies. Exits with 1 when something is wrong."""
    findings = diagnose(environment_of(config), os.environ)
    if as_json:
        print_json([vars(finding) for finding in findings])
    else:
        rows = [{"": "ok" if f.is_sound else "WRONG", "what": f.what, "found": f.found} for f in findings]
        print_rows("OpsGuard's health", rows)
        for finding in findings:
            if not finding.is_sound:
                console.print(f"{finding.what}: {finding.remedy}", markup=False, style="red")
    if not all(finding.is_sound for finding in findings):
        raise typer.Exit(1)
