"""What settings of triage do: costs of types, what protects lives, outcomes, other systems. Not here: others."""

from datetime import timedelta

import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.external.findings import external_findings, keyed
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.triage.learning.noise_io import noise_at
from opsguard_assets.triage.learning.problem_io import alert_action
from opsguard_assets.triage.priority.inputs import Described
from opsguard_assets.triage.priority.io import prioritised, rule_judge
from tests.config.consequences.given import NOW, Seen, lake_of, plain
from tests.triage.given import unresolved
from tests.triage.histories import NOW as NOON
from tests.triage.histories import external, record_external


def priorities_of(settings: Settings) -> Seen:
    """Priorities of alerts of a few types."""
    kinds = ("device_silent", "low_battery_predicted", "water_leak", "fire", "door_open")
    alerts = unresolved(*({"alert_type": kind} for kind in kinds))
    return prioritised(alerts, Described(ALERT_TYPES, settings), rule_judge(), NOW).select("priority", "reasons").rows()


def alert_labels(settings: Settings) -> Seen:
    """Which alerts needed a person."""
    lake = lake_of("triage")
    hours = (0.5, 2, 6, None)
    record_external(lake, *(external(f"A{n}", raised=-48, acknowledged=after) for n, after in enumerate(hours)))
    return plain(alert_action(settings).dataset(lake, NOON).lives.select("episode_id", "ends_at", "is_event"))


def noise_of(settings: Settings) -> Seen:
    """Which rules are noise."""
    lake = lake_of("noise")
    record_external(
        lake, *(external(f"A{n}", raised=-10 - 3 * n, acknowledged=0.5 if n % 3 else None) for n in range(30))
    )
    found = noise_at(lake, NOON, settings, ALERT_TYPES)
    return found.words, found.rules.rows()


def external_alerts(settings: Settings) -> Seen:
    """Findings of rows of other systems, one of them five days old."""
    table = TABLES["external_alerts"]
    rows = [
        {"alert_id": f"{days}", "kind": "door", "severity": "low", "at": NOW - timedelta(days=days)} for days in (1, 5)
    ]
    sites = pl.DataFrame(schema={"site_id": pl.String, "client_id": pl.String, "name": pl.String})
    known = keyed(pl.DataFrame(rows, schema=table.dtypes), sites, ())
    days = settings.triage.external_days
    return external_findings(known, known.clear(), [], NOW, days=days)["dedup_key"].to_list()
