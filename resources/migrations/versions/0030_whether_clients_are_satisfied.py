"""Questions whether clients are satisfied, one per contact and month, their answers, and the links that answer them."""

from alembic import op

from resources.sql import statement

revision = "0030"
down_revision = "0029"

# Alembic loads this module under a name that is no package's.
_PACKAGE = "resources.migrations.versions"


def upgrade() -> None:
    """Adds the table, and the purpose of its links."""
    op.get_bind().execute(statement(_PACKAGE, "0030/questions"))


def downgrade() -> None:
    """Migrations go forwards only."""
    raise NotImplementedError("restore a backup from before this migration instead")
