"""A card with something in each of its parts, and the key figures that it holds."""

from datetime import UTC, date, datetime
from decimal import Decimal

from opsguard_assets.scorecards.card.card import (
    Card,
    Change,
    Excluded,
    Measure,
    Origin,
    Predicted,
    Restated,
    Risk,
    Shadow,
    SiteFigures,
    Value,
    Vendor,
)
from opsguard_assets.scorecards.kpis.kpi import Band, Kpi

D = Decimal
HOSTILE = "<script>alert(1)</script> =cmd|' /C calc'!A0 \u202eevil\u202c {number} $x^2$ " + "W" * 190
MONTH = date(2026, 10, 1)
# Name, label, unit, aggregate, better, good, warning, section.
_KPIS = (
    ("sla_performance", "SLA performance", "percent", "share", "higher", 95, 85, "operations"),
    ("attendance_compliance", "Attendance", "percent", "share", "higher", 95, 85, "shifts"),
    ("tour_coverage", "Tour coverage", "percent", "share", "higher", 95, 85, "shifts"),
    ("work_order_backlog", "Work orders past due", "count", "count", "lower", 10, 25, "operations"),
    ("helpdesk_sentiment", "Tone of tickets", "tone", "mean", "higher", "0.2", 0, "quality"),
    ("auto_resolution", "Resolved without hands", "percent", "share", "higher", 60, 40, "remediation"),
    ("device_uptime", "Device uptime", "percent", "share", "higher", 95, 85, "devices"),
    ("incident_response", "Incident response", "minutes", "median", "lower", 10, 30, "risk"),
    ("geofence_violations", "Punches outside the site", "count", "count", "lower", 0, 5, "shifts"),
    ("tickets_at_risk", "Tickets at risk", "percent", "share", "lower", 5, 15, "risk"),
    ("critical_security_events", "Critical security events", "count", "count", "lower", 0, 0, "risk"),
    ("vendor_jobs_in_time", "Vendor jobs in time", "percent", "share", "higher", 95, 85, "vendors"),
    ("planned_maintenance", "Planned maintenance in time", "percent", "share", "higher", 95, 85, "operations"),
    ("predictions_came_true", "Announcements that came true", "percent", "share", "higher", None, None, "predictions"),
)


def _rows(_feeds, months, _settings):
    return months


def kpi(name, label, unit, aggregate, better, good, warning, section):
    return Kpi(
        name=name, label=label, unit=unit, aggregate=aggregate, is_better=better, section=section,
        band=None if good is None else Band(good=D(str(good)), warning=D(str(warning))),
        formula=f"How {label} is computed.", population="All of them.", membership="By when it was due.",
        exclusions="Cancelled ones.", no_data="When there are none.", source="The contract.",
        feeds=("tickets",), watermarks=("tickets",), rows=_rows,
    )  # fmt: skip


KPIS = {row[0]: kpi(*row) for row in _KPIS}


def measure(name, value, numerator=0, denominator=0, **more):
    return Measure(
        kpi=name, month=MONTH, value=None if value is None else D(str(value)), numerator=D(numerator),
        denominator=D(denominator), **more,
    )  # fmt: skip


def trend(*values):
    return tuple(None if value is None else D(str(value)) for value in values)


