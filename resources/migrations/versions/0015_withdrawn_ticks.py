"""Ticks that were withdrawn, what they had recorded, and who settled a tick."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0015"
down_revision = "0006"

_INSTANT = sa.DateTime(timezone=True)
_TICKS = ("ticks", "monitor_ticks", "escalation_ticks")


def upgrade() -> None:
    """Adds `withdrawals` and `withdrawn_rows`, and to ticks and transitions what points to people and withdrawals."""
    op.create_table(
        "withdrawals",
        sa.Column("withdrawal_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("kind", sa.Text, nullable=False, comment="as in `opsguard tick`"),
        sa.Column("since", _INSTANT, nullable=False, comment="ticks from this moment on were withdrawn"),
        sa.Column("at", _INSTANT, nullable=False, server_default=sa.func.clock_timestamp()),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_table(
        "withdrawn_rows",
        sa.Column("withdrawal_id", sa.BigInteger, sa.ForeignKey("withdrawals.withdrawal_id"), nullable=False),
        sa.Column("table_name", sa.Text, nullable=False),
        sa.Column("row", JSONB, nullable=False, comment="as it was before"),
    )
    op.create_index("withdrawn_rows_by_withdrawal", "withdrawn_rows", ["withdrawal_id"])
    op.add_column(
        "alert_transitions",
        sa.Column("withdrawal_id", sa.BigInteger, comment="it was withdrawn, or withdraws; not part of the life"),
    )
    for table in _TICKS:
        op.add_column(table, sa.Column("settled_by", sa.Text, comment="user, machine and program"))


def downgrade() -> None:
    """Removes them."""
    for table in _TICKS:
        op.drop_column(table, "settled_by")
    op.drop_column("alert_transitions", "withdrawal_id")
    op.drop_table("withdrawn_rows")
    op.drop_table("withdrawals")
