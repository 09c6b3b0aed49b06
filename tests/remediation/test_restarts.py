"""PostgreSQL ends at once in every state of an execution, and in the middle of a tick: nothing is lost or doubled.

Here: a server of its own that is ended as by `pg_ctl -m immediate` and started again. Not here: workers that die
(`test_kills`).
"""

import os
import signal
import subprocess
import sys
from contextlib import suppress

import psutil
import pytest
from psycopg import OperationalError as LostError
from sqlalchemy import Engine as Connections
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from opsguard_assets.alerts import people
from opsguard_assets.effects import drain_io
from opsguard_assets.effects.drain_io import resolve_unknown
from opsguard_assets.remediation.engine import claim_io, people_io
from opsguard_assets.remediation.engine.approvals_io import decide
from opsguard_assets.remediation.engine.claim_io import standing_of
from opsguard_assets.remediation.engine.settle_io import settled
from opsguard_assets.remediation.engine.states import State
from resources.answers import Outcome
from resources.database import DatabaseError
from resources.postgres import ensure_running, start_embedded, stop_embedded
from resources.postgres.place import place_of
from resources.postgres.processes import has_ended, server_of
from tests.databases import Databases
from tests.remediation.engines import HOOK, NOTE, WAIT, Engine

ONE = {"required": "one"}
LAST = {**NOTE, "name": "last"}
# A run of the product is a process, which ends when its database does; a tick of these tests is said to be one, too.
GONE = "import resources.processes; print(resources.processes.this_mark())"
TABLES = (
    "executions", "execution_steps", "execution_transitions", "approvals", "approval_votes", "trigger_decisions",
    "playbooks", "effects", "effect_transitions", "notices", "done_things",
)  # fmt: skip


class Server:
    """A PostgreSQL of its own."""

    def __init__(self, folder):
        self.folder = folder
        # What is committed is written: unlike the server of other tests this one loses nothing that it promised.
        databases = Databases(start_embedded(folder, settings={"fsync": "off"}))
        self.unused = [databases.migrated(), databases.migrated()]
        databases.close()

    def end(self):
        """Ends it at once: it writes nothing any more, and repairs itself at its next start."""
        process = server_of(place_of(self.folder))
        os.kill(process.pid, signal.SIGQUIT)
        psutil.wait_procs([process], timeout=30)
        assert has_ended(process)

    def restart(self):
        self.end()
        assert ensure_running(self.folder)


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("own") / "data")
    yield server
    stop_embedded(server.folder)


