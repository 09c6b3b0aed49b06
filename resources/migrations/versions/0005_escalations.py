"""Escalations, what became of each and who is to be told: one row per ticket and step, by the database's own word."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Adds `escalations`, `escalation_transitions`, `escalation_notices` and `escalation_ticks`."""
    _escalations()
    op.create_table(
        "escalation_transitions",
        sa.Column("transition_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("escalation_id", sa.BigInteger, sa.ForeignKey("escalations.escalation_id"), nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("from_state", sa.Text),
        sa.Column("to_state", sa.Text, nullable=False),
        sa.Column("detail", sa.Text),
    )
    op.create_index("escalation_transitions_by_escalation", "escalation_transitions", ["escalation_id"])
    op.create_table(
        "escalation_notices",
        sa.Column("escalation_id", sa.BigInteger, sa.ForeignKey("escalations.escalation_id"), nullable=False),
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False, comment="assignee, supervisor, lead or site supervisor"),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False, server_default="pending"),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("escalation_id", "person_id"),
        sa.CheckConstraint("state IN ('pending', 'delivered')", name="escalation_notice_state"),
    )
    op.create_table(
        "escalation_ticks",
        sa.Column("as_of", _INSTANT, primary_key=True),
        sa.Column("risk_as_of", _INSTANT, nullable=False, comment="the tick of SLA risk that was acted on"),
        sa.Column("candidates", sa.BigInteger, nullable=False, comment="tickets from the risk that escalates"),
        sa.Column("decisions", JSONB, nullable=False, comment="how many of them ended in which decision"),
        sa.Column("recorded_at", _INSTANT, nullable=False),
    )


def downgrade() -> None:
    """Removes them."""
    for name in ("escalation_ticks", "escalation_notices", "escalation_transitions", "escalations"):
        op.drop_table(name)


def _escalations() -> None:
    op.create_table(
        "escalations",
        sa.Column("escalation_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("ticket_id", sa.Text, nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("as_of", _INSTANT, nullable=False, comment="the tick that planned it"),
        sa.Column("risk_as_of", _INSTANT, nullable=False),
        sa.Column("risk", sa.Double, nullable=False),
        *(sa.Column(name, sa.Text) for name in ("client_id", "site_id", "group_id")),
        sa.Column("from_priority", sa.Text, nullable=False),
        sa.Column("to_priority", sa.Text, nullable=False),
        sa.Column("from_assignee_id", sa.Text),
        sa.Column("to_assignee_id", sa.Text, comment="null: nobody could be found"),
        sa.Column("expected_status", sa.Text, nullable=False),
        sa.Column(
            "expected_updated_at", _INSTANT, nullable=False, comment="the state of the ticket that was planned on"
        ),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("tell", JSONB, nullable=False, comment="who is to be told what"),
        *(sa.Column(name, sa.Text) for name in ("model_name", "model_version", "model_run_id")),
        sa.Column("ticket_system", sa.Text, nullable=False, comment="the kind that it was last handed to"),
        sa.Column("idempotency_key", sa.Text, nullable=False, server_default=sa.text("gen_random_uuid()::text")),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("planned_at", _INSTANT, nullable=False),
        sa.Column("sent_at", _INSTANT, comment="when it was handed over last"),
        sa.Column("settled_at", _INSTANT),
        sa.Column("settled_by", sa.Text),
        sa.Column("answer", sa.Text, comment="what the ticket system said last"),
        sa.CheckConstraint(
            "state IN ('planned', 'sent', 'done', 'superseded', 'failed', 'unknown')", name="escalation_state"
        ),
        sa.CheckConstraint("(state IN ('planned', 'sent')) = (settled_at IS NULL)", name="escalation_settled_at"),
        sa.UniqueConstraint("ticket_id", "step", name="one_escalation_per_ticket_and_step"),
        sa.UniqueConstraint("idempotency_key", name="escalation_idempotency_key"),
    )
    unsettled = sa.text("state IN ('planned', 'sent', 'unknown')")
    op.create_index("unsettled_escalations", "escalations", ["state"], postgresql_where=unsettled)
    op.create_index("escalations_by_tick", "escalations", ["as_of"])
