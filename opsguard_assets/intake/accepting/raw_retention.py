"""Deletes raw records of loads that were accepted completely, after their retention.

Here: which loads these are, and deleting them. Not here: how long they are kept (`retention.raw_days`).

A load that is not in the ledger stays, however old: its rows are still to be accepted. Ledger, quarantine and the state
of the loader stay, so nothing is received a second time.
"""

from datetime import datetime

import polars as pl

from opsguard_assets.intake.accepting.arrival import raw_name
from opsguard_assets.intake.ledger import ledger
from resources.lake import Lake


def delete_accepted(lake: Lake, source: str, before: datetime) -> int:
    """Deletes the raw records of loads that were accepted completely before an instant, in one commit.

    Args:
        lake: The lake.
        source: The source; nobody accepts it meanwhile.
        before: The instant, UTC.

    Returns:
        How many raw rows were deleted.
    """
    name = raw_name(source)
    if not lake.exists(name) or not lake.exists(ledger.NAME):
        return 0
    # A load's lines are written together when all its batches are done.
    done = lake.scan(ledger.NAME).filter(pl.col("source") == source, pl.col("recorded_at") < before).select("load_id")
    # No load sets out after it was accepted, so younger files need not be read.
    there = lake.scan(name).filter(pl.col("_loaded_at") < before).select(load_id="_load_id").unique()
    loads = there.join(done, on="load_id", how="semi").collect()["load_id"].to_list()
    return lake.forget_values(name, "_load_id", loads) if loads else 0
