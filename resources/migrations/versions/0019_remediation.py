"""Playbooks, executions, approvals, offers and attachments: what remediation needs."""

from alembic import op

from resources.sql import statement

revision = "0019"
down_revision = "0018"

# Alembic loads this module under a name that is no package's.
_PACKAGE = "resources.migrations.versions"


def upgrade() -> None:
    """Adds the tables of remediation, lets notices and links be about it, and an index of what is sent next."""
    connection = op.get_bind()
    for name in ("0019/effects", "0019/playbooks", "0019/executions", "0019/approvals", "0019/neighbours"):
        connection.execute(statement(_PACKAGE, name))


def downgrade() -> None:
    """Migrations go forwards only."""
    raise NotImplementedError("restore a backup from before this migration instead")
