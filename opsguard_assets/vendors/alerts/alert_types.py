"""The alerts of vendors and orders, as people meet them. Not here: the rules that find them (`alerts.findings`)."""

from opsguard_assets.alerts.alert_type import PROCUREMENT, VENDOR_JOBS, AlertType, features_of, names

MONITOR = "vendors"
SCORE_DROP, BELOW_TARGET = "vendor_score_drop", "vendor_sla_below_target"
OVERDUE, AT_RISK = "work_order_overdue", "work_order_at_risk"
TYPES = (
    AlertType(
        name=SCORE_DROP,
        meaning="A vendor's score fell by {vendors.score_drop:g} points or more from one month to the next.",
        next_step="talk to the vendor",
        team=PROCUREMENT,
        cost="late_order_cost",
        needs_person=0.3,
        minutes=240,
    ),
    AlertType(
        name=BELOW_TARGET,
        meaning="A vendor did fewer than {vendors.sla_target:.0%} of its jobs in time.",
        next_step="talk to the vendor",
        team=PROCUREMENT,
        cost="late_order_cost",
        needs_person=0.3,
        minutes=240,
    ),
    AlertType(
        name=OVERDUE,
        meaning="A work order is past its due time and not done.",
        next_step="ask the vendor for a date",
        due="due",
        feature="vendor_performance",
        team=PROCUREMENT,
        cause=VENDOR_JOBS,
        cost="late_order_cost",
        needs_person=0.6,
        minutes=120,
    ),
    AlertType(
        name=AT_RISK,
        meaning="The risk that an open work order misses its due time is {vendors.late_alert_from:.0%} or more.",
        next_step="ask the vendor whether the date holds",
        due="due",
        feature="vendor_performance",
        team=PROCUREMENT,
        cause=VENDOR_JOBS,
        cost="late_order_cost",
        needs_person=0.4,
        minutes=60,
        warns_of=(OVERDUE,),
    ),
)
ALERT_TYPES, FEATURES = names(TYPES), features_of(TYPES)
