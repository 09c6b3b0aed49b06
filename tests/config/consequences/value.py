"""What settings of the value of acting change: what one missed deadline is worth to a client."""

from datetime import date

import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.scorecards.value.estimate import ESTIMATE
from opsguard_assets.scorecards.value.holdout import EFFECT
from opsguard_assets.scorecards.value.worth import COUNTS, UNITS, Figures, value_delivered
from tests.config.consequences.given import Seen


def worth(settings: Settings) -> Seen:
    """The value of 100 deadlines kept for one client."""
    units = [{"client_id": "acme", "months": 12, "penalty": None, **settings.money.units_of("acme")}]
    effect = [("acme", 60, 400, 20, 0.3, 100.0, 80.0, 120.0)]
    measured = pl.DataFrame(effect, schema=EFFECT, orient="row")
    rows = value_delivered(
        Figures(measured, ESTIMATE.to_frame(), COUNTS.to_frame()),
        pl.DataFrame(units, schema=UNITS),
        month=date(2026, 10, 1),
        window_starts=date(2025, 11, 1),
    )
    return {"rows": rows.write_json()}
