"""Scenarios of annual recurring revenue, and returns on investment."""
