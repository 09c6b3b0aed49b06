"""`opsguard raw`: records as they were received. Not here: receiving them (`opsguard sync`)."""

from typing import Annotated

import typer

from opsguard_assets.commands.session import ConfigOption, JsonOption, console, errors_as_json, opened, print_json
from opsguard_assets.intake.assets import SYNC_LOCK, TABLES_LOCK

app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
    help="Records as they were received, in raw/<source>.",
)


@app.callback()
def commands() -> None:
    """Records as they were received, in raw/<source>."""


@app.command()
def repair(
    source: Annotated[str, typer.Argument(help="The source, by its name in opsguard.yaml.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set apart the rows and files of a source's raw records that cannot be read, and keep the rest.

    Rows become damaged records with their reason, which the next sync puts into quarantine. Damaged files are copied to
    unreadable/raw/<source> in the lake; deliver again what was in them.
    """
    from opsguard_assets.intake.receiving.raw_repair import repair as repaired  # noqa: PLC0415 - imports PyArrow

    with errors_as_json(as_json), opened(config) as session:
        database, lake = session.installation.database, session.installation.lake
        with database.lock(f"{SYNC_LOCK} {source}"), database.lock(TABLES_LOCK):
            found = repaired(lake.uri, source)
    if as_json:
        print_json({"kept": found.kept, "apart": found.apart, "files": found.files, "folder": found.folder})
        return
    if found.is_sound:
        console.print(f"raw/{source}: all {found.kept:,} rows can be read. Nothing was changed.")
        return
    console.print(f"raw/{source}: {found.kept:,} rows are kept.")
    for reason, count in found.apart.items():
        console.print(f"{count:,} set apart: {reason}", markup=False)
    for name, reason in found.files.items():
        console.print(f"cannot be read, copied to {found.folder}: {name} ({reason})", markup=False)
    console.print("Run `opsguard sync` to go on." + (" Deliver again what was in the files." if found.files else ""))
