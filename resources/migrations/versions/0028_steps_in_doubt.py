"""The index by which the steps are found that are in doubt, however many there were."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """Adds it."""
    doubt = sa.text("state = 'unknown'")
    op.create_index("steps_in_doubt", "execution_steps", ["execution_id"], postgresql_where=doubt)


def downgrade() -> None:
    """Migrations go forwards only."""
    raise NotImplementedError("restore a backup from before this migration instead")
