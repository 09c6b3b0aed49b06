"""Alerts of OpsGuard about itself. Not here: what finds them (`failed_runs`, `pauses_io`), alerts of models."""

from typing import Final

from opsguard_assets.alerts.alert_type import NOC, OPSGUARD, AlertType

RUN_FAILED: Final = AlertType(
    name="opsguard_run_failed",
    meaning="The newest run of a job of OpsGuard failed; what it computes is out of date.",
    next_step="look at the run in Dagster, and at `opsguard doctor`",
    team=NOC,
    cause=OPSGUARD,
    cost="breach_cost",
    needs_person=0.8,
    minutes=60,
)
PLAYBOOK_PAUSED: Final = AlertType(
    name="opsguard_playbook_paused",
    meaning="A playbook failed too often and paused itself; nothing of it begins or goes on.",
    next_step="look at `opsguard playbook log`, mend what failed, then `opsguard playbook resume`",
    team=NOC,
    cause=OPSGUARD,
    cost="service_call_cost",
    needs_person=0.9,
    minutes=60,
)
OWN_TYPES: Final = (RUN_FAILED, PLAYBOOK_PAUSED)
