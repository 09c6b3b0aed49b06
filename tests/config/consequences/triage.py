"""What settings of triage do: costs of types, and what protects lives. Not here: other settings."""

from opsguard_assets.config.settings import Settings
from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.triage.priority.inputs import Described
from opsguard_assets.triage.priority.io import prioritised, rule_judge
from tests.config.consequences.given import NOW, Seen
from tests.triage.given import unresolved


def priorities_of(settings: Settings) -> Seen:
    """Priorities of alerts of a few types."""
    kinds = ("device_silent", "low_battery_predicted", "water_leak", "fire", "door_open")
    alerts = unresolved(*({"alert_type": kind} for kind in kinds))
    return prioritised(alerts, Described(ALERT_TYPES, settings), rule_judge(), NOW).select("priority", "reasons").rows()
