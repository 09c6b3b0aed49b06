"""Which action does the steps of each name. Not here: the actions, and the shape of steps (`playbook.steps`)."""

from collections.abc import Mapping
from typing import Any

from opsguard_assets.remediation.actions.action import Action
from opsguard_assets.remediation.actions.assigning import AssignAction
from opsguard_assets.remediation.actions.calling import RebootDeviceAction, WebhookAction
from opsguard_assets.remediation.actions.diagnostics import CollectDiagnosticsAction
from opsguard_assets.remediation.actions.escalating import EscalateAction
from opsguard_assets.remediation.actions.muting import MuteAction
from opsguard_assets.remediation.actions.notifying import NotifyAction
from opsguard_assets.remediation.actions.opening import CreateTicketAction
from opsguard_assets.remediation.actions.ordering import CreateWorkOrderAction
from opsguard_assets.remediation.actions.resolving import ResolveAlertAction
from opsguard_assets.remediation.actions.substituting import OfferShiftAction, SuggestSubstituteAction
from opsguard_assets.remediation.actions.waiting import WaitForAction

CATALOG: Mapping[str, Action[Any]] = {
    "assign": AssignAction(),
    "collect_diagnostics": CollectDiagnosticsAction(),
    "create_ticket": CreateTicketAction(),
    "create_work_order": CreateWorkOrderAction(),
    "escalate": EscalateAction(),
    "mute": MuteAction(),
    "notify": NotifyAction(),
    "offer_shift": OfferShiftAction(),
    "reboot_device": RebootDeviceAction(),
    "resolve_alert": ResolveAlertAction(),
    "suggest_substitute": SuggestSubstituteAction(),
    "wait_for": WaitForAction(),
    "webhook": WebhookAction(),
}
