"""The types and the words that features share: instants, plans, urgencies.

Here: what `ml` needs of the values of the contract, which it may not import; a test compares both. Not here: features.
"""

import polars as pl

INSTANT = pl.Datetime("us", "UTC")
PLANS = ("bronze", "silver", "gold")
PRIORITIES = ("critical", "high", "medium", "low")
