"""Routing: who is told of an incident, when, by which channel, and why somebody is not."""
