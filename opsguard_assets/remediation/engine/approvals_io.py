"""Asking for approvals, and deciding on them: each ends once, by people or by time.

Here: their rows. Not here: what needs one (`approvals`), what messages about them say (`actions.asking`, `delivery`).

A decision and an expiry are the same guarded update: the first one wins, and a later click is told what it was. What
was agreed to is planned again at the click; where it would be something else now, the approval is void.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection

from opsguard_assets.alerts.people import ActionError
from opsguard_assets.duty.teams import people_of
from opsguard_assets.incidents.notices import APPROVAL
from opsguard_assets.remediation.actions import asking
from opsguard_assets.remediation.actions.action import World
from opsguard_assets.remediation.actions.catalog import CATALOG
from opsguard_assets.remediation.actions.readers import approvers_at
from opsguard_assets.remediation.engine.approvals import Entry, digest_of, nobody_decided
from opsguard_assets.remediation.engine.cases_io import Catalog, case_of, entries_of
from opsguard_assets.remediation.engine.states import ApprovalRecord, Case
from opsguard_assets.remediation.playbook.gates import Gate
from opsguard_assets.routing.roster_io import roster_at
from opsguard_assets.views.names import Names, names_of
from resources.database import Database
from resources.sql import statement

ACTOR: Final = "remediation"
_CHANGED: Final = "the situation changed after it was asked: it would do something else now"


@dataclass(frozen=True)
class Decision:
    """Where an approval stands after somebody decided, or wanted to.

    Attributes:
        approval_id: The approval.
        execution_id: Its execution.
        decision: approved, denied, expired, void or cancelled; None while another person has to agree.
        is_new: Whether this call brought it there; False for a second click.
        words: What holds now, for people.
        vote: What counts as the word of this person, approve or deny; None where theirs came too late.
    """

    approval_id: int
    execution_id: int
    decision: str | None
    is_new: bool
    words: str
    vote: str | None = None


def readers_of(world: World, case: Case, gate: Gate, now: datetime) -> pl.DataFrame:
    """Who is asked: rows of `actions.readers.READERS`. Read outside of the transaction that asks."""
    requester = None if gate.terms.requester_may_approve else case.execution.requested_by
    with world.database.begin() as connection:
        owner = _owner(connection, case.execution.execution_id)
    return approvers_at(world, gate.terms.team or case.team, _needed(gate), now, without=requester, owner=owner)


def ask(
    connection: Connection, case: Case, gate: Gate, entries: Sequence[Entry], readers: pl.DataFrame, now: datetime
) -> int | None:
    """Asks whether some steps may be done, in the transaction that moves the execution.

    Args:
        connection: That transaction; it holds the execution.
        case: The execution.
        gate: Who has to agree, how many, for how long.
        entries: What the covered steps would do, that before which it is asked first.
        readers: Who is asked.
        now: The time of the clock (UTC).

    Returns:
        The number of the approval; None where one of the execution is open already.
    """
    terms = gate.terms
    values = {
        "execution_id": case.execution.execution_id, "phase": entries[0]["phase"], "step": entries[0]["step"],
        "digest": digest_of(entries), "plan": json.dumps(entries), "team": terms.team or case.team,
        "needed": _needed(gate), "requester": case.execution.requested_by,
        "requester_may_approve": terms.requester_may_approve, "at": now,
        "expires_at": now + timedelta(minutes=terms.expires_minutes),
    }  # fmt: skip
    number: int | None = connection.execute(statement(__name__, "approvals/ask"), values).scalar()
    if number is not None:
        asking.ask(connection, f"{APPROVAL}/{number}", readers, at=now, actor=ACTOR)
    return number


def _needed(gate: Gate) -> int:
    return 2 if gate.terms.required == "two" else 1


def decide(
    world: World,
    approval_id: int,
    person_id: str,
    agrees: bool,  # noqa: FBT001 - the word of a person
    now: datetime,
    *,
    surface: str,
    note: str = "",
    catalog: Catalog = CATALOG,
) -> Decision:
    """Somebody agrees or denies. Command line, Slack and web call this one function.

    Args:
        world: What is read and where it is written.
        approval_id: Which.
        person_id: Who, as people are known.
        agrees: Whether they agree; one who denies ends it, also where they had agreed before.
        now: The time of the clock (UTC).
        surface: By what: cli, slack, web.
        note: Why, for the history.
        catalog: What does the steps.

    Raises:
        ActionError: When there is no such approval, or this person may not decide; the message says who may.
    """
    with world.database.begin() as connection:
        asked = approval_of(connection, approval_id)
        case = case_of(connection, asked.execution_id, world.settings)
        before = _standing(connection, asked)
    if asked.decision is not None:
        return _as_decided(world, before, person_id)
    if now < asked.expires_at:
        _check_person(world, asked, person_id, agrees=agrees, now=now)
    # Planning reads the lake, which is too slow under the lock; what others decide meanwhile is seen under it.
    is_as_shown = not agrees or now >= asked.expires_at or _is_as_shown(world, catalog, case, asked, now)
    with world.database.begin() as connection:
        connection.execute(statement(__name__, "approvals/lock"), {"execution_id": asked.execution_id})
        asked = approval_of(connection, approval_id)
        if asked.decision is not None:
            after = _standing(connection, asked)
        elif now >= asked.expires_at:
            expire(connection, asked, now)
            wake(connection, [asked.execution_id], now)
            after = _standing(connection, approval_of(connection, approval_id), is_new=True)
        else:
            vote = {
                "approval_id": approval_id, "person_id": person_id, "vote": "approve" if agrees else "deny", "at": now,
                "surface": surface, "note": note or None,
            }  # fmt: skip
            is_new = connection.execute(statement(__name__, "approvals/vote"), vote).first() is not None
            after = _counted(connection, asked, person_id, now, is_new=is_new, is_as_shown=is_as_shown, note=note)
    return _as_decided(world, after, person_id)


@dataclass(frozen=True)
class _Standing:
    """An approval, what people said of it, and whether this call brought it there."""

    asked: ApprovalRecord
    votes: Sequence[dict[str, Any]]
    is_new: bool


def _standing(connection: Connection, asked: ApprovalRecord, *, is_new: bool = False) -> _Standing:
    return _Standing(asked, votes_on(connection, asked.approval_id), is_new)


def _counted(
    connection: Connection,
    asked: ApprovalRecord,
    person_id: str,
    now: datetime,
    *,
    is_new: bool,
    is_as_shown: bool,
    note: str,
) -> _Standing:
    """What the votes lead to."""
    votes = votes_on(connection, asked.approval_id)
    against = [vote["person_id"] for vote in votes if vote["vote"] == "deny"]
    agreeing = [vote["person_id"] for vote in votes if vote["vote"] == "approve"]
    if against:
        decision, by, reason = "denied", against[0], note or "no reason given"
    elif not is_as_shown:
        decision, by, reason = "void", person_id, _CHANGED
    elif len(agreeing) >= asked.needed:
        decision, by, reason = "approved", ", ".join(agreeing), note
    else:
        words = _agreed(agreeing, asked)
        about = f"{APPROVAL}/{asked.approval_id}"
        asking.refresh(connection, about, f"vote/{person_id}", at=now, actor=person_id, words=words)
        return _Standing(asked, votes, is_new)
    values = {"approval_id": asked.approval_id, "decision": decision, "at": now, "by": by, "reason": reason or None}
    is_new = connection.execute(statement(__name__, "approvals/decide"), values).first() is not None
    ended(connection, asked, decision, now, by=by, reason=reason)
    wake(connection, [asked.execution_id], now)
    return _standing(connection, approval_of(connection, asked.approval_id), is_new=is_new)


def _agreed(agreeing: Sequence[str], asked: ApprovalRecord) -> str:
    return f"{' and '.join(agreeing)} agreed; {asked.needed - len(agreeing)} more has to"


def expire(connection: Connection, asked: ApprovalRecord, now: datetime) -> None:
    """Ends an approval on which nobody decided in time: it is denied."""
    close(connection, asked, "expired", now, by=ACTOR, reason=nobody_decided(asked.expires_at))


def close(connection: Connection, asked: ApprovalRecord, decision: str, now: datetime, *, by: str, reason: str) -> None:
    """Ends an approval without a decision of people; one that was decided stays as it is."""
    values = {"approval_id": asked.approval_id, "decision": decision, "at": now, "by": by, "reason": reason}
    if connection.execute(statement(__name__, "approvals/close"), values).first() is not None:
        ended(connection, asked, decision, now, by=by, reason=reason)


def close_open(connection: Connection, execution_id: int, now: datetime, *, by: str, reason: str) -> None:
    """Ends the open approval of an execution that has ended."""
    found = connection.execute(statement(__name__, "approvals/open"), {"execution_id": execution_id}).scalar()
    if found is not None:
        close(connection, approval_of(connection, found), "cancelled", now, by=by, reason=reason)


def ended(
    connection: Connection, asked: ApprovalRecord, decision: str, now: datetime, *, by: str, reason: str | None
) -> None:
    """Notes the end of an approval in the history of its execution, and ends the question for all who were asked."""
    words = f"approval {asked.approval_id} {decision} by {by}" + (f": {reason}" if reason else "")
    values = {
        "execution_id": asked.execution_id, "at": now, "actor": by, "from_state": "awaiting_approval",
        "to_state": "awaiting_approval", "detail": words,
    }  # fmt: skip
    connection.execute(statement(__name__, "moving/note"), values)
    asking.end(connection, f"{APPROVAL}/{asked.approval_id}", at=now, actor=by, words=words)


def wake(connection: Connection, execution_ids: Sequence[int], at: datetime) -> None:
    """Lets executions be looked at now."""
    connection.execute(statement(__name__, "moving/wake"), {"execution_ids": list(execution_ids), "at": at})


def approval_of(connection: Connection, approval_id: int) -> ApprovalRecord:
    """An approval.

    Raises:
        ActionError: When there is none of this number.
    """
    row = connection.execute(statement(__name__, "approvals/one"), {"approval_id": approval_id}).mappings().first()
    if row is None:
        raise ActionError(f"There is no approval {approval_id}; `opsguard playbook log` shows what is asked.")
    return ApprovalRecord(**row)


def open_approval(database: Database, execution_id: int) -> int | None:
    """The approval that an execution waits for."""
    with database.begin() as connection:
        return connection.execute(statement(__name__, "approvals/open"), {"execution_id": execution_id}).scalar()


def votes_on(connection: Connection, approval_id: int) -> list[dict[str, Any]]:
    """Who said what, the first one first: `person_id`, `vote`, `at`, `surface`, `note`."""
    rows = connection.execute(statement(__name__, "approvals/votes"), {"approval_id": approval_id}).mappings()
    return [dict(row) for row in rows]


def _check_person(world: World, asked: ApprovalRecord, person_id: str, *, agrees: bool, now: datetime) -> None:
    """Whether somebody may decide, as people are known now.

    Raises:
        ActionError: When they may not; the message says who may.
    """
    who = sorted(deciders(world, asked, now))
    names = names_of(world.lake, [], people=[person_id, *who])
    if person_id not in who:
        known = ", ".join(f"{names.people[each]} ({each})" if each in names.people else each for each in who)
        others = known or "nobody: no member, lead or owner is known; check `groups` and `memberships`"
        raise ActionError(
            f"{_name(names, person_id)} may not decide on approval {asked.approval_id}; team {asked.team or '-'} "
            f"decides: {others}."
        )
    if agrees and person_id == asked.requester and not asked.requester_may_approve:
        who_asked = _name(names, person_id)
        raise ActionError(f"{who_asked} asked for it, so somebody else has to agree to approval {asked.approval_id}.")


def deciders(world: World, asked: ApprovalRecord, now: datetime) -> set[str]:
    """Who may decide: the members of the team, its lead, and the owner of the incident."""
    desk = roster_at(world.lake, world.settings, now).desk
    people = set(people_of(desk, asked.team)["person_id"]) if asked.team else set()
    with world.database.begin() as connection:
        owner = _owner(connection, asked.execution_id)
    return people | ({owner} if owner else set())


def _owner(connection: Connection, execution_id: int) -> str | None:
    """Who has the incident of the alert that an execution is about."""
    return connection.execute(statement(__name__, "reading/owner"), {"execution_id": execution_id}).scalar()


def _is_as_shown(world: World, catalog: Catalog, case: Case, asked: ApprovalRecord, now: datetime) -> bool:
    places = [(entry["phase"], entry["step"]) for entry in asked.plan]
    return digest_of(entries_of(world, catalog, case, places, now)) == asked.action_digest


def _as_decided(world: World, found: _Standing, person_id: str) -> Decision:
    """What holds now, in words with names. Read outside of the transaction that decides."""
    asked, votes = found.asked, found.votes
    said = {vote["person_id"]: vote["vote"] for vote in votes}
    by = (asked.decided_by or "").split(", ")
    names = names_of(world.lake, [], people=[*said, *by])
    if asked.decision is None:
        agreeing = [_name(names, vote["person_id"]) for vote in votes if vote["vote"] == "approve"]
        words = _agreed(agreeing, asked)
    else:
        at = f"{asked.decided_at:%Y-%m-%d %H:%M} UTC" if asked.decided_at else ""
        reason = f": {asked.reason}" if asked.reason else ""
        who = ", ".join(_name(names, each) for each in by)
        words = f"Approval {asked.approval_id} is {asked.decision} by {who} at {at}{reason}."
    return Decision(asked.approval_id, asked.execution_id, asked.decision, found.is_new, words, said.get(person_id))


def _name(names: Names, person_id: str) -> str:
    return names.people.get(person_id, person_id)
