"""Thresholds of device alerts: silence, batteries, replacements, whole sites.

Here: thresholds of findings. Not here: failure risk (`failures`), and the shapes of health, which are not settings.
"""

from pydantic import Field

from opsguard_assets.config.base import Strict


class DeviceAlerts(Strict):
    """Alerts of devices.

    Attributes:
        silent_intervals: A device is silent after so many intervals without a report.
        empty_within_hours: A battery that will be empty so soon is alerted.
        replace_below: A health below this ...
        replace_after_days: ... for so many days on end recommends a replacement.
        site_devices: A site falls silent as one if it has at least so many devices that report, ...
        site_share: ... and this share of them fell silent ...
        site_within_intervals: ... within so many intervals of each other.
        maintenance_minutes: For so long after a recorded maintenance a device raises no alert.
    """

    silent_intervals: float = Field(default=3, gt=1)
    empty_within_hours: float = Field(default=48, gt=0)
    replace_below: float = Field(default=60, gt=0, le=100)
    replace_after_days: float = Field(default=7, gt=0)
    site_devices: int = Field(default=5, ge=2)
    site_share: float = Field(default=0.6, gt=0, le=1)
    site_within_intervals: float = Field(default=2, gt=0)
    maintenance_minutes: float = Field(default=240, ge=0)
