"""Helpdesk tickets: their history, their SLA clocks and their risk. Pure modules; `assets.py` alone knows Dagster."""
