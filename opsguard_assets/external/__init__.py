"""Alerts of other systems: the rows of `external_alerts` live the life of our own alerts.

Here: from rows to findings, the asset and the record of the domain. Not here: what kinds mean (`alerts.kinds`),
settling (`alerts.lifecycle`).
"""
