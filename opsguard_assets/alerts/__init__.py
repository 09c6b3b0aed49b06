"""Alerts: what monitors find becomes alerts that live, explain themselves and end.

Here: the contract of findings, suppression, raise / refresh / clear, what people do to alerts, mutes.
Not here: finding anything (the rooms of tickets, devices, shifts, vendors).
"""
