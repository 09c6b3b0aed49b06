"""Queues: when work on a ticket begins and ends, given all tickets that came before it to the same agent.

Here: assignment, waiting, service. Not here: what a person sees of it (`lifecycle`).

An agent works first come, first served. With arrivals A and services S in the agent's working minutes, the end of the
n-th job is C(n) + max over k <= n of (A(k) - C(k-1)), where C is the running sum of services (Lindley's recursion
solved for a whole queue at once). Urgent tickets go to seats that are staffed round the clock; the others to agents of
one shift, whose working minutes stand still outside of it.
"""

from datetime import datetime

import polars as pl

from opsguard_assets.simulator.arrivals import PRIORITY_SHARES
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.world import INSTANT, SHIFT_HOURS

_DAY, _SHIFT = 1_440.0, SHIFT_HOURS * 60.0
SERVICE_SIGMA = 0.7
# Part of the load that urgent seats carry: people keep them free, as fire brigades do.
_URGENT_LOAD = 0.45
_TRIAGE_MINUTES = {True: 3.0, False: 20.0}
_HOUR = 60.0


def worked(tickets: pl.DataFrame, agents: pl.DataFrame, settings: SimulationSettings) -> pl.DataFrame:
    """Adds to `arrivals` who worked on each ticket and when.

    Returns:
        With `assigned_at`, `assignee_id`, `reassigned_at` and `reassignee_id` (null: never), `started_at`,
        `service_minutes`, `service_mean_minutes` (median of its log-normal times the agent's skill), `shift`,
        `on_hold_from_at`, `on_hold_until_at`, `resolved_at`, `reopened_at`, `resolved_again_at`, `cancelled_at`.
        What would happen after the cancellation is null.
    """
    desks = agents.with_columns(place=pl.int_range(pl.len()).over("group_id", "is_urgent", "shift"))
    timed = _minutes(tickets, settings).with_columns(*_assignment())
    placed = _picked(timed, desks)
    means = _service_minutes(agents, settings)
    served = placed.with_columns(
        service_median=pl.when("is_urgent").then(means[True]).otherwise(means[False]) * pl.col("skill"),
    ).with_columns(
        service_minutes=pl.col("service_median") * (SERVICE_SIGMA * pl.col("service")).exp(),
        arrival=pl.when("is_urgent").then("queued").otherwise(_worked_minutes("queued", "shift")),
    )
    return _ends(_queued(served), settings)


def _minutes(tickets: pl.DataFrame, settings: SimulationSettings) -> pl.DataFrame:
    start = pl.lit(settings.starts_at, INSTANT)
    return tickets.with_columns(opened=(pl.col("opened_at") - start).dt.total_microseconds() / 60e6)


def _assignment() -> list[pl.Expr]:
    """Triage, and for some a second assignment; the queue is entered at the last one."""
    triage = pl.when("is_urgent").then(_TRIAGE_MINUTES[True]).otherwise(_TRIAGE_MINUTES[False]) * pl.col("triage")
    assigned = pl.col("opened") + triage
    queued = assigned + (pl.col("reassigned_after_hours") * _HOUR).fill_null(0)
    return [assigned.alias("assigned"), queued.alias("queued")]


