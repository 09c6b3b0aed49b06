"""Which plan each client has bought, as it was known at a moment.

Here: the one look-up. Not here: what plans include (`config.plans`), and keeping findings to it (`alerts.withholding`).
"""

from datetime import datetime

import dataframely as dy
import polars as pl

from opsguard_assets.tables.derived import text
from opsguard_assets.tables.registry import CLIENTS
from opsguard_assets.tables.table import typed_as
from resources.lake import Lake


class ClientPlan(dy.Schema):
    """The plan that a client has bought."""

    client_id = text("the client", nullable=False)
    plan = text("the plan; null if unknown")


def plans_at(lake: Lake, as_of: datetime) -> dy.DataFrame[ClientPlan]:
    """The plan of every client that was known at a moment."""
    rows = lake.known(CLIENTS, as_of).select("client_id", pl.col("plan").cast(pl.String))
    return typed_as(ClientPlan, rows).collect()
