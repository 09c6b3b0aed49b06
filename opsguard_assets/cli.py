"""The command `opsguard`: which commands there are, its version, and how an error reads.

Here: names, help and errors. Not here: what commands do (`opsguard_assets.commands`). Commands are imported when they
are called, so that `--help` answers at once.
"""

import difflib
import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from importlib import import_module, metadata
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup
from typer.exceptions import TyperException

from resources.revision import code_revision

FAILED, USAGE, INTERRUPTED, TERMINATED = 1, 2, 130, 143
COMMANDS = {
    "up": "Open Dagster (UI and daemon) and MLflow on the same data.",
    "demo": "Load once, compute one moment of everything that is fed, show what came of it.",
    "status": "Show how things stand: ticks and their lag, alerts, models, sources, what waits or failed.",
    "sync": "Load everything new from the sources.",
    "tick": "Compute one moment of a frequent job.",
    "ticks": "Which moments were settled; withdraw what was settled wrongly.",
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


def _version(*, is_asked: bool) -> None:
    if is_asked:
        revision = code_revision(os.environ)
        typer.echo(f"OpsGuard {metadata.version('opsguard')}" + (f" (revision {revision[:12]})" if revision else ""))
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[  # noqa: ARG001 - its callback acts
        bool,
        typer.Option(
            "--version", callback=lambda value: _version(is_asked=value), is_eager=True, help="Show the version."
        ),
    ] = False,
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
        return _say_usage(error)
    except Exception as error:
        if _state["debug"]:
            raise
        _say(error)
        return FAILED
    return result if isinstance(result, int) else 0


# What the library says of a value, and what a person needs to know.
_PLAIN = (
    (re.compile(r"Value error, "), ""),
    (re.compile(r"Input should be a valid integer.*"), "write a whole number."),
    (re.compile(r"Input should be a valid number.*"), "write a number."),
    (re.compile(r" \(Possible options: .*\)"), ""),
)
_CHOICES = re.compile(r"'([^']*)' is not one of (.*?)\.?$")


def _say_usage(error: Any) -> int:
    """Says what is wrong with the words of the command line, in one line, and where help is; 2 for wrong usage."""
    if error.format_message().startswith("Usage:"):  # a group without its command shows its help
        error.show()
        return int(error.exit_code)
    words = " ".join(error.format_message().split())
    for pattern, plain in _PLAIN:
        words = pattern.sub(plain, words)
    if close := _close_to(words, error):
        words = f"{words.rstrip('.')}. Did you mean {close}?"
    context = getattr(error, "ctx", None)
    shown = Console(stderr=True, markup=False, highlight=False, soft_wrap=True)
    shown.print(f"Error: {words}")
    shown.print(f"Help: {context.command_path if context else 'opsguard'} --help")
    return int(error.exit_code)


def _close_to(words: str, error: Any) -> str | None:
    """What was probably meant by a command, an option or a choice that does not exist."""
    if "Did you mean" in words:
        return None
    context = getattr(error, "ctx", None)
    if (named := re.search(r"No such command '([^']*)'", words)) and context:
        return _closest(named[1], context.command.list_commands(context))
    if getattr(error, "possibilities", None):
        return _closest(error.option_name, error.possibilities)
    if chosen := _CHOICES.search(words):
        return _closest(chosen[1], re.findall(r"'([^']*)'", chosen[2]))
    return None


def _closest(word: str, known: Sequence[str]) -> str | None:
    return next(iter(difflib.get_close_matches(word, known, n=1)), None)


def _say(error: Exception) -> None:
    familiar = type(error).__module__.startswith(("opsguard_assets", "resources", "ml", "sensors"))
    text = str(error) if familiar else f"{type(error).__name__}: {error}"
    shown = Console(stderr=True, markup=False, highlight=False, soft_wrap=True)
    shown.print(text)
    if not familiar:
        shown.print("This is not an error that OpsGuard knows; `opsguard --debug …` shows where it comes from.")
