"""What people do to playbooks and executions: run, cancel, undo, pause, switch off; each with who and why.

Here: one transaction each. Not here: approvals (`approvals_io`), what follows (`advance_io`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import Connection

from opsguard_assets.alerts.people import ActionError
from opsguard_assets.config.settings import Settings
from opsguard_assets.effects.drain_io import resolve_unknown as resolve_effect
from opsguard_assets.remediation.actions.action import StepState, World
from opsguard_assets.remediation.engine import moves_io
from opsguard_assets.remediation.engine.cases_io import case_of
from opsguard_assets.remediation.engine.entitled_io import not_entitled
from opsguard_assets.remediation.engine.pauses_io import settle_paused
from opsguard_assets.remediation.engine.settle_io import settled
from opsguard_assets.remediation.engine.states import SHADOW, Case, State
from opsguard_assets.remediation.engine.triggers import mode_of
from opsguard_assets.remediation.engine.versions_io import keep
from opsguard_assets.remediation.playbook.model import Playbook
from opsguard_assets.views.reading import alerts_of
from resources.database import Database
from resources.sql import statement

Scope: TypeAlias = Literal["all", "playbook", "client"]
# Undoing that has not ended after this has failed.
_UNDO_TIME: Final = timedelta(hours=4)
# Steps that may turn out to be done: what is undone, and in which order, must not change meanwhile.
_OPEN: Final = (StepState.PLANNED, StepState.UNKNOWN)


@dataclass(frozen=True)
class Done:
    """The result of an action.

    Attributes:
        execution_id: The execution that it is about; None where it is about a playbook or a switch.
        is_new: Whether it changed anything; False where it was so before.
        words: What holds now, for people.
    """

    execution_id: int | None
    is_new: bool
    words: str


def run(world: World, playbooks: list[Playbook], name: str, alert_id: int, *, actor: str, now: datetime) -> Done:
    """A person starts a playbook about an alert. Cool-down and limits do not hold it up; approvals and switches do.

    Args:
        world: What is read and where it is written.
        playbooks: Those in use.
        name: Which of them.
        alert_id: About which alert.
        actor: Who; they do not approve it, unless the playbook says that they may.
        now: The time of the clock (UTC).

    Raises:
        ActionError: When there is no such playbook or alert, or the alert is resolved.
    """
    chosen = next((each for each in playbooks if each.playbook == name), None)
    if chosen is None:
        raise ActionError(f"There is no playbook {name}; `opsguard playbook list` shows those in use.")
    with world.database.begin() as connection:
        found = alerts_of(connection, [alert_id])
        if not found or found[0]["state"] == "resolved":
            what = "is resolved" if found else "does not exist"
            raise ActionError(f"Alert {alert_id} {what}; `opsguard alerts list` shows those that are open.")
        standing = keep(connection, playbooks, now)[name]
        why = not_entitled(world.lake, world.settings, chosen, found[0]["client_id"], now)
        most = world.settings.remediation.max_autonomy
        mode = SHADOW if why else mode_of(chosen, standing.mode, most, by_hand=True)
        values = {
            "playbook": name, "digest": chosen.digest, "alert_id": alert_id, "mode": mode, "actor": actor, "at": now,
            "deadline_at": now + timedelta(minutes=chosen.limits.start_within_minutes),
        }  # fmt: skip
        number = connection.execute(statement(__name__, "acting/run"), values).scalar()
        if number is None:
            return Done(None, is_new=False, words=_by_hand(connection, name, alert_id))
        _note_beginning(connection, number, now, actor, f"asked for by {actor}")
    held = " It waits: it is switched off or paused." if standing.is_off or standing.paused_why else ""
    only = f" It only shows what it would do: {why or 'that is its mode'}." if mode == SHADOW else ""
    return Done(number, is_new=True, words=f"Execution {number} of {name} about alert {alert_id} begins.{only}{held}")


def _by_hand(connection: Connection, name: str, alert_id: int) -> str:
    """Why a person cannot start a playbook about an alert once more."""
    asked = {"playbook": name, "alert_id": alert_id}
    row = connection.execute(statement(__name__, "acting/by_hand"), asked).first()
    if row is not None and row.state == State.UNKNOWN:
        number = row.execution_id
        return (
            f"Execution {number} of {name} about alert {alert_id} is in doubt; "
            f"`opsguard playbook resolve-unknown {number}` says whether its step happened."
        )
    return f"{name} is already running about alert {alert_id} by hand."


def cancel(database: Database, settings: Settings, execution_id: int, *, actor: str, note: str, now: datetime) -> Done:
    """Ends an execution between two steps. What is being handed over at this moment is not taken back.

    Raises:
        MissingExecutionError: When there is no such execution.
    """
    with database.begin() as connection:
        case = _locked(connection, execution_id, settings)
        if case.execution.state.is_over:
            return Done(execution_id, is_new=False, words=_over(case))
        reason = f"cancelled by {actor}: {note}"
        rules = settings.remediation.breaker
        moves_io.end(connection, case.execution, State.CANCELLED, reason, now, actor=actor, rules=rules)
    return Done(execution_id, is_new=True, words=f"Execution {execution_id} is cancelled.")


def undo(database: Database, settings: Settings, execution_id: int, *, actor: str, now: datetime) -> Done:
    """Begins to undo an execution, the last step first; what somebody changed since is left.

    Raises:
        MissingExecutionError: When there is no such execution.
        ActionError: When it or one of its steps has not ended, or nothing of it can be undone.
    """
    with database.begin() as connection:
        case = _locked(connection, execution_id, settings)
        if not case.execution.state.is_over:
            raise ActionError(f"Execution {execution_id} has not ended; cancel it first.")
        doubtful = next((each for each in case.steps.values() if each.state in _OPEN), None)
        if doubtful is not None:
            raise ActionError(
                f"Step {doubtful.name} of execution {execution_id} has not ended yet, so it cannot be undone in its "
                f"turn. Wait for its side effect, or say whether it happened: `opsguard playbook resolve-unknown`."
            )
        done = [record for record in case.steps.values() if record.changed]
        acting = [r for r in done if (step := case.step_at(r.place)) is not None and step.trait.acts]
        if case.execution.undo_of is not None or not acting:
            raise ActionError(f"Execution {execution_id} did nothing that could be undone.")
        values = {"execution_id": execution_id, "actor": actor, "at": now, "deadline_at": now + _UNDO_TIME}
        number = connection.execute(statement(__name__, "acting/undo"), values).scalar()
        if number is None:
            found = connection.execute(statement(__name__, "acting/undone_by"), values).scalar()
            return Done(found, is_new=False, words=f"Execution {execution_id} is undone by execution {found} already.")
        _note_beginning(connection, number, now, actor, f"undoes execution {execution_id}")
    return Done(number, is_new=True, words=f"Execution {number} undoes execution {execution_id}.")


def pause(database: Database, playbook: str, *, actor: str, note: str, now: datetime) -> Done:
    """Pauses a playbook: nothing of it begins or goes on.

    Raises:
        ActionError: When no playbook of this name was ever in use.
    """
    with database.begin() as connection:
        _check_name(connection, playbook)
        values = {"playbook": playbook, "at": now, "by": actor, "why": note}
        is_new = connection.execute(statement(__name__, "moving/pause"), values).first() is not None
    return Done(None, is_new, f"{playbook} is paused." if is_new else f"{playbook} was paused already.")


def resume(database: Database, playbook: str, *, now: datetime) -> Done:
    """Lets a paused playbook go on; the alert that it paused itself clears.

    Raises:
        ActionError: When no playbook of this name was ever in use.
    """
    with database.begin() as connection:
        _check_name(connection, playbook)
        values = {"playbook": playbook, "at": now}
        is_new = connection.execute(statement(__name__, "acting/resume"), values).first() is not None
    settle_paused(database, now)
    return Done(None, is_new, f"{playbook} goes on." if is_new else f"{playbook} was not paused.")


def switch(database: Database, scope: Scope, name: str, *, is_on: bool, actor: str, note: str, now: datetime) -> Done:
    """Switches all playbooks, one, or those of a client off or on. Where it is off, nothing begins or goes on.

    Args:
        database: Where the switches are.
        scope: Of what.
        name: Of which; empty for all.
        is_on: Whether it is switched on.
        actor: Who.
        note: Why.
        now: The time of the clock (UTC).

    Raises:
        ActionError: When no playbook of this name was ever in use.
    """
    what = {"all": "All playbooks are", "playbook": f"Playbook {name} is", "client": f"Client {name}'s playbooks are"}
    values = {"scope": scope, "name": name, "at": now, "actor": actor, "why": note}
    with database.begin() as connection:
        if scope == "playbook":
            _check_name(connection, name)
        done = connection.execute(statement(__name__, "acting/on" if is_on else "acting/off"), values).first()
    before = "" if done is not None else " already"
    return Done(None, done is not None, f"{what[scope]} {'on' if is_on else 'off'}{before}.")


def switches(database: Database) -> list[dict[str, Any]]:
    """Kill switches that are off and playbooks that are paused: `scope`, `name`, `since`, `by`, `why`."""
    with database.begin() as connection:
        return [dict(row) for row in connection.execute(statement(__name__, "acting/switches")).mappings()]


def resolve_unknown(
    database: Database, settings: Settings, execution_id: int, *, happened: bool, actor: str, note: str, now: datetime
) -> Done:
    """A person says whether a step happened of which OpsGuard does not know; the execution goes on.

    Raises:
        MissingExecutionError: When there is no such execution.
        ActionError: When no step of it is in doubt.
    """
    with database.begin() as connection:
        case = _locked(connection, execution_id, settings)
        record = next((each for each in case.steps.values() if each.state is StepState.UNKNOWN), None)
        if record is None:
            raise ActionError(f"No step of execution {execution_id} is in doubt; `opsguard playbook log` shows all.")
        words = f"{actor}: {note}"
        by_effect = record.effect_id is not None and resolve_effect(
            connection, record.effect_id, happened=happened, actor=actor, words=words, on_settled=settled
        )
        if not by_effect:
            values = {
                "execution_id": execution_id, "phase": record.phase, "step": record.step, "at": now, "words": words,
                "state": "done" if happened else "failed",
            }  # fmt: skip
            connection.execute(statement(__name__, "acting/end_doubt"), values)
            connection.execute(statement(__name__, "acting/go_on"), values)
            state = State.RUNNING
            moves_io.note(connection, case.execution, state, now, actor=actor, detail=f"{record.name}: {words}")
    verb = "happened" if happened else "did not happen"
    follows = "it goes on" if case.execution.state is State.UNKNOWN else f"it is {case.execution.state.value}"
    return Done(execution_id, is_new=True, words=f"Step {record.name} of execution {execution_id} {verb}; {follows}.")


def _locked(connection: Connection, execution_id: int, settings: Settings) -> Case:
    connection.execute(statement(__name__, "acting/lock"), {"execution_id": execution_id})
    return case_of(connection, execution_id, settings)


def _over(case: Case) -> str:
    execution = case.execution
    return f"Execution {execution.execution_id} is already over: {execution.state.value}: {execution.reason}"


def _note_beginning(connection: Connection, execution_id: int, at: datetime, actor: str, words: str) -> None:
    values = {
        "execution_id": execution_id, "at": at, "actor": actor, "from_state": None, "to_state": "running",
        "detail": words,
    }  # fmt: skip
    connection.execute(statement(__name__, "moving/note"), values)


def _check_name(connection: Connection, playbook: str) -> None:
    if not connection.execute(statement(__name__, "acting/is_known"), {"playbook": playbook}).scalar_one():
        raise ActionError(f"There is no playbook {playbook}; `opsguard playbook list` shows those in use.")
