"""Withdrawing escalations that were planned for wrong moments.

Here: the statements, in the caller's transaction. Not here: planning and handing over (`escalate`).

What was handed to a helpdesk happened, and nobody but a person can undo it there: it stays, and counts from when it was
planned. What OpsGuard only wrote down for itself is taken out, so that the step can be made when it is due.
"""

from typing import Final

from sqlalchemy import Connection, text

from opsguard_assets.effects import io as effects_io
from resources.sql import statement
from resources.withdrawn import Withdrawal, keep, take

# What nothing outside has heard of, under the names that people know.
_GONE: Final = "escalation_id IN (SELECT escalation_id FROM escalations WHERE as_of >= :since AND attempts = 0)"
_KEPT: Final = ("escalation_notices", "escalation_transitions", "escalations")


def undo_escalations(connection: Connection, withdrawal: Withdrawal) -> int:
    """Withdraws the escalations of ticks from a moment on; returns how many rows were taken out or dated anew."""
    detail = f"its tick was withdrawn ({withdrawal.reason}); it was handed over and counts from when it was planned"
    values = {**withdrawal.values, "detail": detail}
    connection.execute(statement(__name__, "withdraw_note"), values)
    dated = connection.execute(statement(__name__, "withdraw_date"), values).rowcount
    for table in _KEPT:
        keep(connection, table, _GONE, values)
    connection.execute(text(f"DELETE FROM escalation_notices WHERE {_GONE}"), values)  # noqa: S608 - our own words
    gone = text(f"DELETE FROM escalation_steps WHERE {_GONE} RETURNING effect_id")  # noqa: S608 - our own words
    effects = [int(row.effect_id) for row in connection.execute(gone, values)]
    effects_io.forget(connection, effects)
    ticks = take(connection, "escalation_ticks", "as_of >= :since", values)
    return int(dated) + len(effects) + ticks
