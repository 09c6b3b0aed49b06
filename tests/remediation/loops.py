"""The loop alert → action → cleared in the twin: what is estimated of a playbook beside what it truly did.

Sites are watched as a monitor does. A playbook restarts the gateway of every silent site whose client has remediation.
The truth is the same world without the playbook: equal luck, no restarts.
"""

from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from opsguard_assets.remediation.outcomes.comparison import compared
from opsguard_assets.remediation.outcomes.figures import of_all, rates
from opsguard_assets.remediation.outcomes.verdicts import EPISODE, EXECUTION, judged
from opsguard_assets.simulator.interventions import INTERVENTION, RESTART
from opsguard_assets.simulator.reports import watched
from opsguard_assets.simulator.settings import SimulationSettings

HORIZON = timedelta(hours=3)
_SILENT = timedelta(minutes=90)
# When the playbook acts after an alert was raised, and when its execution ends.
ACTS, _ENDS = timedelta(minutes=5), timedelta(minutes=45)
_DAYS, _DEVICES = 24, 3
# Every third client has remediation, as in the twin's plans.
_EVERY, _TREATED = 3, "C0"
_SAME = ["site", "raised_at"]


@dataclass(frozen=True)
class Loop:
    """One seed.

    Attributes:
        acted: Alerts about which the playbook acted.
        saved: Minutes that it saved per alert: estimate, ends of the interval, truth.
        added: The same of the share of alerts that cleared without a person.
        rate: Rate of auto-resolution and the ends of its interval.
        of_all: Of the alerts of all clients that ended, how many the playbook resolved, and of how many.
    """

    acted: int
    saved: tuple[float, float, float, float]
    added: tuple[float, float, float, float]
    rate: tuple[float, float, float]
    of_all: tuple[int, int]


def loop(seed):
    """One world, with the playbook and without."""
    settings = SimulationSettings(
        seed=seed, sites=120, devices_per_site=_DEVICES, device_report_minutes=30, skewed_clock_share=0
    )
    until = settings.starts_at + timedelta(days=_DAYS)
    alone = _episodes(watched(settings, 0, until).telemetry, until).filter(pl.col("client_id") == _TREATED)
    restarts = alone.select("entity_id", kind=pl.lit(RESTART), at=pl.col("raised_at") + ACTS).with_columns(
        person_id=pl.lit(None, pl.String)
    )
    helped = watched(settings, 0, until, restarts.select(INTERVENTION.names()))
    after = _episodes(helped.telemetry, until)
    same = after.join(alone.select(_SAME), on=_SAME, how="semi")
    episodes = after.select(EPISODE.names())
    row, rated, every = estimated(same, episodes, until, HORIZON)
    pairs = same.join(alone, on=_SAME, suffix="_alone").filter(pl.col("raised_at") + HORIZON <= until)
    saved, added = pairs.select(
        (_minutes("cleared_at_alone") - _minutes("cleared_at")).mean().alias("saved"),
        (_in_time("cleared_at").mean() - _in_time("cleared_at_alone").mean()).alias("added"),
    ).row(0)
    return Loop(
        acted=len(same),
        saved=(row["minutes_saved"], row["minutes_saved_low"], row["minutes_saved_high"], saved),
        added=(row["added"], row["added_low"], row["added_high"], added),
        rate=(rated["rate"], rated["low"], rated["high"]),
        of_all=every,
    )


def holds(interval):
    """Whether an interval holds the truth."""
    _, low, high, truth = interval
    return low <= truth <= high


def _episodes(telemetry, until):
    """Silent sites: raised when no report has come for 90 minutes, cleared when one comes."""
    number = pl.col("device_id").str.extract(r"D(\d+)$").cast(pl.Int64)
    heard = telemetry.filter(pl.col("known_at") - pl.col("at") < timedelta(minutes=30))
    by_site = heard.select("known_at", site=number // _DEVICES).unique().sort("site", "known_at")
    gaps = by_site.with_columns(cleared_at=pl.col("known_at").shift(-1).over("site"))
    silent = gaps.filter(pl.coalesce("cleared_at", pl.lit(until)) - pl.col("known_at") > _SILENT)
    found = silent.sort("known_at", "site").with_row_index("alert_id").select(
        "site", "cleared_at", alert_id=pl.col("alert_id").cast(pl.Int64), raised_at=pl.col("known_at") + _SILENT,
        opening=pl.lit(1, pl.Int64), alert_type=pl.lit("site_silent"), entity_type=pl.lit("site"),
        entity_id=pl.format("R0-S{}", pl.col("site").cast(pl.String).str.zfill(4)), severity=pl.lit("high"),
        client_id=pl.format("C{}", pl.col("site") % _EVERY), over_at="cleared_at", was_suppressed=pl.lit(value=False),
        resolution=pl.when(pl.col("cleared_at").is_not_null()).then(pl.lit("cleared")),
        last_seen_at=pl.coalesce("cleared_at", pl.lit(until)),
    )  # fmt: skip
    return found.with_columns(
        pl.lit(None, dtype).alias(name) for name, dtype in EPISODE.items() if name not in found.columns
    )


def estimated(about, episodes, until, horizon):
    """What is estimated of a playbook that acted about some alerts, among all.

    Rows of `compared` and `rates`, and of all alerts those that it resolved and those that ended.
    """
    found = judged(_executions(about), episodes, until, horizon)
    (row,) = compared(found, episodes, until, horizon).to_dicts()
    (rated,) = rates(found, ["playbook"]).to_dicts()
    (every,) = of_all(found, episodes, [], until, horizon).to_dicts()
    return row, rated, (every["auto_resolved"], every["ended"])


def _executions(about):
    found = about.select(
        "alert_id", "opening", "client_id", execution_id="alert_id", playbook=pl.lit("restart"), mode=pl.lit("alone"),
        state=pl.lit("succeeded"), triggered_at="raised_at", acted_at=pl.col("raised_at") + ACTS,
        ended_at=pl.col("raised_at") + _ENDS, approvals=pl.lit(0, pl.Int64),
    )  # fmt: skip
    absent = [pl.lit(None, dtype).alias(name) for name, dtype in EXECUTION.items() if name not in found.columns]
    return found.with_columns(absent).select(EXECUTION.names())


def _minutes(cleared):
    last = pl.col("raised_at") + HORIZON
    return (pl.min_horizontal(pl.coalesce(cleared, last), last) - pl.col("raised_at")).dt.total_seconds() / 60


def _in_time(cleared):
    return (pl.col(cleared) <= pl.col("raised_at") + HORIZON).fill_null(value=False).cast(pl.Float64)
