"""Which playbooks start about which alerts, and why others do not.

Here: transitions of alerts and playbooks in, decisions out. Not here: reading and writing them (`triggers_io`), the
order and limits in which executions begin (`claim_io`).

There is one decision per playbook and episode of an alert. Clients who have not bought it, and playbooks that have not
earned more, get what would have been done: a shadow execution.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from opsguard_assets.config.features import FEATURES
from opsguard_assets.config.remediation import Mode
from opsguard_assets.entitlements.entitled import Entitlements, entitled
from opsguard_assets.incidents.matching import matches
from opsguard_assets.remediation.engine.states import SHADOW, Standing
from opsguard_assets.remediation.playbook.model import MODES, Playbook, feature_of
from opsguard_assets.tables.values import INSTANT

# A transition of an alert with all that matchers compare.
CANDIDATE: Final = pl.Schema(
    {
        "alert_id": pl.Int64(), "opening": pl.Int64(), "transition_id": pl.Int64(), "kind": pl.String(),
        "recorded_at": INSTANT, "alert_type": pl.String(), "entity_type": pl.String(), "entity_id": pl.String(),
        "client_id": pl.String(), "site_id": pl.String(), "severity": pl.String(), "priority": pl.Int64(),
        "cause": pl.String(), "team": pl.String(), "plan": pl.String(), "is_life_safety": pl.Boolean(),
        "alerts": pl.Int64(), "soar_enabled": pl.Boolean(),
    }
)  # fmt: skip
DECISION: Final = pl.Schema(
    {
        "playbook": pl.String(), "alert_id": pl.Int64(), "opening": pl.Int64(), "decision": pl.String(),
        "reason": pl.String(), "mode": pl.String(), "digest": pl.String(), "deadline_at": INSTANT,
    }
)  # fmt: skip


@dataclass(frozen=True)
class Rules:
    """What decides beside the playbooks themselves.

    Attributes:
        max_autonomy: How much any playbook may do by itself.
        off_clients: Clients whose kill switch is off, and why.
        standing: How each playbook stands.
        entitlements: What clients receive.
    """

    max_autonomy: Mode
    off_clients: Mapping[str, str]
    standing: Mapping[str, Standing]
    entitlements: Entitlements


def decide(
    candidates: pl.DataFrame, playbooks: Sequence[Playbook], rules: Rules, recent: pl.DataFrame, now: datetime
) -> pl.DataFrame:
    """Decides on every playbook and alert that it is about.

    Args:
        candidates: Rows of `CANDIDATE`: transitions that no trigger has looked at, the oldest first.
        playbooks: Those in use.
        rules: What decides beside them.
        recent: (`playbook`, `entity_type`, `entity_id`, `at`): when each last ran about an entity.
        now: The time of the clock (UTC).

    Returns:
        Rows of `DECISION`; `mode` is null where nothing is executed, not even in shadow.
    """
    found = [_of_playbook(candidates, playbook, rules, recent, now) for playbook in playbooks]
    return pl.concat([DECISION.to_frame(), *found])


def _of_playbook(
    candidates: pl.DataFrame, playbook: Playbook, rules: Rules, recent: pl.DataFrame, now: datetime
) -> pl.DataFrame:
    trigger, limits = playbook.trigger, playbook.limits
    rows = candidates.filter(pl.col("kind").is_in(trigger.on), matches(trigger.when)).unique(
        ["alert_id", "opening"], keep="first", maintain_order=True
    )
    if rows.is_empty():
        return DECISION.to_frame()
    cool = timedelta(minutes=limits.cool_down_minutes)
    last = recent.filter(pl.col("playbook") == playbook.playbook, pl.col("at") > now - cool)
    rows = rows.join(last.select("entity_type", "entity_id", last_at="at"), on=["entity_type", "entity_id"], how="left")
    rows = rows.with_columns(asked_of(rows, playbook, rules.entitlements))
    judged = rows.with_columns(_decided(playbook, rules, now).alias("decided")).unnest("decided")
    # Of several alerts about one entity at once, the first one starts it; the others meet its cool-down.
    starts = pl.col("mode").is_not_null()
    place = pl.col("alert_id").cum_count().over("entity_type", "entity_id", starts)
    is_second = starts & (place > 1) & pl.lit(limits.cool_down_minutes > 0)
    until = now + timedelta(minutes=limits.start_within_minutes)
    return judged.with_columns(
        decision=pl.when(is_second).then(pl.lit("cool-down")).otherwise("decision"),
        reason=pl.when(is_second).then(pl.lit("it starts about another alert of the same entity")).otherwise("reason"),
        mode=pl.when(~is_second).then("mode"),
    ).select(
        pl.lit(playbook.playbook).alias("playbook"), "alert_id", "opening", "decision", "reason", "mode",
        pl.lit(playbook.digest).alias("digest"), pl.lit(until, INSTANT).alias("deadline_at"),
    )  # fmt: skip


def _decided(playbook: Playbook, rules: Rules, now: datetime) -> pl.Expr:
    """The decision on each row, the first reason that holds: a struct (`decision`, `reason`, `mode`)."""
    standing, limits = rules.standing[playbook.playbook], playbook.limits
    oldest = now - timedelta(minutes=limits.start_within_minutes)
    mode = mode_of(playbook, standing.mode, rules.max_autonomy)
    refused = refusal(playbook).struct
    off = pl.col("client_id").is_in(list(rules.off_clients))
    cool = pl.format(
        "it ran about {} at {} UTC, less than {} minutes ago", "entity_id",
        pl.col("last_at").dt.strftime("%Y-%m-%d %H:%M"), pl.lit(f"{limits.cool_down_minutes:g}"),
    )  # fmt: skip
    return (
        pl.when(pl.lit(standing.is_off)).then(_row("switched off", "its kill switch is off"))
        .when(off).then(_row("switched off", "the kill switch of its client is off"))
        .when(pl.lit(standing.paused_why is not None)).then(_row("paused", f"it is paused: {standing.paused_why}"))
        .when(pl.col("recorded_at") < pl.lit(oldest, INSTANT))
        .then(_row("too old", f"it happened more than {limits.start_within_minutes:g} minutes ago"))
        .when(pl.col("last_at").is_not_null()).then(_row("cool-down", cool))
        .when(refused.field("reason").is_not_null())
        .then(_row(refused.field("decision"), refused.field("reason"), SHADOW))
        .when(pl.lit(mode == SHADOW)).then(_row("shadow", "it only shows what it would do", SHADOW))
        .otherwise(_row("started", f"{playbook.trigger.when.model_dump_json(exclude_none=True, by_alias=True)}", mode))
    )  # fmt: skip


def asked_of(rows: pl.DataFrame, playbook: Playbook, held: Entitlements) -> pl.Series:
    """`is_entitled`: whether the client of each row receives what a playbook does, by a plan that is known."""
    asked = rows.select("client_id", feature=pl.lit(feature_of(playbook)))
    known = held.clients.filter(pl.col("plan").is_not_null())["client_id"]
    return (entitled(asked, held) & asked["client_id"].is_in(known.implode())).alias("is_entitled")


def refusal(playbook: Playbook) -> pl.Expr:
    """Why a playbook must not act for the client of an alert: a struct (`decision`, `reason`), null where it may.

    It is said of rows with `client_id`, `soar_enabled`, `plan` and `is_entitled`; what is not known allows nothing.
    """
    feature = feature_of(playbook)
    is_enabled = pl.col("soar_enabled").fill_null(value=False)
    words = "`clients.soar_enabled` does not say that playbooks may act for {}"
    held = pl.col("plan").fill_null("no known one")
    no_client = pl.col("client_id").is_null()
    may = no_client | (is_enabled & pl.col("is_entitled"))
    needed = f"{feature} (plan {FEATURES[feature].plan})"
    decision = pl.when(may).then(None).when(is_enabled).then(pl.lit("not in the plan")).otherwise(pl.lit("not enabled"))
    reason = (
        pl.when(may).then(None)
        .when(is_enabled).then(pl.format("it needs {}, {} has {}", pl.lit(needed), "client_id", held))
        .otherwise(pl.format(words, "client_id"))
    )  # fmt: skip
    return pl.struct(decision=decision, reason=reason)


def _row(decision: str | pl.Expr, reason: str | pl.Expr, mode: str | None = None) -> pl.Expr:
    of, words = (pl.lit(each) if isinstance(each, str) else each for each in (decision, reason))
    return pl.struct(of.alias("decision"), words.alias("reason"), pl.lit(mode, pl.String).alias("mode"))


def mode_of(playbook: Playbook, earned: str, most: str, *, by_hand: bool = False) -> str:
    """How much an execution may do by itself: the least of what the playbook earned, its own limit and the settings.

    Args:
        playbook: The text.
        earned: The mode that the playbook has.
        most: `remediation.max_autonomy`.
        by_hand: Whether a person starts it: then it need not have earned approval.
    """
    least = "approval" if by_hand else SHADOW
    order = [str(mode) for mode in MODES]
    return min(max(earned, least, key=order.index), playbook.max_autonomy, most, key=order.index)
