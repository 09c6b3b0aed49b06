"""What a click does: acknowledge, or say whether it was useful; in the caller's transaction.

Here: the one way from a button to `alerts` and `incidents`, for pages and Slack alike. Not here: who may click
(`tokens`, `slack`).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from opsguard_assets.alerts.feedback import Surface, give_feedback
from opsguard_assets.alerts.people import ActionError
from opsguard_assets.alerts.people import acknowledge_in as acknowledge_alert
from opsguard_assets.incidents.people import acknowledge_in, acknowledged_alert
from opsguard_assets.views.actions import ACKNOWLEDGE, VERDICTS, Subject
from resources.sql import statement

_SAID = {
    "useful": "said that it was useful",
    "noise": "said that it was noise",
    "wrong": "said that it was wrong",
}


def act(
    connection: Connection, subject: Subject, action: str, *, at: datetime, actor: str, surface: Surface
) -> dict[str, Any]:
    """Does what a button says.

    Args:
        connection: An open transaction.
        subject: The alert or incident that it is about.
        action: `ACKNOWLEDGE` or one of `VERDICTS`.
        at: The time of the clock (UTC).
        actor: Who clicked.
        surface: Where.

    Returns:
        What was done: `action`, `actor`, `at` (ISO 8601) and `words`, a sentence about it; JSON can hold it.

    Raises:
        ActionError: When it is not possible; the message says why.
    """
    if subject.kind not in {"alert", "incident"}:
        raise ActionError(f"{subject} is a question of a playbook; it is answered, not acknowledged.")
    if action == ACKNOWLEDGE:
        words = _acknowledge(connection, subject, at=at, actor=actor, surface=surface)
    elif action in VERDICTS:
        give_feedback(connection, _alerts(connection, subject), action, at=at, actor=actor, surface=surface)
        words = f"{actor} {_SAID[action]}."
    else:
        raise ActionError(f"There is no action {action!r}.")
    return {"action": action, "actor": actor, "at": at.isoformat(), "words": words}


def _acknowledge(connection: Connection, subject: Subject, *, at: datetime, actor: str, surface: Surface) -> str:
    """Acknowledges, so that everything planned about it is taken back and every message shows who has it."""
    if subject.kind == "alert":
        acknowledge_alert(connection, subject.number, at=at, actor=actor)
        acknowledged_alert(connection, subject.number, at=at, actor=actor, surface=surface)
        return f"{actor} acknowledged it."
    done = acknowledge_in(connection, subject.number, at=at, actor=actor, surface=surface)
    if done.state == "resolved":
        raise ActionError(done.words)
    return f"{actor} acknowledged it." if done.is_new else done.words


def _alerts(connection: Connection, subject: Subject) -> list[int]:
    if subject.kind == "alert":
        return [subject.number]
    values = {"incident_id": subject.number}
    return [int(number) for number in connection.execute(statement(__name__, "subject_alerts"), values).scalars()]
