"""Triage: which alert matters most, and whether it needs a person.

Here: priorities of alerts, what operators say of them, what is learned from outcomes. Not here: the alert lifecycle
(`opsguard_assets.alerts`), incidents, and who is told.
"""
