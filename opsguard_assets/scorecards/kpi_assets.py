"""Key figures and their rows as assets. Not here: definitions (`kpis.registry`), figures, keeping them (`kpis.io`)."""

from collections.abc import Iterator, Sequence
from typing import Final

import dagster as dg
import dataframely as dy
import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.metadata import Materialized, check_spec, column_schema, figures, key_of, owners_of, preview
from opsguard_assets.moment import Moment
from opsguard_assets.scorecards.kpis.figures import figures as figures_of
from opsguard_assets.scorecards.kpis.io import Computed, compute, keep, signed_months, stored_rows
from opsguard_assets.scorecards.kpis.registry import KPIS as REGISTRY
from opsguard_assets.scorecards.kpis.rows import foreign
from opsguard_assets.scorecards.kpis.schemas import KPI_ROWS, KPIS, ClientMonths, SignedMonths
from opsguard_assets.scorecards.kpis.terms import terms
from opsguard_assets.tables.registry import CLIENTS, SITES
from opsguard_assets.tables.table import Table, rows_of
from resources.database import Database
from resources.lake import TABLES_LOCK, Lake

KPIS_KEY, KPI_ROWS_KEY = key_of(KPIS), key_of(KPI_ROWS)
_FOREIGN: Final = "nobody_foreign"
_REPRODUCE: Final = "figures_reproduce_from_their_rows"
_DESCRIPTIONS = {
    KPIS: "Key figures of every client and site, for the running month and the 13 before it, with band, interval, "
    "exclusions, and why there is none. Signed months stay. Grain: month, client_id, site_id, kpi.",
    KPI_ROWS: "What each key figure is made of: tickets, shifts, orders, device days. Grain: month, client_id, kpi, "
    "entity_type, entity_id.",
}


