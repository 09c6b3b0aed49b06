"""The alerts of devices, as people meet them. Not here: the rules that find them (`alerts.findings`)."""

from opsguard_assets.alerts.alert_type import BATTERY, IOT, NETWORK, POWER_OR_LINE, AlertType, features_of, names

MONITOR = "devices"
FAILURE_RISK, SILENT, LOW_BATTERY = "device_failure_risk", "device_silent", "low_battery_predicted"
REPLACE, SITE_SILENT = "replacement_recommended", "site_silent"
TYPES = (
    AlertType(
        name=FAILURE_RISK,
        meaning="The risk that a device fails or goes offline within {device_failure.judged_within} is "
        "{device_failure.alert_from:.0%} or more.",
        next_step="look at the device",
        feature="device_assurance",
        team=IOT,
        cause=POWER_OR_LINE,
        cost="failure_cost",
        needs_person=0.5,
        minutes=120,
        warns_of=(SILENT,),
    ),
    AlertType(
        name=SILENT,
        meaning="A device has not reported for {device_alerts.silent_intervals:g} of its intervals.",
        next_step="check its power and its radio path",
        feature="device_health",
        team=IOT,
        cause=POWER_OR_LINE,
        cost="failure_cost",
        needs_person=0.5,
        minutes=120,
    ),
    AlertType(
        name=LOW_BATTERY,
        meaning="A battery will be empty within {device_alerts.empty_within_hours:g} hours.",
        next_step="replace or charge the battery",
        feature="device_health",
        team=IOT,
        cause=BATTERY,
        cost="service_call_cost",
        needs_person=0.7,
        minutes=60,
        warns_of=(SILENT,),
    ),
    AlertType(
        name=REPLACE,
        meaning="The health of a device has been below {device_alerts.replace_below:g} for "
        "{device_alerts.replace_after_days:g} days.",
        next_step="plan its replacement",
        feature="device_health",
        team=IOT,
        cost="service_call_cost",
        needs_person=0.4,
        minutes=240,
    ),
    AlertType(
        name=SITE_SILENT,
        meaning="At least {device_alerts.site_share:.0%} of a site's devices fell silent at once: its gateway, its "
        "power or its line.",
        next_step="check the gateway, the power and the line of the site",
        feature="device_health",
        team=NETWORK,
        cause=POWER_OR_LINE,
        cost="failure_cost",
        cost_share=5,
        needs_person=0.8,
        minutes=120,
    ),
)
ALERT_TYPES, FEATURES = names(TYPES), features_of(TYPES)
