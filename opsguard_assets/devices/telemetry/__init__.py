"""Telemetry rolled up by the hour, and sites that went silent."""
