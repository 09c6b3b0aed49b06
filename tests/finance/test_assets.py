"""The assets of finance on real stores: tables in the lake, checks that block, metadata that says what a month was."""

from datetime import timedelta
from decimal import Decimal
from urllib.parse import unquote

import dagster as dg
import duckdb
import polars as pl
from deltalake import DeltaTable

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


# What readers of other systems know of Delta: Spark 3.4 and DuckDB read the protocol below, and these features of it.
READABLE = {"timestampNtz", "deletionVectors", "columnMapping", "v2Checkpoint"}


def test_tables_of_finance_are_read_by_programs_that_know_nothing_of_us(tmp_path, database):
    """The files that a table's log lists, read by DuckDB with SQL as an analyst writes it: money stays decimal."""
    lake, before = Lake(str(tmp_path / "a lake")), NOON - timedelta(days=40)
    for name, plan in (("C", "gold"), ("D", "silver")):
        client = {"client_id": name, "name": name, "plan": plan, "timezone": "UTC"}
        record(lake, "clients", client, loaded_at=before)
    sites = [{"site_id": f"S{n}", "client_id": "CD"[n % 2], "name": "S", "timezone": "UTC"} for n in range(3)]
    record(lake, "sites", *sites, loaded_at=before)
    materialized(lake, database, Settings(), NOON)
    with duckdb.connect() as other:
        for table in FINANCE_TABLES:
            stored = DeltaTable(lake.uri_of(table.derived_name))
            protocol = stored.protocol()
            assert protocol.min_reader_version <= 3
            assert set(protocol.reader_features or ()) <= READABLE
            files = [unquote(file) for file in stored.file_uris()]
            rows = lake.scan(table.derived_name).collect()
            if not files:
                assert rows.is_empty()
                continue
            other.read_parquet(files, hive_partitioning=False).create_view(table.name)
            assert other.sql(f"SELECT count(*) FROM {table.name}").fetchall() == [(len(rows),)]
            types = dict(other.sql(f"DESCRIBE {table.name}").project("column_name, column_type").fetchall())
            money = {name for name, dtype in table.dtypes.items() if dtype == pl.Decimal(18, 2)}
            assert {types[name] for name in money & set(types)} <= {"DECIMAL(18,2)"}
        total = "SELECT sum(mrr) FROM mrr WHERE month = DATE '2026-02-01'"
        assert other.sql(total).fetchall() == [(Decimal("1300.00"),)]
        joined = (
            "SELECT client_id, sum(amount) FROM invoices JOIN subscriptions USING (client_id) GROUP BY 1 ORDER BY 1"
        )
        assert other.sql(joined).fetchall() == [("C", Decimal("1000.00")), ("D", Decimal("300.00"))]
        assert other.sql("SELECT max(arr) FROM arr_projection").fetchall() == [(Decimal("576000.00"),)]
