"""Which plan each client has bought, as it was known at a moment.

Here: the one look-up. Not here: what plans include (`config.plans`), and keeping findings to it (`alerts.withholding`).
"""

from datetime import datetime

import polars as pl

from opsguard_assets.tables.registry import CLIENTS
from resources.lake import Lake


def plans_at(lake: Lake, as_of: datetime) -> pl.DataFrame:
    """The plan of every client that was known at a moment: `client_id`, `plan` (text; null if unknown)."""
    return lake.known(CLIENTS, as_of).select("client_id", pl.col("plan").cast(pl.String)).collect()
