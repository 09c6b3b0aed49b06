"""The risk that a ticket breaches its SLA: scores, findings and the recomputed tick."""
