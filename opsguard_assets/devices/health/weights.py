"""The weights of the parts of a device's health; they add up to 1. Not here: the parts (`score`, `spells`)."""

WEIGHTS = {"battery": 0.4, "signal": 0.3, "uptime": 0.2, "temperature": 0.1}
