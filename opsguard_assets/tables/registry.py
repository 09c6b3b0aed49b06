"""All canonical tables by name: the whole contract in one place.

Here: which tables there are, their keys and clocks. Not here: their columns (one module per room).

Code that names a table imports it (`SITES`), so that what the lake returns of it is typed by its schema. `TABLES` is
for names that come from settings and commands.
"""

import difflib

import polars as pl

from opsguard_assets.tables import devices, reference, security, shifts, tickets, vendors
from opsguard_assets.tables.table import Table
from opsguard_assets.tables.values import OPEN_STATUSES

_OPEN = pl.col("status").is_in(list(OPEN_STATUSES))
CLIENTS = Table(name="clients", room="reference", schema=reference.Clients, key=("client_id",))
SITES = Table(name="sites", room="reference", schema=reference.Sites, key=("site_id",))
CALENDARS = Table(
    name="calendars", room="reference", schema=reference.Calendars, key=("calendar_id", "weekday", "opens")
)
PEOPLE = Table(name="people", room="reference", schema=reference.People, key=("person_id",))
GROUPS = Table(name="groups", room="reference", schema=reference.Groups, key=("group_id",))
MEMBERSHIPS = Table(name="memberships", room="reference", schema=reference.Memberships, key=("person_id", "group_id"))
DUTY = Table(
    name="duty", room="reference", schema=reference.Duty, key=("person_id", "starts_at"), happened_at="starts_at"
)
SLA_POLICIES = Table(name="sla_policies", room="tickets", schema=tickets.SlaPolicies, key=("policy_id",))
TICKETS = Table(
    name="tickets",
    room="tickets",
    schema=tickets.Tickets,
    key=("ticket_id",),
    happened_at="opened_at",
    version="updated_at",
    past=("opened_at", "first_response_at", "resolved_at", "closed_at", "updated_at"),
    is_live=_OPEN,
)
TICKET_EVENTS = Table(
    name="ticket_events",
    room="tickets",
    schema=tickets.TicketEvents,
    key=("ticket_id", "at", "field"),
    happened_at="at",
    past=("at",),
)
DEVICES = Table(name="devices", room="devices", schema=devices.Devices, key=("device_id",))
TELEMETRY = Table(
    name="telemetry",
    room="devices",
    schema=devices.Telemetry,
    key=("device_id", "at"),
    happened_at="at",
    past=("at",),
    is_daily=True,
)
DEVICE_EVENTS = Table(
    name="device_events",
    room="devices",
    schema=devices.DeviceEvents,
    key=("device_id", "at", "kind", "component"),
    happened_at="at",
    past=("at",),
)
SENSOR_READINGS = Table(
    name="sensor_readings",
    room="devices",
    schema=devices.SensorReadings,
    key=("sensor_id", "at"),
    happened_at="at",
    past=("at",),
    is_daily=True,
)
ROSTERS = Table(name="rosters", room="shifts", schema=shifts.Rosters, key=("roster_id",))
ABSENCES = Table(
    name="absences",
    room="shifts",
    schema=shifts.Absences,
    key=("person_id", "starts_at"),
    happened_at="starts_at",
)
SUBSTITUTIONS = Table(
    name="substitutions",
    room="shifts",
    schema=shifts.Substitutions,
    key=("roster_id", "on", "person_id"),
)
ATTENDANCE = Table(
    name="attendance",
    room="shifts",
    schema=shifts.Attendance,
    key=("person_id", "site_id", "punched_in_at"),
    happened_at="punched_in_at",
    past=("punched_in_at", "punched_out_at"),
)
PUNCH_FEEDS = Table(
    name="punch_feeds",
    room="shifts",
    schema=shifts.PunchFeeds,
    key=("site_id",),
    happened_at="reported_upto_at",
    version="reported_upto_at",
    past=("reported_upto_at",),
)
TOURS = Table(
    name="tours", room="shifts", schema=shifts.Tours, key=("tour_id",), happened_at="due_at", past=("completed_at",)
)
VENDORS = Table(name="vendors", room="vendors", schema=vendors.Vendors, key=("vendor_id",))
WORK_ORDERS = Table(
    name="work_orders",
    room="vendors",
    schema=vendors.WorkOrders,
    key=("work_order_id",),
    happened_at="created_at",
    past=("created_at", "accepted_at", "completed_at"),
    is_live=pl.col("completed_at").is_null(),
)
SECURITY_EVENTS = Table(
    name="security_events",
    room="security",
    schema=security.SecurityEvents,
    key=("event_id",),
    happened_at="at",
    past=("at", "responded_at", "resolved_at"),
)
EXTERNAL_ALERTS = Table(
    name="external_alerts",
    room="security",
    schema=security.ExternalAlerts,
    key=("alert_id",),
    happened_at="at",
    past=("at", "acknowledged_at", "resolved_at"),
    is_live=pl.col("resolved_at").is_null(),
)
_ALL: tuple[Table, ...] = (
    CLIENTS,
    SITES,
    CALENDARS,
    PEOPLE,
    GROUPS,
    MEMBERSHIPS,
    DUTY,
    SLA_POLICIES,
    TICKETS,
    TICKET_EVENTS,
    DEVICES,
    TELEMETRY,
    DEVICE_EVENTS,
    SENSOR_READINGS,
    ROSTERS,
    ABSENCES,
    SUBSTITUTIONS,
    ATTENDANCE,
    PUNCH_FEEDS,
    TOURS,
    VENDORS,
    WORK_ORDERS,
    SECURITY_EVENTS,
    EXTERNAL_ALERTS,
)
TABLES: dict[str, Table] = {table.name: table for table in _ALL}


class UnknownTableError(KeyError):
    """There is no canonical table of that name; the message lists those that look like it."""

    def __str__(self) -> str:
        """Without the quotes of a KeyError."""
        return str(self.args[0])


def table(name: str) -> Table:
    """The canonical table of a name.

    Raises:
        UnknownTableError: When there is none.
    """
    if name not in TABLES:
        close = difflib.get_close_matches(name, TABLES, n=3)
        hint = f"did you mean {' or '.join(close)}?" if close else "`opsguard tables` lists them."
        raise UnknownTableError(f"There is no canonical table {name!r}; {hint}")
    return TABLES[name]
