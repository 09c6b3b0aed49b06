"""A small provider with records of all domains, as tests of ticks want it, and models of one feature.

Here: records, installations, champions. Not here: ticks, which each test runs itself.
"""

from datetime import timedelta

import dagster as dg
import polars as pl

from ml.models.calibration import IDENTITY
from ml.models.learned import Estimator, LearnedModel
from ml.models.model_files import save
from ml.tracking.registry import Registry
from ml.tracking.tracking import Place
from opsguard_assets.build import build_defs
from opsguard_assets.cadences import tick_config, tick_partition
from opsguard_assets.config.settings import Settings
from opsguard_assets.config.sources import FileSource
from opsguard_assets.devices.failure.risk_io import device_scorer
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.promotion import ModelCatalog
from opsguard_assets.models.scoring import Scorer
from opsguard_assets.shifts.no_show.score_io import no_show_scorer
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.twin import simulate
from opsguard_assets.tickets.risk.score_io import sla_scorer
from opsguard_assets.triage.learning.score_io import alert_scorer
from opsguard_assets.vendors.orders.score_io import work_order_scorer
from resources.database import MLFLOW, Database
from resources.lake import Lake
from resources.progress import Silent
from tests.devices.fleets import FED as OF_DEVICES
from tests.devices.fleets import START, fleet_of, record_fleet
from tests.running import own_part, run_own_part
from tests.tickets.provider_records import FED as OF_TICKETS
from tests.tickets.provider_records import record

OF_SHIFTS = ("rosters", "absences", "substitutions", "people", "attendance", "punch_feeds")
OF_VENDORS = ("vendors", "work_orders")
OF_TRIAGE = ("external_alerts",)
OF_ALERTS = ("alert_action",)
TABLES = tuple(dict.fromkeys((*OF_TICKETS, *OF_DEVICES, *OF_SHIFTS, *OF_VENDORS, *OF_TRIAGE)))
WORLD = SimulationSettings(
    seed=4,
    starts_at=START,
    sites=3,
    agents=12,
    devices_per_site=2,
    tickets_per_day=20,
    orders_per_day=30,
    alarms_per_site=60,
)
AT = START + timedelta(days=1, hours=9)
SETTINGS = Settings(
    sources=tuple(
        FileSource.model_validate(
            {"name": name, "kind": "files", "path": "x.csv", "feeds": [{"table": name, "same_names": True}]}
        )
        for name in TABLES
    ),
    shifts={"no_show_risk_for": ["*"]},
)
# Of each problem, a feature that its records give.
FEATURE = {
    "sla_breach": "remaining_minutes",
    "device_failure": "silence_minutes",
    "no_show": "person_rate",
    "work_order_late": "pair_rate",
    "alert_action": "rule_share",
}


def scorers(settings: Settings = SETTINGS) -> dict[str, Scorer]:
    """How the ticks of each problem are scored."""
    made = (
        sla_scorer(settings),
        device_scorer(settings),
        no_show_scorer(settings),
        work_order_scorer(settings),
        alert_scorer(settings),
    )
    return {scorer.problem.name: scorer for scorer in made}


def know_provider(lake: Lake) -> None:
    """Records what is known of the provider at `AT`."""
    record_fleet(lake, fleet_of(WORLD, AT), AT, later=timedelta(0))
    desk = simulate(WORLD.model_copy(update={"devices_per_site": 0}), AT).tables
    for name in TABLES:
        if name not in OF_DEVICES:
            record(lake, name, desk[name].filter(pl.col("known_at") <= AT), AT)


def catalog_of(database: Database, home) -> ModelCatalog:
    """Where champions of a home are made."""
    return ModelCatalog(Registry(Place(database.url_for(MLFLOW), home / "mlflow")), Champions(database))


def run_ticks(lake: Lake, catalog: ModelCatalog, problems=tuple(FEATURE), moment=AT) -> None:
    """Runs ticks as Dagster does, without what follows from alerts, by their rules where nobody is champion."""
    given = {
        "lake": lake,
        "database": catalog.champions.database,
        "progress": Silent(),
        "inbox": None,
        "models": catalog,
    }
    resources = {name: dg.ResourceDefinition.hardcoded_resource(value) for name, value in given.items()}
    defs = build_defs(settings=SETTINGS, resources=resources)
    for problem in problems:
        name = scorers()[problem].job
        # The risk of alerts follows from alerts.
        part = defs.resolve_job_def(name) if problem in OF_ALERTS else own_part(defs, name)
        assert run_own_part(part, tick_config(name, moment), partition_key=tick_partition(name, moment)).success


def champion_of_one_feature(catalog: ModelCatalog, home, problem: str, at) -> None:
    """Makes a model of one feature the champion of a problem; what it has learned is of no matter."""
    from mlflow import MlflowClient
    from sklearn.ensemble import HistGradientBoostingClassifier

    fitted = HistGradientBoostingClassifier().fit([[0.0], [1.0]], [False, True])
    model = LearnedModel("boosting", "x", (FEATURE[problem],), Estimator(fitted), IDENTITY, problem=problem)
    client = MlflowClient(tracking_uri=catalog.registry.place.backend)
    experiment = client.create_experiment(problem, artifact_location=(home / "mlflow" / problem).as_uri())
    run = client.create_run(experiment).info.run_id
    save(model, home / problem)
    client.log_artifacts(run, str(home / problem), "model")
    version = catalog.registry.register(problem, run, description="a test")
    catalog.promote(version, at=at, actor="tests", cause="gate", reasons=[])
