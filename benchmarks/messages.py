"""Sending 1,000 messages: through the outbox, and by the bare client of the same channel.

Here: what is timed of the delivery, each side with a server in a process of its own. Not here: running the sides
(`timing`).
"""

import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from types import SimpleNamespace

import polars as pl
from pydantic import SecretStr
from sqlalchemy import text

from opsguard_assets.delivery.adapter_io import KIND
from opsguard_assets.delivery.deliver_io import deliver
from opsguard_assets.effects import io as effects_io
from resources.database import Database
from resources.lake import Lake
from resources.postgres import start_embedded

_MANY = 100_000
_INCIDENTS = """
INSERT INTO incidents (group_key, cause, title, state, severity, priority, alerts, unresolved, opened_at, updated_at)
SELECT 'g' || n, 'tickets', 'Incident ' || n, 'open', 'high', 80, 1, 1, now(), now()
FROM generate_series(1, :messages) AS n RETURNING incident_id
"""
_TABLES = "effects, effect_transitions, effect_circuits, incidents, message_threads, notices, incident_alerts"


def sent(postgres: str, channel: str, messages: int, milliseconds: int = 0) -> Callable[[], object]:
    """OpsGuard: messages that are due, looked at again, written, handed over and settled."""
    from tests.delivery.given import mail_transport, slack_transport

    database, server = _database(postgres), Server(channel, milliseconds)
    with database.begin() as connection:
        connection.execute(text(f"TRUNCATE {_TABLES} CASCADE"))
        numbers = connection.execute(text(_INCIDENTS), {"messages": messages}).scalars().all()
        rows = pl.DataFrame([_planned(number, channel) for number in numbers])
        effects_io.plan(connection, KIND, rows, at=datetime.now(UTC), actor="benchmark")
    opened = slack_transport(server) if channel == "slack" else mail_transport(server)

    def work() -> object:
        done = deliver(
            database,
            Lake(tempfile.mkdtemp()),
            {channel: opened},
            zone="UTC",
            link_of=lambda *_: None,
            give_up=timedelta(hours=2),
        )
        if done.settled != {"done": messages}:
            raise RuntimeError(f"{messages:,} messages became {dict(done.settled)}")
        return done

    return work


def bare(channel: str, messages: int, milliseconds: int = 0) -> Callable[[], object]:
    """The floor: the same words by the client of the channel alone, over one connection."""
    from opsguard_assets.delivery.letter import Fact, Letter
    from opsguard_assets.delivery.mails import Envelope, mail_of
    from opsguard_assets.delivery.slack_blocks import slack_message
    from tests.delivery.given import mail_transport, slack_transport

    server = Server(channel, milliseconds)
    letter = Letter(
        subject="HIGH: Incident 1", headline="Incident 1", severity="high",
        facts=[Fact("What", ""), Fact("Where", "at no site"), Fact("By when", "no deadline")], about="incident/1",
    )  # fmt: skip
    if channel == "slack":
        said, workspace = slack_message(letter), slack_transport(server).channel
        return lambda: [workspace.post("C1", str(number), said) for number in range(messages)]
    session = mail_transport(server).server
    envelope = Envelope(sender=session.sender, to="ada@ops.test", key="k", at=datetime.now(UTC))
    texts = [part.get_content() for part in mail_of(letter, envelope).iter_parts()]
    return lambda: [session.send(_mail(letter.subject, texts, number), "ada@ops.test") for number in range(messages)]


def _mail(subject: str, texts: Sequence[str], number: int) -> EmailMessage:
    """A mail as the manual of the standard library writes it: its text is ready, its headers are its own."""
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = subject, "OpsGuard <desk@ops.test>", "ada@ops.test"
    mail["Date"], mail["Message-ID"] = format_datetime(datetime.now(UTC)), f"<{number}@ops.test>"
    mail.set_content(texts[0])
    mail.add_alternative(texts[1], subtype="html")
    return mail


def _planned(number: int, channel: str) -> dict[str, object]:
    address = "C1" if channel == "slack" else "ada@ops.test"
    payload = {
        "notice_id": None, "kind": "raised", "channel": channel, "address": address, "incident_id": number,
        "version": 1, "is_critical": False,
    }  # fmt: skip
    return {"key": f"incident/{number}/{channel}/{address}/raised", "target": channel, "rank": 80.0, "payload": payload}


def _database(postgres: str) -> Database:
    database = Database(SecretStr(start_embedded(Path(postgres))))
    database.migrate()
    return database


class Server:
    """A server of the channel in a process of its own: `url` or `port`."""

    def __init__(self, channel: str, milliseconds: int) -> None:
        """Starts it; Slack's takes so long to answer."""
        command = [sys.executable, "-m", "benchmarks.messages", channel, str(milliseconds)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None  # noqa: S101 - a pipe was asked for
        place = self._process.stdout.readline().strip()
        self.url, self.port = place, int(place) if place.isdigit() else 0


def _serve(channel: str, milliseconds: int) -> None:
    """Serves until its parent process ends."""
    from tests.resources.channels.mail_server import MailServer
    from tests.resources.channels.slack_server import SlackServer

    slack = SlackServer(*["slow"] * (_MANY if milliseconds else 0), slow_seconds=milliseconds / 1000)
    with slack if channel == "slack" else MailServer() as server:
        place = SimpleNamespace(slack=lambda: server.url, mail=lambda: server.port)
        print(getattr(place, channel)(), flush=True)
        threading.Thread(target=sys.stdin.read).run()


if __name__ == "__main__":
    _serve(sys.argv[1], int(sys.argv[2]))
