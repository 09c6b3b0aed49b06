"""Revenue from real stores: versions of clients in a lake, alerts and decisions in a database, and the page of it."""

import re
from datetime import timedelta

import polars as pl
import pytest
from sqlalchemy import text

from opsguard_assets.config.routing import Routing
from opsguard_assets.config.settings import Settings
from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.finance.pages.page import finance_page
from opsguard_assets.finance.pages.shown_io import measured_returns, shown_of, workbook_of
from opsguard_assets.finance.revenue.figures_io import keep, moved_since, revenue_at, stored_mrr
from opsguard_assets.finance.revenue.schemas import (
    ADOPTION,
    CHURN_RISK,
    FINANCE_TABLES,
    MRR,
    SUBSCRIPTIONS,
    UPGRADES,
    USAGE,
)
from opsguard_assets.routing.frames import Rules
from opsguard_assets.routing.io import route
from resources.lake import Lake
from tests.alerts.given import NOON
from tests.incidents.world import found, tick
from tests.remediation.given import record
from tests.routing.given import CHANNELS, roster, send_all

HOSTILE = "<script>alert(1)</script>\u202eevil"
PLANS = {"clients": {"C2": {"ends_on": "2026-12-31"}, "C3": {}}}
DECIDED = (
    "INSERT INTO decisions (monitor, dedup_key, first_as_of, last_as_of, ticks, decision, findings) "
    "VALUES ('m', :key, :at, :at, 1, 'not in the plan', 1)"
)


@pytest.fixture
def lake(tmp_path):
    made = Lake(str(tmp_path / "lake"))
    for months, plan in ((80, "bronze"), (20, "silver")):
        at = NOON - timedelta(days=months)
        record(made, "clients", {"client_id": "C1", "name": HOSTILE, "plan": plan, "timezone": "UTC"}, loaded_at=at)
    before = NOON - timedelta(days=70)
    record(made, "clients", {"client_id": "C2", "name": "Two", "plan": "silver", "timezone": "UTC"}, loaded_at=before)
    sites = [{"site_id": f"S{n}", "client_id": f"C{1 + n % 2}", "name": "x", "timezone": "UTC"} for n in range(4)]
    record(made, "sites", *sites, loaded_at=before)
    record(made, "tickets", {"ticket_id": "T:1", "client_id": "C1", "site_id": "S0", "opened_at": NOON}, loaded_at=NOON)
    roster_row = {"roster_id": "R1", "person_id": "p", "site_id": "S2", "valid_from": NOON.date()}
    record(made, "rosters", roster_row, loaded_at=before)
    return made


def test_everything_of_a_moment(lake, database):
    settings = Settings(plans=PLANS)
    tick(database, 0, found(1, severity="critical", client_id="C1"), plans=[("C1", "silver")])
    route(database, roster(), Rules(settings=Routing(), channels=CHANNELS), now=NOON)
    outside = ("device_failure_risk:D9", "shift:R1@2026-03-02/p", "sla_breach_risk:T:1", "coverage_gap:S1/gate/2")
    with database.begin() as connection:
        for key in outside:
            connection.execute(text(DECIDED), {"key": key, "at": NOON})
    unheard = revenue_at(lake, database, settings, ALERT_TYPES, NOON + timedelta(hours=1))
    assert unheard.rows(USAGE).is_empty(), "what no channel took was not told"
    send_all(database, 30)
    seen = revenue_at(lake, database, settings, ALERT_TYPES, NOON + timedelta(hours=1))

    months = seen.rows(MRR).filter(pl.col("client_id") == "C1").select("movement", "mrr").rows()
    assert [(kind, float(mrr)) for kind, mrr in months] == [("new", 200), (None, 200), ("expansion", 600), (None, 600)]
    now = {row["client_id"]: row for row in seen.rows(SUBSCRIPTIONS).to_dicts()}
    assert (now["C2"]["mrr"], str(now["C2"]["ends_on"])) == (600, "2026-12-31")
    used = seen.rows(USAGE).select("client_id", "feature", "unit", "used").rows()
    assert used == [("C1", "device_health", "alerts told", 1)]
    adopted = seen.rows(ADOPTION).filter(pl.col("month") == seen.month, pl.col("feature") == "device_health").to_dicts()
    assert [(row["clients"], row["entitled"], row["using"], row["target"]) for row in adopted] == [(2, 2, 1, 0.4)]
    assert seen.rows(CHURN_RISK).select("client_id", "points").rows() == [("C2", 60)]
    # Silver holds what the roster, the ticket and the gap are about by now; the device is nobody's.
    assert seen.rows(UPGRADES).is_empty()
    assert (seen.without_client, seen.unknown) == (1, ("C3",))


def test_a_client_below_is_a_candidate_by_what_was_computed_for_it(lake, database):
    with database.begin() as connection:
        for key in ("shift:R1@2026-01-05/p", "sla_breach_risk:T:1", "sla_breach_risk:T:1"):
            connection.execute(text(DECIDED + " ON CONFLICT DO NOTHING"), {"key": key, "at": NOON - timedelta(days=1)})
    record(lake, "clients", {"client_id": "C1", "name": "One", "plan": "bronze", "timezone": "UTC"}, loaded_at=NOON)
    seen = revenue_at(lake, database, Settings(), ALERT_TYPES, NOON)
    (row,) = seen.rows(UPGRADES).to_dicts()
    assert (row["client_id"], row["plan"], row["next_plan"], row["alerts"]) == ("C1", "bronze", "silver", 2)
    assert sorted(row["features"].split(", ")) == ["shift_compliance 1", "sla_prevention 1"]
    assert (row["exposure"], row["more_mrr"]) == (1_300, 400)


def test_what_is_kept_is_what_was_computed_and_the_page_shows_it_harmlessly(lake, database):
    settings = Settings(plans=PLANS)
    seen = revenue_at(lake, database, settings, ALERT_TYPES, NOON)
    assert stored_mrr(lake).is_empty()
    keep(lake, seen)
    assert moved_since(stored_mrr(lake), seen.rows(MRR)).is_empty()
    cheap = Settings(plans={**PLANS, "bronze": {"price": 90}})
    changed = moved_since(stored_mrr(lake), revenue_at(lake, database, cheap, ALERT_TYPES, NOON).rows(MRR))
    assert set(changed["client_id"]) == {"C1"}
    assert all(lake.exists(table.derived_name) for table in FINANCE_TABLES[:7])

    page = finance_page(shown_of(lake, settings, seen))
    assert "<script" not in page.lower()
    assert "\u202e" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;evil" in page
    assert not re.findall(r"(?:src|href)=", page), "nothing is loaded from elsewhere"
    assert page.count("<svg") == 6
    assert {each["basis"] for each in measured_returns(lake, seen)} == {"not measured"}
    assert workbook_of(settings, seen) == workbook_of(settings, seen)
