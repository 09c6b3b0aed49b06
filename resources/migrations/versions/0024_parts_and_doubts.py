"""A yes is for somebody's part in a shift; and a run by hand that is in doubt keeps the next one from beginning.

Here: both keys. Not here: the tables that they are of (0019).
"""

from alembic import op

from resources.sql import statement

revision = "0024"
down_revision = "0023"

# Alembic loads this module under a name that is no package's.
_PACKAGE = "resources.migrations.versions"


def upgrade() -> None:
    """Names who is missing in offers, and replaces both keys."""
    for part in ("parts", "doubts"):
        op.get_bind().execute(statement(_PACKAGE, f"0024/{part}"))


def downgrade() -> None:
    """Migrations go forwards only."""
    raise NotImplementedError("restore a backup from before this migration instead")
