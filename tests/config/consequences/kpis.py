"""What settings of key figures change: bands and targets of key figures."""

import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.scorecards.kpis.registry import KPIS
from opsguard_assets.scorecards.kpis.terms import terms


def bands(settings: Settings) -> pl.DataFrame:
    return terms(KPIS, settings, pl.Series(["c1", "c2"])).sort("kpi", "client_id")
