"""What is decided about a recipient: the columns of a decision, and the key of its message.

Here: shapes and words. Not here: deciding (`opsguard_assets.routing`), recording (`messages_io`).
"""

from typing import Final

import polars as pl

from opsguard_assets.tables.values import INSTANT

RAISED, CHAIN, UPDATE, RESOLVED, DIGEST = "raised", "chain", "update", "resolved", "digest"
# What playbooks ask and say (`opsguard_assets.remediation`).
APPROVAL, OFFER, PLAYBOOK = "approval", "offer", "playbook"
DECIDED_TOLD: Final = "told"
# One decision about one recipient. `message_key` where it is told.
NOTICE: Final = pl.Schema(
    {
        "incident_id": pl.Int64(),
        "incident_version": pl.Int64(),
        "kind": pl.String(),
        "step": pl.Int64(),
        "audience": pl.String(),
        "person_id": pl.String(),
        "channel": pl.String(),
        "address": pl.String(),
        "decision": pl.String(),
        "reason": pl.String(),
        "rule": pl.String(),
        "urgency": pl.String(),
        "due_at": INSTANT,
        "message_key": pl.String(),
        "priority": pl.Int64(),
        "is_critical": pl.Boolean(),
    }
)
# The same of a message that belongs to an execution: its number, and what it says beside the incident.
OF_EXECUTION: Final = pl.Schema({**NOTICE, "execution_id": pl.Int64(), "words": pl.String()})
# The same of a message that asks for a decision: on what, such as approval/7, and the time zone of its reader.
OF_QUESTION: Final = pl.Schema({**OF_EXECUTION, "about": pl.String(), "zone": pl.String()})


def message_key(*last: pl.Expr) -> pl.Expr:
    """`incident/<id>/<channel>/<address>/…`: the key of a message about an incident. Null where a part is unknown."""
    return pl.concat_str(
        pl.lit("incident"), "incident_id", "channel", "address", *last, separator="/", ignore_nulls=False
    )
