"""`opsguard raw`: maintains the raw records. Not here: receiving them (`opsguard sync`)."""

from typing import Annotated

import typer

from opsguard_assets.commands.session import ConfigOption, JsonOption, console, errors_as_json, opened, print_json
from opsguard_assets.intake.assets import SYNC_LOCK
from resources.lake import TABLES_LOCK

app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
    help="Maintain the raw records in raw/<source>.",
)


@app.callback()
def commands() -> None:
    """Maintain the raw records in raw/<source>."""


@app.command()
def repair(
    source: Annotated[str, typer.Argument(help="Name of the source in opsguard.yaml.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set aside unreadable rows and files of a source's raw records, and keep the rest.

    Unreadable rows become damaged records with a reason; the next sync puts them into quarantine. Damaged files are
    copied to unreadable/raw/<source> in the lake; deliver their records again.
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
        console.print(f"{count:,} set aside: {reason}", markup=False)
    for name, reason in found.files.items():
        console.print(f"cannot be read, copied to {found.folder}: {name} ({reason})", markup=False)
    console.print(
        "Run `opsguard sync` to continue." + (" Deliver the records of these files again." if found.files else "")
    )
