"""Where messages about executions are, so that they can be edited; and the executions of a client."""

from alembic import op

from resources.sql import statement

revision = "0020"
down_revision = "0019"

# Alembic loads this module under a name that is no package's.
_PACKAGE = "resources.migrations.versions"


def upgrade() -> None:
    """Lets a notice keep where its message is, and finds the executions of a client."""
    connection = op.get_bind()
    for name in ("0020/references", "0020/by_client"):
        connection.execute(statement(_PACKAGE, name))


def downgrade() -> None:
    """Migrations go forwards only."""
    raise NotImplementedError("restore a backup from before this migration instead")
