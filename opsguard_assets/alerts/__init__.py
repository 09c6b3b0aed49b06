"""Alerts: findings of monitors become alerts with a lifecycle and an explanation.

Here: the contract of findings, suppression, raise / refresh / clear, what people do to alerts, mutes.
Not here: finding anything (the rooms of tickets, devices, shifts, vendors).
"""
