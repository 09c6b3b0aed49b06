"""Alerts of OpsGuard about itself. Not here: what finds them (`opsguard_assets.failed_runs`), alerts of models."""

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
