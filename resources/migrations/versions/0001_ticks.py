"""Ticks: one row per job and moment, so that what ran when, and with what result, is a query."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Adds `ticks`."""
    op.create_table(
        "ticks",
        sa.Column("job", sa.Text, nullable=False, comment="the job of a frequent cadence"),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False, comment="the moment that was computed"),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("row_count", sa.BigInteger, nullable=False, comment="rows written for the moment"),
        sa.Column("model_name", sa.Text),
        sa.Column("model_version", sa.Text),
        sa.Column("digest", sa.Text, nullable=False, comment="SHA-256 of the rows written, for replays"),
        sa.PrimaryKeyConstraint("job", "as_of"),
    )


def downgrade() -> None:
    """Removes `ticks`."""
    op.drop_table("ticks")
