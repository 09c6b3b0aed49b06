"""What operators say of alerts: useful, noise or wrong. Triage learns from it.

Here: noting it. Not here: what is learned from it (`opsguard_assets.triage`), other actions (`people`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from opsguard_assets.alerts.people import ActionError
from resources.sql import statement

VERDICTS = ("useful", "noise", "wrong")
Surface = Literal["cli", "slack", "web"]


def give_feedback(
    connection: Connection,
    alert_ids: Sequence[int],
    verdict: str,
    *,
    at: datetime,
    actor: str,
    surface: Surface,
    note: str | None = None,
) -> list[int]:
    """Notes what somebody says of alerts, about the opening that each is in; the newest word of a person counts.

    Args:
        connection: An open transaction.
        alert_ids: Which alerts, resolved ones too: whether it was noise is often known afterwards.
        verdict: One of `VERDICTS`.
        at: The time of the clock (UTC).
        actor: Who says so.
        surface: Where.
        note: Why, in words.

    Returns:
        The numbers of the alerts.

    Raises:
        ActionError: When the verdict is unknown, or none of the alerts exists.
    """
    if verdict not in VERDICTS:
        raise ActionError(f"Feedback is one of {', '.join(VERDICTS)}.")
    values = {
        "alert_ids": list(alert_ids), "verdict": verdict, "actor": actor, "surface": surface, "note": note, "at": at,
    }  # fmt: skip
    noted = [int(number) for number in connection.execute(statement(__name__, "acting/feedback"), values).scalars()]
    if not noted:
        raise ActionError("There is no such alert; `opsguard alerts list` shows those that are open.")
    return noted
