"""The loop alert → action → cleared for tickets and shifts in the twin, beside what a playbook truly changed.

Tickets: a warning is raised halfway to the deadline of the SLA clock where nobody has begun; a playbook gives the
ticket to somebody. It comes true as another alert, as that of a missed deadline does. Shifts: nobody came; a playbook
asks three people, one after the other. The truth is the same world, with equal luck, without the playbook; of shifts it
is planted, and each world has its own luck: who said yes and came.
"""

from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from opsguard_assets.remediation.outcomes.verdicts import EPISODE, with_truth
from opsguard_assets.simulator.arrivals import arrivals
from opsguard_assets.simulator.desk import worked
from opsguard_assets.simulator.guards import guarded
from opsguard_assets.simulator.interventions import (
    ARRIVES,
    COMES_SHARE,
    GIVE,
    INTERVENTION,
    NOTHING,
    TAKE_OVER,
    TAKES_SHARE,
    given,
    punches_of,
    taken,
    took_over,
)
from opsguard_assets.simulator.life import events, states
from opsguard_assets.simulator.punches import punched
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.world import INSTANT, build_world
from opsguard_assets.tickets.sla.clocks import sla_clocks
from tests.remediation.loops import ACTS, estimated

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
DAY = 24 * HOUR
# Until then most tickets are due that were warned of.
LONG = 5 * DAY
_ASKED = 3
# That one of three says yes, and comes.
PLANTED = (1 - (1 - TAKES_SHARE) ** _ASKED) * COMES_SHARE
_SAME = ["alert_type", "entity_id"]


@dataclass(frozen=True)
class Loop:
    """One seed.

    Attributes:
        acted: Alerts about which the playbook acted.
        share: Of tickets the share that it prevented, of shifts the share that it cleared: estimate, ends of the
            interval, truth.
        rate: Rate of auto-resolution and the ends of its interval.
        of_all: Of the alerts of all clients that ended, how many the playbook resolved, and of how many.
        happened: Of shifts, the share that was taken and kept in this world.
    """

    acted: int
    share: tuple[float, float, float, float]
    rate: tuple[float, float, float]
    of_all: tuple[int, int]
    happened: float | None = None


def tickets(seed):
    """Tickets that are given to somebody: what was prevented."""
    settings = SimulationSettings(seed=seed, sites=30, agents=48, tickets_per_day=300, load=0.9, reopened_share=0)
    until = settings.starts_at + 24 * DAY
    world = build_world(settings, 0, until)
    queued = worked(arrivals(settings, 0, until), world.agents, settings)
    alone = _warnings(given(queued, NOTHING, settings, 0), world, until)
    treated = alone.filter(pl.col("client_id") == "C0", pl.col("alert_type") == "sla_breach_risk")
    gives = treated.select("entity_id", kind=pl.lit(GIVE), person_id=pl.lit("R0-P0001"), at=pl.col("raised_at") + ACTS)
    after = _warnings(given(queued, gives.select(INTERVENTION.names()), settings, 0), world, until)
    found, row, rated, every = _estimated(after, until, LONG)
    mature = treated.filter(pl.col("raised_at") + LONG <= until)
    happened = [
        mature.join(
            each.filter(alert_type="sla_breached").select("entity_id", late_at="raised_at"), on="entity_id"
        ).filter(pl.col("late_at") <= pl.col("raised_at") + LONG).height
        for each in (alone, after)
    ]  # fmt: skip
    truth = (happened[0] - happened[1]) / mature.height
    share = (row["prevented"], row["prevented_low"], row["prevented_high"], truth)
    return Loop(found, share, (rated["rate"], rated["low"], rated["high"]), every)


