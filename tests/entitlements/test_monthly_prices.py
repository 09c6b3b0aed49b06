"""What a card calls the price of a plan is what finance counts as recurring revenue of the same moment."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from opsguard_assets.config.settings import Settings
from opsguard_assets.entitlements.io import entitlements_at, monthly_prices
from opsguard_assets.entitlements.prices import STATE, lines
from opsguard_assets.finance.revenue.io import known_at
from opsguard_assets.finance.revenue.states import month_ends, states
from opsguard_assets.tables.registry import CLIENTS, DEVICES, SITES
from resources.lake import Lake

MONTH = datetime(2026, 10, 1, tzinfo=UTC).date()
LATER = datetime(2026, 11, 5, tzinfo=UTC)
PLANS = {
    "silver": {"price": [{"valid_from": "2026-01-01", "amount": 300}, {"valid_from": "2026-11-01", "amount": 320}]},
    "add_ons": {"remediation": {"price": 75}, "device_health": {"price": 2, "per": "device"}},
    "clients": {
        "discounted": {"add": ["remediation"], "discounts": [{"share": 0.1}]},
        "by device": {"add": ["device_health"]},
        "tried": {"trial": {"plan": "gold", "starts_on": "2026-10-15", "ends_on": "2026-11-10"}},
        "tries next month": {"trial": {"plan": "gold", "starts_on": "2026-11-01", "ends_on": "2026-11-10"}},
        "gone": {"ends_on": "2026-10-20"},
    },
}
SETTINGS = Settings.model_validate({"plans": PLANS, "operations": {"timezone": "America/New_York"}})
BOUGHT = {
    "plain": "silver", "discounted": "silver", "by device": "bronze", "tried": "silver", "tries next month": "silver",
    "gone": "silver", "unknown": None, "without sites": "gold",
}  # fmt: skip


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    made = Lake(str(tmp_path_factory.mktemp("prices") / "lake"))
    known = LATER - timedelta(days=90)

    def record(table, rows):
        made.record(table, pl.DataFrame([{"known_at": known, **row} for row in rows], schema=table.dtypes),
                    loaded_at=known)  # fmt: skip

    record(CLIENTS, [{"client_id": c, "name": c, "timezone": "Asia/Tokyo", "plan": plan} for c, plan in BOUGHT.items()])
    sites = [(f"{c} {n}", c) for c in BOUGHT if c != "without sites" for n in range(3)]
    record(SITES, [{"site_id": s, "client_id": c, "name": s, "timezone": "UTC"} for s, c in sites])
    record(DEVICES, [{"device_id": f"{s} {n}", "site_id": s, "kind": "door"} for s, _ in sites for n in range(2)])
    return made


def test_the_price_is_the_recurring_revenue_of_the_moment(lake):
    end = month_ends([MONTH], "America/New_York", LATER)
    at = end["at"].item()
    ours = dict(monthly_prices(lake, SETTINGS, entitlements_at(lake, SETTINGS, at), at).iter_rows())
    known = states(known_at(lake, SETTINGS.plans, at), SETTINGS.plans, end.select("on", "at")).select(STATE.names())
    theirs = dict(lines(known, SETTINGS.plans).group_by("client_id").agg(pl.col("amount").sum()).iter_rows())
    assert {client: price for client, price in ours.items() if price} == theirs
    assert ours["plain"] == 900
    assert ours["discounted"] == Decimal("1012.50")
    assert ours["by device"] == 300 + 6 * 2
    assert ours["tries next month"] == 900, "what begins with the next month is not of this one"


def test_a_trial_costs_nothing_and_who_has_no_plan_has_no_price(lake):
    at = month_ends([MONTH], "America/New_York", LATER)["at"].item()
    found = dict(monthly_prices(lake, SETTINGS, entitlements_at(lake, SETTINGS, at), at).iter_rows())
    assert (found["tried"], found["without sites"]) == (0, 0)
    assert found["unknown"] is None
    assert found["gone"] is None
