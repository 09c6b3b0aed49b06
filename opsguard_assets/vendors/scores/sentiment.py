"""The sentiment of a site's tickets after a vendor was there: shown beside the score and not part of it.

Here: jobs and tickets in, one figure per vendor out. Not here: the score (`score`). A ticket may be about anything,
so this is a hint only.
"""

from datetime import timedelta

import polars as pl


def sentiment_after(jobs: pl.DataFrame, tickets: pl.DataFrame, *, within: timedelta) -> pl.DataFrame:
    """The mean sentiment of tickets opened at a site after a vendor completed a job there.

    Args:
        jobs: `vendor_id`, `site_id`, `completed_at`.
        tickets: `ticket_id`, `site_id`, `opened_at`, `sentiment` (-1 angry to 1 pleased).
        within: Tickets count until so long after a job.

    Returns:
        `vendor_id`, `sentiment`, `sentiment_tickets` (how many tell), one row per vendor with any; a ticket counts once
        for a vendor, however many jobs came before it.
    """
    after = pl.col("opened_at") - pl.col("completed_at")
    visits = jobs.select("vendor_id", "site_id", "completed_at").drop_nulls().unique()
    rows = tickets.select("ticket_id", "site_id", "opened_at", "sentiment").drop_nulls()
    return (
        rows.join(visits, on="site_id")
        .filter(after > timedelta(0), after <= within)
        .unique(["vendor_id", "ticket_id"])
        .sort("ticket_id")
        .group_by("vendor_id")
        .agg(sentiment=pl.col("sentiment").mean().round(2), sentiment_tickets=pl.len().cast(pl.Int64))
        .sort("vendor_id")
    )
