"""Whose alerts of other systems are. Not here: their types, which are open (`opsguard_assets.alerts.kinds`)."""

MONITOR = "external"
