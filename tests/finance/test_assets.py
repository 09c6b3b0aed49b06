"""The assets of finance on real stores: tables in the lake, checks that block, metadata that says what a month was."""

from datetime import timedelta

import dagster as dg
import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.domains import ALERT_TYPES, FINANCE_JOB, JOBS
from opsguard_assets.finance.assets import finance_assets
from opsguard_assets.finance.revenue.schemas import FINANCE_TABLES, INVOICES, MRR
from opsguard_assets.moment import moment_config
from resources.lake import Lake
from tests.alerts.given import NOON
from tests.remediation.given import record


def materialized(lake, database, settings, as_of):
    job = JOBS[FINANCE_JOB]
    moments = moment_config(as_of, *(dg.AssetKey(name.split("/")) for name in job.at_moment))
    given = {"lake": lake, "database": database}
    return dg.materialize(finance_assets(settings, ALERT_TYPES, []), resources=given, run_config=moments)


def test_the_daily_job_writes_all_tables_and_says_when_the_past_moved(tmp_path, database):
    lake, before = Lake(str(tmp_path / "lake")), NOON - timedelta(days=40)
    record(lake, "clients", {"client_id": "C", "name": "C", "plan": "gold", "timezone": "UTC"}, loaded_at=before)
    record(lake, "sites", {"site_id": "S", "client_id": "C", "name": "S", "timezone": "UTC"}, loaded_at=before)
    first = materialized(lake, database, Settings(), NOON)
    assert {each.check_name: each.passed for each in first.get_asset_check_evaluations()} == {
        "revenue_identity_holds": True, "closed_months_stand": True, "invoices_close": True,
    }  # fmt: skip
    assert all(lake.exists(table.derived_name) for table in FINANCE_TABLES)
    assert set(JOBS[FINANCE_JOB].assets) == {table.derived_name for table in FINANCE_TABLES}
    (made,) = first.asset_materializations_for_node("finance__mrr")[1:2]
    assert "February 2026 ended at 500.00 USD a month from 1 client," in made.metadata["headline"].value

    cheaper = Settings(plans={"gold": {"price": 490}}, billing={"changes": "daily"})
    second = materialized(lake, database, cheaper, NOON + timedelta(days=1))
    found = {each.check_name: each.passed for each in second.get_asset_check_evaluations()}
    assert found == {"revenue_identity_holds": True, "closed_months_stand": False, "invoices_close": True}
    lines = lake.scan(INVOICES.derived_name).collect().sort("month")
    assert [(month.month, float(amount)) for month, amount in lines.select("month", "amount").iter_rows()] == [
        (2, 490.0), (3, 500.0),
    ]  # fmt: skip
    assert lake.scan(MRR.derived_name).select(pl.col("mrr").max()).collect().item() == 490