def kpis_asset(settings: Settings, deps: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    """The assets of key figures.

    Args:
        settings: Bands and targets.
        deps: The tables that they read.

    Raises:
        TermsError: When the bands of a figure contradict each other.
    """
    terms(REGISTRY, settings, CLIENTS.empty()["client_id"])

    @dg.multi_asset(
        name=KPIS_KEY.to_python_identifier(),
        specs=[_spec(table, deps) for table in _DESCRIPTIONS],
        check_specs=[check_spec(_FOREIGN, KPI_ROWS_KEY, blocking=True), check_spec(_REPRODUCE, KPIS_KEY)],
    )
    def kpis(
        config: Moment, lake: dg.ResourceParam[Lake], database: dg.ResourceParam[Database]
    ) -> Iterator[Materialized]:
        as_of = config.instant()
        with database.lock(TABLES_LOCK):
            computed = compute(lake, database, settings, as_of)
            signed = signed_months(database)
            keep(lake, computed, signed)
            foreigners = _nobody_foreign(lake, computed)
        yield dg.MaterializeResult(
            asset_key=KPI_ROWS_KEY,
            metadata={
                "headline": dg.MetadataValue.text(f"{len(computed.rows):,} rows behind the key figures."),
                **figures({"as_of": as_of, "dagster/row_count": len(computed.rows)}),
                "rows": preview(_by_figure(computed)),
            },
            check_results=[foreigners],
        )
        reproduced = _reproduced(lake, settings, computed, signed)
        yield dg.MaterializeResult(asset_key=KPIS_KEY, metadata=_shown(computed), check_results=[reproduced])

    return kpis


def _spec(table: Table, deps: Sequence[dg.AssetKey]) -> dg.AssetSpec:
    return dg.AssetSpec(
        key_of(table),
        deps=deps,
        group_name="scorecards",
        kinds={"polars", "deltalake"},
        owners=owners_of("scorecards"),
        description=_DESCRIPTIONS[table],
        metadata={"dagster/column_schema": column_schema(table), "dagster/table_name": table.derived_name},
    )


def _nobody_foreign(lake: Lake, computed: Computed) -> dg.AssetCheckResult:
    """Whether each stored row is of a client that is known, and of a site of that client."""
    sites = lake.known(SITES, computed.as_of).collect()
    clients = lake.known(CLIENTS, computed.as_of).collect()
    days = computed.months["month"].unique().implode()
    stored = stored_rows(lake, KPI_ROWS).filter(pl.col("month").is_in(days)).collect()
    found = foreign(KPI_ROWS.rows(stored), sites, clients)
    return dg.AssetCheckResult(
        check_name=_FOREIGN,
        asset_key=KPI_ROWS_KEY,
        passed=found.is_empty(),
        description=f"{len(found):,} of {len(stored):,} rows are of another client's site, or of no known client",
        metadata={"foreign": preview(found.select("kpi", "client_id", "site_id", "entity_type", "entity_id"))},
    )


def _reproduced(
    lake: Lake, settings: Settings, computed: Computed, signed: dy.DataFrame[SignedMonths]
) -> dg.AssetCheckResult:
    """Whether stored figures follow from stored rows; those of signed months by the bands of their time."""
    key = list(KPIS.key)
    days = computed.months["month"].unique().implode()
    key_of_month = ["client_id", "month"]
    stored, rows = (
        stored_rows(lake, table)
        .filter(pl.col("month").is_in(days))
        .join(signed.lazy(), on=key_of_month, how="anti")
        .collect()
        for table in (KPIS, KPI_ROWS)
    )
    through = dict(stored.select("kpi", "data_through").unique("kpi").iter_rows())
    months = rows_of(ClientMonths, computed.months.join(signed, on=["client_id", "month"], how="anti"))
    again = figures_of(KPI_ROWS.typed(rows.lazy()), months, REGISTRY, settings, through, computed.as_of)
    compared = ["value", "numerator", "denominator", "band"]
    rounded = pl.col(pl.Float64).round(9)
    differ = (
        again.select(*key, pl.col(compared))
        .with_columns(rounded)
        .join(
            stored.select(*key, pl.col(compared)).with_columns(rounded),
            on=[*key, *compared],
            how="anti",
            nulls_equal=True,
        )
    )
    same = differ.is_empty() and len(again) == len(stored)
    return dg.AssetCheckResult(
        check_name=_REPRODUCE,
        asset_key=KPIS_KEY,
        passed=same,
        description=f"{len(differ):,} of {len(stored):,} stored figures do not follow from their rows",
        metadata={"different": preview(differ)},
    )


def _by_figure(computed: Computed) -> pl.DataFrame:
    """How many rows each key figure counts and leaves out, by reason."""
    return (
        computed.rows.group_by("kpi", "excluded").len("rows").sort("kpi", "excluded", nulls_last=False)
        .with_columns(pl.col("excluded").fill_null("counted"))
    )  # fmt: skip


def _shown(computed: Computed) -> dict[str, dg.MetadataValue]:
    """The newest whole month: figures, bands, and what is no data and why."""
    ended = computed.months.filter(pl.col("ends_at") <= computed.as_of).select(pl.col("month").max())
    newest = computed.kpis.join(ended, on="month", how="semi").filter(pl.col("site_id").is_null())
    known = newest.drop_nulls("value")
    bands = {band: int((known["band"] == band).sum()) for band in ("good", "warning", "bad")}
    none = newest.filter(pl.col("value").is_null()).group_by("kpi", "missing").agg(clients=pl.len())
    table = newest.pivot("kpi", index="client_id", values="value", sort_columns=False).sort("client_id")
    clients = newest["client_id"].n_unique()
    words = "No client is known." if newest.is_empty() else (
        f"**{newest['month'][0]:%B %Y}: {len(known):,} of {len(newest):,} figures of {clients:,} clients**; "
        f"{bands['good']:,} good, {bands['warning']:,} in warning, {bands['bad']:,} bad."
    )  # fmt: skip
    return {
        "headline": dg.MetadataValue.md(words),
        **figures(
            {
                "as_of": computed.as_of,
                "dagster/row_count": len(computed.kpis),
                "no_data": len(newest) - len(known),
                "provisional": int(newest["is_provisional"].sum()),
                **bands,
            }
        ),
        "newest_whole_month": preview(table.with_columns(pl.col(pl.Float64).round(1))),
        "no_data_because": preview(none.sort("kpi", "missing")),
    }
