"""`opsguard tables`: the contract in the terminal. Not here: the contract (`opsguard_assets.tables`)."""

from typing import Annotated

import typer

from opsguard_assets.commands.session import JsonOption, print_json, print_rows
from opsguard_assets.tables.describe import describe, row_rules
from opsguard_assets.tables.registry import TABLES, UnknownTableError, table

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def tables(
    name: Annotated[str | None, typer.Argument(help="A table. Default: list all tables.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Print the canonical tables that sources fill, column by column, with units and rules.

    Examples: `opsguard tables`, `opsguard tables tickets`, `opsguard tables tickets --json`.
    """
    if name is None:
        rows = [
            {"table": t.name, "room": t.room, "key": ", ".join(t.key), "one_row_is": t.grain} for t in TABLES.values()
        ]
        if as_json:
            print_json(rows)
        else:
            print_rows("Canonical tables", rows)
        return
    try:
        chosen = table(name)
    except UnknownTableError as error:
        raise typer.BadParameter(str(error)) from None
    columns, rules = [vars(words) for words in describe(chosen)], row_rules(chosen)
    if as_json:
        print_json({"table": name, "grain": chosen.grain, "key": chosen.key, "columns": columns, "rules": rules})
        return
    print_rows(f"{name}: {chosen.grain} Key: {', '.join(chosen.key)}.", columns)
    for rule in rules:
        typer.echo(f"rule: {rule}")
