"""Changes of tickets are found by their ticket: what is not settled yet, and what no load has brought back."""

from alembic import op

from resources.sql import statement

revision = "0022"
down_revision = "0021"

# Alembic loads this module under a name that is no package's.
_PACKAGE = "resources.migrations.versions"


def upgrade() -> None:
    """Adds an index of effects by the ticket that they change."""
    op.get_bind().execute(statement(_PACKAGE, "0022/by_ticket"))


def downgrade() -> None:
    """Migrations go forwards only."""
    raise NotImplementedError("restore a backup from before this migration instead")
