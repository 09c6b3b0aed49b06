"""Alerts: their life, every decision on a finding, and mutes. Not here: what moves them (`opsguard_assets.alerts`)."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_STATES = "'open', 'acknowledged', 'resolved', 'suppressed'"
_SEVERITIES = "'low', 'medium', 'high', 'critical'"


def upgrade() -> None:
    """Adds `alerts`, `alert_transitions`, `mutes`, `alert_ticks` and `decisions`."""
    _mutes()
    _alerts()
    op.create_table(
        "alert_transitions",
        sa.Column("transition_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("alert_id", sa.BigInteger, sa.ForeignKey("alerts.alert_id"), nullable=False),
        _instant("at", "when it happened: the moment of the tick, or when a person acted", nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("actor", sa.Text, nullable=False, comment="a monitor or a person"),
        sa.Column("from_state", sa.Text, comment="null: the alert was made"),
        sa.Column("to_state", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, comment="why, in words"),
    )
    op.create_index("alert_transitions_of_alert", "alert_transitions", ["alert_id"])
    op.create_table(
        "alert_ticks",
        sa.Column("monitor", sa.Text, nullable=False),
        _instant("as_of", "the moment that was looked at", nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("findings", sa.BigInteger, nullable=False, comment="how many came in"),
        sa.Column("digest", sa.Text, nullable=False, comment="SHA-256 of the findings"),
        sa.Column("is_late", sa.Boolean, nullable=False, comment="a newer moment was settled before: nothing moved"),
        sa.PrimaryKeyConstraint("monitor", "as_of"),
    )
    # One partition per day, made by the first tick of the day: forgetting a day is dropping a table.
    op.create_table(
        "decisions",
        _instant("as_of", "the tick", nullable=False),
        sa.Column("monitor", sa.Text, nullable=False),
        sa.Column("dedup_key", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False, comment="0, or which of several findings of one key it was"),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("detail", sa.Text),
        sa.Column("score", sa.Double, comment="the risk of the finding"),
        sa.Column("alert_id", sa.BigInteger),
        sa.Column("is_finding", sa.Boolean, nullable=False, comment="false: an alert was cleared that nothing upheld"),
        sa.PrimaryKeyConstraint("as_of", "monitor", "dedup_key", "number"),
        postgresql_partition_by="RANGE (as_of)",
    )
    op.create_index("decisions_of_key", "decisions", ["dedup_key"])


def downgrade() -> None:
    """Removes them."""
    for table in ("decisions", "alert_ticks", "alert_transitions", "alerts", "mutes"):
        op.drop_table(table)


def _mutes() -> None:
    op.create_table(
        "mutes",
        sa.Column("mute_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("alert_type", sa.Text, comment="null: every type; the same for the columns below"),
        sa.Column("entity_id", sa.Text),
        sa.Column("site_id", sa.Text),
        sa.Column("client_id", sa.Text),
        _instant("starts_at", "first instant", nullable=False),
        _instant("ends_at", "the instant after the last", nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("ended_by", sa.Text, comment="who ended it before its time"),
        sa.CheckConstraint("ends_at >= starts_at", name="mutes_end_after_their_start"),
        sa.CheckConstraint("num_nonnulls(alert_type, entity_id, site_id, client_id) > 0", name="mutes_name_something"),
    )


def _alerts() -> None:
    op.create_table(
        "alerts",
        # Numbers are drawn before the row is written: a tick names the alerts that it is about to make.
        sa.Column("alert_id", sa.BigInteger, sa.Identity(always=False), primary_key=True),
        sa.Column("dedup_key", sa.Text, nullable=False, comment="alert_type:entity_id"),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("alert_type", "entity_type", "entity_id")),
        sa.Column("client_id", sa.Text),
        sa.Column("site_id", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("score", sa.Double, comment="the newest risk, 0..1, where there is one"),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("evidence", sa.Text, comment="JSON"),
        *(sa.Column(name, sa.Text) for name in ("model_name", "model_version", "model_run_id")),
        sa.Column("occurrences", sa.BigInteger, nullable=False, comment="ticks that found it"),
        sa.Column("reopened", sa.Integer, nullable=False, server_default="0", comment="how often"),
        _instant("first_seen_at", "the first tick that found it", nullable=False),
        _instant("last_seen_at", "the newest tick that found it", nullable=False),
        _instant("acknowledged_at", "since when somebody cares"),
        sa.Column("acknowledged_by", sa.Text),
        _instant("resolved_at", "when it ended"),
        sa.Column("resolved_by", sa.Text, comment="a person or a monitor"),
        sa.Column("resolution", sa.Text, comment="why it ended, in words"),
        sa.Column("awaits_clearing", sa.Boolean, nullable=False, comment="a person resolved it while it was true"),
        sa.Column("mute_id", sa.BigInteger, sa.ForeignKey("mutes.mute_id"), comment="what suppresses it"),
        sa.Column("state_before_mute", sa.Text, comment="what it returns to; null: it was never seen unmuted"),
        sa.Column("is_current", sa.Boolean, nullable=False, comment="the newest alert of its key"),
        sa.CheckConstraint(f"state IN ({_STATES})", name="alerts_state"),
        sa.CheckConstraint(f"severity IN ({_SEVERITIES})", name="alerts_severity"),
        sa.CheckConstraint("is_current OR state = 'resolved'", name="alerts_of_the_past_are_resolved"),
        sa.CheckConstraint("(state = 'resolved') = (resolved_at IS NOT NULL)", name="alerts_resolved_at"),
        sa.CheckConstraint("(state = 'suppressed') = (mute_id IS NOT NULL)", name="alerts_mute"),
        # Most ticks only refresh rows; room on the page spares them the indexes.
        postgresql_with={"fillfactor": "70"},
    )
    unresolved, current = sa.text("state <> 'resolved'"), sa.text("is_current")
    op.create_index("alerts_one_unresolved_per_key", "alerts", ["dedup_key"], unique=True, postgresql_where=unresolved)
    op.create_index("alerts_one_current_per_key", "alerts", ["dedup_key"], unique=True, postgresql_where=current)
    op.create_index("alerts_of_entity", "alerts", ["entity_id"])


def _instant(name: str, meaning: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, comment=meaning)