MEASURES = (
    measure(
        "sla_performance", "93.45", 841, 900, band="warning", target=D(95), before=D("91.2"), year_before=D("89.9"),
        low=D("91.6"), high=D("94.9"), excluded=(Excluded(reason="cancelled", rows=12),
        Excluded(reason="odd_code", rows=1)),
        trend=trend(88, 87.5, 89.1, None, None, 90.2, 91, 92.5, 90.8, 91.9, 91.2, 93.45),
    ),
    measure(
        "attendance_compliance", "97.123456", 1689, 1739, band="good", target=D(95), before=D("96.8"),
        year_before=D(94), low=D("96.2"), high=D("97.8"),
        trend=trend(94, 94.2, 95, 95.5, 95.1, 96, 96.2, 96.4, 96.1, 97, 96.8, 97.123456),
    ),
    measure("tour_coverage", "94.96", 4748, 5000, band="warning", target=D(95), before=D(95), trend=trend(95, 94.96)),
    measure("work_order_backlog", 31, 31, 214, band="bad", target=D(10), before=D(22), year_before=D(9),
            trend=trend(9, 8, 11, 12, 10, 14, 15, 13, 19, 20, 22, 31)),
    measure("helpdesk_sentiment", "0.125", 44, 352, band="warning", target=D("0.2"), before=D("0.18"),
            trend=trend(0.2, 0.18, 0.125)),
    measure("auto_resolution", None, missing="nothing", trend=(None,) * 12),
    measure("device_uptime", "82.4", 3541234, 4297614, band="bad", target=D(95), before=D("96.1"), year_before=D(97),
            low=D("82.4"), high=D("82.4"), trend=trend(97, 97, 96, 96, 95, 96, 97, 97, 96, 95, 96.1, 82.4)),
    measure("incident_response", "12.25", 0, 38, band="warning", target=D(10), before=D("14.5"),
            trend=trend(20, 14.5, 12.25)),
    measure("geofence_violations", 0, 0, 1712, band="good", target=D(0), before=D(3), trend=trend(4, 3, 0)),
    measure("tickets_at_risk", "4.1", 6, 146, band="good", target=D(5), before=D("5.5"), trend=trend(5.5, 4.1)),
    measure("critical_security_events", 1, 1, 61, band="bad", target=D(0), before=D(0), trend=trend(0, 0, 1)),
    measure("vendor_jobs_in_time", "88.2", 60, 68, band="warning", target=D(95), before=D(87), trend=trend(87, 88.2)),
    measure("planned_maintenance", "98.1", 52, 53, band="good", target=D(95), before=None, trend=trend(98.1)),
    measure("predictions_came_true", "70", 84, 120, low=D("61.3"), high=D("77.5"), trend=trend(70)),
)  # fmt: skip
VALUES = (
    Value(item="breaches", method="measured", window_starts=date(2025, 11, 1), count=D(259), low=D(177), high=D(342),
          monthly=D("21.6"), held_back=88, needed=30, unit_value=D(2500), money=D(647500)),
    Value(item="device_failures", method="too_few", window_starts=date(2025, 11, 1), held_back=17, needed=30,
          provider_low=D("0.24"), provider_high=D("0.36")),
    Value(item="alerts_resolved", method="counted", window_starts=MONTH, count=D(41),
          unit_value=D("6.25"), money=D("256.25")),
    Value(item="no_shows", method="counted", window_starts=MONTH, count=D(1)),
)  # fmt: skip
RISKS = (
    Risk(kind="ticket", entity_id="T-1", name=HOSTILE, site="Harbour", probability=D("0.82"), action="move_ticket",
         by=datetime(2026, 11, 3, 14, 0, tzinfo=UTC)),
    Risk(kind="ticket", entity_id="T-2", name="Cold room 4 warm", site="Old Town", probability=D("0.74"),
         action="move_ticket",         by=datetime(2026, 11, 2, 9, 30, tzinfo=UTC)),
    Risk(kind="device", entity_id="D-7", name="Door controller 7", site="Harbour", probability=D("0.4"),
         action="visit_device"),
    Risk(kind="work_order", entity_id="W-9", name="Chiller service", site="Harbour", action="chase_vendor",
         by=datetime(2026, 11, 1, 17, 0, tzinfo=UTC)),
)  # fmt: skip


def card(**more):
    """The month of a client whose devices went dark and whose tickets got better."""
    said = {
        "client_id": "C-1", "client_name": "Harbour Towers", "month": MONTH, "timezone": "Europe/Berlin",
        "currency": "EUR", "locale": "en_GB", "plan": "bronze", "features": ("triage", "alerts_basic", "scorecard"),
        "price": D(200), "data_through": datetime(2026, 11, 1, 2, 0, tzinfo=UTC), "is_provisional": False,
        "origin": Origin(
            as_of=datetime(2026, 11, 1, 2, 0, tzinfo=UTC), recorded_upto=datetime(2026, 11, 1, 2, 0, tzinfo=UTC),
            versions={"sla_intervals": 12, "uptime_days": 31}, models={"sla_breach": "7", "no_show": "rule"},
            code="0.1.0",
        ),
        "measures": MEASURES,
        "sites": (
            SiteFigures(site_id="S-1", name="Harbour", measures=MEASURES[:4]),
            SiteFigures(site_id="S-2", name="Old Town " + HOSTILE, measures=MEASURES[4:7]),
        ),
        "value": VALUES, "likely": RISKS,
        "changes": (
            Change(kpi="device_uptime", site="Harbour", before=D("96.1"), after=D("82.4"),
                   rows=("Door controller 7, 14 October", HOSTILE)),
            Change(kpi="work_order_backlog", before=D(22), after=D(31), rows=("W-9",)),
        ),
        "shadow": (
            Shadow(plan="silver", feature="sla_prevention", count=14, examples=("Cold room 4 warm",)),
            Shadow(plan="gold", feature="remediation", count=1),
        ),
        "predictions": (
            Predicted(problem="sla_breach", announced=120, came_true=84, expected=D("88.4"), brier=D("0.121"),
                      brier_base=D("0.184"), scored_by="7"),
            Predicted(problem="no_show", announced=0, came_true=0, expected=D(0), scored_by="rule"),
        ),
    }  # fmt: skip
    return Card(**{**said, **more})


def restated():
    """The same month once more, because data came late."""
    return card(
        number=1, reason="Late punches of Harbour",
        restated=(Restated(kpi="attendance_compliance", site="Harbour", before=D("96.9"), after=D("97.123456"),
                           rows=("P-1", HOSTILE)),),
    )  # fmt: skip


def provider():
    """The provider's own card."""
    return card(
        client_id=None, client_name="OpsGuard Services", plan=None, features=(), price=None, shadow=(),
        vendors=(
            Vendor(vendor_id="V-1", name="Liftwerk " + HOSTILE, trade="lifts", grade="B", score=D("81.25"), low=D(76),
                   high=D(86), jobs=214),
            Vendor(vendor_id="V-2", name="New one", jobs=0),
        ),
    )  # fmt: skip
