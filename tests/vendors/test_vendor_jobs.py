"""Vendors as Dagster runs them: scores and checks, the risk of open orders, alerts that live and end, a training."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import polars as pl
import pytest

from ml.tracking.registry import Registry
from ml.tracking.tracking import Place
from opsguard_assets.alerts.queries import alerts
from opsguard_assets.build import build_defs
from opsguard_assets.cadences import tick_config
from opsguard_assets.config.learning import Learning
from opsguard_assets.config.settings import Settings
from opsguard_assets.model_jobs import train_config
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.promotion import ModelCatalog
from opsguard_assets.moment import moment_config
from opsguard_assets.simulator.contractors import contracted
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.vendors.job_names import SCORE_VENDORS_JOB, WATCH_ORDERS_JOB
from opsguard_assets.vendors.orders.problem_io import work_order_late
from opsguard_assets.vendors.orders.schemas import WORK_ORDER_RISK
from opsguard_assets.vendors.scores import io as score_store
from opsguard_assets.vendors.scores.assets import VENDOR_SCORES_KEY
from opsguard_assets.vendors.scores.io import last_scores, scored_at
from resources.database import MLFLOW
from resources.lake import Lake
from resources.progress import Silent

START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 6, 10, 8, tzinfo=UTC)
SITES = pl.DataFrame({"site_id": [f"s{n}" for n in range(20)], "client_id": [f"c{n % 2}" for n in range(20)]})
SOURCES = [
    {"name": name, "kind": "files", "path": f"nowhere/{name}/*.csv", "feeds": [{"table": name, "same_names": True}]}
    for name in ("vendors", "work_orders", "clients")
]
# Months are those of a zone, and instants of the lake are UTC: a zone that is not UTC shows who mixes them up.
SETTINGS = Settings(
    operations={"timezone": "Europe/Berlin"},
    sources=SOURCES,
    learning=Learning(tuning_trials=0, candidates=("logistic_regression",)),
    vendors={"late_alert_from": 0.3},
)
PROBLEM = work_order_late(SETTINGS)
pytestmark = pytest.mark.timeout(600)


class House:
    """One installation on the records of the twin, and jobs run on them."""

    def __init__(self, lake, catalog, world):
        self.lake, self.database, self.world = lake, catalog.champions.database, world
        given = {"lake": lake, "database": self.database, "progress": Silent(), "inbox": None, "models": catalog}
        resources = {name: dg.ResourceDefinition.hardcoded_resource(value) for name, value in given.items()}
        self.defs = build_defs(settings=SETTINGS, resources=resources)

    def know(self, since, until):
        clients = pl.DataFrame(
            {"client_id": ["c0", "c1"], "name": ["A", "B"], "plan": ["bronze", "gold"], "timezone": ["UTC"] * 2}
        ).with_columns(known_at=pl.lit(START).dt.cast_time_unit("us"))
        result = {"vendors": self.world.vendors, "work_orders": self.world.work_orders, "clients": clients}
        for name, rows in result.items():
            fresh = rows.filter(pl.col("known_at") > since, pl.col("known_at") <= until)
            whole = pl.concat([TABLES[name].empty(), fresh], how="diagonal_relaxed").select(TABLES[name].columns)
            self.lake.record(TABLES[name], whole, loaded_at=until)

    def run(self, job, config):
        with dg.DagsterInstance.ephemeral() as instance:
            return self.defs.resolve_job_def(job).execute_in_process(
                run_config=config, instance=instance, raise_on_error=False
            )

    def tick(self, moment):
        return self.run(WATCH_ORDERS_JOB, tick_config(WATCH_ORDERS_JOB, moment))


@pytest.fixture(scope="module")
def house(databases, tmp_path_factory):
    database, home = databases.with_mlflow(), tmp_path_factory.mktemp("vendors_in_use")
    catalog = ModelCatalog(Registry(Place(database.url_for(MLFLOW), home / "mlflow")), Champions(database))
    world = contracted(
        SimulationSettings(starts_at=START, orders_per_day=15, seed=5), 0, SITES, NOW + timedelta(days=5)
    )
    found = House(Lake(str(home / "lake")), catalog, world)
    found.know(START - timedelta(days=1), NOW)
    return found


def test_scores_are_kept_and_their_check_counts_every_order(house):
    result = house.run(SCORE_VENDORS_JOB, moment_config(NOW, VENDOR_SCORES_KEY))
    (check,) = result.get_asset_check_evaluations()
    assert check.passed, check.description
    assert len(last_scores(house.lake, NOW)) == 12
    scored = scored_at(house.lake, NOW, SETTINGS)
    assert scored.stored == scored.months["jobs"].sum() > 1_000
    shown = result.asset_materializations_for_node(VENDOR_SCORES_KEY.to_python_identifier())
    assert {each.asset_key.path[-1] for each in shown} == {"vendor_scores", "vendor_months", "vendor_ranking"}
    assert "vendors scored" in shown[0].metadata["headline"].value


def test_the_check_of_months_fails_where_orders_are_missing_from_them(house, monkeypatch):
    read = score_store.orders_at
    overlooks = pl.col("completed_at").is_null() | (pl.col("completed_at") > NOW)
    monkeypatch.setattr(score_store, "orders_at", lambda *given, **since: read(*given, **since).filter(overlooks))
    result = house.run(SCORE_VENDORS_JOB, moment_config(NOW, VENDOR_SCORES_KEY))
    (check,) = result.get_asset_check_evaluations()
    assert not check.passed


def test_alerts_of_orders_live_until_they_are_done_and_follow_the_plan(house):
    house.run(SCORE_VENDORS_JOB, moment_config(NOW, VENDOR_SCORES_KEY))
    assert house.tick(NOW).success
    assert house.tick(NOW).success
    first = {row["dedup_key"]: row for row in alerts(house.database, states=("open",))}
    kinds = {row["alert_type"] for row in first.values()}
    assert {"vendor_sla_below_target", "work_order_overdue", "work_order_at_risk"} <= kinds
    assert {row["client_id"] for row in first.values() if row["entity_type"] == "work_order"} == {"c1"}
    assert len(house.lake.rows_at(WORK_ORDER_RISK, NOW)) > 20
    later = NOW + timedelta(days=5)
    house.know(NOW, later)
    assert house.tick(later).success
    ended = {row["dedup_key"] for row in alerts(house.database, states=("resolved",))}
    done = house.world.work_orders.filter(pl.col("completed_at").is_not_null())["work_order_id"]
    overdue = [key for key in first if key.startswith("work_order_overdue:")]
    assert ended >= {key for key in overdue if key.removeprefix("work_order_overdue:") in set(done)} != set()


def test_a_training_ends_in_a_decision_of_the_gate(house):
    result = house.run(PROBLEM.train_job, train_config(PROBLEM, NOW))
    (gate,) = (check for check in result.get_asset_check_evaluations() if check.check_name == "challenger_is_better")
    assert "that of the rule" in gate.description
    assert gate.passed == result.success
