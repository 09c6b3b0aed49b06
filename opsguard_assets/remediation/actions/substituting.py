"""Finding somebody for a shift: proposing people, and asking them one after the other.

Here: the actions `suggest_substitute` and `offer_shift`. Not here: who could take it (`substitutes_io`), offers and
answers (`offering`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl
from sqlalchemy import Connection

from opsguard_assets.remediation.actions.action import Change, OnlyReads, Plan, Result, Situation, StepState, World
from opsguard_assets.remediation.actions.diagnostics import attach
from opsguard_assets.remediation.actions.effects import (
    RECORDS,
    changes_of,
    look_at_effect,
    plan_effect,
    waiting_for,
    without_changes,
)
from opsguard_assets.remediation.actions.offering import (
    NO_ANSWER,
    YES,
    Row,
    close,
    offer_to,
    offers_of,
    record_yes,
    substitution,
    taken_by,
    withdraw,
)
from opsguard_assets.remediation.actions.readers import people_at
from opsguard_assets.remediation.actions.recipients_io import Recipient, recipients_of, staff_of
from opsguard_assets.remediation.actions.substitutes_io import Part, Proposed, substitutes_at
from opsguard_assets.remediation.actions.telling import tell
from opsguard_assets.remediation.actions.texts import actor_of
from opsguard_assets.remediation.playbook.steps import OfferShift, SuggestSubstitute
from opsguard_assets.views.texts import line
from resources.sql import statement

# In the output of a step that takes a shift back: whose it was, by name and by identifier.
_WITHDRAWN, _PERSON = "withdrawn_from", "person_id"


class SuggestSubstituteAction(OnlyReads):
    """The action `suggest_substitute`."""

    def plan(self, world: World, step: SuggestSubstitute, situation: Situation) -> Plan:
        """Who would be proposed; impossible where nobody can take it."""
        found = substitutes_at(world, situation.alert, step.most, situation.now)
        if not found.people:
            return Plan(words=found.why or "no substitute is known", is_possible=False, prepared=found)
        return Plan(words=f"attach {_names(found.people)} as substitutes", prepared=found)

    def act(self, connection: Connection, step: SuggestSubstitute, situation: Situation, plan: Plan) -> Result:  # noqa: ARG002
        """Attaches them, once per step; why there is nobody, too."""
        found: Proposed = plan.prepared
        people = [dict(each) for each in found.people]
        attach(connection, situation, "substitutes", {"proposals": people, "nobody": found.why}, None)
        if not people:
            return Result(state=StepState.FAILED, words=plan.words)
        output = {"people": [each["person_id"] for each in people]}
        return Result(state=StepState.DONE, words=f"attached {_names(people)} as substitutes", output=output)


class OfferShiftAction:
    """The action `offer_shift`."""

    def plan(self, world: World, step: OfferShift, situation: Situation) -> Plan:
        """Whom it would ask, in which order."""
        found = substitutes_at(world, situation.alert, step.most, situation.now)
        if found.part is None or not found.people:
            return Plan(words=found.why or "no substitute is known", is_possible=False)
        taken = taken_by(world.database, found.part.shift_id, found.part.person_id)
        if taken is not None:
            return Plan(words=f"{taken} has taken shift {found.part.shift_id} already", is_possible=False)
        candidates = _candidates(world, found.people, situation.now)
        if not candidates:
            return Plan(words=f"nothing reaches any of {_names(found.people)}", is_possible=False)
        names = _names(candidates)
        part, first = found.part, f"the first of {names} who says yes"
        return Plan(
            words=f"offer shift {part.shift_id} to {names}, {step.minutes_each:g} minutes each",
            changes=[Change(f"shift {part.shift_id}", "person", part.person_id, first)],
            messages=len(candidates),
            prepared=(part, candidates, _lead(world, situation)),
        )

    def act(self, connection: Connection, step: OfferShift, situation: Situation, plan: Plan) -> Result:
        """Asks the first."""
        if not plan.is_possible:
            return Result(state=StepState.FAILED, words=plan.words)
        part, candidates, lead = plan.prepared
        output = {
            "part": _as_text(part),
            "candidates": candidates,
            "lead": lead,
            "execution_id": situation.execution_id,
            "step": situation.number,
        }
        result = _ask_next(connection, step, situation, output, 0)
        return replace(result, changes=plan.changes if result.state is StepState.PLANNED else ())

    def look(self, connection: Connection, step: OfferShift, situation: Situation, output: Mapping[str, Any]) -> Result:
        """Records the substitution of the first yes; asks the next where nobody has said it."""
        if output.get("effect_id") is not None:
            return _kept(connection, situation, output, look_at_effect(connection, output))
        offers = offers_of(connection, situation.execution_id, situation.number)
        yes = next((row for row in offers if row["answer"] == YES), None)
        if yes is not None:
            return _taken(connection, situation, output, yes)
        open_one = next((row for row in offers if row["answer"] is None), None)
        if open_one is not None and open_one["expires_at"] > situation.now:
            words = f"{open_one['person_id']} has been asked"
            return _waits(output, words, open_one["expires_at"])
        if open_one is not None:
            close(connection, open_one["offer_id"], NO_ANSWER, at=situation.now, actor=actor_of(situation))
        asked = max((row["place"] for row in offers), default=-1)
        return _ask_next(connection, step, situation, output, asked + 1)

    def undo(
        self,
        connection: Connection,
        step: OfferShift,  # noqa: ARG002 - what was done says it all
        situation: Situation,
        output: Mapping[str, Any],
    ) -> Result:
        """The substitution is withdrawn, and the person told; once the shift is over it stays."""
        part = output["part"]
        if datetime.fromisoformat(part["ends_at"]) <= situation.now:
            return Result(state=StepState.SKIPPED, words=f"shift {part['shift_id']} is over")
        offers = offers_of(connection, int(output["execution_id"]), int(output["step"]))
        person = withdraw(connection, offers, at=situation.now)
        if person is None:
            return Result(state=StepState.SKIPPED, words="nobody has the shift by this offer any more")
        candidate = next(each for each in output["candidates"] if each["person_id"] == person)
        words = f"You do not have to take shift {part['shift_id']}: {situation.playbook} was undone."
        tell(connection, situation, _recipients(candidate), words)
        payload = substitution(part["shift_id"], part["person_id"], person, is_withdrawn=True)
        effect = plan_effect(connection, situation, RECORDS, payload)
        changes = (Change(f"shift {part['shift_id']}", "person", person, part["person_id"]),)
        said = f"{person} does not take shift {part['shift_id']} any more"
        more = {"part": part, "lead": output.get("lead", ()), _WITHDRAWN: candidate["name"] or person, _PERSON: person}
        return _kept(connection, situation, more, waiting_for(effect, said, more, changes))


def _ask_next(
    connection: Connection, step: OfferShift, situation: Situation, output: Mapping[str, Any], place: int
) -> Result:
    """Asks the first from a place on whom something reaches; the step has failed where there is nobody left."""
    part, candidates, now = output["part"], output["candidates"], situation.now
    ends_at = datetime.fromisoformat(part["ends_at"])
    if step.timeout_minutes is not None:
        ends_at = min(ends_at, (situation.began_at or now) + timedelta(minutes=step.timeout_minutes))
    if situation.deadline_at is not None:
        ends_at = min(ends_at, situation.deadline_at)
    until = min(now + timedelta(minutes=step.minutes_each), ends_at)
    at, actor = (situation.execution_id, situation.number), actor_of(situation)
    for candidate in candidates[place:] if now < ends_at else ():
        if (
            offer_to(connection, at, (part["shift_id"], part["person_id"]), candidate, at=now, until=until, actor=actor)
            is not None
        ):
            return _waits(output, f"asked {candidate['person_id']}, until {until:%H:%M} UTC", until)
    words = f"nobody of {_names(candidates)} took shift {part['shift_id']}"
    return Result(state=StepState.FAILED, words=words, output=without_changes(output))


def _waits(output: Mapping[str, Any], words: str, until: datetime) -> Result:
    kept = without_changes(output)
    return Result(state=StepState.PLANNED, words=words, output=kept, changes=changes_of(output), due_at=until)


def _taken(connection: Connection, situation: Situation, output: Mapping[str, Any], yes: Row) -> Result:
    rank, actor = float(situation.alert.get("priority") or 0), actor_of(situation)
    # The yes planned its record when it was said; here it is found again.
    said = {**yes, "expected_from_at": yes["answered_at"]}
    effect = record_yes(connection, said, rank=rank, at=situation.now, actor=actor)
    more = {**without_changes(output), "substitute_id": yes["person_id"]}
    words = f"{yes['person_id']} takes shift {yes['shift_id']}"
    return _kept(connection, situation, output, waiting_for(effect, words, more, changes_of(output)))


def _kept(connection: Connection, situation: Situation, output: Mapping[str, Any], result: Result) -> Result:
    """The same result; where a yes could not be recorded, or taken out of the records, whom it concerns is told."""
    if result.state is StepState.FAILED and _WITHDRAWN in output:
        _tell_not_withdrawn(connection, situation, output)
    elif result.state is StepState.FAILED:
        _released(connection, situation, output)
    return result


def _released(connection: Connection, situation: Situation, output: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Withdraws a yes that could not be recorded, and tells the person; the candidate whose it was."""
    offers = offers_of(connection, situation.execution_id, situation.number)
    person = withdraw(connection, offers, at=situation.now)
    candidate = next((each for each in output.get("candidates", ()) if each["person_id"] == person), None)
    if candidate is not None:
        words = f"You do not have shift {output['part']['shift_id']} after all: it could not be recorded as yours."
        tell(connection, situation, _recipients(candidate), words)
    return candidate


