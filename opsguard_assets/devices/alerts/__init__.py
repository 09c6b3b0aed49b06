"""Alerts on devices and sites, and the recomputed tick."""
