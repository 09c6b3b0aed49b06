"""What tests of several commands share: a small helpdesk on real stores, whose jobs run in this process."""

import dagster as dg
import polars as pl

from ml.tracking.registry import Registry
from ml.tracking.tracking import Place
from opsguard_assets.build import build_defs
from opsguard_assets.config.settings import Settings
from opsguard_assets.models.champions import Champions
from opsguard_assets.models.promotion import ModelCatalog
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.twin import simulate
from resources.database import MLFLOW
from resources.lake import Lake
from resources.progress import Silent
from tests.devices.fleets import START
from tests.tickets.provider_records import FED, record
from tests.tickets.test_recompute import SOURCES

WORLD = SimulationSettings(
    seed=4, starts_at=START, sites=3, agents=12, devices_per_site=0, tickets_per_day=40, guards=False, orders_per_day=0
)


class House:
    """One installation: its stores, and jobs run on them."""

    def __init__(self, lake, database, home, settings):
        self.lake, self.database = lake, database
        catalog = ModelCatalog(Registry(Place(database.url_for(MLFLOW), home / "mlflow")), Champions(database))
        given = {"lake": lake, "database": database, "progress": Silent(), "inbox": None, "models": catalog}
        resources = {name: dg.ResourceDefinition.hardcoded_resource(value) for name, value in given.items()}
        self.defs = build_defs(settings=settings, resources=resources)

    def run(self, job, config=None):
        with dg.DagsterInstance.ephemeral() as instance:
            resolved = self.defs.resolve_job_def(job)
            return resolved.execute_in_process(config, instance=instance, raise_on_error=False)


def one_house(database, home, until=None):
    """An installation that knows two days of a small helpdesk."""
    lake = Lake(str(home / "lake"))
    house = House(lake, database, home, Settings(sources=SOURCES))
    until = until or START.replace(day=START.day + 2)
    desk = simulate(WORLD, until).tables
    for name in FED:
        record(lake, name, desk[name].filter(pl.col("known_at") <= until), until)
    return house
