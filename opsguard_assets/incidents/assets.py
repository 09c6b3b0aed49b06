"""Incidents as an asset. Not here: grouping (`grouping`), writing (`io`), what people do (`people`)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import dagster as dg

from opsguard_assets.alerts.alert_type import AlertType
from opsguard_assets.config.settings import Settings
from opsguard_assets.incidents.io import group_alerts, homeless, incidents_in
from opsguard_assets.incidents.rules_io import context_of, rules_of
from opsguard_assets.metadata import Materialized, check_spec, figures, owners_of, preview_rows
from opsguard_assets.moment import Moment
from resources.database import Database
from resources.lake import Lake

INCIDENTS_KEY: Final = dg.AssetKey(["incidents", "incidents"])
_CHECK: Final = "every_alert_is_in_one_incident"
_SHOWN: Final = (
    "incident_id",
    "title",
    "priority",
    "severity",
    "state",
    "alerts",
    "unresolved",
    "client_id",
    "site_id",
)


def incidents_asset(
    settings: Settings, declared: Mapping[str, AlertType], deps: Sequence[dg.AssetKey]
) -> dg.AssetsDefinition:
    """The asset of incidents; it follows the priorities of alerts.

    Args:
        settings: What is one incident.
        declared: The types of alerts that domains declare, by name.
        deps: The priorities.
    """

    @dg.asset(
        key=INCIDENTS_KEY,
        deps=deps,
        group_name="incidents",
        kinds={"postgres", "polars"},
        owners=owners_of("incidents"),
        description=f"Alerts that agree in {', '.join(settings.routing.group_by)} are one incident, so that people are "
        "told once. A life-safety alert is one of its own.",
        check_specs=[check_spec(_CHECK, INCIDENTS_KEY)],
    )
    def incidents(config: Moment, lake: dg.ResourceParam[Lake], database: dg.ResourceParam[Database]) -> Materialized:
        context = context_of(settings, declared, lake, config.instant())
        done = group_alerts(database, context, rules_of(settings), at=datetime.now(UTC))
        newest = incidents_in(database, states=("open", "acknowledged"), limit=20)
        shown = [{name: row[name] for name in _SHOWN} for row in newest]
        return dg.MaterializeResult(
            metadata={**figures(vars(done)), "most_urgent": preview_rows(shown)}, check_results=[_housed(database)]
        )

    return incidents


def _housed(database: Database) -> dg.AssetCheckResult:
    alerts, without = homeless(database)
    return dg.AssetCheckResult(
        check_name=_CHECK,
        passed=not without,
        description=f"{alerts - without:,} of {alerts:,} alerts are in an incident",
        metadata={"alerts": alerts, "without": without},
    )