def _picked(timed: pl.DataFrame, desks: pl.DataFrame) -> pl.DataFrame:
    """The agents: those on duty when the ticket is assigned, one of them by luck."""
    on_duty = ((pl.col("assigned") % _DAY) // _SHIFT).cast(pl.Int64)
    sizes = desks.group_by("group_id", "is_urgent", "shift").agg(size=pl.len())
    keys = ["group_id", "is_urgent", "shift"]
    sized = timed.with_columns(shift=on_duty).join(sizes, on=keys, how="left", maintain_order="left")
    # A small provider may have no urgent desk in a shift: its tickets go to the ordinary one.
    ordinary = sizes.filter(~pl.col("is_urgent")).select("group_id", "shift", ordinary="size")
    sized = sized.join(ordinary, on=["group_id", "shift"], how="left", maintain_order="left")
    picked = sized.with_columns(
        is_urgent=pl.col("is_urgent") & pl.col("size").is_not_null(), size=pl.coalesce("size", "ordinary")
    ).with_columns(
        place=(pl.col("pick") * pl.col("size")).cast(pl.Int64),
        place_again=(pl.col("pick_again") * pl.col("size")).cast(pl.Int64),
    )
    who = desks.select(*keys, "place", "person_id", "skill")
    first = picked.join(who, on=[*keys, "place"], how="left", maintain_order="left").rename(
        {"person_id": "assignee_id"}
    )
    again = who.rename({"person_id": "reassignee_id", "skill": "skill_again", "place": "place_again"})
    both = first.join(again, on=[*keys, "place_again"], how="left", maintain_order="left")
    is_moved = pl.col("reassigned_after_hours").is_not_null() & (pl.col("reassignee_id") != pl.col("assignee_id"))
    return both.with_columns(
        reassignee_id=pl.when(is_moved).then("reassignee_id"),
        skill=pl.when(is_moved).then("skill_again").otherwise("skill"),
        queued=pl.when(is_moved).then("queued").otherwise("assigned"),
        reassigned=pl.when(is_moved).then("queued"),
        seat=pl.when(is_moved).then("place_again").otherwise("place"),
    )


def _service_minutes(agents: pl.DataFrame, settings: SimulationSettings) -> dict[bool, float]:
    """Medians of the service time with which each desk is as busy as `load` asks."""
    urgent_share = PRIORITY_SHARES[0] + PRIORITY_SHARES[1]
    # The mean of log-normal times is so many medians.
    mean_of_median = 2.718281828459045 ** (SERVICE_SIGMA**2 / 2)
    minutes: dict[bool, float] = {}
    for is_urgent, share in ((True, urgent_share), (False, 1 - urgent_share)):
        people = agents.filter(pl.col("is_urgent") == is_urgent).height or agents.height
        busy = settings.load * (_URGENT_LOAD if is_urgent else 1.0) * people * _SHIFT
        minutes[is_urgent] = busy / (settings.tickets_per_day * share) / mean_of_median
    return minutes


def _queued(served: pl.DataFrame) -> pl.DataFrame:
    """Lindley's recursion per queue, in the working minutes of the queue."""
    queue = ["group_id", "is_urgent", pl.when(~pl.col("is_urgent")).then("shift").fill_null(-1).alias("line"), "seat"]
    done_before = (pl.col("service_minutes").cum_sum() - pl.col("service_minutes")).over("queue")
    ordered = served.with_columns(queue=pl.struct(queue)).sort("queued", "number")
    ended = ordered.with_columns(
        end=pl.col("service_minutes").cum_sum().over("queue")
        + (pl.col("arrival") - done_before).cum_max().over("queue")
    )
    return ended.with_columns(begin=pl.col("end") - pl.col("service_minutes")).sort("number").drop("queue")


def _worked_minutes(instant: str, shift: str) -> pl.Expr:
    """Minutes that a shift has worked by an instant (minutes since the start of the world)."""
    into = pl.col(instant) % _DAY - pl.col(shift) * _SHIFT
    return (pl.col(instant) // _DAY) * _SHIFT + into.clip(0, _SHIFT)


def _instant_of(worked_minutes: pl.Expr, shift: str) -> pl.Expr:
    """When a shift has worked so many minutes: the inverse of `_worked_minutes`."""
    return (worked_minutes // _SHIFT) * _DAY + pl.col(shift) * _SHIFT + worked_minutes % _SHIFT


def _ends(queued: pl.DataFrame, settings: SimulationSettings) -> pl.DataFrame:
    """Waiting for the requester, solution, reopening and cancellation, as instants."""
    urgent = pl.col("is_urgent")
    began = pl.max_horizontal("queued", pl.when(urgent).then("begin").otherwise(_instant_of(pl.col("begin"), "shift")))
    hold_at = pl.col("begin") + pl.col("on_hold_at") * pl.col("service_minutes")
    held = queued.with_columns(started=began, held=pl.max_horizontal(began, _instant_of(hold_at, "shift")))
    freed = pl.when(pl.col("on_hold_at").is_not_null()).then(pl.col("held") + pl.col("on_hold_hours") * _HOUR)
    rest = (1 - pl.col("on_hold_at")) * pl.col("service_minutes")
    resumed = held.with_columns(freed=freed).with_columns(
        after_hold=pl.max_horizontal("freed", _instant_of(_worked_minutes("freed", "shift") + rest, "shift")),
        straight=pl.when(urgent).then("end").otherwise(_instant_of(pl.col("end"), "shift")),
    )
    solved = resumed.with_columns(
        resolved=pl.max_horizontal("started", pl.coalesce("after_hold", "straight")),
        held=pl.when(pl.col("on_hold_at").is_not_null()).then("held"),
    ).with_columns(reopened=pl.col("resolved") + pl.col("reopened_after_hours") * _HOUR)
    rework = 0.5 * pl.col("service_median") * (SERVICE_SIGMA * pl.col("rework")).exp()
    again = _instant_of(_worked_minutes("reopened", "shift") + rework, "shift")
    cancelled = pl.col("opened") + pl.col("cancelled_after_hours") * _HOUR
    final = solved.with_columns(
        resolved_again=pl.max_horizontal("reopened", again),
        cancelled=pl.when(cancelled < pl.col("started")).then(cancelled),
    )
    moments = (
        "assigned",
        "reassigned",
        "started",
        "held",
        "freed",
        "resolved",
        "reopened",
        "resolved_again",
        "cancelled",
    )
    return final.with_columns(_at(name, settings.starts_at) for name in moments).drop(
        *moments, "opened", "queued", "begin", "end", "arrival", "after_hold", "straight"
    )


def _at(name: str, starts_at: datetime) -> pl.Expr:
    """Minutes since the start of the world as an instant; null when the ticket was cancelled before."""
    still = pl.col("cancelled").is_null() | (pl.col(name) <= pl.col("cancelled"))
    minutes = pl.when(still).then(pl.col(name))
    instant = pl.lit(starts_at, INSTANT) + pl.duration(microseconds=(minutes * 60e6).round().cast(pl.Int64))
    return instant.alias(f"{name}_at")
