"""Which action does the steps of each name. Not here: the actions, and the shape of steps (`playbook.steps`)."""

from collections.abc import Mapping
from typing import Any

from opsguard_assets.remediation.actions.action import Action
from opsguard_assets.remediation.actions.diagnostics import CollectDiagnosticsAction
from opsguard_assets.remediation.actions.muting import MuteAction
from opsguard_assets.remediation.actions.resolving import ResolveAlertAction
from opsguard_assets.remediation.actions.waiting import WaitForAction

CATALOG: Mapping[str, Action[Any]] = {
    "collect_diagnostics": CollectDiagnosticsAction(),
    "mute": MuteAction(),
    "resolve_alert": ResolveAlertAction(),
    "wait_for": WaitForAction(),
}
