"""What was found when a model in use was looked after: is it useful, do its probabilities hold, has the world moved."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Adds `model_watch`."""
    op.create_table(
        "model_watch",
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_useful", sa.Boolean, nullable=False, comment="false: the rule scores until it is again"),
        sa.Column("wants_training", sa.Boolean, nullable=False),
        sa.Column("words", sa.Text, nullable=False, comment="the verdict in one sentence"),
        sa.Column("figures", JSONB, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("problem", "version", "as_of"),
    )


def downgrade() -> None:
    """Removes it."""
    op.drop_table("model_watch")
