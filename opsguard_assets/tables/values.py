"""The types and the words that the contract knows: instants, plans, urgencies, severities, states of tickets.

Here: one home of each, with its order. Not here: columns and their rules (`columns`), and what `ml` calls the same
(`ml.values`, which knows nothing of the contract; a test compares them).
"""

import polars as pl

# Every instant of every table: UTC, to the microsecond, as Delta and PostgreSQL keep it.
INSTANT = pl.Datetime("us", "UTC")

PLANS = ("bronze", "silver", "gold")
# The most urgent first, as people read them.
PRIORITIES = ("critical", "high", "medium", "low")
# The least first, as an ordered enum wants them.
SEVERITIES = ("low", "medium", "high", "critical")
OPEN_STATUSES = ("new", "open", "in_progress", "on_hold")
TICKET_STATUSES = (*OPEN_STATUSES, "resolved", "closed", "cancelled")
