"""A helpdesk's PostgreSQL database, what a run does to it, and a wire to it that can be cut."""

import itertools
import os
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from resources.ticket_system.change import Change, NewTicket
from resources.ticket_system.sql import SqlSystem

_NUMBERS = itertools.count()
THEN = datetime(2026, 3, 2, 9, tzinfo=UTC)
TABLES = """
CREATE SEQUENCE numbers START 100;
CREATE TABLE tickets (
    id integer PRIMARY KEY DEFAULT nextval('numbers'), priority text, assignee text, status text, changed timestamptz,
    title text, team text
);
CREATE TABLE comments (ticket integer, said text);
CREATE TABLE opsguard_applied (
    idempotency_key varchar(64) PRIMARY KEY, ticket_id varchar(200) NOT NULL, applied_at timestamptz NOT NULL
);
INSERT INTO tickets (id, priority, assignee, status, changed)
SELECT n, 'P3', NULL, 'open', '2026-03-02 09:00+00' FROM generate_series(1, 9) AS n;
"""
UPDATE = (
    "UPDATE tickets SET priority = :priority, assignee = :assignee_id, changed = :now WHERE id = :ticket_id "
    "AND priority = :expected_priority AND assignee IS NOT DISTINCT FROM :expected_assignee_id "
    "AND status = :expected_status"
)
COMMENT = "INSERT INTO comments (ticket, said) VALUES (:ticket_id, :reason)"
WORDS = {"critical": "P1", "high": "P2", "medium": "P3", "low": "P4"}
REMEMBER = "INSERT INTO opsguard_applied (idempotency_key, ticket_id, applied_at) VALUES (:key, :ticket_id, :now)"
RECALL = "SELECT 1 FROM opsguard_applied WHERE idempotency_key = :key"
OPENING = {
    "create_by": (
        "INSERT INTO tickets (priority, status, changed, title, team) "
        "VALUES (:priority, 'open', :now, :title, :group_id) RETURNING id"
    ),
    "cancel_by": (
        "UPDATE tickets SET status = 'cancelled' WHERE id = :ticket_id AND assignee IS NULL AND status = 'open'"
    ),
    "created": "SELECT ticket_id FROM opsguard_applied WHERE idempotency_key = :key",
}


@dataclass(frozen=True)
class DeskDatabase:
    url: str

    @property
    def engine(self):
        return create_engine(make_url(self.url).set(drivername="postgresql+psycopg"), poolclass=NullPool)

    def rows(self, statement):
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(statement))]

    def do(self, statement):
        with self.engine.begin() as connection:
            connection.execute(text(statement))

    def state(self):
        """Ticket 1, how often it was commented on, and how many keys there are."""
        (ticket,) = self.rows("SELECT priority, assignee FROM tickets WHERE id = 1")
        (counts,) = self.rows("SELECT (SELECT count(*) FROM comments), (SELECT count(*) FROM opsguard_applied)")
        return (*ticket, *counts)

    def waiting(self):
        """How many sessions wait for somebody's row."""
        statement = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return self.rows(statement)[0][0]


UNTOUCHED, ESCALATED = ("P3", None, 0, 0), ("P2", "ada", 1, 1)


def created(server):
    name = f"helpdesk_{os.getpid()}_{next(_NUMBERS)}"
    admin = create_engine(make_url(server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    admin.dispose()
    desk = DeskDatabase(make_url(server).set(database=name).render_as_string(hide_password=False))
    desk.do(TABLES)
    return desk


def system(url, **changes):
    given = {"update": UPDATE, "further": (COMMENT,), "remember": REMEMBER, "recall": RECALL, "priorities": WORDS}
    return SqlSystem(url=url, **{**given, "timeout_seconds": 5, **changes})


def change(key="k1", ticket_id="1", **changes):
    given = {
        "step": 1, "priority": "high", "assignee_id": "ada", "reason": "90 % likely", "as_of": THEN,
        "expected_priority": "medium", "expected_assignee_id": None, "expected_status": "open",
        "expected_updated_at": THEN,
    }  # fmt: skip
    return Change(key=key, ticket_id=ticket_id, **{**given, **changes})


def new_ticket(key="k2", **changes):
    given = {
        "title": "Look at D1", "description": "It is silent", "priority": "high", "group_id": "iot", "client_id": None,
        "site_id": "S1", "as_of": THEN,
    }  # fmt: skip
    return NewTicket(key=key, **{**given, **changes})


class Link:
    """Passes bytes between a client on TCP and the server's socket; `cut_at` names what ends it, and on which side."""

    def __init__(self, url):
        parsed = make_url(url)
        folder, port = parsed.query["host"], parsed.port or 5432
        self._target = f"{folder}/.s.PGSQL.{port}"
        self._listener = socket.create_server(("127.0.0.1", 0))
        own = parsed.difference_update_query(["host"]).set(host="127.0.0.1", port=self._listener.getsockname()[1])
        self.url = own.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
        self.cut_at, self.after_passing, self.cuts = None, False, 0

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.close()

    def cut(self, word, *, after_passing, times=1):
        """The next connections end when the client says `word`: before the server hears it, or before it answers."""
        self.cut_at, self.after_passing, self.cuts = word, after_passing, times

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._target)
            ended = (threading.Event(), threading.Event())
            threading.Thread(target=self._there, args=(client, server, ended), daemon=True).start()
            threading.Thread(target=self._back, args=(client, server, ended), daemon=True).start()

    def _there(self, client, server, ended):
        is_cut, answered = ended
        with suppress(OSError):
            while said := client.recv(65536):
                if self.cuts and self.cut_at in said:
                    self.cuts -= 1
                    is_cut.set()
                    if self.after_passing:
                        server.sendall(said)
                        answered.wait(10)
                    break
                server.sendall(said)
        _close(client, server)

    def _back(self, client, server, ended):
        is_cut, answered = ended
        with suppress(OSError):
            while said := server.recv(65536):
                if is_cut.is_set():
                    answered.set()
                    return
                client.sendall(said)
        _close(client)


def _close(*sockets):
    for one in sockets:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
