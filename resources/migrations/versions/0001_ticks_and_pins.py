"""Ticks (what ran for which moment, with what result) and pins (lake versions that housekeeping must keep)."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Adds `ticks` and `lake_pins`."""
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
    op.create_table(
        "lake_pins",
        sa.Column("table_name", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False, comment="what reads this version again, such as a signed month"),
        sa.Column("pinned_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("table_name", "version", "reason"),
    )


def downgrade() -> None:
    """Removes `lake_pins` and `ticks`."""
    op.drop_table("lake_pins")
    op.drop_table("ticks")
