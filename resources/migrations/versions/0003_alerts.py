"""The life of alerts: alerts, their transitions, mutes, and the decision that every finding of every tick ended in."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Adds `alerts`, `alert_transitions`, `mutes`, `monitor_ticks` and `decisions`."""
    _alerts()
    op.create_table(
        "alert_transitions",
        sa.Column("transition_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("alert_id", sa.BigInteger, sa.ForeignKey("alerts.alert_id"), nullable=False, index=True),
        sa.Column("at", _INSTANT, nullable=False, comment="the tick, or when somebody acted"),
        sa.Column("recorded_at", _INSTANT, nullable=False, server_default=sa.func.clock_timestamp()),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("from_state", sa.Text),
        sa.Column("to_state", sa.Text, nullable=False),
        sa.Column("detail", sa.Text),
    )
    op.create_table(
        "mutes",
        sa.Column("mute_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        *(sa.Column(name, sa.Text) for name in ("alert_type", "entity_id", "site_id", "client_id")),
        sa.Column("begins_at", _INSTANT, nullable=False),
        sa.Column("ends_at", _INSTANT, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False, server_default=sa.func.now()),
        sa.CheckConstraint("begins_at < ends_at", name="mute_ends_after_it_begins"),
        sa.CheckConstraint(
            "num_nonnulls(alert_type, entity_id, site_id, client_id) > 0", name="mute_says_what_it_mutes"
        ),
    )
    op.create_table(
        "monitor_ticks",
        sa.Column("monitor", sa.Text, nullable=False),
        sa.Column("as_of", _INSTANT, nullable=False),
        sa.Column("findings", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.Text, nullable=False, comment="SHA-256 of what was found, for replays"),
        sa.Column("is_late", sa.Boolean, nullable=False, comment="a later moment was settled before it"),
        sa.Column("recorded_at", _INSTANT, nullable=False, server_default=sa.func.clock_timestamp()),
        sa.PrimaryKeyConstraint("monitor", "as_of"),
    )
    _decisions()


def downgrade() -> None:
    """Removes them."""
    for name in ("decisions", "monitor_ticks", "mutes", "alert_transitions", "alerts"):
        op.drop_table(name)


def _alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("alert_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("dedup_key", "alert_type", "entity_type", "entity_id")),
        *(sa.Column(name, sa.Text) for name in ("client_id", "site_id")),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("state_before_mute", sa.Text, comment="what it returns to when the mute ends"),
        sa.Column("score", sa.Double),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("evidence", JSONB),
        *(sa.Column(name, sa.Text) for name in ("model_name", "model_version", "model_run_id")),
        sa.Column("occurrences", sa.BigInteger, nullable=False, comment="findings that met it"),
        sa.Column("openings", sa.BigInteger, nullable=False, server_default="1"),
        sa.Column("first_seen_at", _INSTANT, nullable=False),
        sa.Column("last_seen_at", _INSTANT, nullable=False),
        sa.Column("acknowledged_at", _INSTANT),
        sa.Column("acknowledged_by", sa.Text),
        sa.Column("resolved_at", _INSTANT),
        sa.Column("resolved_by", sa.Text),
        sa.Column("resolution", sa.Text),
        sa.Column(
            "awaits_clearing",
            sa.Boolean,
            nullable=False,
            server_default=sa.false(),
            comment="a person resolved it while its condition held",
        ),
        sa.CheckConstraint("severity IN ('low', 'medium', 'high', 'critical')", name="alert_severity"),
        sa.CheckConstraint("state IN ('open', 'acknowledged', 'suppressed', 'resolved')", name="alert_state"),
        sa.CheckConstraint("(state = 'resolved') = (resolved_at IS NOT NULL)", name="alert_resolved_at"),
        # Most ticks only meet alerts again; room on the page spares them the indexes.
        postgresql_with={"fillfactor": "70"},
    )
    unresolved, awaiting = sa.text("state <> 'resolved'"), sa.text("awaits_clearing")
    op.create_index("one_unresolved_alert", "alerts", ["dedup_key"], unique=True, postgresql_where=unresolved)
    op.create_index("alerts_by_key", "alerts", ["dedup_key", "alert_id"])
    op.create_index("unresolved_alerts_by_type", "alerts", ["alert_type"], postgresql_where=unresolved)
    op.create_index("alerts_awaiting_clearing", "alerts", ["alert_type"], postgresql_where=awaiting)


def _decisions() -> None:
    """One row per run of equal decisions on a key: `first_as_of` to `last_as_of`, every tick in between."""
    op.create_table(
        "decisions",
        sa.Column("monitor", sa.Text, nullable=False),
        sa.Column("dedup_key", sa.Text, nullable=False),
        sa.Column("first_as_of", _INSTANT, nullable=False),
        sa.Column("last_as_of", _INSTANT, nullable=False),
        sa.Column("ticks", sa.BigInteger, nullable=False),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("detail", sa.Text),
        sa.Column("findings", sa.BigInteger, nullable=False, comment="of the last tick; 0 where it is about none"),
        sa.Column("alert_id", sa.BigInteger),
        sa.PrimaryKeyConstraint("monitor", "dedup_key", "first_as_of"),
        # Rows grow by a tick at a time, of which no index has to know while there is room.
        postgresql_with={"fillfactor": "60"},
    )
    op.create_index("decisions_by_key", "decisions", ["dedup_key"])
