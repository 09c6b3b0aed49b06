"""The command `opsguard`: its commands, its version, and how errors are printed.

Here: names, help and errors. Not here: what commands do (`opsguard_assets.commands`). Commands are imported when they
are called, so that `--help` stays fast.
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
    "up": "Open OpsGuard's pages, Dagster (UI and daemon) and MLflow on the same data.",
    "demo": "Load once, score one moment of every domain, and show the results.",
    "status": "Show the state: ticks and their lag, alerts, models, sources, pending and failed work.",
    "sync": "Load everything new from the sources.",
    "tick": "Run one tick of a frequent job.",
    "ticks": "List settled ticks; withdraw those that were settled by mistake.",
    "train": "Train a risk model on what was known at a given time, and compare the candidates in MLflow.",
    "evaluate": "Evaluate trained models and the rule baseline on later outcomes.",
    "replay": "Show which alerts a past period would have had, and which events they would have missed.",
    "models": "Show the champions: version, since when, and why.",
    "promote": "Make a version champion.",
    "rollback": "Restore the previous champion.",
    "escalations": "List escalations and their results; resolve unknown ones.",
    "alerts": "Show what is wrong now and why; acknowledge, resolve, mute.",
    "deliver": "Send what is due to people; list messages; resolve unknown ones.",
    "incidents": "Show alerts that belong together and who has them; acknowledge, resolve, split, merge.",
    "route": "Say who would be told of an alert, when, and by what rule.",
    "playbook": "What is done about alerts by itself: playbooks, their executions and approvals.",
    "scorecard": "Monthly scorecards: build, look, review, sign, send, prove, restate.",
    "check": "Find routes that nothing reaches, hours without anybody on duty, people without an address.",
    "shifts": "Show who is missing, and the evidence for a verdict.",
    "vendors": "Show the scores of vendors, and what changed them.",
    "finance": "Show recurring revenue, invoices, projections and returns; write the finance page.",
    "pilot": "Show what a pilot predicted, prevented and was worth; write its page, PDF and workbook.",
    "simulate": "Write the records of a simulated provider for a period, and their ground truth.",
    "tables": "Print the contract: tables, columns, units, rules.",
    "raw": "Repair the raw records: set aside what cannot be read.",
    "serve": "Serve the pages behind links in messages, and Slack's buttons, without Dagster.",
    "verify": "Prove every capability on a simulated provider whose truth is known.",
    "doctor": "Check versions, stores, sources and permissions, and name the remedies.",
}


class _Lazy(TyperGroup):
    """Commands that are imported when they are needed."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the library's signature
        """In the order in which a new user needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - the library's signature
        """The command with this name, or None."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"opsguard_assets.commands.{cmd_name}")
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - the library's signature
        """One line per command, without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


app = typer.Typer(
    cls=_Lazy,
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="OpsGuard: facility operations on Dagster. `opsguard demo` shows it on a simulated provider; "
    "`opsguard up` opens the UIs. Data is stored in OPSGUARD_HOME (default .opsguard).",
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
    """Options that come before the command."""
    _state["debug"] = debug


_state = {"debug": False}


def main() -> None:
    """Runs the command line and ends the process with an exit code."""
    signal.signal(signal.SIGTERM, _terminated)
    sys.exit(run(lambda: app(standalone_mode=False)))


def _terminated(*_: object) -> None:
    """Ends the process in order: stores are closed, and the embedded server stops with its last user."""
    # A second signal must not interrupt the shutdown that the first one started.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(TERMINATED)


def run(call: Callable[[], Any]) -> int:
    """Runs `call` and turns an error into one readable paragraph and an exit code."""
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


# Messages of the library, and what a person needs to know instead.
_PLAIN = (
    (re.compile(r"Value error, "), ""),
    (re.compile(r"Input should be a valid integer.*"), "write a whole number."),
    (re.compile(r"Input should be a valid number.*"), "write a number."),
    (re.compile(r" \(Possible options: .*\)"), ""),
)
_CHOICES = re.compile(r"'([^']*)' is not one of (.*?)\.?$")


def _say_usage(error: Any) -> int:
    """Prints what is wrong with the command line, and where help is; returns 2 for wrong usage."""
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
    """The command, option or choice that was probably meant."""
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
        shown.print("OpsGuard does not expect this error; `opsguard --debug …` shows where it comes from.")
