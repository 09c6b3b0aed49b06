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
    "device_model_unavailable": "The learned model of device failures cannot score; the rule does.",
}
