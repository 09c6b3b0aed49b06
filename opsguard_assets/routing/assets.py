"""Decisions about recipients as an asset. Not here: deciding (`decide`), writing (`io`), sending (`delivery`)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import dagster as dg

from opsguard_assets.config.settings import Settings
from opsguard_assets.metadata import Materialized, check_spec, figures, owners_of
from opsguard_assets.moment import Moment
from opsguard_assets.routing.io import accounted
from opsguard_assets.routing.run_io import route_now
from resources.database import Database
from resources.lake import Lake

NOTICES_KEY: Final = dg.AssetKey(["delivery", "notices"])
_OWNED: Final = "every_incident_has_an_owner_or_a_reason"
_ENDED: Final = "planned_messages_ended"
_LATE: Final = timedelta(hours=1)


def notices_asset(settings: Settings, deps: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    """The asset of decisions about recipients; it follows incidents.

    Args:
        settings: Routes, and whom they reach.
        deps: The incidents.
    """

    @dg.asset(
        key=NOTICES_KEY,
        deps=deps,
        group_name="delivery",
        kinds={"postgres", "polars"},
        owners=owners_of("delivery"),
        description="Who is told of which incident, when, by which channel and rule, and who is not, and why. Messages "
        "are planned in the transaction that decides.",
        check_specs=[check_spec(_OWNED, NOTICES_KEY), check_spec(_ENDED, NOTICES_KEY)],
    )
    def notices(config: Moment, lake: dg.ResourceParam[Lake], database: dg.ResourceParam[Database]) -> Materialized:
        config.instant()  # a moment in the future is refused, as everywhere
        now = datetime.now(UTC)
        done = route_now(database, lake, settings, now=now)
        decided = {f"decided_{name.replace(' ', '_')}": count for name, count in done.decisions.items()}
        return dg.MaterializeResult(
            metadata=figures(
                {"incidents": done.incidents, **decided, "planned": done.planned, "digests": done.digests}
            ),
            check_results=_checks(database, now),
        )

    return notices


def _checks(database: Database, now: datetime) -> list[dg.AssetCheckResult]:
    incidents, unexplained, overdue = accounted(database, before=now - _LATE)
    return [
        dg.AssetCheckResult(
            check_name=_OWNED,
            passed=not unexplained,
            description=f"{unexplained:,} of {incidents:,} unresolved incidents have neither an owner nor a reason",
            metadata={"incidents": incidents, "without": unexplained},
        ),
        dg.AssetCheckResult(
            check_name=_ENDED,
            passed=not overdue,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"{overdue:,} messages were due more than an hour ago and have not ended",
            metadata={"overdue": overdue},
        ),
    ]
