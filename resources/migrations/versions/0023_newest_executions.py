"""An index by which the newest executions of a playbook are found, however many there were before."""

from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Adds it."""
    op.create_index("executions_triggered", "executions", ["playbook", "triggered_at"])


def downgrade() -> None:
    """Migrations go forwards only."""
    raise NotImplementedError("restore a backup from before this migration instead")
