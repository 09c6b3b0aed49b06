"""A run killed at any point, two runs at once, for every kind of ticket system: each escalation happens once."""

from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from itertools import product

import pytest
from sqlalchemy import text

from opsguard_assets.tickets.escalation.escalate import LOCK, Waits, escalate
from resources.ticket_system.record import RecordOnlySystem
from resources.ticket_system.webhook import WebhookSystem
from tests.alerts.writers import sessions, waiting
from tests.long import chosen, long
from tests.resources.processes import finished, start, wait_for
from tests.resources.ticket_system import desk as helpdesk
from tests.resources.ticket_system.receiver import SECRET, Receiver
from tests.tickets.desks import RULES, given, on_duty_now
from tests.tickets.escalators import rows

_RUN = """
import sys
from datetime import datetime
from pydantic import SecretStr
from resources.database import Database
from tests.tickets.test_escalation_interrupted import run, system_of
url, kind, address, at = sys.argv[1:]
print(dict(run(Database(SecretStr(url)), system_of(kind, address), datetime.fromisoformat(at)).settled))
"""


def system_of(kind, address):
    if kind == "record":
        return RecordOnlySystem()
    if kind == "sql":
        return helpdesk.system(address, timeout_seconds=60)
    return WebhookSystem(url=address, signing_secret=SECRET, timeout_seconds=60, backoff_seconds=0.01)


def run(database, system, at):
    return escalate(database, system, given(at, "1", where=on_duty_now("ada", lead="lea")), at, RULES, Waits())


class Outside:
    """The helpdesk of a kind: its address, how to stop it in the middle of a change, and how often it was changed."""

    def __init__(self, kind, server, stack):
        self.kind, self.address = kind, "nowhere"
        if kind == "sql":
            self.desk = helpdesk.created(server)
            self.address = self.desk.url
        if kind == "webhook":
            self.receiver = stack.enter_context(Receiver())
            self.address = self.receiver.url

    def process(self, database_url, at):
        return start(_RUN, database_url, self.kind, self.address, at.isoformat())

    def changes(self):
        if self.kind == "sql":
            (*ticket, comments, keys) = self.desk.state()
            assert comments == keys == (tuple(ticket) == ("P2", "ada"))
            return comments
        return len(self.receiver.applied) if self.kind == "webhook" else None

    @contextmanager
    def busy(self):
        """A change of the ticket gets stuck; the function that is given says whether somebody is."""
        if self.kind == "sql":
            with self.desk.engine.connect() as person:
                person.execute(text("SELECT * FROM tickets WHERE id = 1 FOR UPDATE"))
                yield lambda: self.desk.waiting() == 1
        else:
            self.receiver.held.clear()
            yield lambda: len(self.receiver.applied) == 1
            self.receiver.held.set()


def stuck(database):
    """How many sessions wait for a row or a table."""
    statement = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with database.begin() as connection:
        return connection.execute(text(statement)).scalar_one()


@contextmanager
def locked(database, statement):
    with database.begin() as blocking:
        blocking.execute(text(statement))
        yield lambda: stuck(database) == 1


@pytest.fixture
def stack():
    with ExitStack() as opened:
        yield opened


@pytest.fixture
def at():
    return datetime.now(UTC).replace(microsecond=0)


def killed_while(database, blocking, process):
    with blocking as is_stuck:
        victim = process()
        wait_for(is_stuck)
        victim.kill()
        victim.communicate()
    wait_for(lambda: sessions(database) == 0)


def assert_happened_once(database, outside, system):
    (row,) = rows(database, "escalations", "ticket_id")
    assert (row["ticket_id"], row["step"], row["state"], row["to_assignee_id"]) == ("1", 1, "done", "ada")
    assert row["ticket_system"] == system.kind
    told = [notice["person_id"] for notice in rows(database, "escalation_notices", "person_id")]
    assert told == ["ada", "lea"]
    states = [step["to_state"] for step in rows(database, "escalation_transitions", "transition_id")]
    assert states[0] == "planned"
    assert states[-1] == "done"
    assert states.count("done") == states.count("planned") == 1
    assert outside.changes() in {None, 1}


