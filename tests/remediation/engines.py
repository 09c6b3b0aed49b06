"""Playbooks that run on a real database: actions of few words, a clock that is set, and their executions.

Here: a world for the engine. Not here: actions of the product (`tests/remediation/given.py`).
"""
# ruff: noqa: ARG002 - actions take what their contract gives them

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from opsguard_assets.config.settings import Settings
from opsguard_assets.effects import io as effects_io
from opsguard_assets.remediation.actions.action import Change, Plan, Result, StepState, World
from opsguard_assets.remediation.actions.catalog import CATALOG
from opsguard_assets.remediation.engine import advance_io
from opsguard_assets.remediation.engine.triggers_io import trigger
from opsguard_assets.remediation.playbook.model import Playbook
from resources.answers import Answer, Outcome
from resources.lake import Lake
from tests.effects.trials import Clock
from tests.incidents.world import found, give_priority
from tests.incidents.world import tick as settle_and_group
from tests.remediation.given import record

NOTE = {"do": "notify", "text": "{what}"}
HOOK = {"do": "webhook", "to": "crm"}
WAIT = {"do": "wait_for", "condition": "alert_acknowledged", "within_minutes": 60}
LEDGER = """
CREATE TABLE IF NOT EXISTS done_things (thing_id bigint GENERATED ALWAYS AS IDENTITY, key text NOT NULL, what text)
"""
PEOPLE = ({"person_id": "ada", "group_id": "G1"}, {"person_id": "ben", "group_id": "G1"})
CLIENT = {"client_id": "C1", "plan": "gold", "soar_enabled": True}


def lake_of(folder, **client):
    """A lake with a client and a team."""
    lake, known = Lake(str(folder / "lake")), datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    record(lake, "clients", {**CLIENT, **client}, loaded_at=known)
    record(lake, "groups", {"group_id": "G1", "name": "iot-specialists", "lead_id": "lea"}, loaded_at=known)
    record(lake, "memberships", *PEOPLE, loaded_at=known)
    record(lake, "people", {"person_id": "lea", "name": "Lea Lind"}, loaded_at=known)
    return lake


class Writes:
    """An action whose whole effect is a row in the engine's transaction; `fails` times it fails before.

    A step named flaky fails at its first attempt, one named broken at each.
    """

    fails = 0
    target = "the ledger"

    def plan(self, world, step, situation):
        return Plan(words=f"write {situation.key}", changes=[Change(self.target, "rows", None, "one more")])

    def act(self, connection, step, situation, plan):
        is_first = situation.key.endswith(f"/{situation.number}")
        if self.fails or step.name == "broken" or (step.name == "flaky" and is_first):
            self.fails = max(self.fails - 1, 0)
            return Result(state=StepState.FAILED, words="it did not work")
        self._write(connection, situation.key, "done")
        return Result(state=StepState.DONE, words="written", changes=plan.changes)

    def undo(self, connection, step, situation, output):
        self._write(connection, situation.key, "undone")
        return Result(state=StepState.DONE, words="written that it is undone")

    def _write(self, connection, key, what):
        values = {"key": key, "what": what}
        connection.execute(text("INSERT INTO done_things (key, what) VALUES (:key, :what)"), values)


class HandsOver:
    """An action whose effect leaves the house: it waits for its side effect."""

    def plan(self, world, step, situation):
        return Plan(words="call the other side", changes=[Change("the other side", "calls", None, "one more")])

    def act(self, connection, step, situation, plan):
        values = {"key": situation.key, "payload": json.dumps({"key": situation.key}), "at": situation.now}
        connection.execute(text(_PLAN), values)
        number = connection.execute(text(_NUMBER), values).scalar_one()
        return Result(state=StepState.PLANNED, words="on its way", output={"effect_id": number}, effect_id=number)

    def look(self, connection, step, situation, output):
        effect = effects_io.effect_of(connection, output["effect_id"])
        state = {"done": StepState.DONE, "unknown": StepState.UNKNOWN, "planned": StepState.PLANNED}
        state |= {"sending": StepState.PLANNED}
        now = state.get(effect.found_in.value, StepState.FAILED)
        return Result(state=now, words=effect.answer or "on its way", output=output)

    def undo(self, connection, step, situation, output):
        return Result(state=StepState.SKIPPED, words="never asked: it is final")


