"""The priority of every unresolved alert, 0 to 100, with its reasons.

Here: the scale, its inputs and the asset that keeps it. Not here: the probability of action (`triage.learning`).
"""
