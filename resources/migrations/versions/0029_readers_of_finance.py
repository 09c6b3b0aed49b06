"""What finance reads of scorecards with Excel, Metabase or psql: views of clients granted by role, and nothing else."""

from alembic import op

from resources.sql import statement

revision = "0029"
down_revision = "0028"

# Alembic loads this module under a name that is no package's.
_PACKAGE = "resources.migrations.versions"


def upgrade() -> None:
    """Adds the grants and the views; and the role of their readers, where the database lets us."""
    connection = op.get_bind()
    for name in ("views", "readers", "call"):
        connection.execute(statement(_PACKAGE, f"0029/{name}"))


def downgrade() -> None:
    """Migrations go forwards only."""
    raise NotImplementedError("restore a backup from before this migration instead")