_PLAN = """
INSERT INTO effects (kind, key, target, rank, payload, state, due_at, planned_at)
VALUES ('remediation', :key, 'other side', 1, CAST(:payload AS jsonb), 'planned', :at, :at) ON CONFLICT DO NOTHING
"""
_NUMBER = "SELECT effect_id FROM effects WHERE kind = 'remediation' AND key = :key"


def catalog():
    """The actions of the product; two are of the tests."""
    return {**CATALOG, "notify": Writes(), "webhook": HandsOver()}


@dataclass
class OtherSide:
    """The other side: it keeps what it was given, and answers as it is told."""

    answers: list = field(default_factory=list)
    got: list = field(default_factory=list)
    can_tell: bool = False
    targets: tuple = ("other side",)

    def may_repeat(self, effect):
        return False

    def send(self, effect):
        outcome = self.answers.pop(0) if self.answers else Outcome.DONE
        if outcome is not Outcome.NOT_REACHED:
            self.got.append(effect.payload["key"])
        return Answer(outcome, f"it answered {outcome.value}")

    def ask(self, effect):
        raise AssertionError("it cannot be asked")


class Engine:
    """A database with alerts, a lake with people, playbooks, and a clock."""

    def __init__(self, database, lake, plans=None, **settings):
        chosen = {"remediation": {"max_autonomy": "alone", **settings}, "plans": plans or {}}
        self.world = World(database, lake, Settings.model_validate(chosen))
        self.database, self.clock = database, Clock()
        self.other, self.catalog = OtherSide(), catalog()
        self.writes = self.catalog["notify"]
        self.playbooks = []
        with database.begin() as connection:
            connection.execute(text(LEDGER))

    def use(self, *steps, name="quick-fix", mode="alone", **more):
        """Takes a playbook into use in a mode; gives it."""
        given = {"playbook": name, "title": "Quick fix", "trigger": {"when": {"type": "device_silent"}}}
        made = Playbook.model_validate({**given, "steps": list(steps), **more})
        self.playbooks = [each for each in self.playbooks if each.playbook != name] + [made]
        trigger(self.world, self.playbooks, now=self.clock())
        with self.database.begin() as connection:
            connection.execute(
                text("UPDATE playbooks SET mode = :mode WHERE playbook = :name"), {"mode": mode, "name": name}
            )
        return made

    def alert(self, *entities, minutes=0, is_triaged=True, **more):
        """Raises alerts about devices (none: clears them), as a monitor and triage would."""
        settle_and_group(self.database, minutes, *(found(each, **more) for each in entities))
        if is_triaged:
            for row in self.rows("SELECT alert_id FROM alerts"):
                give_priority(self.database, row["alert_id"], 50)

    def triggered(self):
        return trigger(self.world, self.playbooks, now=self.clock())

    def advanced(self):
        return advance_io.advance(self.world, [self.other], now=self.clock, catalog=self.catalog)

    def goes(self, *entities, **more):
        """An alert is raised, and everything that follows from it happens."""
        self.alert(*entities, **more)
        self.triggered()
        return self.advanced()

    def rows(self, query, **values):
        with self.database.begin() as connection:
            return [dict(row) for row in connection.execute(text(query), values).mappings()]

    def change(self, query, **values):
        with self.database.begin() as connection:
            connection.execute(text(query), values)

    def executions(self):
        return self.rows("SELECT * FROM executions ORDER BY execution_id")

    def states(self):
        return [row["state"] for row in self.executions()]

    def steps(self, number=None):
        every = self.rows("SELECT * FROM execution_steps ORDER BY execution_id, started_at, phase DESC, step")
        return [(row["phase"], row["name"], row["state"]) for row in every if number in (None, row["execution_id"])]

    def things(self, what="done"):
        return [row["key"] for row in self.rows("SELECT key FROM done_things WHERE what = :what", what=what)]

    def approvals(self):
        return self.rows("SELECT * FROM approvals ORDER BY approval_id")

    def decisions(self):
        return {row["alert_id"]: row["decision"] for row in self.rows("SELECT * FROM trigger_decisions")}
