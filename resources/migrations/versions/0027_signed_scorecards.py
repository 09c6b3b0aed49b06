"""Scorecards, the chain of their signings, and the files that were made of them.

What is signed never changes: triggers refuse it, the chain shows it.
"""

from alembic import op

from resources.sql import statement

revision = "0027"
down_revision = "0026"

# Alembic loads this module under a name that is no package's.
_PACKAGE = "resources.migrations.versions"


def upgrade() -> None:
    """Adds the tables, `sign_month()`, the triggers, and the view that names broken links."""
    connection = op.get_bind()
    for name in ("tables", "link", "sign_month", "guards", "broken"):
        connection.execute(statement(_PACKAGE, f"0027/{name}"))


def downgrade() -> None:
    """Migrations go forwards only."""
    raise NotImplementedError("restore a backup from before this migration instead")