def tell_unkept(connection: Connection, situation: Situation, output: Mapping[str, Any]) -> None:
    """Tells that a yes could not be recorded, or not taken out of the records, by an execution that was over.

    No step follows that would say so. The person is told, and so are those of the provider who were told of the
    incident, where they were told of it; where nobody was, the lead of the team.

    Args:
        connection: The transaction in which that became known.
        situation: What the step was about.
        output: Its output.
    """
    if _WITHDRAWN in output:
        _tell_not_withdrawn(connection, situation, output)
        return
    candidate = _released(connection, situation, output)
    if candidate is None:
        return
    shift_id, name = output["part"]["shift_id"], line(candidate["name"] or candidate["person_id"])
    words = (
        f"Nobody has shift {shift_id}: {name} said yes, but it could not be recorded. {name} is told. Find somebody."
    )
    _tell_provider(connection, situation, output, candidate["person_id"], words)


def _tell_not_withdrawn(connection: Connection, situation: Situation, output: Mapping[str, Any]) -> None:
    """Tells that somebody was told not to come, and that the records still expect them."""
    shift_id, name = output["part"]["shift_id"], line(output[_WITHDRAWN])
    words = (
        f"{name} was told not to take shift {shift_id}, but this could not be recorded: the roster still expects them. "
        "Correct it, and find somebody."
    )
    _tell_provider(connection, situation, output, output[_PERSON], words)


