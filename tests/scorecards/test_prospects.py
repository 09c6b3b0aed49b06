"""What is likely next is told in the order of urgency, and what a plan kept back is counted once, by client."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from opsguard_assets.alerts.lifecycle import Monitor, settle
from opsguard_assets.config.settings import Settings
from opsguard_assets.devices.failure.schemas import DEVICE_RISK
from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.scorecards.card.card import Risk, Shadow
from opsguard_assets.scorecards.card.likely import likely
from opsguard_assets.scorecards.card.prospects_io import likely_at, shadow_at
from opsguard_assets.scorecards.card.shadow import KINDS
from opsguard_assets.scorecards.kpis.past_io import Past
from opsguard_assets.shifts.no_show.schemas import SHIFT_RISK
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tables.table import Table
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tickets.risk.schemas import SLA_RISK
from opsguard_assets.vendors.orders.schemas import WORK_ORDER_RISK
from resources.lake import Lake
from tests.alerts.given import finding, frame

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
MODEL = {"model_name": "m", "model_version": "1", "date": NOW.date(), "as_of": NOW}


def later(hours: float) -> datetime:
    return NOW + timedelta(hours=hours)


def rows(table: Table, *given: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(
        [dict.fromkeys(table.columns) | MODEL | row for row in given], schema=table.dtypes, orient="row"
    )


def ticket(name: str, risk: float | None, due: float | None, **more: Any) -> dict[str, Any]:
    at = None if due is None else later(due)
    return {"ticket_id": name, "client_id": "A", "site_id": "sa", "state": "running", "risk": risk,
            "resolution_due_at": at, **more}  # fmt: skip


def device(name: str, risk: float | None, **more: Any) -> dict[str, Any]:
    return {"device_id": name, "client_id": "A", "site_id": "sa", "state": "up", "risk_24h": risk, **more}


def shift(name: str, risk: float, starts: float) -> dict[str, Any]:
    return {
        "shift_id": name,
        "person_id": "p",
        "client_id": "A",
        "site_id": "sa",
        "starts_at": later(starts),
        "risk": risk,
    }


def order(name: str, risk: float, due: float) -> dict[str, Any]:
    return {
        "work_order_id": name,
        "vendor_id": "v",
        "client_id": "A",
        "site_id": "sa",
        "due_at": later(due),
        "risk": risk,
    }


def risks_of(**more: pl.DataFrame) -> dict[str, pl.LazyFrame]:
    found = {
        SLA_RISK.derived_name: rows(
            SLA_RISK, ticket("soon", 0.75, 1), ticket("later", 0.95, 30), ticket("unlikely", 0.1, 0.5),
            ticket("missed", 0.9, -1), ticket("paused", None, None), ticket("below", 0.5, 0.2),
            ticket("of b", 0.9, 2, client_id="B", site_id="sb"),
        ),
        DEVICE_RISK.derived_name: rows(DEVICE_RISK, device("d", 0.7), device("down", None)),
        SHIFT_RISK.derived_name: rows(SHIFT_RISK, shift("s", 0.45, 6)),
        WORK_ORDER_RISK.derived_name: rows(WORK_ORDER_RISK, order("w", 0.6, 12)),
        "tickets": pl.DataFrame({"ticket_id": ["soon"], "title": ["<b>Lift</b> stuck"]}),
        "sites": pl.DataFrame({"site_id": ["sa"], "name": ["Site A"]}),
        **more,
    }  # fmt: skip
    return {name: table.lazy() for name, table in found.items()}


def test_what_is_beyond_its_threshold_comes_first_then_what_comes_sooner():
    found = likely(risks_of(), Settings(), NOW)
    mine = found.filter(pl.col("client_id") == "A")
    assert mine["entity_id"].to_list() == ["soon", "s/p", "w", "d", "later", "below"]
    assert mine["kind"].to_list() == ["ticket", "shift", "work_order", "device", "ticket", "ticket"]
    assert mine.row(0, named=True) == {
        "client_id": "A", "kind": "ticket", "entity_id": "soon", "name": "<b>Lift</b> stuck", "site": "Site A",
        "probability": 0.75, "by": later(1), "action": "move_ticket",
    }  # fmt: skip
    assert found.filter(pl.col("client_id") == "B")["entity_id"].to_list() == ["of b"]
    for row in found.drop("client_id").to_dicts():
        Risk.model_validate(row)


def test_only_the_newest_tick_by_the_moment_counts_and_only_so_many_are_told():
    old = rows(
        SLA_RISK,
        ticket("old", 0.99, 1, as_of=later(-0.25)),
        ticket("new", 0.8, 1),
        ticket("ahead", 0.9, 2, as_of=later(1)),
    )
    found = likely({SLA_RISK.derived_name: old.lazy()}, Settings(), NOW)
    assert found["entity_id"].to_list() == ["new"]
    many = rows(SLA_RISK, *(ticket(f"{n}", 0.8, n + 1) for n in range(20)))
    assert likely({SLA_RISK.derived_name: many.lazy()}, Settings(), NOW, top=3)["entity_id"].to_list() == [
        "0",
        "1",
        "2",
    ]


def test_without_any_score_nothing_is_likely():
    assert likely({}, Settings(), NOW).is_empty()


def test_every_kind_of_alert_that_a_plan_can_keep_back_says_what_it_is_about():
    of_a_feature = {name for name, kind in ALERT_TYPES.items() if kind.feature is not None}
    by_shift_key = {"late_arrival", "no_show", "shift_unconfirmed", "wrong_site", "early_exit"}
    assert of_a_feature - by_shift_key == set(KINDS) - {"shift"}


@pytest.fixture
def lake(tmp_path) -> Lake:
    found = Lake(str(tmp_path / "lake"))
    known = NOW - timedelta(days=60)
    held = {
        "sites": [
            {"site_id": site, "client_id": client, "name": site.upper(), "timezone": "UTC"}
            for site, client in (("sa", "A"), ("sb", "B"))
        ],
        "devices": [
            {"device_id": device, "site_id": site, "kind": "door"}
            for device, site in (("d1", "sa"), ("d2", "sa"), ("d3", "sb"))
        ],
        "tickets": [
            {"ticket_id": "d1", "client_id": "B", "site_id": "sb", "title": "a ticket of B", "status": "open",
             "opened_at": known, "updated_at": known}
        ],
    }  # fmt: skip
    for name, given in held.items():
        table = TABLES[name]
        given_rows = [dict.fromkeys(table.columns) | {"known_at": known} | row for row in given]
        found.record(table, pl.DataFrame(given_rows, schema=table.dtypes, orient="row"), loaded_at=known)
    return found


def months(*clients: str) -> pl.DataFrame:
    first = date(2026, 11, 1)
    return pl.DataFrame(
        [(c, first, datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)) for c in clients],
        schema={"client_id": pl.String, "month": pl.Date, "starts_at": INSTANT, "ends_at": INSTANT},
        orient="row",
    )


def test_what_the_plan_kept_back_is_counted_once_by_feature_and_never_as_another_clients(lake, database):
    def held(device: str, alert_type: str = "device_silent", why: str | None = "not in the plan") -> dict[str, Any]:
        return finding(
            device, dedup_key=f"{alert_type}:{device}", alert_type=alert_type, entity_type="device", withheld=why
        )

    def tick(hour: float, *found: dict[str, Any]) -> None:
        settle(database, frame(*found), Monitor("devices", ("device_silent", "device_failure_risk")), later(hour - 48))

    tick(0, held("d1"), held("d2", why=None), held("d3"))
    tick(1, held("d1"), held("d2", why=None))
    tick(1.25)
    tick(1.5, held("d1"), held("d1", "device_failure_risk"))
    tick(2, held("d1", why="held back"))
    tick(9, held("d1"), held("d2"))
    found = shadow_at(lake, Past.read(database, NOW), Settings(), months("A", "B"), NOW)
    assert found.drop("month").rows() == [
        ("A", "silver", "device_health", 3, ["door d1", "door d2"]),
        ("A", "gold", "device_assurance", 1, ["door d1"]),
        ("B", "silver", "device_health", 1, ["door d3"]),
    ]
    for row in found.drop("client_id", "month").to_dicts():
        Shadow.model_validate(row)
    assert shadow_at(lake, Past.read(database, NOW), Settings(), months("B"), NOW)["client_id"].to_list() == ["B"]


def test_risks_are_read_of_the_lake_with_the_names_of_what_they_are_about(lake):
    assert likely_at(lake, Settings(), NOW).is_empty()
    said = rows(DEVICE_RISK, device("d1", 0.8), device("d3", 0.9, client_id="B", site_id="sb"))
    lake.replace_slice(DEVICE_RISK.derived_name, said, where={"date": NOW.date()}, partition_by=["date"])
    found = likely_at(lake, Settings(), later(2))
    assert found.select("client_id", "name", "site", "by").rows() == [
        ("A", "door d1", "SA", later(24)),
        ("B", "door d3", "SB", later(24)),
    ]
    assert likely_at(lake, Settings(), later(60)).is_empty()
