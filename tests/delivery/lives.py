"""Processes that send and die: at a point of the sender, or whenever they are killed. Importing is paid for once.

Here: the points, read from the modules of the sender; a process that forks others. Not here: what has to hold then.
"""

import ast
import inspect
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
from tests import forks
from tests.delivery.given import mail_transport, sent, slack_transport
from tests.forks import Forks, mortal

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


class Lives(Forks):
    """A process that forks others, which send and may die."""

    def __init__(self, *, is_cold=False):
        """`is_cold`: each imports the sender itself, for many messages (`tests.forks`)."""
        super().__init__(f"tests.delivery.{'cold' if is_cold else 'lives'}", says_begun=is_cold)

    def begin(self, database, lake, clock, point=None, **ports):
        """Begins a life; gives the number of its process, once it is about to send."""
        return super().begin(database.url.get_secret_value(), str(lake), clock().isoformat(), point, ports)

    def send(self, *given, **ports):
        """A whole life; True where it was killed."""
        self.begin(*given, **ports)
        return self.end()


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
        setattr(one, called, mortal(getattr(one, called), when))


def _owners(owner, called):
    found = OWNERS[owner] if owner else adapter_io
    return [one for one in (found if isinstance(found, tuple) else (found,)) if hasattr(one, called)]
