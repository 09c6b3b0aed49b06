"""Priorities, incidents, decisions about recipients, and links: what alerts need to reach people."""

from alembic import op

from resources.sql import statement

revision = "0018"
down_revision = "0017"

# Alembic loads this module under a name that is no package's.
_PACKAGE = "resources.migrations.versions"


def upgrade() -> None:
    """Adds the tables of triage, incidents, notices and links, and when an effect is due first."""
    connection = op.get_bind()
    for name in ("0018/effects", "0018/escalations", "0018/triage", "0018/incidents", "0018/notices", "0018/links"):
        connection.execute(statement(_PACKAGE, name))


def downgrade() -> None:
    """Migrations go forwards only."""
    raise NotImplementedError("restore a backup from before this migration instead")
