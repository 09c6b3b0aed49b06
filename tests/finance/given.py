"""Clients and sites as they were known, in few words. Not here: any test."""

from datetime import UTC, date, datetime

import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.finance.revenue.states import CLIENT, DEVICE, SITE, Known

JANUARY = date(2026, 1, 1)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def known(clients, sites, devices=()) -> Known:
    """What was known.

    Args:
        clients: (client, plan, first day, last day or None).
        sites: (site, client, first day, last day or None).
        devices: (device, site, first day, last day or None).
    """

    def stretch(row):
        return (*row[:2], noon(row[2]), noon(row[3]) if row[3] else None)

    people = [(name, plan, None, since, until) for name, plan, since, until in map(stretch, clients)]
    return Known(
        pl.DataFrame(people, schema=CLIENT, orient="row"),
        pl.DataFrame(list(map(stretch, sites)), schema=SITE, orient="row"),
        pl.DataFrame(list(map(stretch, devices)), schema=DEVICE, orient="row"),
    )


def settings(changes="next_month", **plans) -> Settings:
    return Settings(plans=plans, billing={"changes": changes})
