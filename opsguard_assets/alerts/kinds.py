"""The alert types that there are, with what each means. Not here: when they are raised (their domains)."""

KINDS = {
    "sla_breach_risk": "An open ticket will probably miss its resolution deadline.",
    "sla_breached": "A ticket has missed its resolution deadline and is still open.",
    "sla_model_unavailable": "The learned model of SLA breaches cannot score; the rule does.",
    "device_failure_risk": "A device will probably fail or go offline.",
    "device_silent": "A device has not reported for three of its intervals.",
    "low_battery_predicted": "A battery will be empty within two days.",
    "replacement_recommended": "A device has been unwell for a week.",
    "site_silent": "Most devices of a site fell silent at once: its gateway, its power or its line.",
    "late_arrival": "Nobody has arrived for a shift, a quarter of an hour after its start.",
    "no_show": "Nobody came to a shift within two hours, or until its end.",
    "no_show_risk": "Probably nobody will come to a shift of the next 24 hours.",
    "no_show_model_unavailable": "The learned model of no-shows cannot score; the rule does.",
    "shift_unconfirmed": "No punch is known for a shift, because the feed of its site is late.",
    "wrong_site": "Somebody punched at another site than planned.",
    "early_exit": "Somebody left a shift before its end.",
    "coverage_gap": "A post has fewer people than it needs, now or by the plan of the next day.",
    "geofence_violation": "Somebody punched from outside the geofence of the site.",
    "device_model_unavailable": "The learned model of device failures cannot score; the rule does.",
}
