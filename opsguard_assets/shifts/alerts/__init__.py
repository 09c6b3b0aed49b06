"""Alerts on shifts and posts."""
