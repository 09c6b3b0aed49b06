"""The derived tables of device risk: their columns and meanings, as asset pages show them.

Here: shapes. Not here: computing them (`risk`).
"""

import dataframely as dy

from opsguard_assets.tables.table import Table


def _risk(within: str) -> dy.Float64:
    return dy.Float64(
        nullable=True, description=f"probability of failing or going offline within {within}, 0..1; null while down"
    )


class DeviceRisk(dy.Schema):
    """The risk of a device at a moment."""

    device_id = dy.String(nullable=False, description="the device")
    site_id = dy.String(nullable=True, description="where it is")
    client_id = dy.String(nullable=True, description="whose site it is")
    kind = dy.String(nullable=True, description="what it is")
    model = dy.String(nullable=True, description="maker's model")
    as_of = dy.Datetime(nullable=False, time_zone="UTC", description="the moment (UTC)")
    state = dy.String(nullable=False, description="up, offline (silent for too long) or failed (and not heard since)")
    risk_1h = _risk("an hour")
    risk_24h = _risk("a day")
    risk_7d = _risk("a week")
    risk_30d = _risk("30 days")
    last_at = dy.Datetime(nullable=True, time_zone="UTC", description="when it was heard last (UTC)")
    silence_minutes = dy.Float64(nullable=True, description="since then, minutes")
    model_name = dy.String(nullable=False, description="which model of risk")
    model_version = dy.String(nullable=False, description="which version of it")
    mode = dy.String(nullable=True, description="what it looks like: battery, connectivity, temperature, hardware")
    action = dy.String(nullable=True, description="what to do about it")
    reason = dy.String(nullable=True, description="what the model looked at, in words; null where nobody will ask")
    model_run_id = dy.String(nullable=True, description="the MLflow run that made the model; null for the rule")
    visit_rank = dy.UInt32(
        nullable=True, description="place among the devices most worth a visit; null beyond the budget"
    )
    date = dy.Date(nullable=False, description="day of `as_of`; the partition")


DEVICE_RISK = Table(
    name="device_risk", room="devices", schema=DeviceRisk, key=("device_id", "as_of"), happened_at="as_of"
)
# Where the last rows of the streams lie, a slice per day (`ml.problems.device_failure.streams.Carried`).
CARRIED_DEVICES, CARRIED_CHANNELS = "devices/carried_devices", "devices/carried_channels"
