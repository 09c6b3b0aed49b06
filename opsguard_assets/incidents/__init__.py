"""Incidents: alerts that belong together, so that people are told once; and what people do to them."""
