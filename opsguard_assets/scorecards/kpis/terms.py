"""Bands and targets of each client: the definitions, what settings say for all, what they say for the client.

Here: their order, and refusing bands that contradict. Not here: the settings themselves (`config.kpis`).
"""

from collections.abc import Mapping
from decimal import Decimal

import dataframely as dy
import polars as pl

from opsguard_assets.config.kpis import FigureTerms
from opsguard_assets.config.settings import Settings
from opsguard_assets.scorecards.kpis.kpi import Kpi
from opsguard_assets.scorecards.kpis.schemas import KpiTerms
from opsguard_assets.tables.table import rows_of

_TERMS = {"good": pl.Float64, "warning": pl.Float64, "target": pl.Float64, "per": pl.Int64}


class TermsError(ValueError):
    """The bands of a key figure contradict each other, or a setting has no meaning for it."""


def terms(kpis: Mapping[str, Kpi], settings: Settings, clients: pl.Series) -> dy.DataFrame[KpiTerms]:
    """The terms of every key figure and client; null where there is none.

    Args:
        kpis: The key figures by name.
        settings: Those of all clients and of single ones.
        clients: Identifiers of clients.

    Raises:
        TermsError: When the bands of a figure contradict each other.
    """
    said: dict[str, FigureTerms] = {str(name): each for name, each in settings.kpis.figures.items()}
    of_all = [(name, *_joined(kpi, said.get(name, FigureTerms()))) for name, kpi in kpis.items()]
    of_clients = [
        (name, client, *_joined(kpis[name], said.get(name, FigureTerms()), own))
        for client, named in settings.kpis.clients.items()
        for name, own in named.items()
        if name in kpis
    ]
    usual = pl.DataFrame(of_all, schema={"kpi": pl.String, **_TERMS}, orient="row")
    special = pl.DataFrame(of_clients, schema={"kpi": pl.String, "client_id": pl.String, **_TERMS}, orient="row")
    every = usual.join(clients.unique().alias("client_id").to_frame(), how="cross")
    key = ["kpi", "client_id"]
    rest = every.join(special, on=key, how="anti").select(special.columns)
    return rows_of(KpiTerms, pl.concat([rest, special]))


def _joined(kpi: Kpi, *said: FigureTerms) -> tuple[float | None, float | None, float | None, int | None]:
    """The terms of a figure; what is said later wins."""
    band = kpi.band
    good, warning = (band.good, band.warning) if band else (None, None)
    target, per = None, None
    for each in said:
        good = good if each.good is None else each.good
        warning = warning if each.warning is None else each.warning
        target = target if each.target is None else each.target
        per = per if each.per is None else each.per
    if per is not None and kpi.aggregate != "count":
        raise TermsError(f"kpis: {kpi.name} is no count, so `per` means nothing; leave it out")
    if (good is None) != (warning is None):
        raise TermsError(f"kpis: {kpi.name} needs both `good` and `warning`, or neither")
    if good is not None and warning is not None and (good < warning if kpi.is_better == "higher" else good > warning):
        order = "not below" if kpi.is_better == "higher" else "not above"
        raise TermsError(f"kpis: `good` of {kpi.name} ({good}) must be {order} `warning` ({warning})")
    aim = good if target is None else target
    return _number(good), _number(warning), _number(aim), per


def _number(said: Decimal | None) -> float | None:
    return None if said is None else float(said)
