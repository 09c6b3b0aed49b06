"""Withdrawing escalations that were planned for wrong moments.

Here: the statements, in the caller's transaction. Not here: planning and handing over (`escalate`).

What was handed to a helpdesk happened, and nobody but a person can undo it there: it stays, and counts from when it was
planned. What OpsGuard only wrote down for itself is taken out, so that the step can be made when it is due.
"""

from typing import Final

from sqlalchemy import Connection, text

from resources.withdrawn import Withdrawal, take

_GONE: Final = "SELECT escalation_id FROM escalations WHERE as_of >= :since AND attempts = 0"
_HANDED_OVER: Final = "as_of >= :since AND attempts > 0 AND as_of <> planned_at"
# Children first.
_TAKEN: Final = {
    "escalation_notices": f"escalation_id IN ({_GONE})",
    "escalation_transitions": f"escalation_id IN ({_GONE})",
    "escalations": "as_of >= :since AND attempts = 0",
    "escalation_ticks": "as_of >= :since",
}
_NOTE: Final = f"""
INSERT INTO escalation_transitions (escalation_id, at, actor, from_state, to_state, detail)
SELECT escalation_id, :at, :actor, state, state, :detail FROM escalations WHERE {_HANDED_OVER}
"""  # noqa: S608 - our own words
_DATE: Final = f"UPDATE escalations SET as_of = planned_at WHERE {_HANDED_OVER}"  # noqa: S608 - our own words


def undo_escalations(connection: Connection, withdrawal: Withdrawal) -> int:
    """Withdraws the escalations of ticks from a moment on; returns how many rows were taken out or dated anew."""
    detail = f"its tick was withdrawn ({withdrawal.reason}); it was handed over and counts from when it was planned"
    values = {**withdrawal.values, "detail": detail}
    connection.execute(text(_NOTE), values)
    dated = connection.execute(text(_DATE), values).rowcount
    taken = {table: take(connection, table, condition, values) for table, condition in _TAKEN.items()}
    return int(dated) + taken["escalations"] + taken["escalation_ticks"]
