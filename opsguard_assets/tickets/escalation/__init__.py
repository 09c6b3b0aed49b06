"""Escalation of tickets at risk in the ticket system, exactly once."""
