"""What settings of key figures change: bands and targets, and what counts."""

import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.scorecards.kpis.months import client_months
from opsguard_assets.scorecards.kpis.registry import KPIS
from opsguard_assets.scorecards.kpis.terms import terms
from opsguard_assets.tables.registry import CLIENTS
from tests.config.consequences.given import Seen
from tests.scorecards.kpis.frames import NOW, feeds_of, records


def bands(settings: Settings) -> Seen:
    return terms(KPIS, settings, pl.Series(["c1", "c2"])).sort("kpi", "client_id").rows()


def planned(settings: Settings) -> Seen:
    """Rows of planned maintenance."""
    return _rows("planned_maintenance", settings)


def tours(settings: Settings) -> Seen:
    """Rows of tours."""
    return _rows("tour_coverage", settings)


def _rows(name: str, settings: Settings) -> Seen:
    read = feeds_of(records(3))
    months = client_months(CLIENTS.rows(read["clients"]), NOW).lazy()
    feeds = {feed: frame.lazy() for feed, frame in read.items()}
    return KPIS[name].rows(feeds, months, settings).collect().sort("client_id", "entity_id").rows()
