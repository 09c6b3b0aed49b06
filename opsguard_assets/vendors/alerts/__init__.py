"""Alerts on vendors and work orders."""
