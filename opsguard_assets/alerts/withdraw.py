"""Withdraws ticks that a monitor settled wrongly: alerts become what they would be without those ticks.

Here: the order of statements (`sql/withdrawing`), in the caller's transaction. Not here: settling (`lifecycle`), scores
and ticks of jobs (`opsguard_assets.withdrawal`).

The state of an alert follows from its transitions. Those of withdrawn ticks are marked and no longer count; what people
did in between does. What a tick overwrites without a transition (score, title, reason, evidence) is brought up to date
by the next tick. Rows that are taken out of `monitor_ticks` and `decisions` are kept in `withdrawn_rows`.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from opsguard_assets.alerts.finding import COUNTED
from opsguard_assets.alerts.lifecycle import lock_alerts
from resources.sql import statement
from resources.withdrawn import Withdrawal

_BEFORE: Final = text(
    "SELECT max(as_of) FROM monitor_ticks WHERE monitor = :monitor AND NOT is_late AND as_of < :since"
)
# In order; a step reads what those before it made.
_STEPS: Final = (
    "gone_ticks",
    "undone",
    "moot",
    "undone_states",
    "mark",
    "gone_decisions",
    "keep_decisions",
    "keep_ticks",
    "drop_decisions",
    "shorten_decisions",
    "drop_ticks",
    "uncount",
    "note_closed",
    "close",
    "restored",
    "note_restored",
    "restore",
)
_TABLES: Final = ("restored", "gone_decisions", "undone_states", "undone", "gone_ticks")


@dataclass(frozen=True)
class Undone:
    """What withdrawing the ticks of a monitor did.

    Attributes:
        ticks: Ticks that had settled something.
        late_ticks: Ticks that came too late because of them, and can be computed again.
        closed: Alerts that they had raised, closed as withdrawn.
        reopened: Alerts that they had resolved, unresolved again.
    """

    ticks: int = 0
    late_ticks: int = 0
    closed: int = 0
    reopened: int = 0

    def __add__(self, other: "Undone") -> "Undone":
        """Both together."""
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Undone(*(one + more for one, more in pairs))


def undo_ticks(connection: Connection, monitor: str, withdrawal: Withdrawal) -> Undone:
    """Withdraws the ticks of a monitor from a moment on; without any there, nothing changes."""
    lock_alerts(connection)
    values = {
        **withdrawal.values,
        "monitor": monitor,
        "detail": f"ticks of {monitor} from {withdrawal.since:%Y-%m-%d %H:%M} UTC on were withdrawn: "
        f"{withdrawal.reason}",
        "counted": list(COUNTED),
    }
    values["before"] = connection.execute(_BEFORE, values).scalar()
    for step in _STEPS:
        connection.execute(statement(__name__, f"withdrawing/{step}"), values)
    counted = connection.execute(statement(__name__, "withdrawing/counts")).one()
    for table in _TABLES:
        connection.execute(text(f"DROP TABLE pg_temp.{table}"))
    return Undone(*map(int, counted))
