"""How far the punches of each site have been reported: watermarks and learned delays.

Here: what may be concluded from silence. Not here: verdicts.

The watermark of a site is the newest instant in the heartbeats of its clock. If the clock sends none, it is the newest
arrival or departure. With heartbeats, punches do not move the watermark: one punch that gets through says nothing about
others that are held back. A watermark is never later than the moment at which it became known, so a departure entered
in advance, or a clock that runs fast, does not make a feed look alive. A missing punch means that nobody came only if
the watermark lies past the start of the shift.

The delay of a site is the ninth decile of the time until its punches became known, over the last four weeks. It is
shrunk towards the delay of all sites with the weight of twenty punches.
"""

from datetime import datetime, timedelta

import polars as pl

from opsguard_assets.tables.values import INSTANT

LEARNED_FROM = timedelta(days=28)
_PRIOR_PUNCHES = 20
_QUANTILE = 0.9
_LONGEST_MINUTES = 720.0


def feeds(punches: pl.DataFrame, heartbeats: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """The feed of each site that was ever heard.

    Args:
        punches: Rows of `attendance` of the last four weeks that were known.
        heartbeats: Rows of `punch_feeds` that were known.
        as_of: Now, UTC.

    Returns:
        `site_id`, `reported_upto_at` (never after now), `delay_minutes`, `has_heartbeat`.
    """
    now = pl.lit(as_of, INSTANT)
    heard_by = pl.min_horizontal("known_at", now)
    spoken = pl.coalesce("punched_out_at", "punched_in_at")
    delay = ((pl.col("known_at") - spoken).dt.total_microseconds() / 60e6).clip(0, _LONGEST_MINUTES)
    heard = punches.select("site_id", _at=pl.min_horizontal(spoken, heard_by), _delay=delay)
    everywhere = heard["_delay"].quantile(_QUANTILE, interpolation="higher") or 0.0
    learned = heard.group_by("site_id").agg(
        pl.col("_at").max(), pl.col("_delay").quantile(_QUANTILE, interpolation="higher"), _punches=pl.len()
    )
    beats = heartbeats.group_by("site_id").agg(_beat=pl.min_horizontal("reported_upto_at", heard_by).max())
    joined = learned.join(beats, on="site_id", how="full", coalesce=True)
    punched = pl.col("_punches").fill_null(0)
    own = pl.col("_delay").fill_null(everywhere) * punched + everywhere * _PRIOR_PUNCHES
    return joined.select(
        "site_id",
        reported_upto_at=pl.coalesce("_beat", "_at").cast(INSTANT),
        delay_minutes=own / (punched + _PRIOR_PUNCHES),
        has_heartbeat=pl.col("_beat").is_not_null(),
    ).sort("site_id")
