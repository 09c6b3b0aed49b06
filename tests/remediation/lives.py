"""Processes that advance executions and die: at a point of the engine, or at a moment of their work.

Here: the points, read from the modules of the engine; a life. Not here: what has to hold then (`test_kills`).

A forked process must ask no query of Polars (`tests.forks`): lives advance what needs none. What asks people,
or looks at conditions, does; its points are taken by processes of their own (`cold`).
"""

import ast
import inspect
import itertools
import json
import signal
import subprocess
import sys
from datetime import datetime

from pydantic import SecretStr
from sqlalchemy import Engine, event, text

from opsguard_assets.config.settings import Settings
from opsguard_assets.effects import drain_io
from opsguard_assets.effects import io as effects_io
from opsguard_assets.remediation.actions.action import World
from opsguard_assets.remediation.engine import advance_io, approvals_io, claim_io, moves_io, settle_io
from resources.answers import Answer, Outcome
from resources.database import Database
from resources.lake import Lake
from tests import forks
from tests.forks import Forks, die, mortal
from tests.remediation.engines import HandsOver, OtherSide, Writes, catalog
from tests.resources.processes import ROOT

# What the engine calls that reads or changes anything outside of it, by the name that it has there.
OWNERS = {
    "claim_io": claim_io,
    "moves_io": moves_io,
    "approvals_io": approvals_io,
    "effects_io": effects_io,
    "drain_io": drain_io,
    "action": (Writes, HandsOver),
}
# What asks people and ends questions asks Polars, too: only processes of their own reach it.
ASKING = ("approvals_io.ask", "approvals_io.readers_of", "approvals_io.approval_of", "approvals_io.expire")
_NO_GAP = {"drain_io.Drained", "moves_io.deadline_of"}
GOT = "CREATE TABLE IF NOT EXISTS other_got (key text NOT NULL)"


def points():
    """Before and after everything that the engine calls while it moves an execution, and when an effect is settled."""
    called = set()
    for node in ast.walk(ast.parse(inspect.getsource(advance_io))):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            called |= {name} if name.rpartition(".")[0] in OWNERS else set()
    called = {name for name in called - _NO_GAP if name.rpartition(".")[2] in _functions(name)}
    return [f"{when} {name}" for name in sorted(called | {"settled"}) for when in ("before", "after")]


def _functions(name):
    owner = OWNERS[name.rpartition(".")[0]]
    return [each for one in (owner if isinstance(owner, tuple) else (owner,)) for each in vars(one)]


class Remembering(OtherSide):
    """The other side as other processes see it, too: it keeps what it got by a connection of its own."""

    def __init__(self, database, answers=()):
        super().__init__(list(answers))
        self._database = database

    def send(self, effect):
        if effect.payload["key"].startswith("unreachable/"):
            return Answer(Outcome.NOT_REACHED, "nobody is there")
        with self._database.begin() as connection:
            connection.execute(text("INSERT INTO other_got VALUES (:key)"), {"key": effect.payload["key"]})
        return Answer(Outcome.DONE, "got it")


class Lives(Forks):
    """A process that forks others, which advance and may die."""

    def __init__(self):
        super().__init__("tests.remediation.lives")

    def begin(self, engine, point=None):
        """Begins a life; gives the number of its process."""
        return super().begin(*order_of(engine, point))

    def advance(self, engine, point=None):
        """A whole life; True where it was killed."""
        self.begin(engine, point)
        return self.end()


def order_of(engine, point):
    return [engine.database.url.get_secret_value(), engine.world.lake.uri, engine.clock().isoformat(), point]


def cold(engine, point):
    """A life in a process of its own; True where it was killed at the point."""
    program = "import json, sys; from tests.remediation.lives import live; live(*json.loads(sys.argv[1]))"
    done = subprocess.run([sys.executable, "-c", program, json.dumps(order_of(engine, point))], cwd=ROOT, check=False)
    assert done.returncode in {0, -signal.SIGKILL}, done.returncode
    return done.returncode != 0


def serve(orders):
    """Forks a process per order."""
    _ = Database(SecretStr("postgresql://nobody@nowhere/nothing")).engine  # imports the driver, for all of them
    forks.serve(orders, live)


def live(url, lake, now, point):
    """Advances what is due; dies at the point, or at the moment of a number, where there is one."""
    if isinstance(point, int):
        _arm_moment(point)
    elif point is not None:
        _arm(*point.split(" "))
    at, database = datetime.fromisoformat(now), Database(SecretStr(url))
    world = World(database, Lake(lake), Settings.model_validate({"remediation": {"max_autonomy": "alone"}}))
    advance_io.advance(world, [Remembering(database)], now=lambda: at, catalog=catalog())


def _arm_moment(number):
    """Dies at the moment of a number: they are before and after every statement, and before every commit.

    They are counted, not timed: a quick machine kills at as many places as a slow one.
    """
    moments = itertools.count(1)

    def passes(*_):
        if next(moments) == number:
            die()

    for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
        event.listen(Engine, name, passes)


def _arm(when, name):
    owner, _, called = name.rpartition(".")
    if not owner:
        advance_io.settled = mortal(settle_io.settled, when)
        return
    found = OWNERS[owner]
    for one in found if isinstance(found, tuple) else (found,):
        if called in vars(one):
            setattr(one, called, mortal(getattr(one, called), when))
