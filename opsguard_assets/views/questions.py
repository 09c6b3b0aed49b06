"""What people are asked by playbooks: approvals and offers of shifts, with what would be done and how it ended.

Here: reading them, and composing what they say. Not here: deciding (`remediation`), showing them (`delivery`, `web`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection

from opsguard_assets.views import reading
from opsguard_assets.views.actions import APPROVE, DENY, NO, YES
from opsguard_assets.views.alerts import described, place_of, site_of
from opsguard_assets.views.clocks import instant_in
from opsguard_assets.views.mentioned import change_words, known_of, people_in_changes
from opsguard_assets.views.names import Names, names_of
from opsguard_assets.views.texts import line, named
from resources.database import Database
from resources.lake import Lake
from resources.sql import statement

Row = dict[str, Any]
# The names that some alerts and people need, as `views.names.names_of` and `KeptNames.of` give them.
NamesOf = Callable[[Sequence[Mapping[str, Any]], Iterable[str | None]], Names]


@dataclass(frozen=True)
class Planned:
    """A step that would be done.

    Attributes:
        words: What, in one sentence.
        changes: What it would change, such as "ticket T-17, priority: high → critical".
        undo: What undoing it would do; None where nothing takes it back.
        is_final: Whether nothing takes it back.
    """

    words: str
    changes: tuple[str, ...]
    undo: str | None
    is_final: bool


@dataclass(frozen=True)
class Said:
    """The answer of one person that counts.

    Attributes:
        word: approve, deny, yes or no.
        at: When.
    """

    word: str
    at: datetime


@dataclass(frozen=True)
class Vote:
    """What one person said.

    Attributes:
        person_id: Who.
        name: The same by name.
        agrees: Whether they agree.
        at: When.
        note: Why; None where they gave no reason.
    """

    person_id: str
    name: str
    agrees: bool
    at: datetime
    note: str | None


@dataclass(frozen=True, kw_only=True)
class Question:
    """What approvals and offers have in common.

    Attributes:
        about: `approval/7` or `offer/3`.
        execution_id: Whose question it is.
        playbook: Its name.
        alert: Its alert, as `views.alerts.described` gives it.
        where: Client and site by name; None where it is at none.
        asked_at: Since when it is asked.
        expires_at: Until when it is.
        is_open: Whether an answer still counts.
        outcome: How it ended, in words; None while nothing has.
        next_step: What a reader can do now.
    """

    about: str
    execution_id: int
    playbook: str
    alert: Row
    where: str | None
    asked_at: datetime
    expires_at: datetime
    is_open: bool
    outcome: str | None
    next_step: str

    @property
    def site(self) -> str:
        """The site by name, else by number."""
        return site_of(self.alert) or "an unknown site"

    @property
    def zone(self) -> str | None:
        """The time zone of the site; None where it is unknown."""
        return self.alert["site_zone"]  # type: ignore[no-any-return]


@dataclass(frozen=True, kw_only=True)
class ApprovalView(Question):
    """An approval as people read it.

    Attributes:
        title: What the playbook does.
        steps: What would be done, in this order.
        team: Whose members may decide; None: the operations centre.
        needed: How many have to agree.
        votes: Who said what so far.
        requester: Who or what started the execution.
        without: The person who started it, if they may not decide; None where nobody is excluded.
        decision: approved, denied, expired, void or cancelled; None while nothing is decided.
        decided_at: When.
    """

    title: str
    steps: tuple[Planned, ...]
    team: str | None
    needed: int
    votes: tuple[Vote, ...]
    requester: str
    without: str | None
    decision: str | None
    decided_at: datetime | None

    @property
    def is_final(self) -> bool:
        """Whether nothing takes a part of it back."""
        return any(step.is_final for step in self.steps)

    def answer_of(self, person_id: str) -> Said | None:
        """What a person said; None where nothing of theirs counts."""
        votes = (vote for vote in self.votes if vote.person_id == person_id)
        return next((Said(APPROVE if vote.agrees else DENY, vote.at) for vote in votes), None)


@dataclass(frozen=True, kw_only=True)
class OfferView(Question):
    """The offer of a shift as the one who is asked reads it. It does not say whose shift it was.

    Attributes:
        person_id: Who is asked.
        post: Position at the site; None where it is unknown.
        starts_at: Begin of the shift; None where it is unknown.
        ends_at: End of the shift; None where it is unknown.
        answer: yes, no, no answer, withdrawn or too late; None while there is none.
        answered_at: When.
    """

    person_id: str
    post: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    answer: str | None
    answered_at: datetime | None

    def answer_of(self, person_id: str) -> Said | None:
        """What a person said; None where nothing of theirs counts."""
        if person_id != self.person_id or self.answer not in {YES, NO} or self.answered_at is None:
            return None
        return Said(self.answer, self.answered_at)


def approval_view(database: Database, lake: Lake, number: int, now: datetime) -> ApprovalView | None:
    """The view of an approval; None where there is none of that number."""
    return next(iter(approval_views(database, partial(names_of, lake), [number], now)), None)


def approval_views(database: Database, names_for: NamesOf, numbers: Sequence[int], now: datetime) -> list[ApprovalView]:
    """The views of some approvals, by their number."""
    with database.begin() as connection:
        found = _rows(connection, "approvals", numbers)
        votes = _rows(connection, "votes", numbers)
        alerts = reading.alerts_of(connection, sorted({row["alert_id"] for row in found}))
    if not found:
        return []
    decided = [one for row in found for one in str(row["decided_by"] or "").split(", ")]
    people = [*(row["requester"] for row in found), *decided, *(vote["person_id"] for vote in votes)]
    people += [person for row in found for person in sorted(_people_in(row["plan"]))]
    names = names_for(alerts, people)
    known = {alert["alert_id"]: alert for alert in alerts}
    return [
        approval_of(
            row,
            [vote for vote in votes if vote["approval_id"] == row["approval_id"]],
            known[row["alert_id"]],
            names,
            now,
        )
        for row in found
    ]


def offer_view(database: Database, names_for: NamesOf, number: int, now: datetime) -> OfferView | None:
    """The view of an offer; None where there is none of that number."""
    with database.begin() as connection:
        found = _rows(connection, "offers", [number])
        alerts = reading.alerts_of(connection, [row["alert_id"] for row in found])
    return offer_of(found[0], alerts[0], names_for(alerts, ()), now) if found else None


def approval_of(
    row: Mapping[str, Any], votes: Sequence[Row], alert: Mapping[str, Any], names: Names, now: datetime
) -> ApprovalView:
    """The view of an approval from its rows.

    Args:
        row: Of `approvals`, with its execution.
        votes: Of `approval_votes`.
        alert: Of `alerts`.
        names: Names that they need.
        now: The time of the clock.
    """
    (shown,) = described([alert], names, now)
    known = tuple(
        Vote(vote["person_id"], _person(vote["person_id"], names), vote["vote"] == APPROVE, vote["at"], vote["note"])
        for vote in votes
    )
    return ApprovalView(
        about=f"approval/{row['approval_id']}",
        **_shared(row, shown),
        is_open=row["decision"] is None and row["expires_at"] > now,
        outcome=_outcome(row, known, names, now),
        next_step=_next_of_approval(row, now),
        title=row["title"] or row["playbook"],
        steps=steps_of(row["plan"], names),
        team=row["team"],
        needed=row["needed"],
        votes=known,
        requester=_person(row["requester"], names),
        without=None if row["requester_may_approve"] else names.people.get(row["requester"]),
        decision=row["decision"],
        decided_at=row["decided_at"],
    )


def offer_of(row: Mapping[str, Any], alert: Mapping[str, Any], names: Names, now: datetime) -> OfferView:
    """The view of an offer from its rows.

    Args:
        row: Of `shift_offers`, with its execution.
        alert: Of `alerts`.
        names: Names that they need.
        now: The time of the clock.
    """
    (shown,) = described([alert], names, now)
    evidence = alert["evidence"] or {}
    is_open = row["answer"] is None and row["expires_at"] > now
    return OfferView(
        about=f"offer/{row['offer_id']}",
        **_shared(row, shown),
        is_open=is_open,
        outcome=None if is_open else _ANSWERED.get(row["answer"] or "no answer", row["answer"]),
        next_step="say yes or no" if is_open else _AFTER_ANSWER.get(row["answer"] or "no answer", "nothing"),
        person_id=row["person_id"],
        post=evidence.get("post"),
        starts_at=instant_in(evidence.get("expected_from") or evidence.get("starts")),
        ends_at=instant_in(evidence.get("expected_until")),
        answer=row["answer"],
        answered_at=row["answered_at"],
    )


def agreement(view: ApprovalView) -> str:
    """Who has to agree, who has, and who else is needed."""
    team = f"of {line(view.team)}" if view.team else "of the operations centre"
    if view.needed == 1:
        words = f"one person {team}"
    else:
        names = ", ".join(line(vote.name) for vote in view.votes if vote.agrees)
        left = view.needed - sum(vote.agrees for vote in view.votes)
        has = f"{names} agreed; {left} more is needed" if names else "nobody has agreed yet"
        words = f"two different persons {team}: {has}" if view.is_open else f"two different persons {team}"
    return f"{words}; not {line(view.without)}, who started it" if view.without else words


def steps_of(plan: object, names: Names) -> tuple[Planned, ...]:
    """The steps of `approvals.plan`, as `remediation.engine.approvals.entry_of` writes them; people by name."""
    people = known_of(_people_in(plan), names)
    steps = plan if isinstance(plan, list) else []
    return tuple(
        Planned(
            words=named(str(step.get("words") or step.get("action") or "a step"), people),
            changes=tuple(change_words(change, people) for change in step.get("changes") or ()),
            undo=None if step.get("is_final") else step.get("afterwards"),
            is_final=bool(step.get("is_final")),
        )
        for step in steps
        if isinstance(step, Mapping)
    )


def _people_in(plan: object) -> set[str]:
    steps = [step for step in plan if isinstance(step, Mapping)] if isinstance(plan, list) else []
    return {person for step in steps for person in people_in_changes(step.get("changes"))}


def _shared(row: Mapping[str, Any], alert: Row) -> Row:
    same = {name: row[name] for name in ("execution_id", "playbook", "asked_at", "expires_at")}
    return {**same, "alert": alert, "where": place_of(alert)}


def _outcome(row: Mapping[str, Any], votes: Sequence[Vote], names: Names, now: datetime) -> str | None:
    decision = row["decision"]
    by = ", ".join(vote.name for vote in votes if vote.agrees == (decision == "approved"))
    by = by or ", ".join(_person(one, names) for one in str(row["decided_by"] or "nobody").split(", "))
    reason = f": {row['reason']}" if row["reason"] else ""
    if decision == "approved":
        return f"Approved by {by}. The playbook goes on."
    if decision == "denied":
        return f"Denied by {by}{reason}. It is not done."
    if decision == "void":
        return f"Void{reason or ': the situation had changed'}. What was asked is no longer what would be done."
    if decision == "cancelled":
        return f"Cancelled{reason}. It is not done."
    if decision == "expired" or row["expires_at"] <= now:
        return "Nobody decided in time, which counts as denied. It is not done."
    return None


def _next_of_approval(row: Mapping[str, Any], now: datetime) -> str:
    by_hand = f"act by hand, or run it again: opsguard playbook run {row['playbook']} --alert {row['alert_id']}"
    decision = row["decision"]
    if decision is None:
        return "approve or deny" if row["expires_at"] > now else by_hand
    if decision == "void":
        return "look for the newer approval that was asked; if there is none, act by hand"
    return "nothing" if decision == "approved" else by_hand


_ANSWERED = {
    "yes": "You said yes: the shift is yours.",
    "no": "You said no. Nothing more is asked of you.",
    "no answer": "The time to answer is over. Somebody else is asked.",
    "withdrawn": "The offer was withdrawn. Nothing is asked of you any more.",
    "too late": "Somebody else has the shift already. Thank you.",
}
_AFTER_ANSWER = {
    "yes": "be there when the shift begins; if you cannot, tell the operations desk at once",
    "no answer": "if you could come after all, call the operations desk",
}


def _person(person_id: object, names: Names) -> str:
    """A person by name; what is no person's identifier, such as a trigger, as it is."""
    return names.people.get(str(person_id), str(person_id))


def _rows(connection: Connection, name: str, numbers: Sequence[int]) -> list[Row]:
    found = connection.execute(statement(__name__, f"questions/{name}"), {"numbers": list(numbers)})
    return [dict(row) for row in found.mappings()]
