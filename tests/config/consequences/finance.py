"""What settings of billing change: invoices, targets of adoption, and over which days shadow value is counted."""

from datetime import date, timedelta

import polars as pl
from sqlalchemy import text

from opsguard_assets.config.settings import Settings
from opsguard_assets.entitlements.entitled import entitlements
from opsguard_assets.finance.invoices.month import invoices_of
from opsguard_assets.finance.revenue.io import shadow_at
from opsguard_assets.finance.revenue.use import ALERTS, COUNTED, adoption, usage
from tests.config.consequences.given import NOW, STORES, Seen, lake_of, plain
from tests.finance import given as make
from tests.remediation.given import record

_FEBRUARY = date(2026, 2, 1)


def invoices(settings: Settings) -> Seen:
    """Invoices of a month within which a client got another plan."""
    clients = [("C", "silver", date(2026, 1, 5), date(2026, 2, 11)), ("C", "gold", date(2026, 2, 11), None)]
    known = make.known(clients, [("S", "C", date(2026, 1, 5), None)])
    return plain(invoices_of(known, settings, _FEBRUARY).reconciliation)


def adoption_targets(settings: Settings) -> Seen:
    """Adoption of a client that used nothing."""
    clients = pl.DataFrame({"client_id": ["C"], "plan": ["gold"]})
    held = entitlements(clients, settings.plans, _FEBRUARY)
    used = usage(ALERTS.to_frame(), COUNTED.to_frame(), COUNTED.to_frame(), held, {})
    targets = settings.billing.adoption_targets
    return plain(adoption(used, held, targets, [_FEBRUARY]))


def shadow(settings: Settings) -> Seen:
    """Alerts outside the plan, one of them a week ago."""
    lake = lake_of("shadow")
    if not lake.exists("tables/sites"):
        record(lake, "sites", {"site_id": "S", "client_id": "C", "name": "S", "timezone": "UTC"}, loaded_at=NOW)
    database = STORES[0].migrated()
    decided = (
        "INSERT INTO decisions (monitor, dedup_key, first_as_of, last_as_of, ticks, decision, findings) "
        "VALUES ('devices', :key, :at, :at, 1, 'not in the plan', 1)"
    )
    with database.begin() as connection:
        for days, key in ((7, "site_silent:S"), (0, "coverage_gap:S/gate")):
            connection.execute(text(decided), {"key": key, "at": NOW - timedelta(days=days)})
    found, without = shadow_at(database, lake, settings, NOW)
    return plain(found), without
