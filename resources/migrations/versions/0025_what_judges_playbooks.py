"""Indexes by which the ladder finds what judges a playbook: executions in its mode, undos, and words that it was wrong.

Each is as long as what it finds, so a move of the ladder costs the same however long it has been running.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Adds them, and takes away the one that did not tell modes apart."""
    op.drop_index("executions_triggered", "executions")
    own = sa.text("undo_of IS NULL AND NOT is_by_hand")
    op.create_index("executions_of_mode", "executions", ["playbook", "mode", "triggered_at"], postgresql_where=own)
    undoing = sa.text("undo_of IS NOT NULL")
    op.create_index("executions_undoing", "executions", ["playbook", "triggered_at"], postgresql_where=undoing)
    op.create_index("feedback_wrong", "alert_feedback", ["at"], postgresql_where=sa.text("verdict = 'wrong'"))


def downgrade() -> None:
    """Migrations go forwards only."""
    raise NotImplementedError("restore a backup from before this migration instead")
