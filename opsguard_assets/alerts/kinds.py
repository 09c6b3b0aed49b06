"""The alert types and their meanings. Not here: when they are raised (their domains).

`meaning` fills in the current thresholds.
"""

from collections.abc import Mapping

KINDS = {
    "sla_breach_risk": "The risk that an open ticket misses its resolution deadline is {sla.alert_from:.0%} or more.",
    "sla_breached": "A ticket has missed its resolution deadline and is still open.",
    "sla_model_unavailable": "The learned model of SLA breaches cannot score; the rule does.",
    "device_failure_risk": "The risk that a device fails or goes offline within {device_failure.judged_within} is "
    "{device_failure.alert_from:.0%} or more.",
    "device_silent": "A device has not reported for {device_alerts.silent_intervals:g} of its intervals.",
    "low_battery_predicted": "A battery will be empty within {device_alerts.empty_within_hours:g} hours.",
    "replacement_recommended": "The health of a device has been below {device_alerts.replace_below:g} for "
    "{device_alerts.replace_after_days:g} days.",
    "site_silent": "At least {device_alerts.site_share:.0%} of a site's devices fell silent at once: its gateway, its "
    "power or its line.",
    "late_arrival": "Nobody has arrived for a shift {shifts.late_after_minutes:g} minutes after its start.",
    "no_show": "Nobody came to a shift within {shifts.no_show_after_minutes:g} minutes, or until its end.",
    "no_show_risk": "The chance that nobody comes to a shift of the next 24 hours is {shifts.no_show_alert_from:.0%} "
    "or more.",
    "no_show_model_unavailable": "The learned model of no-shows cannot score; the rule does.",
    "shift_unconfirmed": "No punch is known for a shift, because the feed of its site is late.",
    "wrong_site": "Somebody punched at another site than planned.",
    "early_exit": "Somebody left a shift more than {shifts.early_before_minutes:g} minutes before its end.",
    "coverage_gap": "A post has fewer people than it needs, now or by the plan of the next day.",
    "geofence_violation": "Somebody punched from outside the geofence of the site.",
    "vendor_score_drop": "A vendor's score fell by {vendors.score_drop:g} points or more from one month to the next.",
    "vendor_sla_below_target": "A vendor did fewer than {vendors.sla_target:.0%} of its jobs in time.",
    "work_order_overdue": "A work order is past its due time and not done.",
    "work_order_at_risk": "The risk that an open work order misses its due time is {vendors.late_alert_from:.0%} or "
    "more.",
    "work_order_model_unavailable": "The learned model of late work orders cannot score; the rule does.",
    "device_model_unavailable": "The learned model of device failures cannot score; the rule does.",
}


def meaning(alert_type: str, chosen: Mapping[str, object]) -> str:
    """The meaning of an alert type with the current settings; empty for a type that no longer exists.

    Args:
        alert_type: The type.
        chosen: The sections of the settings by name: `dict(settings)`.
    """
    return KINDS.get(alert_type, "").format_map(chosen)