@pytest.fixture(scope="module")
def gone():
    """The mark of a process that has ended."""
    return subprocess.run([sys.executable, "-c", GONE], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def engine(own, lake, gone, monkeypatch):
    for module in (claim_io, drain_io):
        monkeypatch.setattr(module, "this_mark", lambda: gone)
    made = Engine(own.unused.pop(), lake)
    yield made
    made.database.engine.dispose()


def agreed(engine, name):
    """Somebody agrees to what a playbook asked."""
    (row,) = engine.rows(
        "SELECT approval_id FROM approvals JOIN executions USING (execution_id) "
        "WHERE playbook = :name AND decision IS NULL", name=name,
    )  # fmt: skip
    decide(
        engine.world, row["approval_id"], "ada", True, engine.clock(), surface="cli", catalog=engine.catalog
    )  # fmt: skip


def taken(engine):
    """Somebody takes all alerts."""
    for row in engine.rows("SELECT alert_id FROM alerts"):
        people.acknowledge(engine.database, row["alert_id"], at=engine.clock(), actor="ada")


def everything(engine):
    return {table: engine.rows(f"SELECT * FROM {table} ORDER BY 1, 2, 3") for table in TABLES}


def by_playbook(engine):
    return {row["playbook"]: row["state"] for row in engine.executions()}


def in_every_state(engine):
    """One execution in each state, and one that a worker took which is gone."""
    engine.use(NOTE, name="asks", approval=ONE)
    engine.use(NOTE, name="expires", approval={**ONE, "expires_minutes": 1})
    engine.use(HOOK, LAST, name="doubts", approval=ONE)
    engine.use(WAIT, LAST, name="waits")
    engine.use(NOTE, name="succeeds")
    engine.use({**NOTE, "name": "broken", "on_failure": "continue"}, LAST, name="goes-on")
    engine.use({**NOTE, "name": "broken"}, name="fails", on_failure=[NOTE])
    engine.use(WAIT, name="is-cancelled")
    engine.goes("D1")
    agreed(engine, "doubts")
    engine.other.answers = [Outcome.UNKNOWN]
    engine.clock.passes(minutes=1)
    engine.advanced()
    number = next(row["execution_id"] for row in engine.executions() if row["playbook"] == "is-cancelled")
    people_io.cancel(engine.database, engine.world.settings, number, actor="ada", note="enough", now=engine.clock())
    engine.playbooks = []
    engine.use(NOTE, name="was-taken")
    engine.alert("D1", "D2", minutes=15)
    engine.triggered()
    assert len(claim_io.claim(engine.database, engine.clock())[0]) == 1


def test_what_every_state_says_survives_a_restart_and_the_next_tick_goes_on(engine, own):
    in_every_state(engine)
    before, states = everything(engine), by_playbook(engine)
    assert sorted(states.values()) == sorted(State)
    own.restart()
    engine.database.engine.dispose()
    assert everything(engine) == before
    over = {"expires": "expired", "succeeds": "succeeded", "goes-on": "partial", "fails": "failed"}
    taken(engine)
    agreed(engine, "asks")
    (doubt,) = engine.rows("SELECT effect_id FROM effects WHERE state = 'unknown'")
    with engine.database.begin() as connection:
        said = {"happened": True, "actor": "ada", "words": "it came", "on_settled": settled}
        assert resolve_unknown(connection, doubt["effect_id"], **said)
    engine.clock.passes(minutes=2)
    engine.advanced()
    went_on = dict.fromkeys(("asks", "doubts", "waits", "was-taken"), "succeeded")
    assert by_playbook(engine) == {**over, **went_on, "is-cancelled": "cancelled"}
    assert len(engine.other.got) == 1
    assert len(engine.things()) == len(set(engine.things())) == 7
    ended = {row["execution_id"]: row for row in before["executions"] if row["ended_at"]}
    assert all(row == ended[row["execution_id"]] for row in engine.executions() if row["playbook"] in over)


class Breaks:
    """The server ends at the commit of a number: before it was done, or after it, so that nobody heard that it was.

    Where `comes_back` it runs again before the worker asks the next question.
    """

    def __init__(self, server, number, *, is_done, comes_back):
        self.server, self.number, self.is_done, self.comes_back = server, number, is_done, comes_back
        self.commits = 0

    def __enter__(self):
        event.listen(Connections, "commit", self._passes)
        return self

    def __exit__(self, *_):
        event.remove(Connections, "commit", self._passes)
        ensure_running(self.server.folder)

    @property
    def has_broken(self):
        return self.commits >= self.number

    def _passes(self, connection):
        self.commits += 1
        if self.commits == self.number:
            if self.is_done:
                connection.connection.dbapi_connection.commit()
            (self.server.restart if self.comes_back else self.server.end)()
            if self.is_done:
                lost = LostError("the server closed the connection unexpectedly")
                raise OperationalError("COMMIT", None, lost)


def at_work(engine):
    """Executions that write, call, wait and ask, three of each."""
    wide = {"limits": {"at_once_per_site": 9, "per_hour": 90}}
    engine.use(NOTE, {**NOTE, "name": "second"}, name="writes", **wide)
    engine.use(HOOK, LAST, name="calls", approval=ONE, **wide)
    engine.use(WAIT, LAST, name="waits", **wide)
    engine.use({**NOTE, "name": "flaky", "retries": 1}, name="tries-again", **wide)
    engine.goes("D1", "D2")
    while any(row["decision"] is None for row in engine.approvals()):
        engine.change("UPDATE approvals SET decision = 'approved', decided_at = :now", now=engine.clock())
    taken(engine)
    engine.clock.passes(minutes=2)
    engine.change("UPDATE executions SET due_at = :now WHERE ended_at IS NULL", now=engine.clock())


def test_a_tick_whose_server_ends_at_any_commit_leaves_what_the_next_one_goes_on_from(engine, own):
    at_work(engine)
    broken = 0
    for number in range(1, 100):
        with Breaks(own, number, is_done=number % 2 == 0, comes_back=number % 4 > 1) as server, suppress(DatabaseError):
            engine.advanced()
        # The next tick is another process: it has none of these connections.
        engine.database.engine.dispose()
        engine.clock.passes(minutes=1)
        if not server.has_broken:
            break
        broken += 1
    assert broken >= 5
    standing = standing_of(engine.database, engine.clock())
    assert (standing.unended, standing.overdue, standing.leased) == (0, 0, 0)
    assert {row["state"] for row in engine.executions()} <= {"succeeded", "unknown"}
    done = [row for row in engine.rows("SELECT * FROM execution_steps") if row["action"] == "notify"]
    assert {row["state"] for row in done} == {"done"}
    assert len(engine.things()) == len(set(engine.things())) == len(done)
    calls = [row for row in engine.rows("SELECT * FROM execution_steps") if row["action"] == "webhook"]
    assert len(engine.other.got) == len(set(engine.other.got))
    assert all(row["state"] == "unknown" or row["idempotency_key"] in engine.other.got for row in calls)
