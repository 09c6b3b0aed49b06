"""Metrics, the gate, money, skill, drift and the prediction log."""
