"""Indexes of what the engine of playbooks asks at every tick, and which transitions of alerts triggers have seen."""

from alembic import op

from resources.sql import statement

revision = "0021"
down_revision = "0020"

# Alembic loads this module under a name that is no package's.
_PACKAGE = "resources.migrations.versions"


def upgrade() -> None:
    """Adds them."""
    op.get_bind().execute(statement(_PACKAGE, "0021/executions"))


def downgrade() -> None:
    """Migrations go forwards only."""
    raise NotImplementedError("restore a backup from before this migration instead")
