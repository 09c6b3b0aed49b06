"""The derived table of health: its columns and meanings, as asset pages show them.

Here: the shape. Not here: computing it (`health.score`).
"""

import dataframely as dy

from opsguard_assets.tables.derived import text
from opsguard_assets.tables.table import Table


def _part(meaning: str) -> dy.Float64:
    return dy.Float64(nullable=True, description=f"{meaning}, 0 worst to 100 best; null where it has no weight")


class DeviceHealth(dy.Schema):
    """How well a device is at a moment."""

    device_id = text("the device", nullable=False)
    site_id = text("where it is")
    client_id = text("whose site it is")
    kind = text("what it is")
    as_of = dy.Datetime(nullable=False, time_zone="UTC", description="the moment (UTC), a full hour")
    score = dy.Float64(nullable=False, description="health over the trailing 72 hours, 0 dead to 100 well")
    band = text("critical (below 40), warning (below 70) or good", nullable=False)
    battery_score = _part("charge and how long it lasts")
    signal_score = _part("strength and steadiness of the signal")
    uptime_score = _part("time online of the time expected")
    temperature_score = _part("time within the allowed range")
    battery_pct = dy.Float64(nullable=True, description="last known charge, percent")
    days_to_empty = dy.Float64(
        nullable=True, description="how long the charge lasts at the rate seen; null: none is lost"
    )
    last_at = dy.Datetime(nullable=True, time_zone="UTC", description="when it was heard last (UTC); null: never")
    silence_minutes = dy.Float64(nullable=True, description="since then, minutes")
    reports_every_minutes = dy.Float64(nullable=True, description="expected minutes between two reports")
    below_60_since_at = dy.Datetime(
        nullable=True,
        time_zone="UTC",
        # The name is that of the default: lakes and alerts of earlier versions hold it.
        description="since when every tick found a score below `device_alerts.replace_below`, 60 by default, and never "
        "well above it (UTC); null: it was not",
    )
    reason = text("what costs points, in words", nullable=False)
    date = dy.Date(nullable=False, description="day of `as_of`; the partition")


DEVICE_HEALTH = Table(
    name="device_health", room="devices", schema=DeviceHealth, key=("device_id", "as_of"), happened_at="as_of"
)