def shifts(seed):
    """Shifts that are offered to three people: the share that somebody takes and keeps, which is planted."""
    settings = SimulationSettings(seed=seed, sites=120)
    until = settings.starts_at + 24 * DAY
    sites = build_world(settings, 0, until).tables["sites"]
    guards = guarded(settings, 0, sites, until)
    truth = punched(settings, 0, guards, sites, until).truth.filter(happened="no_show")
    missed = guards.shifts.join(truth.select("roster_id", "on"), on=["roster_id", "on"]).filter(
        pl.col("ends_at") <= until
    )
    raised = missed.with_columns(
        entity_id=pl.format("{}@{}", "roster_id", "on"), raised_at=pl.col("starts_at") + HOUR,
        client_id=pl.format("C{}", pl.col("site") % 3),
    )  # fmt: skip
    asked = (
        raised.filter(client_id="C0")
        .join(pl.DataFrame({"turn": range(_ASKED)}), how="cross")
        .with_columns(
            person_id=pl.format("R0-G9{}", "turn"), at=pl.col("raised_at") + ACTS + pl.col("turn") * 10 * MINUTE
        )
    )
    yes = asked.filter(taken(settings, 0, asked.select("entity_id", "person_id"))).unique("entity_id", keep="first")
    over = took_over(guards.shifts, yes.select("entity_id", "person_id", "at", kind=pl.lit(TAKE_OVER)), until)
    came = punches_of(over, sites, settings, 0).filter(pl.col("punched_out_at").is_null())
    arrives = pl.max_horizontal("starts_at", pl.col("taken_at") + ARRIVES)
    there = came.select("site_id", taken_by="person_id", cleared_at="punched_in_at").unique()
    arrived = over.with_columns(cleared_at=arrives).join(there, on=["site_id", "taken_by", "cleared_at"])
    episodes = raised.join(
        arrived.select("roster_id", "on", "cleared_at"), on=["roster_id", "on"], how="left"
    ).with_columns(
        alert_type=pl.lit("no_show"), entity_type=pl.lit("shift"), over_at=pl.coalesce("cleared_at", "ends_at"),
        resolution=pl.when(pl.col("cleared_at").is_null()).then(pl.lit("expired")).otherwise(pl.lit("cleared")),
        last_seen_at=pl.coalesce("cleared_at", "ends_at"), severity=pl.lit("high"),
    )  # fmt: skip
    found, row, rated, every = _estimated(_episodes(episodes), until, DAY)
    return Loop(
        found,
        (row["added"], row["added_low"], row["added_high"], PLANTED),
        (rated["rate"], rated["low"], rated["high"]),
        every,
        happened=len(arrived) / found,
    )


def _warnings(lives, world, until):
    """Warnings halfway to the deadline where nobody has begun, and deadlines that were missed, by the SLA clocks."""
    asked = lives.filter(pl.col("priority").is_in(["medium", "low"]), pl.col("cancelled_at").is_null()).join(
        _deadlines(lives, world, until), on="ticket_id"
    )
    due, half = pl.col("due_at"), pl.col("opened_at") + (pl.col("promised_at") - pl.col("opened_at")) / 2
    begun = pl.min_horizontal("started_at", "resolved_at")
    named = asked.with_columns(
        client_id=pl.format("C{}", pl.col("client_id").str.extract(r"(\d+)$").cast(pl.Int64) % 3),
        entity_id="ticket_id",
        entity_type=pl.lit("ticket"),
        severity="priority",
        due=due,
        half=half,
    ).filter(begun > half)
    ends = pl.min_horizontal("resolved_at", "due")
    risk = named.with_columns(
        alert_type=pl.lit("sla_breach_risk"),
        raised_at="half",
        cleared_at=ends,
        over_at=ends,
        last_seen_at=ends,
        resolution=pl.lit("cleared"),
    )
    late = named.filter(pl.col("resolved_at") > pl.col("due")).with_columns(
        alert_type=pl.lit("sla_breached"),
        raised_at="due",
        cleared_at="resolved_at",
        over_at="resolved_at",
        last_seen_at="resolved_at",
        resolution=pl.lit("cleared"),
    )
    return _episodes(pl.concat([risk, late]))


def _deadlines(lives, world, until):
    """When tickets are due: as promised when they were opened, and in the end, after their pauses."""
    every = states(lives, until).with_columns(due_at=pl.lit(None, INSTANT))
    known = [world.tables[name] for name in ("sla_policies", "calendars", "sites", "clients")]
    opened = sla_clocks(every.unique("ticket_id", keep="first"), events(every).clear(), *known, until)
    ended = sla_clocks(every.unique("ticket_id", keep="last", maintain_order=True), events(every), *known, until)
    return (
        opened.select("ticket_id", promised_at="resolution_due_at")
        .join(ended.select("ticket_id", due_at="resolution_due_at"), on="ticket_id")
        .drop_nulls()
    )


def _episodes(rows):
    numbered = rows.sort("raised_at", "entity_id", "alert_type").with_columns(
        alert_id=pl.int_range(pl.len()), opening=pl.lit(1, pl.Int64), was_suppressed=pl.lit(value=False)
    )
    absent = [pl.lit(None, kind).alias(name) for name, kind in EPISODE.items() if name not in numbered.columns]
    return numbered.with_columns(absent).select(pl.col(name).cast(kind) for name, kind in EPISODE.items())


def _estimated(episodes, until, horizon):
    known = with_truth(episodes.drop("warns", "came_true_at"), {"sla_breach_risk": ("sla_breached",)}, horizon)
    about = known.filter(pl.col("client_id") == "C0", pl.col("alert_type") != "sla_breached")
    return len(about), *estimated(about, known, until, horizon)
