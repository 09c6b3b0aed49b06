"""The finding that a learned model cannot score. Not here: choosing the model (`serving`)."""

import json

import polars as pl

from opsguard_assets.alerts.finding import FINDING
from opsguard_assets.models.serving import Serving


def model_monitor(problem: str) -> str:
    """The name of the monitor of a problem's model."""
    return f"{problem} model"


def model_findings(served: Serving, problem: str, *, alert_type: str) -> pl.DataFrame:
    """The finding of a tick that the rule had to score, or none.

    Before the first training this is expected and of low severity; afterwards somebody has to act.
    """
    if served.trouble is None:
        return pl.DataFrame(schema=FINDING)
    row = {
        "dedup_key": f"{alert_type}:{problem}",
        "alert_type": alert_type,
        "entity_type": "model",
        "entity_id": problem,
        "severity": "high" if served.is_trained else "low",
        "title": f"The rule scores {problem}: no learned model can",
        "reason": served.trouble,
        "evidence": json.dumps({"trouble": served.trouble}),
        "is_raising": True,
        "model_name": served.model.name,
        "model_version": served.model.version,
    }
    return pl.DataFrame([row], schema=FINDING)
