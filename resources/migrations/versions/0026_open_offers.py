"""The index by which the offers are found that nobody has answered: as long as these are, however many there were."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Adds it."""
    op.create_index("open_offers", "shift_offers", ["offer_id"], postgresql_where=sa.text("answer IS NULL"))


def downgrade() -> None:
    """Migrations go forwards only."""
    raise NotImplementedError("restore a backup from before this migration instead")
