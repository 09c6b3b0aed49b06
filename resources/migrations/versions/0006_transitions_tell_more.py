"""What a transition left an alert with: its severity and its resolution, so that any past state can be told exactly."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Adds `severity` and `resolution` to `alert_transitions`; rows of before have neither."""
    op.add_column("alert_transitions", sa.Column("severity", sa.Text, comment="after it"))
    op.add_column("alert_transitions", sa.Column("resolution", sa.Text, comment="after it; null while unresolved"))


def downgrade() -> None:
    """Removes them."""
    for name in ("resolution", "severity"):
        op.drop_column("alert_transitions", name)
