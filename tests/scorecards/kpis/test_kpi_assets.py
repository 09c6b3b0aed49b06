"""Key figures as Dagster runs them: both tables, their checks, late records, and months that are signed."""

import dagster as dg
import polars as pl
import pytest

from opsguard_assets.config.settings import Settings
from opsguard_assets.moment import moment_config
from opsguard_assets.scorecards.kpi_assets import KPI_ROWS_KEY, KPIS_KEY, kpis_asset
from opsguard_assets.scorecards.kpis.io import compute, keep, signed_months, stored_rows
from opsguard_assets.scorecards.kpis.rows import foreign
from opsguard_assets.scorecards.kpis.schemas import KPI_ROWS, KPIS, SignedMonths
from opsguard_assets.tables.registry import CLIENTS, SITES
from opsguard_assets.tables.table import rows_of
from tests.scorecards.kpis.worlds import record, utc, world

ORDERS = [
    {"work_order_id": f"w{n}", "vendor_id": "v", "site_id": "a1", "created_at": utc(2026, 10, 2), "status": "open",
     "due_at": utc(2026, 10, 5 + n), "completed_at": None if n == 3 else utc(2026, 10, 6)}
    for n in range(6)
]  # fmt: skip
ROSTER = {
    "roster_id": "r", "person_id": "p", "site_id": "a1", "starts_local": "08:00", "ends_local": "16:00",
    "valid_from": utc(2026, 10, 1).date(), "valid_until": utc(2026, 10, 4).date(),
}  # fmt: skip
PUNCHES = [
    {"person_id": "p", "site_id": "a1", "punched_in_at": utc(2026, 10, day, 6),
     "punched_out_at": utc(2026, 10, day, 14)}
    for day in (1, 2, 20)
]  # fmt: skip


# A run refuses moments that lie ahead.
NOW = utc(2026, 11, 30, 5)


@pytest.fixture
def lake(tmp_path):
    made = world(tmp_path, work_orders=ORDERS, rosters=[ROSTER], attendance=PUNCHES)
    record(made, "punch_feeds", [{"site_id": "a1", "reported_upto_at": utc(2026, 11, 30, 2)}])
    return made


def run(lake, database):
    asset = kpis_asset(Settings(), [])
    resources = {"lake": lake, "database": database}
    return dg.materialize([asset], resources=resources, run_config=moment_config(NOW, KPIS_KEY))


def value(lake, kpi, month="2026-10-01"):
    mine = pl.col("kpi").eq(kpi) & pl.col("client_id").eq("a") & pl.col("site_id").is_null()
    rows = stored_rows(lake, KPIS).filter(mine, pl.col("month") == pl.lit(month).str.to_date()).collect()
    return rows["value"][0]


def test_a_run_keeps_figures_and_rows_that_agree_and_are_of_the_client_itself(lake, database):
    result = run(lake, database)
    assert {check.check_name: check.passed for check in result.get_asset_check_evaluations()} == {
        "nobody_foreign": True,
        "figures_reproduce_from_their_rows": True,
    }
    assert value(lake, "vendor_jobs_in_time") == pytest.approx(100 * 4 / 6)
    assert value(lake, "work_order_backlog") == 1
    shown = result.asset_materializations_for_node(KPIS_KEY.to_python_identifier())
    metadata = {each.asset_key: each.metadata for each in shown}
    assert "October 2026" in metadata[KPIS_KEY]["headline"].value
    assert "no_feed" in metadata[KPIS_KEY]["no_data_because"].value
    assert metadata[KPI_ROWS_KEY]["dagster/row_count"].value == stored_rows(lake, KPI_ROWS).collect().height


def test_an_imported_history_of_shifts_is_judged_although_no_tick_saw_it(lake, database):
    found = compute(lake, database, Settings(), NOW)
    parts = found.rows.filter(kpi="attendance_compliance").sort("at")
    assert parts["numerator"].to_list() == [1, 1, 0, 0]
    assert parts["entity_id"][0] == "r@2026-10-01/p"


def test_late_records_change_months_that_nobody_signed_and_no_others(lake, database):
    first = compute(lake, database, Settings(), NOW)
    keep(lake, first, signed_months(database))
    assert value(lake, "work_order_backlog") == value(lake, "work_order_backlog", "2026-11-01") == 1
    record(lake, "work_orders", [{**ORDERS[3], "completed_at": utc(2026, 10, 9)}], at=utc(2026, 11, 30, 4))
    second = compute(lake, database, Settings(), NOW)
    october = pl.DataFrame({"client_id": ["a"], "month": [utc(2026, 10, 1).date()]})
    keep(lake, second, rows_of(SignedMonths, october))
    assert value(lake, "work_order_backlog") == 1
    assert value(lake, "work_order_backlog", "2026-11-01") == 0
    rows = stored_rows(lake, KPI_ROWS).filter(pl.col("kpi") == "work_order_backlog", pl.col("numerator") > 0).collect()
    assert rows["month"].to_list() == [utc(2026, 10, 1).date()]


def test_a_row_of_another_clients_site_is_found_and_stops_what_follows(lake, database):
    run(lake, database)
    stored = stored_rows(lake, KPI_ROWS).collect()
    wrong = stored.with_columns(site_id=pl.lit("b1"))
    october = wrong.filter(pl.col("month") == utc(2026, 10, 1).date())
    lake.replace_slice(KPI_ROWS.derived_name, october, where={"month": utc(2026, 10, 1).date()}, partition_by=["month"])
    known = (lake.known(table, NOW).collect() for table in (SITES, CLIENTS))
    rows = KPI_ROWS.rows(stored_rows(lake, KPI_ROWS).collect())
    assert len(foreign(rows, *known)) == len(october) > 0
