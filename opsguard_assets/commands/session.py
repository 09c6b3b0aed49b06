"""Opens a session for a command: reads the environment, opens the stores, loads the settings.

Here: shared options, and printing of results. Not here: any command.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table as RichTable

from opsguard_assets.config.load import load_settings_of
from opsguard_assets.config.settings import Settings
from opsguard_assets.intake.mapping.contract import misfits
from opsguard_assets.views.texts import visible
from resources.environment import Environment, check_lake, read_environment, variables
from resources.installation import Installation, open_installation
from resources.room import stored_in

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", help="Path of an opsguard.yaml. Default: OPSGUARD_CONFIG, else the simulated provider."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]

console = Console(stderr=True)
# In a file or a pipe the width is unknown, so rows are not wrapped.
_WIDE = 240


@dataclass(frozen=True, eq=False)
class Session:
    """One command's view of the installation; what it has built is kept by its identity."""

    installation: Installation
    settings: Settings


def environment_of(config: Path | None) -> Environment:
    """The environment of this process; `--config` takes precedence over `OPSGUARD_CONFIG`."""
    place = read_environment(os.environ)
    return replace(place, config=config.expanduser().resolve()) if config else place


@contextmanager
def opened(config: Path | None) -> Iterator[Session]:
    """Opens the stores and settings for one command; child processes use the same stores."""
    place = environment_of(config)
    check_lake(place)
    settings = load_settings_of(place, os.environ, misfits)
    lake = [] if "://" in place.lake else [Path(place.lake)]
    with stored_in(place.home, *lake):
        installation = open_installation(place)
        # How MLflow makes its tables is no news to a newcomer.
        quiet = {"MLFLOW_LOGGING_LEVEL": os.environ.get("MLFLOW_LOGGING_LEVEL", "WARNING")}
        with variables({**quiet, **installation.variables(os.environ)}):
            yield Session(installation, settings)


@contextmanager
def errors_as_json(as_json: bool) -> Iterator[None]:  # noqa: FBT001 - the option of the command, passed on
    """With --json, an error is also printed as a JSON document on standard output."""
    try:
        yield
    except Exception as error:
        if as_json:
            print_json({"error": str(error)})
        raise


def print_json(document: object) -> None:
    """Writes one JSON document to standard output; instants are ISO 8601."""
    json.dump(document, sys.stdout, indent=2, default=_as_json)
    sys.stdout.write("\n")


def _as_json(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def print_rows(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes rows as a table to standard output; texts are never interpreted as markup."""
    table = RichTable(header_style="bold", box=None, pad_edge=False)
    columns = list(dict.fromkeys(column for row in rows for column in row))
    for column in columns:
        words = column.split("_")
        table.add_column(" ".join(words), overflow="fold", min_width=max(map(len, words)))
    for row in rows:
        table.add_row(*(_plain(name, row.get(name)) for name in columns))
    is_told = sys.stdout.isatty() or "COLUMNS" in os.environ
    shown = Console(markup=False, highlight=False, width=None if is_told else _WIDE)
    if not rows:
        shown.print(f"{title}: none")
        return
    # Rich would wrap the title at the width of the table.
    shown.print(title, soft_wrap=True)
    shown.print(table)


def _plain(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.2%}" if name.endswith("_share") else f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else visible(str(value))
