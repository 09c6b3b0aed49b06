"""What a playbook would have done about past alerts: how often it would have run, told people and asked for approval.

Here: a simulation over transitions of alerts, with the playbook's own limits. Not here: reading them
(`opsguard_assets.commands`), and what it would do now (`remediation.actions`).

What nobody can know is assumed, and said: approvals are given at once, the first person who is offered a shift takes
it, and every step does what it should. A wait ends when the alert was over (`alert_acknowledged`: when somebody took
it), and has failed where that was not within its time.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import Final

import numpy as np
import polars as pl

from opsguard_assets.incidents.matching import matches
from opsguard_assets.remediation.playbook.gates import gate_of
from opsguard_assets.remediation.playbook.model import Limits, Playbook
from opsguard_assets.remediation.playbook.steps import Escalate, Notify, OfferShift, Step, WaitFor
from opsguard_assets.tables.values import INSTANT

# A transition that may start a playbook, with what triggers compare, and how its episode went on.
PAST: Final = pl.Schema(
    {
        "alert_id": pl.Int64(),
        "opening": pl.Int64(),
        "at": INSTANT,
        "transition": pl.String(),  # raised, reopened or severity_raised
        "alert_type": pl.String(),
        "cause": pl.String(),
        "team": pl.String(),
        "client_id": pl.String(),
        "site_id": pl.String(),
        "entity_type": pl.String(),
        "entity_id": pl.String(),
        "plan": pl.String(),
        "severity": pl.String(),
        "priority": pl.Int64(),
        "is_life_safety": pl.Boolean(),
        "alerts": pl.Int64(),
        "over_at": INSTANT,  # when it was over, however that came; null: not yet
        "acknowledged_at": INSTANT,
    }
)
RAN, COOL_DOWN, EXPIRED = "ran", "cool-down", "expired"
# What is done at once would take no place among those that run at the same time, so it takes a minute.
_HOUR, _LEAST = timedelta(hours=1), timedelta(minutes=1)
# Beginnings move waits, and waits move beginnings; more rounds than this change nothing that people would see.
_ROUNDS: Final = 8


@dataclass(frozen=True)
class Rehearsal:
    """What would have happened.

    Attributes:
        runs: One row per episode that the trigger is about: `alert_id`, `opening`, `at`, `entity_type`, `entity_id`,
            `site_id`, `decision` (ran, cool-down or expired), `begins_at`, `ends_at`, `end` (succeeded, partial or
            failed), `messages`, `approvals`; by `at`. The last five are null where it did not run.
        at_once: The greatest number of executions at the same time, at all sites together.
        at_once_at_a_site: The greatest number of them at one site: what `at_once_per_site` limits. What is at no known
            site counts as a site of its own.
    """

    runs: pl.DataFrame
    at_once: int
    at_once_at_a_site: int

    @property
    def counts(self) -> dict[str, int]:
        """Episodes by decision and end, messages and approvals."""
        said = pl.col("decision"), pl.col("end")
        row = self.runs.select(
            matched=pl.len(),
            ran=(said[0] == RAN).sum(),
            cool_down=(said[0] == COOL_DOWN).sum(),
            expired=(said[0] == EXPIRED).sum(),
            **{each: (said[1] == each).sum() for each in ("succeeded", "partial", "failed")},
            messages=pl.col("messages").sum(),
            approvals=pl.col("approvals").sum(),
        ).row(0, named=True)
        most = {"at_once": self.at_once, "at_once_at_a_site": self.at_once_at_a_site}
        return {**{name: int(number) for name, number in row.items()}, **most}

    @property
    def words(self) -> str:
        """The same in one sentence."""
        found = self.counts
        return (
            f"would have run {found['ran']:,} times, at most {found['at_once_at_a_site']:,} at once at one site and "
            f"{found['at_once']:,} at all sites, sent {found['messages']:,} messages, asked for "
            f"{found['approvals']:,} approvals"
        )


def rehearse(playbook: Playbook, past: pl.DataFrame) -> Rehearsal:
    """What a playbook would have done.

    Args:
        playbook: The playbook.
        past: Rows of `PAST`, in any order.
    """
    starting = pl.col("transition").is_in(list(playbook.trigger.on)) & matches(playbook.trigger.when)
    episodes = (
        past.filter(starting)
        .sort("at", "alert_id", "opening")
        .unique(["alert_id", "opening"], keep="first", maintain_order=True)
    )
    cooled = _cooled(episodes, timedelta(minutes=playbook.limits.cool_down_minutes))
    started = episodes.filter(~cooled)
    walked = _limited(playbook, started)
    did = walked.select("alert_id", "opening", "begins_at", "ends_at", "end", "messages", "approvals")
    waited = pl.when(pl.col("begins_at").is_not_null()).then(pl.lit(RAN)).otherwise(pl.lit(EXPIRED))
    decision = pl.when(pl.col("_cooled")).then(pl.lit(COOL_DOWN)).otherwise(waited)
    runs = (
        episodes.with_columns(cooled.alias("_cooled"))
        .join(did, on=["alert_id", "opening"], how="left", maintain_order="left")
        .with_columns(decision=decision)
    )
    kept = ("alert_id", "opening", "at", "entity_type", "entity_id", "site_id", "decision", *did.columns[2:])
    ran = walked.drop_nulls("begins_at")
    return Rehearsal(runs.select(kept), _most_at_once(ran, ()), _most_at_once(ran, ("site_id",)))


def _cooled(episodes: pl.DataFrame, cool_down: timedelta) -> pl.Series:
    """Whether an earlier start about the same entity is too recent.

    From each episode it is known which one could start next if it starts. Those that start are the ones on the path
    from the first of each entity: found for all entities at once, in steps of doubling length.
    """
    if episodes.is_empty() or not cool_down:
        return pl.repeat(value=False, n=len(episodes), eager=True, dtype=pl.Boolean)
    entity = ["entity_type", "entity_id"]
    rows = episodes.select("at", *entity, place=pl.int_range(pl.len()))
    asked = rows.with_columns(free_at=pl.col("at") + cool_down).sort("free_at")
    following = rows.select(*entity, next_at="at", following="place").sort("next_at")
    found = asked.join_asof(
        following, left_on="free_at", right_on="next_at", by=entity, strategy="forward", check_sortedness=False
    ).sort("place")
    end = len(rows)
    jump = np.append(found["following"].fill_null(end).to_numpy(), end)
    starts = np.append(rows.select(pl.col("place").cum_count().over(entity) == 1).to_series().to_numpy(), False)
    reach = 1
    while reach <= end:
        starts[jump[starts]] = True
        jump = jump[jump]
        reach *= 2
    return pl.Series(~starts[:-1])


def _limited(playbook: Playbook, started: pl.DataFrame) -> pl.DataFrame:
    """The steps of executions that begin as the limits let them; `begins_at` is null where one expired."""
    walked = _walked(playbook, started.with_columns(begins_at="at"))
    for _ in range(_ROUNDS):
        if _is_within(walked.drop_nulls("begins_at"), playbook.limits):
            break
        begins = _beginnings(walked, playbook.limits)
        walked = _walked(playbook, started.with_columns(begins_at=begins))
    return walked


def _is_within(walked: pl.DataFrame, limits: Limits) -> bool:
    """Whether no limit is broken; of most playbooks none ever is."""
    ordered = walked.sort("begins_at")
    # Of one more than the limit, the first and the last one have to lie an hour apart.
    apart = ordered.select((pl.col("begins_at") - pl.col("begins_at").shift(limits.per_hour)).min()).item()
    if apart is not None and apart < _HOUR:
        return False
    return _most_at_once(walked, ("site_id",)) <= limits.at_once_per_site


def _most_at_once(walked: pl.DataFrame, group: tuple[str, ...]) -> int:
    """The greatest number of executions at the same time, in any group; one that ends leaves its place at once."""
    ends = walked.select(*group, at="ends_at", step=pl.lit(-1))
    both = pl.concat([walked.select(*group, at="begins_at", step=pl.lit(1)), ends]).sort("at", "step")
    running = pl.col("step").cum_sum()
    return int(both.select((running.over(group) if group else running).max()).item() or 0)


def _beginnings(walked: pl.DataFrame, limits: Limits) -> pl.Series:
    """When executions begin where a limit makes some wait; null: waited too long.

    Each beginning depends on all before it, so they are gone through in the order of time; only where a limit binds.
    """
    takes = walked.select((pl.col("ends_at") - pl.col("begins_at")).fill_null(timedelta())).to_series().to_list()
    arrived: list[datetime] = walked["at"].to_list()
    sites = walked["site_id"].to_list()
    patience = timedelta(minutes=limits.start_within_minutes)
    begins: list[datetime | None] = [None] * len(walked)
    begun: deque[datetime] = deque(maxlen=limits.per_hour)
    ends: dict[str, list[datetime]] = {}
    waiting = [(at, place) for place, at in enumerate(arrived)]
    while waiting:
        now, place = heappop(waiting)
        if now > arrived[place] + patience:
            continue
        own = ends.setdefault(sites[place] or "", [])  # what is at no known site is at one, as when it runs
        while own and own[0] <= now:
            heappop(own)
        free = own[0] if len(own) >= limits.at_once_per_site else now
        if len(begun) == limits.per_hour:
            free = max(free, begun[0] + _HOUR)
        if free > now:
            heappush(waiting, (free, place))
            continue
        begins[place] = now
        begun.append(now)
        heappush(own, now + takes[place])
    return pl.Series(begins, dtype=INSTANT)


def _walked(playbook: Playbook, runs: pl.DataFrame) -> pl.DataFrame:
    """Runs with `ends_at`, `end`, `messages` and `approvals`, all steps done one after the other for all of them."""
    now = runs.with_columns(
        clock="begins_at", going=pl.lit(value=True), failed=pl.lit(value=False), partial=pl.lit(value=False),
        messages=pl.lit(0), approvals=pl.lit(0), agreed=pl.lit(value=False),
    )  # fmt: skip
    for step, asks in zip(playbook.steps, _asking(playbook, "steps"), strict=True):
        now = _through(now, step, asks)
    # What is done about a failure is done by those that failed, and by nobody else.
    now = now.with_columns(going=pl.col("failed"))
    for step, asks in zip(playbook.on_failure, _asking(playbook, "on_failure"), strict=True):
        now = _through(now, step, asks)
    now = now.with_columns(clock=pl.max_horizontal("clock", pl.col("begins_at") + _LEAST))
    limit = pl.col("begins_at") + timedelta(minutes=playbook.timeout_minutes)
    is_late = pl.col("clock") > limit
    end = (
        pl.when(pl.col("failed") | is_late).then(pl.lit("failed"))
        .when(pl.col("partial")).then(pl.lit("partial")).otherwise(pl.lit("succeeded"))
    )  # fmt: skip
    did = pl.col("begins_at").is_not_null()
    return now.with_columns(
        ends_at=pl.min_horizontal(pl.when(did).then("clock"), limit),
        end=pl.when(did).then(end),
        messages=pl.when(did).then("messages"),
        approvals=pl.when(did).then("approvals"),
    ).drop("clock", "going", "failed", "partial", "agreed")


def _asking(playbook: Playbook, phase: str) -> Iterator[tuple[pl.Expr, bool]]:
    """Per step, whether somebody is asked before it, and whether about the whole playbook.

    What was agreed to before covers later steps of the same gate, also those after a failure.
    """
    asked: set[tuple[str, int]] = set()
    for number in range(len(getattr(playbook, phase))):
        gate = gate_of(playbook, playbook.max_autonomy, (phase, number))
        if gate is None:
            yield pl.lit(value=False), False
        elif gate.place is None:
            yield ~pl.col("agreed"), True
        else:
            yield pl.lit(gate.place not in asked), False
            asked.add(gate.place)


def _through(now: pl.DataFrame, step: Step, asks: tuple[pl.Expr, bool]) -> pl.DataFrame:
    """All runs after a step; those that are not going stay as they are."""
    going = pl.col("going")
    sent = now.with_columns(
        messages=pl.col("messages") + going * messages_of(step),
        approvals=pl.col("approvals") + (going & asks[0]),
        agreed=pl.col("agreed") | (going & pl.lit(asks[1])),
    )
    if not isinstance(step, WaitFor):
        return sent
    minutes = min(step.within_minutes, step.timeout_minutes or step.within_minutes) * (1 + step.retries)
    limit = pl.col("clock") + timedelta(minutes=minutes)
    happened = pl.col("acknowledged_at" if step.condition == "alert_acknowledged" else "over_at")
    came = pl.max_horizontal("clock", happened)
    is_met = happened.is_not_null() & (came <= limit)
    missed = going & ~is_met
    stops = step.on_failure == "stop"
    return sent.with_columns(
        clock=pl.when(going & is_met).then(came).when(going).then(limit).otherwise("clock"),
        failed=pl.col("failed") | (missed if stops else pl.lit(value=False)),
        partial=pl.col("partial") | (pl.lit(value=False) if stops else missed),
        going=going & (is_met if stops else pl.lit(value=True)),
    )


def messages_of(step: Step) -> int:
    """How many messages a step sends at least: one per role that is told, one to the next of a chain, one offer."""
    if isinstance(step, Notify):
        return len(step.to)
    return int(isinstance(step, Escalate | OfferShift))
