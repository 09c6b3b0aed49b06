"""The alert types that there are, with what each means. Not here: when they are raised (their domains)."""

KINDS = {
    "sla_breach_risk": "An open ticket will probably miss its resolution deadline.",
    "sla_breached": "A ticket has missed its resolution deadline and is still open.",
    "sla_model_unavailable": "The learned model of SLA breaches cannot score; the rule does.",
}
