"""Verification of devices: before a device fails its health falls and an alert is raised; healthy devices have none.

Here: planted devices and their reports, and what must be said of them. Not here: running ticks (`ticks_io`).
"""

from typing import Any

from opsguard_assets.devices.alerts.alert_types import FAILURE_RISK, LOW_BATTERY
from opsguard_assets.devices.health.schemas import DEVICE_HEALTH
from opsguard_assets.verification.planting import DAY, HOUR, MINUTE, NOW, site
from opsguard_assets.verification.result import Found, Records
from opsguard_assets.verification.ticks_io import devices_tick
from opsguard_assets.verification.verification import Verification
from opsguard_assets.verification.world_io import World

_SITE = "planted-fleet"
_DYING, _DRAINING, _WELL = "device-dying", "device-draining", ("device-well-0", "device-well-1")
_ALL = (_DYING, _DRAINING, *_WELL)
# When each fails: the one has not been heard for two and a half hours by now, the other's charge ends at ten at night.
_FAILS = {_DYING: NOW + 3 * HOUR, _DRAINING: NOW + 10 * HOUR}
_EARLIER, _EVERY, _FELL = NOW - 2 * DAY, 60, NOW - 30 * HOUR
# Points of health that such a device loses at least, and those that a healthy one has.
_LEAST_FALL, _GOOD_FROM = 20, 70


def records() -> Records:
    """Four devices over five days: one fails in three hours, one's battery is empty in ten, two are well."""
    devices = [
        {"device_id": name, "site_id": _SITE, "kind": "sensor", "reports_every_minutes": _EVERY,
         "battery_powered": True, "temperature_min_c": 0.0, "temperature_max_c": 40.0, "installed_at": NOW - 60 * DAY}
        for name in _ALL
    ]  # fmt: skip
    failures = [
        {"device_id": name, "at": at, "kind": "failure", "component": "battery", "known_at": at + HOUR}
        for name, at in _FAILS.items()
        if at + HOUR <= NOW + 6 * HOUR
    ]
    reports = [report for name in _ALL for report in _reports(name)]
    return {"sites": [site(_SITE)], "devices": devices, "device_events": failures, "telemetry": reports}


def _reports(name: str) -> list[dict[str, Any]]:
    """The reports of a device until now, at half past every hour."""
    rows = []
    for hours in range(5 * 24, 0, -1):
        at = NOW - hours * HOUR + 30 * MINUTE
        battery, signal = 90.0, -70.0
        if name == _DYING and at >= _FELL:
            battery, signal = 15.0, -118.0
        if name == _DRAINING:
            battery = min(95.0, 20 + 2.0 * ((NOW - at) / HOUR))
        if name == _DYING and at > NOW - 150 * MINUTE:
            continue
        rows.append(
            {"device_id": name, "at": at, "battery_pct": battery, "signal_dbm": signal, "temperature_c": 21.0,
             "is_online": True, "error_count": 0, "metrics": [], "known_at": at + MINUTE}
        )  # fmt: skip
    return rows


def check(world: World) -> Found:
    """Two ticks: two days ago, when all were well, and now."""
    found = Found(
        "opsguard tick devices", "`opsguard tick devices --json` shows health, risk and reasons; see docs/devices.md"
    )
    devices_tick(world, _EARLIER)
    earlier, first = _scores(world, _EARLIER), world.alerts(_ALL)
    devices_tick(world, NOW)
    now, alerts = _scores(world, NOW), world.alerts(_ALL)
    found.equal("devices with a health score", sorted(now), sorted(_ALL), where="health of devices")
    found.equal("alerts while all devices were well", sorted({name for name, _ in first} - {_DRAINING}), [])
    for name, fails in _FAILS.items():
        fall = earlier.get(name, 0) - now.get(name, 100)
        words = f"the health of {name} is {now.get(name)}, and was {earlier.get(name)} two days ago"
        found.holds(fall >= _LEAST_FALL, f"{words}: it fails within hours", where="health of devices")
        mine = [
            alert for (entity, kind), alert in alerts.items() if entity == name and kind in (FAILURE_RISK, LOW_BATTERY)
        ]
        raised = [alert for alert in mine if alert["state"] == "open" and alert["first_seen_at"] < fails]
        found.holds(
            bool(raised),
            f"{name} fails at {fails:%H:%M}, and no alert was raised before",
            where="alerts of devices",
        )
    for name in _WELL:
        found.holds(
            (now.get(name) or 0) >= _GOOD_FROM,
            f"{name} is well, and its health is {now.get(name)}",
            where="health of devices",
        )
    false = sorted({entity for entity, _ in alerts} - set(_FAILS))
    found.equal("healthy devices with an alert", false, [], where="alerts of devices")
    said = ", ".join(
        f"{name.removeprefix('device-')} {earlier.get(name, 0):.0f} to {now.get(name, 0):.0f}" for name in _FAILS
    )
    warned = sum(any(entity == name for entity, _ in alerts) for name in _FAILS)
    found.figure(f"health {said}; {warned} of {len(_FAILS)} alerted 3 h or more ahead, {len(false)} false alerts")
    return found


def _scores(world: World, as_of: Any) -> dict[str, float]:
    """Health by planted device."""
    rows = world.lake.rows_at(DEVICE_HEALTH, as_of)
    return {name: score for name, score in rows.select("device_id", "score").iter_rows() if name in _ALL}


VERIFICATION = Verification(
    name="devices",
    asks="Before a device fails its health falls and an alert is raised; healthy devices have neither.",
    planted="2 devices that fail within 3 and 10 hours, 2 that are well",
    check=check,
    records=records,
)
