"""Suppression of findings: by the client's plan, the hold-out, the budget, or another alert that covers them.

Here: marks on findings. Not here: settings (`config`), who receives what
(`entitlements`), recording decisions (`lifecycle`).

A mark prevents that an alert is raised or reopened. An active alert stays until its condition clears. It ends at once
only where another alert takes its place (grouped under its site, or covered by another alert), or where it expired
(`shifts.alerts.findings`), because nobody evaluates it any longer.
"""

import hashlib
from collections.abc import Sequence

import polars as pl

from opsguard_assets.alerts.finding import COVERED, HELD_BACK, NOT_IN_PLAN, OVER_BUDGET
from opsguard_assets.tables.values import SEVERITIES

_SALT = b"opsguard hold-out:"
_SCALE = 2**64


def in_holdout(entity_ids: pl.Series, share: float) -> pl.Series:
    """Whether entities belong to the hold-out: scored, but not acted on, to measure the effect of acting.

    Membership depends on nothing but the identifier: the first 64 bits of the SHA-256 of a fixed salt and the
    identifier in UTF-8, as a fraction of 2**64, lie below `share`. So it is equal on every machine and with every
    version of every library, which `Expr.hash` does not promise, and a greater share holds out a superset. Polars has
    no SHA-256; this walks the identifiers one by one, which is meant for the few rows above a threshold.

    Args:
        entity_ids: Identifiers, strings.
        share: Share to hold out, 0..1.

    Returns:
        Booleans; null identifiers are not held out.
    """
    if share <= 0:
        return pl.Series(entity_ids.name, [False], dtype=pl.Boolean).new_from_index(0, len(entity_ids))
    return (holdout_place(entity_ids) < share).fill_null(value=False)


def holdout_place(entity_ids: pl.Series) -> pl.Series:
    """Where entities lie in the order in which a growing hold-out takes them, 0..1; null identifiers nowhere."""
    return pl.Series(entity_ids.name, [None if name is None else _fraction(name) for name in entity_ids], pl.Float64)


def suppress_holdout(findings: pl.DataFrame, share: float, *, alert_types: Sequence[str]) -> pl.DataFrame:
    """Suppresses raising findings of these types whose entity is in the hold-out."""
    candidate = pl.col("alert_type").is_in(list(alert_types)) & pl.col("is_raising") & pl.col("withheld").is_null()
    asked = findings.select(candidate).to_series()
    if share <= 0 or not asked.any():
        return findings
    names = findings.filter(asked)["entity_id"].unique()
    chosen = names.filter(in_holdout(names, share))
    return _mark(findings, asked & findings["entity_id"].is_in(chosen.implode()), HELD_BACK)


def suppress_outside_plan(findings: pl.DataFrame, is_entitled: pl.Series) -> pl.DataFrame:
    """Suppresses findings that their client does not receive.

    Args:
        findings: Frame of `FINDING`.
        is_entitled: Of each row, whether its client receives alerts of its type (`entitlements.entitled`).

    Returns:
        The same rows with `withheld`.
    """
    return _mark(findings, ~is_entitled, NOT_IN_PLAN)


def suppress_over_budget(
    findings: pl.DataFrame, per_day: int | None, *, alert_type: str, living: pl.Series, raised_today: int
) -> pl.DataFrame:
    """Suppresses the findings of a type that exceed the daily budget of alerts.

    The rest of today's budget goes to the highest risks of this tick; alerts of earlier ticks keep their place.

    Args:
        findings: Frame of `FINDING`, already marked by plan and hold-out: those use nothing of the budget.
        per_day: Maximum number of alerts of the type per day; None: no limit.
        alert_type: The type.
        living: Keys of its unresolved alerts, which use nothing of the budget any more.
        raised_today: Alerts of the type raised since the day began.
    """
    if per_day is None:
        return findings
    asking = (
        (pl.col("alert_type") == alert_type)
        & pl.col("is_raising")
        & pl.col("withheld").is_null()
        & ~pl.col("dedup_key").is_in(living.cast(pl.String).implode())
    )
    left = max(per_day - raised_today, 0)
    ranking = (
        findings.filter(asking)
        .select("dedup_key", "score")
        .sort("score", "dedup_key", descending=[True, False], nulls_last=True)
        .unique("dedup_key", keep="first", maintain_order=True)
    )
    beyond = ranking["dedup_key"].slice(left)
    is_beyond = findings.select(asking & pl.col("dedup_key").is_in(beyond.implode())).to_series()
    return _mark(findings, is_beyond, OVER_BUDGET)


def suppress_covered(findings: pl.DataFrame, pairs: pl.DataFrame, *, living: Sequence[str] = ()) -> pl.DataFrame:
    """Suppresses findings that another finding covers, and gives that one the highest severity among them.

    Args:
        findings: Frame of `FINDING`, with all other marks already set: a suppressed finding covers nothing.
        pairs: `told`, `by`: keys of covered findings, and of those that cover them. The first that is not suppressed
            is named.
        living: Keys of unresolved alerts: a finding below the raising threshold covers others only while its alert
            is active.

    Returns:
        The same rows.
    """
    is_alive = pl.col("is_raising") | pl.col("dedup_key").is_in(list(living))
    speaking = findings.filter(pl.col("withheld").is_null(), is_alive)["dedup_key"].unique()
    spoken = pairs.filter(pl.col("by").is_in(speaking.implode()))
    heard = spoken.unique("told", keep="first", maintain_order=True)
    grave = spoken.join(findings.select(told="dedup_key", _severity="severity"), on="told").group_by("by")
    order = pl.Enum(SEVERITIES)
    worst = grave.agg(pl.col("_severity").cast(order).max())
    rows = findings.join(
        heard.select(dedup_key="told", _by="by"), on="dedup_key", how="left", maintain_order="left"
    ).join(worst.rename({"by": "dedup_key"}), on="dedup_key", how="left", maintain_order="left")
    is_told = pl.col("withheld").is_null() & pl.col("_by").is_not_null()
    is_graver = (pl.col("_severity").to_physical() > pl.col("severity").cast(order).to_physical()).fill_null(
        value=False
    )
    severity = pl.when(is_graver).then(pl.col("_severity").cast(pl.String)).otherwise("severity")
    return rows.with_columns(
        severity=severity,
        withheld=pl.when(is_told).then(pl.lit(COVERED)).otherwise("withheld"),
        told_by=pl.when(is_told).then("_by").otherwise("told_by"),
    ).drop("_by", "_severity")


def _mark(findings: pl.DataFrame, marked: pl.Series, why: str) -> pl.DataFrame:
    """Marks findings without a mark: the plan comes before the hold-out, and both before the budget."""
    return findings.with_columns(
        withheld=pl.when(pl.col("withheld").is_null() & marked).then(pl.lit(why)).otherwise("withheld")
    )


def _fraction(name: str) -> float:
    return int.from_bytes(hashlib.sha256(_SALT + name.encode()).digest()[:8], "big") / _SCALE
