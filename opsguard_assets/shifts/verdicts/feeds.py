"""How far the punches of each site have been reported: watermarks and learned delays.

Here: what may be concluded from silence. Not here: verdicts.

A feed has reported up to the newest instant that its clock's heartbeat spoke of. Where a clock sends none, the newest
arrival or departure stands for it; beside a heartbeat it does not count, for a punch that gets through says nothing of
those that are held back. No word reaches beyond the moment at which it became known: a departure that is filled in
beforehand, or a clock that runs fast, makes no feed look alive. Only where a watermark lies past the start of a shift
does a missing punch mean that nobody came; before it nobody is accused.

The delay of a site is the ninth decile of how long its punches took to become known in the last four weeks, drawn
towards that of all sites as if twenty punches of theirs had been seen.
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