POINTS = {
    "plan": "LOCK TABLE effects IN SHARE MODE",
    "history": "LOCK TABLE effect_transitions IN SHARE MODE",
    "record": "LOCK TABLE escalation_steps IN SHARE MODE",
    "tick": "LOCK TABLE escalation_ticks IN SHARE MODE",
    "result": "LOCK TABLE escalation_notices IN SHARE MODE",
}
# The others repeat them at another place and for another kind; so do the adapters of effects.
FIRST = [("webhook", "plan"), ("webhook", "result")]
KILLED = chosen(
    [*FIRST, *(each for each in product(("webhook", "sql", "record"), POINTS) if each not in FIRST)], number=2
)
HANDING_OVER = chosen([("webhook", "hand-over"), ("sql", "hand-over")])


@pytest.mark.parametrize(
    ("kind", "point"),
    [*KILLED, *HANDING_OVER],
)
def test_a_run_that_is_killed_is_finished_by_the_next_one(database, database_url, server, stack, at, kind, point):
    outside = Outside(kind, server, stack)
    blocking = outside.busy() if point == "hand-over" else locked(database, POINTS[point])
    killed_while(database, blocking, lambda: outside.process(database_url, at))
    if kind == "sql" and point == "hand-over":
        wait_for(lambda: outside.desk.rows("SELECT count(*) FROM pg_stat_activity WHERE state <> 'idle' "
                                           "AND datname = current_database()") == [(1,)])  # fmt: skip
    before = rows(database, "escalations", "ticket_id")
    expected = {"hand-over": "sent", "result": "sent"}.get(point) if kind != "record" else None
    assert [row["state"] for row in before] == ([expected] if expected else [])
    assert outside.changes() in {None, int(point == "result" or (kind == "webhook" and point == "hand-over"))}
    system = system_of(kind, outside.address)
    for _ in range(2):
        run(database, system, at)
    assert_happened_once(database, outside, system)


@long
@pytest.mark.parametrize("kind", chosen(["webhook", "sql"]))
def test_a_run_that_is_killed_before_it_says_that_it_hands_over(database, database_url, server, stack, at, kind):
    outside = Outside(kind, server, stack)
    with database.begin() as connection:
        connection.execute(text("CREATE TABLE gate (id int); INSERT INTO gate VALUES (1)"))
        connection.execute(
            text(
                "CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN PERFORM 1 FROM opsguard.gate FOR UPDATE; RETURN NEW; END $$; "
                "CREATE TRIGGER gate BEFORE UPDATE ON effects FOR EACH ROW EXECUTE FUNCTION wait_at_gate()"
            )
        )
    stop = locked(database, "SELECT * FROM gate FOR UPDATE")
    killed_while(database, stop, lambda: outside.process(database_url, at))
    assert [row["state"] for row in rows(database, "escalations", "ticket_id")] == ["planned"]
    assert outside.changes() == 0
    system = system_of(kind, outside.address)
    for _ in range(2):
        run(database, system, at)
    assert_happened_once(database, outside, system)


@pytest.mark.parametrize("kind", ["webhook", pytest.param("sql", marks=long), pytest.param("record", marks=long)])
def test_two_runs_at_once_escalate_once(database, database_url, server, stack, at, kind):
    outside = Outside(kind, server, stack)
    with database.lock(LOCK):
        both = [outside.process(database_url, at) for _ in range(2)]
        wait_for(lambda: waiting(database, "advisory") == 2)
    said = sorted(finished(process) for process in both)
    assert said.count("{'done': 1}") == 1
    assert_happened_once(database, outside, system_of(kind, outside.address))


@pytest.mark.parametrize("kind", ["sql", "webhook"])
def test_what_a_person_changes_between_plan_and_hand_over_stays(database, server, stack, at, kind):
    outside = Outside(kind, server, stack)
    if kind == "sql":
        outside.desk.do("UPDATE tickets SET priority = 'P1' WHERE id = 1")
    else:
        outside.receiver.priority = "critical"
    done = run(database, system_of(kind, outside.address), at)
    assert done.settled == {"superseded": 1}
    assert rows(database, "escalation_notices", "person_id") == []
    kept = outside.desk.state()[0] if kind == "sql" else outside.receiver.priority
    assert kept == {"sql": "P1", "webhook": "critical"}[kind]
