"""Effects of a kind of their own, planned and drained under a clock that is set; and processes that kill themselves."""

import ast
import inspect
import json
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import polars as pl
from pydantic import SecretStr
from sqlalchemy import text

from opsguard_assets.effects import drain_io
from opsguard_assets.effects import io as store
from opsguard_assets.effects.machine import Policy
from resources.database import Database
from tests import forks
from tests.effects.outside import adapter_of
from tests.forks import Forks, die, mortal

KIND = "trial"


@dataclass
class Clock:
    """A clock that only moves when it is told to."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def __call__(self):
        return self.at

    def passes(self, **time):
        self.at += timedelta(**time)


def planned(database, clock, target, payloads):
    """Plans effects named by their numbers; the first has the greatest rank. Gives the numbers of the new ones."""
    frame = pl.DataFrame(
        [
            {"key": str(number), "target": target, "rank": -float(number), "payload": payload}
            for number, payload in payloads.items()
        ]
    )
    with database.begin() as connection:
        return store.plan(connection, KIND, frame, at=clock(), actor=KIND)["effect_id"].to_list()


def drained(database, adapter, clock, policy=None, **options):
    """What a drain settled, by the names of states."""
    done = drain_io.drain(database, KIND, adapter, policy or Policy(), now=clock, **options)
    return {state.value: count for state, count in done.settled.items() if count}


def rows(database, table="effects", order="effect_id"):
    with database.begin() as connection:
        return [dict(row) for row in connection.execute(text(f"SELECT * FROM {table} ORDER BY {order}")).mappings()]


def states(database):
    return {row["key"]: row["state"] for row in rows(database)}


def points():
    """Where a process that drains can die: before and after all that `drain_io` calls, and within a settlement."""
    tree = ast.parse("".join(map(inspect.getsource, (drain_io.drain, drain_io._tried, drain_io._attempt))))
    called = {
        f"{node.func.value.id}.{node.func.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name) and node.func.value.id in {"store", "adapter"}
    }  # fmt: skip
    return [*sorted(f"{when} {name}" for name in called for when in ("before", "after")), "within a settlement"]


class Mortals(Forks):
    """A process that forks others, which drain and kill themselves at a point."""

    def __init__(self):
        super().__init__("tests.effects.trials")

    def drain(self, database, outside, point, together=1):
        """Drains in a process of its own; True where it was killed at the point, False where it never came there."""
        return self.live(database.url.get_secret_value(), outside.kind, outside.address, point, together)


class ColdMortals:
    """The same, each in a process that was not forked: what is drained asks Polars (`tests.forks`)."""

    def drain(self, database, outside, point, together=1):
        order = [database.url.get_secret_value(), outside.kind, outside.address, point, together]
        program = "import json, sys; from tests.effects.trials import _drain_and_die as f; f(*json.loads(sys.argv[1]))"
        command = [sys.executable, "-c", program, json.dumps(order)]
        done = subprocess.run(command, cwd=forks.ROOT, check=False)
        assert done.returncode in {0, -signal.SIGKILL}, done.returncode
        return done.returncode != 0


def serve(orders):
    """Forks a process per order."""
    _ = Database(SecretStr("postgresql://nobody@nowhere/nothing")).engine  # imports the driver, for all of them
    forks.serve(orders, _drain_and_die)


def _drain_and_die(url, kind, address, point, together):
    adapter, when = adapter_of(kind, address), point.partition(" ")[0]
    owner_name, _, name = point.partition(" ")[2].partition(".")
    if when != "within":
        owner = store if owner_name == "store" else type(adapter)
        setattr(owner, name, mortal(getattr(owner, name), when))
    hook = (lambda *_: die()) if when == "within" else None
    several = drain_io.Together(most=together)
    drain_io.drain(Database(SecretStr(url)), KIND, adapter, Policy(), on_settled=hook, together=several)
