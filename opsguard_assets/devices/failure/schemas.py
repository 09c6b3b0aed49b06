"""The derived tables of device risk: their columns and meanings, as asset pages show them.

Here: shapes. Not here: computing them (`risk`).
"""

import dataframely as dy

from opsguard_assets.tables.derived import instant, text
from opsguard_assets.tables.table import Table


def _risk(within: str) -> dy.Float64:
    return dy.Float64(
        nullable=True, description=f"probability of failing or going offline within {within}, 0..1; null while down"
    )


class DeviceRisk(dy.Schema):
    """The risk of a device at a moment."""

    device_id = text("the device", nullable=False)
    site_id = text("where it is")
    client_id = text("whose site it is")
    kind = text("what it is")
    model = text("maker's model")
    as_of = instant("the moment", nullable=False)
    state = text("up, offline (silent for too long) or failed (and not heard since)", nullable=False)
    risk_1h = _risk("an hour")
    risk_24h = _risk("a day")
    risk_7d = _risk("a week")
    risk_30d = _risk("30 days")
    last_at = instant("when it was heard last")
    silence_minutes = dy.Float64(nullable=True, description="since then, minutes")
    model_name = text("which model of risk", nullable=False)
    model_version = text("which version of it", nullable=False)
    mode = text("what it looks like: battery, connectivity, temperature, hardware")
    action = text("what to do about it")
    reason = text("what the model looked at, in words; null where nobody will ask")
    model_run_id = text("the MLflow run that made the model; null for the rule")
    visit_rank = dy.UInt32(
        nullable=True, description="place among the devices most worth a visit; null beyond the budget"
    )
    date = dy.Date(nullable=False, description="day of `as_of`; the partition")


DEVICE_RISK = Table(
    name="device_risk", room="devices", schema=DeviceRisk, key=("device_id", "as_of"), happened_at="as_of"
)
# Where the last rows of the streams lie, a slice per day (`ml.problems.device_failure.streams.Checkpoint`).
CHECKPOINT_DEVICES, CHECKPOINT_CHANNELS = "devices/carried_devices", "devices/carried_channels"
