"""Why somebody receives no alert although a risk is high: the plan, the hold-out, the budget, an alert that tells it.

Here: marks on findings. Not here: settings (`config`), recording what was withheld (`life`).

A mark keeps an alert from being raised or opened again; one that lives already lives on until its condition clears.
Only what is grouped under its site (`devices.findings`) or told by another alert ends at once, because that alert goes
on in its place, and what expired (`shifts.findings`), because nobody looks at it any more.
"""

import hashlib
from collections.abc import Mapping, Sequence

import polars as pl

from opsguard_assets.alerts.finding import HELD_BACK, NOT_IN_PLAN, OVER_BUDGET, TOLD
from opsguard_assets.tables.values import SEVERITIES

_SALT = b"opsguard hold-out:"
_SCALE = 2**64


def in_holdout(entity_ids: pl.Series, share: float) -> pl.Series:
    """Whether entities belong to the share that is scored and not acted on, so that prevention can be measured.

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
    chosen = [name is not None and _fraction(name) < share for name in entity_ids]
    return pl.Series(entity_ids.name, chosen, dtype=pl.Boolean)


def suppress_holdout(findings: pl.DataFrame, share: float, *, alert_types: Sequence[str]) -> pl.DataFrame:
    """Marks raising findings of these types whose entity is held out."""
    candidate = pl.col("alert_type").is_in(list(alert_types)) & pl.col("is_raising") & pl.col("withheld").is_null()
    asked = findings.select(candidate).to_series()
    if share <= 0 or not asked.any():
        return findings
    names = findings.filter(asked)["entity_id"].unique()
    chosen = names.filter(in_holdout(names, share))
    return _mark(findings, asked & findings["entity_id"].is_in(chosen.implode()), HELD_BACK)


def suppress_outside_plan(
    findings: pl.DataFrame, plan_of_client: pl.DataFrame, alerts_by_plan: Mapping[str, Sequence[str]]
) -> pl.DataFrame:
    """Marks findings whose client's plan does not hold their type.

    Args:
        findings: Frame of `FINDING`.
        plan_of_client: (`client_id`, `plan`), one row per client.
        alerts_by_plan: Types per plan. A type that no plan names is everybody's; so is every type to a client of whom
            no plan is known.

    Returns:
        The same rows with `withheld`.
    """
    offered = sorted({kind for kinds in alerts_by_plan.values() for kind in kinds})
    excluded = [(plan, kind) for plan, kinds in alerts_by_plan.items() for kind in offered if kind not in kinds]
    if not excluded or findings.is_empty():
        return findings
    pairs = pl.DataFrame(excluded, schema={"plan": pl.String, "alert_type": pl.String}, orient="row")
    without = plan_of_client.select("client_id", "plan").join(pairs, on="plan").select("client_id", "alert_type")
    marks = findings.select("client_id", "alert_type").join(
        without.unique().with_columns(_is_excluded=pl.lit(value=True)),
        on=["client_id", "alert_type"],
        how="left",
        maintain_order="left",
    )["_is_excluded"]
    return _mark(findings, marks.fill_null(value=False), NOT_IN_PLAN)


def suppress_over_budget(
    findings: pl.DataFrame, per_day: int | None, *, alert_type: str, living: pl.Series, raised_today: int
) -> pl.DataFrame:
    """Marks the findings of a type beyond the top of today's ranking by risk.

    Whoever comes first in a day gets an alert first: what is left of the budget goes to the highest risks of this tick.

    Args:
        findings: Frame of `FINDING`, marked by plan and hold-out before: those take nothing of the budget.
        per_day: Alerts of the type that may be raised per day; None: any number.
        alert_type: The type.
        living: Keys of its unresolved alerts, which take nothing of the budget any more.
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
    """Marks findings that another finding of the same trouble tells, and makes that one as grave as what it tells.

    Args:
        findings: Frame of `FINDING`, marked by everything else before: what is withheld itself tells nothing.
        pairs: `told`, `by`: keys of the findings that are told, and of those that tell them; the first of several that
            speaks is the one that is named.
        living: Keys of unresolved alerts: a finding below the threshold that raises tells only while its alert lives.

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
        withheld=pl.when(is_told).then(pl.lit(TOLD)).otherwise("withheld"),
        told_by=pl.when(is_told).then("_by").otherwise("told_by"),
    ).drop("_by", "_severity")


def _mark(findings: pl.DataFrame, marked: pl.Series, why: str) -> pl.DataFrame:
    """The first reason stays: a plan comes before the hold-out, and both before the budget."""
    return findings.with_columns(
        withheld=pl.when(pl.col("withheld").is_null() & marked).then(pl.lit(why)).otherwise("withheld")
    )


def _fraction(name: str) -> float:
    return int.from_bytes(hashlib.sha256(_SALT + name.encode()).digest()[:8], "big") / _SCALE
