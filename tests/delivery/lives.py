"""Processes that send and die: at a point of the sender, or whenever they are killed. Importing is paid for once.

Here: the points, read from the modules of the sender; a process that forks others. Not here: what has to hold then.
"""

import ast
import inspect
import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

from pydantic import SecretStr

from opsguard_assets.delivery import adapter_io
from opsguard_assets.delivery.letters_io import Letters
from opsguard_assets.delivery.slack_io import SlackTransport
from opsguard_assets.delivery.transports_io import MailTransport
from opsguard_assets.effects import drain_io
from opsguard_assets.effects import io as store
from resources.channels import mail, slack
from resources.database import Database
from tests.delivery import forks
from tests.delivery.forks import BEGUN
from tests.delivery.given import mail_transport, sent, slack_transport
from tests.resources.processes import ROOT

# What the sender calls that reads or changes anything outside of it, by the name that it has there.
OWNERS = {
    "store": store,
    "self.letters": Letters,
    "self.transport": (SlackTransport, MailTransport),
    "self.channel": slack.SlackChannel,
    "self.server": mail.MailServer,
}
# Functions that write within the transaction of a settlement.
WRITING = ("note_done", "send_again", "_catch_up", "_plan")
_NO_GAP = {"self.letters.read_names"}
LONGEST_SECONDS = 120


def points():
    """Before and after every call of the sender that reads or changes anything, and within its settlements."""
    sources = (
        drain_io.drain, drain_io._tried, drain_io._attempt, adapter_io.ChannelAdapter, adapter_io.note_done,
        adapter_io._catch_up, SlackTransport, MailTransport,
    )  # fmt: skip
    called = set()
    for source in sources:
        for node in ast.walk(ast.parse(inspect.cleandoc("\n" + inspect.getsource(source)))):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                owner = name.rpartition(".")[0]
                if owner in OWNERS or (not owner and name in WRITING):
                    called.add(name)
    return [f"{when} {name}" for name in sorted(called - _NO_GAP) for when in ("before", "after")]


class Lives:
    """A process that forks others, which send and may die.

    Attributes:
        is_cold: Whether each imports the sender itself: for many messages (`forks`).
    """

    def __init__(self, *, is_cold=False):
        self.is_cold = is_cold

    def __enter__(self):
        module, name = ("forks", "serve_cold") if self.is_cold else ("lives", "serve")
        program = f"import sys; from tests.delivery.{module} import {name}; {name}(sys.stdin)"
        self._process = subprocess.Popen(
            [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_):
        self._process.communicate()

    def begin(self, database, lake, clock, point=None, **ports):
        """Begins a life; gives the number of its process, once it is about to send."""
        order = [database.url.get_secret_value(), str(lake), clock().isoformat(), point, ports]
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        said = [self._process.stdout.readline().strip() for _ in range(1 + self.is_cold)]
        assert len(said) == 1 or BEGUN in said, said
        self._number = int(next(word for word in said if word != BEGUN))
        return self._number

    def end(self):
        """Waits for the end of a life; True where it was killed."""
        guard = threading.Timer(LONGEST_SECONDS, kill, [self._number])
        guard.start()
        code = int(self._process.stdout.readline())
        hung = guard.finished.is_set()
        guard.cancel()
        assert not hung, f"a life did not end within {LONGEST_SECONDS} s; see `tests.delivery.forks`"
        assert code in {0, -signal.SIGKILL}, code
        return code != 0

    def send(self, *given, **ports):
        """A whole life; True where it was killed."""
        self.begin(*given, **ports)
        return self.end()


def kill(number):
    """Ends a life that this test began; one that has ended by itself is left."""
    with suppress(ProcessLookupError):
        os.kill(number, signal.SIGKILL)


def serve(orders):
    """Forks a process per order."""
    _ = Database(SecretStr("postgresql://nobody@nowhere/nothing")).engine  # imports the driver, for all of them
    forks.serve(orders, live)


def live(url, lake, now, point, ports):
    """Sends; dies at the point, where there is one."""
    if point is not None:
        _arm(*point.split(" "))
    transports = {}
    if "slack" in ports:
        transports["slack"] = slack_transport(SimpleNamespace(url=ports["slack"]))
    if "mail" in ports:
        transports["mail"] = mail_transport(SimpleNamespace(port=ports["mail"]))
    at = datetime.fromisoformat(now)
    # A long run's clock passes hours; the age limit has tests of its own.
    sent(Database(SecretStr(url)), Path(lake), lambda: at, transports, give_up=timedelta(days=2))


def _arm(when, name):
    owner, _, called = name.rpartition(".")
    for one in _owners(owner, called):
        setattr(one, called, _mortal(getattr(one, called), when))


def _owners(owner, called):
    found = OWNERS[owner] if owner else adapter_io
    return [one for one in (found if isinstance(found, tuple) else (found,)) if hasattr(one, called)]


def _mortal(called, when):
    def dying(*arguments, **options):
        if when == "before":
            _die()
        called(*arguments, **options)
        _die()

    return dying


def _die():
    os.kill(os.getpid(), signal.SIGKILL)
