"""The assets of finance: revenue, invoices, projection. Not here: any figure, and pages (`finance.pages`)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

import dagster as dg
import polars as pl

from opsguard_assets.alerts.alert_type import AlertType
from opsguard_assets.config.settings import Settings
from opsguard_assets.finance.invoices.month import Invoices, invoices_of, newest_month
from opsguard_assets.finance.pages.page import headline
from opsguard_assets.finance.pages.plots import adoption_plot, cohorts_plot, movements_plot, sensitivity_plot
from opsguard_assets.finance.projection.scenarios import PLANNED, rows_of
from opsguard_assets.finance.revenue.figures_io import Revenue, keep, moved_since, revenue_at, stored_mrr
from opsguard_assets.finance.revenue.io import known_at
from opsguard_assets.finance.revenue.movements import broken_identities, cohorts
from opsguard_assets.finance.revenue.schemas import (
    ADOPTION,
    ARR,
    CHURN_RISK,
    INVOICES,
    MRR,
    PROJECTION,
    SUBSCRIPTIONS,
    UPGRADES,
    USAGE,
)  # fmt: skip
from opsguard_assets.metadata import (
    Materialized,
    check_spec,
    column_schema,
    figures,
    key_of,
    owners_of,
    picture,
    preview,
)
from opsguard_assets.moment import Moment
from opsguard_assets.tables.months import month_after
from opsguard_assets.tables.table import Table
from resources.database import Database
from resources.lake import TABLES_LOCK, Lake

_IDENTITY, _STAND, _CLOSE = "revenue_identity_holds", "closed_months_stand", "invoices_close"
_MRR_KEY, _INVOICES_KEY, _PROJECTION_KEY = key_of(MRR), key_of(INVOICES), key_of(PROJECTION)
_DESCRIPTIONS: Final = {
    SUBSCRIPTIONS: "What each client has bought and pays for a month, now. Grain: client_id.",
    MRR: "Monthly recurring revenue of each client at the end of each month, with the one movement that led to it. "
    "Grain: client_id, month.",
    ARR: "Balances, movements and retention of all clients by month; ARR is 12 times the end. Grain: month.",
    USAGE: "How often clients used features, counted. Grain: client_id, month, feature, unit.",
    ADOPTION: "How many clients receive and use each feature, against targets. Grain: month, feature.",
    CHURN_RISK: "Signs that a client may leave, as points of a rule. Grain: client_id.",
    UPGRADES: "What a greater plan would have delivered, of alerts that were computed. Grain: client_id, next_plan.",
}


def finance_assets(
    settings: Settings, declared: Mapping[str, AlertType], deps: Sequence[dg.AssetKey]
) -> list[dg.AssetsDefinition]:
    """The assets of finance.

    Args:
        settings: Plans and billing.
        declared: Types of alerts by name.
        deps: The tables of clients and sites, and what makes alerts.
    """
    return [_revenue(settings, declared, list(deps)), _invoices(settings, list(deps)), _projection(settings)]


def _spec(table: Table, deps: list[dg.AssetKey], description: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        key_of(table),
        deps=deps,
        group_name="finance",
        kinds={"polars", "deltalake"},
        owners=owners_of("finance"),
        description=description,
        metadata={"dagster/column_schema": column_schema(table), "dagster/table_name": table.derived_name},
    )


def _revenue(settings: Settings, declared: Mapping[str, AlertType], deps: list[dg.AssetKey]) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=_MRR_KEY.to_python_identifier(),
        specs=[_spec(table, deps, words) for table, words in _DESCRIPTIONS.items()],
        check_specs=[check_spec(_IDENTITY, _MRR_KEY, blocking=True), check_spec(_STAND, _MRR_KEY)],
    )
    def revenue(
        config: Moment, lake: dg.ResourceParam[Lake], database: dg.ResourceParam[Database]
    ) -> Iterator[Materialized]:
        with database.lock(TABLES_LOCK):
            found = revenue_at(lake, database, settings, declared, config.instant())
            moved = moved_since(stored_mrr(lake), found.rows(MRR))
            keep(lake, found)
        shown = _shown(found, settings)
        for table in _DESCRIPTIONS:
            checks = [_identity(found), _stand(moved)] if table is MRR else []
            rows = {**figures({"as_of": found.as_of, "dagster/row_count": len(found.rows(table))})}
            yield dg.MaterializeResult(
                asset_key=key_of(table), metadata={**rows, **shown.get(table, {})}, check_results=checks
            )

    return revenue


def _shown(found: Revenue, settings: Settings) -> dict[Table, dict[str, dg.MetadataValue]]:
    months = found.rows(ARR)
    last = months.filter(~pl.col("is_provisional")).tail(1).to_dicts()
    before = month_after(found.month, -1)
    whole = MRR.rows(found.rows(MRR).filter(~pl.col("is_provisional")))
    return {
        MRR: {
            "headline": dg.MetadataValue.md(headline(last[0] if last else None, settings.plans.currency)),
            **figures({"mrr": float(last[0]["end"]) if last else None}),
            "movements": picture(movements_plot(months), "Movements"),
            "cohorts": picture(cohorts_plot(cohorts(whole)), "Cohorts"),
        },
        ARR: {
            **figures({
                "arr": float(last[0]["arr"]) if last else None,
                "gross_retention": last[0]["gross_retention"] if last else None,
                "net_retention": last[0]["net_retention"] if last else None,
            }),
            "months": preview(months.sort("month", descending=True).head(13)),
        },
        SUBSCRIPTIONS: {
            "subscriptions": preview(found.rows(SUBSCRIPTIONS)), "to_come": preview(found.coming),
            **figures({"unknown_clients": ", ".join(found.unknown) or None}),
        },
        ADOPTION: {"adoption": picture(adoption_plot(found.rows(ADOPTION), before), "Adoption")},
        CHURN_RISK: {"clients": preview(found.rows(CHURN_RISK))},
        UPGRADES: {
            "clients": preview(found.rows(UPGRADES)), **figures({"alerts_without_client": found.without_client})
        },
    }  # fmt: skip


def _identity(found: Revenue) -> dg.AssetCheckResult:
    broken = broken_identities(found.rows(ARR))
    return dg.AssetCheckResult(
        check_name=_IDENTITY,
        asset_key=_MRR_KEY,
        passed=broken.is_empty(),
        description=f"{len(broken)} of {len(found.rows(ARR))} months do not close",
        metadata={"months": preview(broken)},
    )


def _stand(moved: pl.DataFrame) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=_STAND,
        asset_key=_MRR_KEY,
        passed=moved.is_empty(),
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(moved)} balances of months that were over have changed",
        metadata={"changed": preview(moved)},
    )


def _invoices(settings: Settings, deps: list[dg.AssetKey]) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=_INVOICES_KEY.to_python_identifier(),
        specs=[
            _spec(INVOICES, deps, "Lines of the invoices of the last month that is whole. Grain: month, client, line.")
        ],
        check_specs=[check_spec(_CLOSE, _INVOICES_KEY, blocking=True)],
    )
    def invoices(
        config: Moment, lake: dg.ResourceParam[Lake], database: dg.ResourceParam[Database]
    ) -> Iterator[Materialized]:
        as_of = config.instant()
        month = newest_month(settings, as_of)
        with database.lock(TABLES_LOCK):
            found = invoices_of(known_at(lake, settings.plans, as_of), settings, month)
            rows = INVOICES.typed(found.lines.lazy()).collect()
            lake.replace_slice(INVOICES.derived_name, rows, where={"month": month})
        yield dg.MaterializeResult(
            asset_key=_INVOICES_KEY, metadata=_billed(found, month), check_results=[_closes(found)]
        )

    return invoices


def _billed(found: Invoices, month: date) -> dict[str, dg.MetadataValue]:
    total = found.lines["amount"].sum()
    return {
        "headline": dg.MetadataValue.md(f"{total:,.2f} for {month:%B %Y}, {len(found.reconciliation)} clients."),
        **figures({"dagster/row_count": len(found.lines), "invoiced": float(total)}),
        "reconciliation": preview(found.reconciliation),
    }


def _closes(found: Invoices) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=_CLOSE,
        asset_key=_INVOICES_KEY,
        passed=found.open.is_empty(),
        description=f"{len(found.open)} of {len(found.reconciliation)} clients do not close",
        metadata={"open": preview(found.open)},
    )


def _projection(settings: Settings) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=_PROJECTION_KEY.to_python_identifier(),
        specs=[_spec(PROJECTION, [], "Three scenarios of annual recurring revenue of the business plan. Grain: name.")],
    )
    def arr_projection(lake: dg.ResourceParam[Lake]) -> Iterator[Materialized]:
        rows = pl.DataFrame(rows_of(PLANNED)).select(
            pl.col(name).cast(dtype) for name, dtype in PROJECTION.dtypes.items()
        )
        lake.replace(PROJECTION.derived_name, rows)
        plots = {each.name: picture(sensitivity_plot(each), each.name) for each in PLANNED}
        yield dg.MaterializeResult(
            asset_key=_PROJECTION_KEY,
            metadata={"currency": settings.plans.currency, "scenarios": preview(rows), **plots},
        )

    return arr_projection
