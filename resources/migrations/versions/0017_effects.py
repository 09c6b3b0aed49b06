"""Side effects in one family of tables; escalations become the first kind, under the names that people know.

What was a column of `escalations` about carrying out (state, key, attempts, answer, …) lies in `effects` now, its
history in `effect_transitions`. `escalations` and `escalation_transitions` are views with the columns they had.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, UUID

from resources.sql import statement

revision = "0017"
down_revision = "0016"

# Alembic loads this module under a name that is no package's.
_PACKAGE = "resources.migrations.versions"
_INSTANT = sa.DateTime(timezone=True)
_MOVED = (
    "state", "ticket_system", "idempotency_key", "attempts", "planned_at", "sent_at", "settled_at", "settled_by",
    "answer",
)  # fmt: skip


def upgrade() -> None:
    """Adds `effects`, `effect_transitions` and `effect_circuits`, and moves escalations into them."""
    _effects()
    op.create_table(
        "effect_transitions",
        sa.Column("transition_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("effect_id", sa.BigInteger, sa.ForeignKey("effects.effect_id"), nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("from_state", sa.Text),
        sa.Column("to_state", sa.Text, nullable=False),
        sa.Column("detail", sa.Text),
    )
    op.create_index("effect_transitions_by_effect", "effect_transitions", ["effect_id"])
    op.create_table(
        "effect_circuits",
        sa.Column("target", sa.Text, primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False, comment="attempts in a row without a clear answer"),
        sa.Column("open_until", _INSTANT, comment="until then nothing is handed to it"),
        sa.Column("words", sa.Text, comment="what it said last"),
        sa.Column("changed_at", _INSTANT, nullable=False),
    )
    _move_escalations()


def downgrade() -> None:
    """Migrations go forwards only."""
    raise NotImplementedError("restore a backup from before this migration instead")


def _effects() -> None:
    op.create_table(
        "effects",
        sa.Column("effect_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False, comment="what it is within its kind; there is no second one"),
        sa.Column("idempotency_key", sa.Text, nullable=False, server_default=sa.text("gen_random_uuid()::text")),
        sa.Column("target", sa.Text, nullable=False, comment="the system that it goes to, or went to last"),
        sa.Column("rank", sa.Double, nullable=False, comment="the greatest goes first"),
        sa.Column("payload", JSONB, nullable=False, comment="what is sent"),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column(
            "due_at", _INSTANT, nullable=False, comment="not taken up before; while it is sent: the end of the lease"
        ),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("lease", UUID, comment="who took it last: the fencing token"),
        sa.Column("worker", sa.Text, comment="the process that took it last"),
        sa.Column("planned_at", _INSTANT, nullable=False),
        sa.Column("sent_at", _INSTANT, comment="when it was handed over last"),
        sa.Column("settled_at", _INSTANT),
        sa.Column("settled_by", sa.Text),
        sa.Column("answer", sa.Text, comment="what the target said last"),
        sa.CheckConstraint(
            "state IN ('planned', 'sending', 'done', 'superseded', 'failed', 'unknown')", name="effect_state"
        ),
        sa.CheckConstraint("(state IN ('planned', 'sending')) = (settled_at IS NULL)", name="effect_settled_at"),
        sa.CheckConstraint("kind <> '' AND key <> '' AND target <> ''", name="effect_is_named"),
        sa.UniqueConstraint("kind", "key", name="one_effect_per_key"),
        sa.UniqueConstraint("idempotency_key", name="effect_idempotency_key"),
    )
    unsettled = sa.text("state IN ('planned', 'sending', 'unknown')")
    op.create_index("effects_due", "effects", ["kind", "due_at"], postgresql_where=unsettled)


def _move_escalations() -> None:
    connection = op.get_bind()
    for name in ("0017/effects_of_escalations", "0017/transitions_of_escalations", "0017/numbers_of_effects"):
        connection.execute(statement(_PACKAGE, name))
    op.rename_table("escalations", "escalation_steps")
    op.add_column("escalation_steps", sa.Column("effect_id", sa.BigInteger, sa.ForeignKey("effects.effect_id")))
    op.execute("UPDATE escalation_steps SET effect_id = escalation_id")
    op.alter_column("escalation_steps", "effect_id", nullable=False)
    op.create_unique_constraint("one_effect_per_escalation", "escalation_steps", ["effect_id"])
    # Their constraints and indexes go with them.
    for name in _MOVED:
        op.drop_column("escalation_steps", name)
    op.drop_table("escalation_transitions")
    for name in ("0017/escalations", "0017/escalation_transitions"):
        connection.execute(statement(_PACKAGE, name))
