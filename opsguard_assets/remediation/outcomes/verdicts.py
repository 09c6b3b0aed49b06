"""Whether executions resolved their alerts: only what a later finding set saw clear counts.

Here: from executions and episodes of alerts to verdicts with their reasons; which warnings came true. Not here:
reading (`io`), counting (`figures`).

Auto-resolved means: after the playbook had done something, a monitor saw the cause clear within the time, nobody had
taken the alert up before that, and it did not come back within the same time. It does not say that the alert would have
stayed otherwise; `comparison` says how many would have cleared by themselves. A warning that ends because it came true
is no success: the warning that a ticket is late clears when the ticket is late.

Nothing is conclusive before the time is over in which any execution could still be auto-resolved: that a person took an
alert up is known at once, that it cleared and stayed so a day later. Rates of what is known early would be too low.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from opsguard_assets.alerts.finding import BY_PERSON, EXPIRED
from opsguard_assets.tables.values import INSTANT

AUTO_RESOLVED, INCONCLUSIVE, NOT_RESOLVED = "auto-resolved", "inconclusive", "not resolved"
EXECUTION: Final = pl.Schema(
    {
        "execution_id": pl.Int64(),
        "playbook": pl.String(),
        "alert_id": pl.Int64(),
        "opening": pl.Int64(),
        "client_id": pl.String(),
        "site_id": pl.String(),
        "mode": pl.String(),
        "state": pl.String(),
        "triggered_at": INSTANT,
        "ended_at": INSTANT,
        "acted_at": INSTANT,  # when its first step that does more than read began; null: it did nothing
        "approvals": pl.Int64(),  # decided by people
        "undone_at": INSTANT,
    }
)
EPISODE: Final = pl.Schema(
    {
        "alert_id": pl.Int64(),
        "opening": pl.Int64(),
        "alert_type": pl.String(),
        "entity_type": pl.String(),
        "entity_id": pl.String(),
        "client_id": pl.String(),
        "site_id": pl.String(),
        "severity": pl.String(),  # as it was raised
        "raised_at": INSTANT,
        "taken_at": INSTANT,  # when a person took it up
        "over_at": INSTANT,
        "resolution": pl.String(),
        "cleared_at": INSTANT,  # when a monitor saw the cause clear
        "reopened_at": INSTANT,
        "last_seen_at": INSTANT,  # the newest finding of an alert that was not reopened since
        "was_suppressed": pl.Boolean(),
        "warns": pl.Boolean(),  # whether its type warns of something (`AlertType.warns_of`)
        "came_true_at": INSTANT,  # when that happened to the same entity; null: not until the moment
    }
)


def judged(executions: pl.DataFrame, episodes: pl.DataFrame, as_of: datetime, within: timedelta) -> pl.DataFrame:
    """Executions with the episode that they are about, `verdict` and `why`, one sentence.

    Args:
        executions: Rows of `EXECUTION`.
        episodes: Rows of `EPISODE`, as known at the moment.
        as_of: The moment.
        within: How long after an execution ended its alert may take to clear, and has to stay clear.

    Returns:
        The columns of both, and `verdict`: null for executions that did nothing (shadow, denied, expired).
    """
    shared = ["client_id", "site_id"]
    rows = executions.join(episodes.drop(shared), on=["alert_id", "opening"], how="left", maintain_order="left")
    now = pl.lit(as_of, INSTANT)
    limit = pl.coalesce("ended_at", now) + within
    cleared, acted = pl.col("cleared_at"), pl.col("acted_at")
    true = pl.col("came_true_at")
    was_person = (pl.col("taken_at") < pl.coalesce(cleared, limit)).fill_null(value=False)
    came_back = (pl.col("reopened_at") <= cleared + within).fill_null(value=False)
    # What may still come back is not resolved yet.
    may_return = now < cleared + within
    is_looked_at = (pl.col("last_seen_at") > pl.coalesce("ended_at", acted)).fill_null(value=False)
    cases: list[tuple[pl.Expr, str | None, str]] = [
        (acted.is_null() | (pl.col("mode") == "shadow"), None, "it did nothing"),
        (pl.col("state") == "unknown", INCONCLUSIVE, "nobody can tell what its steps did"),
        (pl.col("raised_at").is_null(), INCONCLUSIVE, "its alert was withdrawn, or raised before the period"),
        (true <= acted, INCONCLUSIVE, "what it warned of had happened before anything was done"),
        (cleared <= acted, INCONCLUSIVE, "it had cleared before anything was done"),
        (pl.col("undone_at").is_not_null(), NOT_RESOLVED, "it was undone"),
        (was_person, NOT_RESOLVED, "a person had to take the alert up"),
        ((pl.col("resolution") == BY_PERSON) & cleared.is_null(), NOT_RESOLVED, "a person resolved the alert"),
        (true.is_not_null(), NOT_RESOLVED, "what it warned of happened"),
        (came_back, NOT_RESOLVED, "the cause came back"),
        (cleared > limit, NOT_RESOLVED, "it cleared later than the time allows"),
        (cleared.is_not_null() & may_return, INCONCLUSIVE, "it cleared; it may still come back"),
        (cleared.is_not_null(), AUTO_RESOLVED, "a monitor saw the cause clear, and nobody had to take it up"),
        (now < limit, INCONCLUSIVE, "it may still clear in time"),
        ((pl.col("resolution") == EXPIRED) & is_looked_at, NOT_RESOLVED, "it held until nobody looked any more"),
        (pl.col("over_at").is_not_null(), INCONCLUSIVE, "the alert is over, but nobody saw its cause clear"),
        (~is_looked_at, INCONCLUSIVE, "no monitor has looked since"),
    ]  # fmt: skip
    verdict = pl.lit(NOT_RESOLVED)
    why = pl.lit("the cause still holds")
    for holds, word, words in reversed(cases):
        met = holds.fill_null(value=False)
        verdict = pl.when(met).then(pl.lit(word, pl.String)).otherwise(verdict)
        why = pl.when(met).then(pl.lit(words)).otherwise(why)
    is_early = (now < limit + within).fill_null(value=False) & verdict.is_not_null()
    return rows.with_columns(verdict=pl.when(is_early).then(pl.lit(INCONCLUSIVE)).otherwise(verdict), why=why)


def with_truth(episodes: pl.DataFrame, warns_of: Mapping[str, Sequence[str]], within: timedelta) -> pl.DataFrame:
    """Episodes with `warns` and `came_true_at`: what they warned of happened while they lasted, or soon after.

    Args:
        episodes: Rows of `EPISODE` without these two.
        warns_of: By type, the types of alerts by which it comes true.
        within: How long after its end a warning still comes true.
    """
    kinds = [(kind, what) for kind, found in warns_of.items() for what in found]
    pairs = pl.DataFrame(kinds, schema={"alert_type": pl.String, "what": pl.String}, orient="row")
    key, entity = ["alert_id", "opening"], ["entity_type", "entity_id"]
    happened = episodes.select(*entity, what="alert_type", came_true_at="raised_at")
    ends = pl.coalesce("over_at", "came_true_at") + within
    found = (
        episodes.join(pairs, on="alert_type")
        .join(happened, on=["what", *entity])
        .filter(pl.col("came_true_at") >= pl.col("raised_at"), pl.col("came_true_at") <= ends)
        .group_by(key)
        .agg(pl.col("came_true_at").min())
    )
    is_warning = pl.col("alert_type").is_in(pairs["alert_type"].unique().implode())
    return episodes.with_columns(warns=is_warning).join(found, on=key, how="left", maintain_order="left")
