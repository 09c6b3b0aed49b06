"""The digests of the files of every model: one that was exchanged or changed afterwards does not score."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Adds `model_files`, and to the history of champions whether the gate had refused one."""
    op.create_table(
        "model_files",
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False, comment="`version 3` of the registry, or `training … candidate`"),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("cause", sa.Text, nullable=False, comment="trained; or first use, of a model from before this table"),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("problem", "model", "file"),
    )
    op.add_column("model_history", sa.Column("gate", sa.Text, comment="what the gate said: passed, kept out; or null"))


def downgrade() -> None:
    """Removes them."""
    op.drop_column("model_history", "gate")
    op.drop_table("model_files")
