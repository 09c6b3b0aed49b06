"""Things in the field: devices, what they report, what happens to them."""

import dataframely as dy

from opsguard_assets.tables import columns as c

SENSOR_KINDS = ("motion", "door", "smoke", "temperature", "humidity", "water_leak", "intrusion", "glass_break")
DEVICE_EVENT_KINDS = ("failure", "maintenance", "error", "removed")


class Devices(dy.Schema):
    """A thing in the field."""

    device_id = c.identifier("the device", required=True)
    site_id = c.identifier("where it is", required=True)
    kind = c.line("what it is")
    model = c.line("maker's model")
    installed_at = c.instant("when it was put in place (UTC)")
    reports_every_minutes = c.measure("expected minutes between two reports, a year at most", low=0, high=525_600)
    temperature_min_c = c.measure("lowest allowed temperature, degrees Celsius")
    temperature_max_c = c.measure("highest allowed temperature, degrees Celsius")
    battery_powered = c.flag("whether it runs on a battery")
    known_at = c.known_at()


class Telemetry(dy.Schema):
    """One report of a device."""

    device_id = c.identifier("the device", required=True)
    at = c.instant("when it was measured (UTC)", required=True)
    battery_pct = c.measure("charge, percent", low=0, high=100)
    signal_dbm = c.measure("received signal strength, dBm: -120 worst, -60 good", low=-200, high=20)
    temperature_c = c.measure("degrees Celsius", low=-273.15)
    is_online = c.flag("whether the device says that it is online")
    error_count = c.count("errors since the report before")
    metrics = dy.List(
        dy.Struct(
            {
                "channel": dy.String(nullable=False, max_length=200),
                "value": c.measure("reading of the channel"),
            }
        ),
        nullable=True,
        description="further numeric channels by name",
    )
    known_at = c.known_at()


class DeviceEvents(dy.Schema):
    """A failure, a maintenance, an error code or the removal of a device."""

    device_id = c.identifier("the device", required=True)
    at = c.instant("when it happened (UTC)", required=True)
    kind = c.choice("what happened", DEVICE_EVENT_KINDS, required=True)
    component = c.line("which part, or which error code")
    known_at = c.known_at()


class SensorReadings(dy.Schema):
    """One reading of an environmental or security sensor."""

    sensor_id = c.identifier("the sensor", required=True)
    site_id = c.identifier("where it is", required=True)
    at = c.instant("when it was read (UTC)", required=True)
    kind = c.choice("what it senses", SENSOR_KINDS, required=True)
    value = c.measure("reading in the unit of its kind")
    state = c.line("state in words, such as open, closed, alarm")
    known_at = c.known_at()
