"""The alerts of tickets, as people meet them. Not here: the rules that find them (`risk.findings`)."""

from opsguard_assets.alerts.alert_type import HELPDESK, TICKETS, AlertType, features_of, names

MONITOR = "sla"
BREACH_RISK, SLA_BREACHED = "sla_breach_risk", "sla_breached"
TYPES = (
    AlertType(
        name=BREACH_RISK,
        meaning="The risk that an open ticket misses its resolution deadline is {sla.alert_from:.0%} or more.",
        next_step="ask the assignee, or move it",
        due="resolution_due_at",
        feature="sla_prevention",
        team=HELPDESK,
        cause=TICKETS,
        cost="breach_cost",
        needs_person=0.6,
        minutes=60,
        warns_of=(SLA_BREACHED,),
    ),
    AlertType(
        name=SLA_BREACHED,
        meaning="A ticket has missed its resolution deadline and is still open.",
        next_step="tell the client and agree on a new date",
        due="resolution_due_at",
        feature="alerts_basic",
        team=HELPDESK,
        cause=TICKETS,
        cost="breach_cost",
        needs_person=0.7,
        minutes=120,
    ),
)
ALERT_TYPES, FEATURES = names(TYPES), features_of(TYPES)
