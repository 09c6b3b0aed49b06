"""What an answer to a question does: an approval is decided, an offer of a shift answered; for pages and Slack alike.

Here: the one way from a button to `remediation`. Not here: deciding (`remediation.engine`, `remediation.actions`), who
may click (`tokens`, `slack`).
"""

from datetime import datetime, timedelta
from typing import Any, Literal

from opsguard_assets.alerts.people import ActionError
from opsguard_assets.remediation.actions.action import World
from opsguard_assets.remediation.actions.offering import answer
from opsguard_assets.views.actions import ANSWERS, ANSWERS_OF, APPROVE, Subject
from opsguard_assets.views.questions import agreement, approval_view
from opsguard_assets.web.service import Service

Surface = Literal["slack", "web"]


def answered(
    service: Service,
    subject: Subject,
    action: str,
    *,
    person_id: str,
    note: str | None,
    surface: Surface,
    now: datetime,
) -> dict[str, Any]:
    """Does what an answer says; the same answer again learns what the first one did.

    Args:
        service: Where it is decided.
        subject: The approval or offer.
        action: One of `ANSWERS_OF` of its kind.
        person_id: Who answers.
        note: Why, for the log.
        surface: Where.
        now: The time of the clock (UTC).

    Returns:
        `action`, what counts as this person's answer (None where it came too late), `pressed`, what they pressed now,
        `at` (ISO 8601) and `words`, what holds now; JSON can hold it.

    Raises:
        ActionError: When this person may not answer; the message says who may.
    """
    if action not in ANSWERS_OF.get(subject.kind, ()):
        raise ActionError(f"{subject} cannot be answered with {action}.")
    if subject.kind == "approval":
        # What steps plan with brings libraries that the service starts without.
        from opsguard_assets.remediation.engine.approvals_io import decide  # noqa: PLC0415

        world = World(service.database, service.lake, service.settings)
        done = decide(world, subject.number, person_id, ANSWERS[action], now, surface=surface, note=note or "")
        counted, words = done.vote, _standing(service, subject.number, now)
    else:
        said: Literal["yes", "no"] = "yes" if ANSWERS[action] else "no"
        try:
            travel = timedelta(minutes=service.settings.shifts.substitute_travel_minutes)
            given = answer(
                service.database, subject.number, said, person_id=person_id, at=now, surface=surface, travel=travel
            )
        except LookupError:
            raise ActionError("This shift was offered to somebody else; nobody can answer for them.") from None
        counted, words = given.answer if given.answer in ANSWERS_OF[subject.kind] else None, given.words
    return {"action": counted, "pressed": action, "at": now.isoformat(), "words": words}


def _standing(service: Service, number: int, now: datetime) -> str:
    """How an approval stands, with people by name."""
    view = approval_view(service.database, service.lake, number, now)
    if view is None or view.outcome is None:
        return f"Your answer counts. Who has to agree: {agreement(view) if view else 'nobody any more'}."
    return view.outcome


def needs_second_look(service: Service, subject: Subject, action: str) -> bool:
    """Whether an answer approves something that nothing takes back."""
    if action != APPROVE:
        return False
    view = approval_view(service.database, service.lake, subject.number, service.now())
    return view is not None and view.is_open and view.is_final