def _tell_provider(
    connection: Connection, situation: Situation, output: Mapping[str, Any], person_id: str, words: str
) -> None:
    """Tells the provider's people who were told of the incident, at the same addresses; else the lead of the team."""
    asked = {"incident_id": situation.alert["incident_id"], "person_id": person_id}
    rows = connection.execute(statement(__name__, "offers/told"), asked).all()
    people = [Recipient(row.audience, row.person_id, row.channel, row.address) for row in rows]
    tell(connection, situation, people or [Recipient(**each) for each in output.get("lead", ())], words)


def _lead(world: World, situation: Situation) -> list[dict[str, Any]]:
    """The lead of the team, else the operations centre, with addresses: told where nobody else would be."""
    around = staff_of(world, situation)
    found = recipients_of(around, ("lead",)).recipients or recipients_of(around, ("noc",)).recipients
    return [asdict(each) for each in found]


def _as_text(part: Part) -> dict[str, Any]:
    return {**vars(part), "ends_at": part.ends_at.isoformat()}


def _candidates(world: World, people: Sequence[Row], now: datetime) -> list[dict[str, Any]]:
    """Those of the proposed whom something reaches, with how."""
    readers = people_at(world, [each["person_id"] for each in people], now).filter(pl.col("address").is_not_null())
    known = readers.partition_by("person_id", as_dict=True, maintain_order=True)
    reached = [(each, known[(each["person_id"],)]) for each in people if (each["person_id"],) in known]
    return [
        {
            "place": place,
            **{name: each[name] for name in ("person_id", "name", "reason")},
            "readers": rows.to_dicts(),
        }
        for place, (each, rows) in enumerate(reached)
    ]


def _recipients(candidate: Mapping[str, Any]) -> list[Recipient]:
    names = ("audience", "person_id", "channel", "address")
    return [Recipient(*(row[name] for name in names)) for row in candidate["readers"]]


def _names(people: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(str(each["person_id"]) for each in people)
