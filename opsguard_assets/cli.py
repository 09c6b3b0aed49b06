"""The command `opsguard`: which commands there are, and how an error reads.

Here: names, help and errors. Not here: what commands do (`opsguard_assets.commands`). Commands are imported when they
are called, so that `--help` answers at once.
"""

import signal
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup
from typer.exceptions import TyperException

FAILED, USAGE, INTERRUPTED, TERMINATED = 1, 2, 130, 143
COMMANDS = {
    "up": "Open Dagster (UI and daemon) and MLflow on the same data.",
    "demo": "Load once, compute one moment of everything that is fed, show what came of it.",
    "status": "Show how things stand: ticks and their lag, alerts, models, sources, what waits or failed.",
    "sync": "Load everything new from the sources.",
    "tick": "Compute one moment of a frequent job.",
    "train": "Learn a risk model from what was known by an instant, and compare the candidates in MLflow.",
    "evaluate": "Judge trained models, and the rule, by what happened afterwards.",
    "replay": "What would have been alerted in a past period, when, and what missed.",
    "models": "Who is champion since when, and why.",
    "promote": "Make a version champion.",
    "rollback": "Back to the champion before.",
    "escalations": "What was escalated and what became of it; end what is unknown.",
    "alerts": "What is wrong now and why; acknowledge, resolve, mute.",
    "shifts": "Who is missing, and what a verdict on a shift rests on.",
    "vendors": "Who does the work well, who does not, and why.",
    "simulate": "Write the records of a simulated provider in a period, and the truth about them.",
    "tables": "Print the contract: tables, columns, units, rules.",
    "raw": "Look after records as received: set apart what cannot be read.",
    "doctor": "Check versions, stores, sources and permissions, and say the remedy.",
}


class _Lazy(TyperGroup):
    """Commands that are imported when they are needed."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the library's signature
        """In the order in which a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - the library's signature
        """The command of a name, or None."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"opsguard_assets.commands.{cmd_name}")
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - the library's signature
        """One line each, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


app = typer.Typer(
    cls=_Lazy,
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="OpsGuard: facility operations on Dagster. `opsguard demo` shows it on a simulated provider; "
    "`opsguard up` opens the UIs. Stores lie in OPSGUARD_HOME (default .opsguard).",
    epilog="Exit codes: 0 done, 1 failed (the reason is on standard error), 2 wrong usage, 130 interrupted, "
    "143 terminated.",
)


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the whole traceback of an error.")] = False,
) -> None:
    """Options before the command."""
    _state["debug"] = debug


_state = {"debug": False}


def main() -> None:
    """Runs the command line and ends the process with a code that means something."""
    signal.signal(signal.SIGTERM, _terminated)
    sys.exit(run(lambda: app(standalone_mode=False)))


def _terminated(*_: object) -> None:
    """Ends the process in order: open stores are closed, and the embedded server stops with its last user."""
    # A second request must not break off what the first one asked for.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(TERMINATED)


def run(call: Callable[[], Any]) -> int:
    """Runs `call` and turns errors into one readable paragraph and a code."""
    try:
        result = call()
    except (typer.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except TyperException as error:
        usage: Any = error  # the class that Typer raises shows itself and knows its code; its base does not say so
        usage.show()
        return int(usage.exit_code)
    except Exception as error:
        if _state["debug"]:
            raise
        _say(error)
        return FAILED
    return result if isinstance(result, int) else 0


def _say(error: Exception) -> None:
    familiar = type(error).__module__.startswith(("opsguard_assets", "resources", "ml", "sensors"))
    text = str(error) if familiar else f"{type(error).__name__}: {error}"
    shown = Console(stderr=True, markup=False, highlight=False, soft_wrap=True)
    shown.print(text)
    if not familiar:
        shown.print("This is not an error that OpsGuard knows; `opsguard --debug …` shows where it comes from.")
