"""Who was champion since when and why, and up to which record a tick had seen the lake."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Adds `model_history`, and to `ticks` what it takes to compute one again."""
    op.create_table(
        "model_history",
        sa.Column("promotion_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("version", sa.Text, comment="null: no champion any more, the rule scores"),
        sa.Column("run_id", sa.Text, comment="the MLflow run: parameters, figures, versions of the data"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="champion since"),
        sa.Column("actor", sa.Text, nullable=False, comment="a person, or the gate"),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("reasons", JSONB, nullable=False, comment="the gate's conditions in words, or what a person wrote"),
        sa.Column("replaced", sa.Text, comment="the champion before"),
    )
    op.create_index("model_history_by_problem", "model_history", ["problem", "at"])
    op.add_column(
        "ticks",
        sa.Column("recorded_upto", sa.DateTime(timezone=True), comment="the newest record that the tick could see"),
    )


def downgrade() -> None:
    """Removes them."""
    op.drop_column("ticks", "recorded_upto")
    op.drop_table("model_history")
