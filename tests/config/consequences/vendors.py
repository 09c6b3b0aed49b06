"""What settings of vendors do: alerts and scores."""

from datetime import timedelta
from functools import cache

import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.vendors.alerts.assets import levels_of as vendor_levels
from opsguard_assets.vendors.scores.io import scored_at
from resources.lake import Lake
from tests.config.consequences.given import Seen, lake_of, plain
from tests.vendors import test_findings as vendors
from tests.vendors.orders import AS_OF, order
from tests.vendors.orders import frame as vendor_frame
from tests.vendors.orders import vendors as known_vendors


def vendor_alerts(settings: Settings) -> Seen:
    """The findings of a tick of vendors."""
    orders = [{"work_order_id": f"w{n}", "vendor_id": "v1", "risk": n / 20, "due_at": AS_OF} for n in range(20)]
    overdue = [{"work_order_id": f"late{n}", "priority": "low", "due_at": AS_OF - timedelta(hours=n)} for n in (5, 30)]
    months = [
        {**vendors.month(70.0, -float(n)), "vendor_id": f"v{n}", "jobs": n, "sla_jobs": n} for n in (3, 6, 9, 11, 30)
    ]
    before = [{**row, "change": None, "sla_raw": 95.0} for row in months]
    scores = [
        {**vendors.in_time(share), "vendor_id": f"s{share}", "sla_low": share - 1, "sla_high": share + 1}
        for share in (70.0, 85.0, 95.0)
    ]
    return plain(
        vendors.found(
            scores=scores, months=months, before=before, overdue=overdue, risk=orders, levels=vendor_levels(settings)
        )
    )


@cache
def _orders() -> Lake:
    lake = lake_of("vendors")
    done = [
        *(order(n, "v1", due=-24.0 * n, late=0.0, site_id="S1") for n in range(1, 7)),
        *(order(n, "v2", due=-24.0 * n, late=1.0, site_id="S2") for n in range(10, 13)),
        *(order(n, "v1", due=-24.0 * n, late=9.0, site_id="S1") for n in range(50, 60)),
        *(order(n, "v2", due=-24.0 * 5, late=None, status="storno", site_id="S2") for n in range(70, 75)),
    ]
    tickets = [
        {
            "ticket_id": f"T{n}", "client_id": "c", "site_id": "S1", "priority": "low", "status": "closed",
            "sentiment": -n / 50, "opened_at": AS_OF - timedelta(days=n), "updated_at": AS_OF - timedelta(days=n),
            "known_at": AS_OF - timedelta(days=n),
        }
        for n in (*range(1, 20), *range(45, 50))
    ]  # fmt: skip
    for name, given in (("work_orders", vendor_frame("work_orders", done)), ("vendors", known_vendors("v1", "v2"))):
        filled = given.with_columns(pl.col("known_at").fill_null(AS_OF - timedelta(days=90)))
        lake.record(TABLES[name], filled, loaded_at=AS_OF - timedelta(days=1))
    lake.record(TABLES["tickets"], vendor_frame("tickets", tickets), loaded_at=AS_OF - timedelta(days=1))
    return lake


def vendor_scores(settings: Settings) -> Seen:
    """The scores of vendors."""
    return plain(scored_at(_orders(), AS_OF, settings).scores)
