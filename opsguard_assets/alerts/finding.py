"""Findings: what monitors report, one per entity whose condition holds.

Here: their columns and the names of decisions. Not here: monitors (`opsguard_assets.tickets`), settling (`lifecycle`).
"""

import polars as pl

from opsguard_assets.tables.values import SEVERITIES

# Life-safety alerts: nobody can mute them. `kinds` says which spellings mean them; `triage.life_safety` adds others.
LIFE_SAFETY = ("fire", "smoke", "intrusion", "panic", "gas")
FINDING = pl.Schema(
    {
        "dedup_key": pl.String(),  # type:entity; one unresolved alert each
        "alert_type": pl.String(),
        "entity_type": pl.String(),
        "entity_id": pl.String(),
        "client_id": pl.String(),
        "site_id": pl.String(),
        "severity": pl.String(),
        "score": pl.Float64(),  # 0..1; null where the finding is a fact
        "title": pl.String(),
        "reason": pl.String(),
        "evidence": pl.String(),  # a JSON object
        "is_raising": pl.Boolean(),  # beyond the threshold that raises; below it, but not below the one that clears
        "withheld": pl.String(),  # why it must not raise an alert, one of SUPPRESSIONS; null: it may
        "told_by": pl.String(),  # the key of the finding that covers it (COVERED), or its resolution there (AT_SOURCE)
        "model_name": pl.String(),
        "model_version": pl.String(),
        "model_run_id": pl.String(),
    }
)
RAISED, REFRESHED, REOPENED, CLEARED = "raised", "refreshed", "reopened", "cleared"
HELD = "held by hysteresis"
BELOW = "below the threshold"
MUTED, UNMUTED = "muted", "mute ended"
# A reason of a priority that is the provider's own affair: what an alert costs it (`triage`), with the amount.
COSTS = "costs {} if nobody acts"
# The resolution of an alert that somebody or something resolved while its condition may still hold; and the decision on
# what is found of it meanwhile.
BY_PERSON, BY_PLAYBOOK = "by a person", "by a playbook"
RESOLVED_BY_PERSON, RESOLVED_BY_PLAYBOOK = f"resolved {BY_PERSON}", f"resolved {BY_PLAYBOOK}"
LATE_TICK = "late tick"
NOT_IN_PLAN, HELD_BACK, OVER_BUDGET = "not in the plan", "held back", "over budget"
# Decisions that count a finding in an existing alert.
COUNTED = (RAISED, REFRESHED, REOPENED, HELD, MUTED, UNMUTED)
GROUPED, IN_MAINTENANCE, EXPIRED = "grouped under its site", "in maintenance", "expired"
COVERED = "told by another alert"
# Of an alert of another system: `told_by` says how it ended there.
AT_SOURCE = "resolved at its source"
SUPPRESSIONS = (NOT_IN_PLAN, HELD_BACK, OVER_BUDGET, GROUPED, IN_MAINTENANCE, EXPIRED, COVERED, AT_SOURCE)
# Marks that end an active alert and become its resolution: the alert of its site or another alert covers it, or it
# expired, because nobody evaluates it any longer, or the system that raised it says so.
ENDING = (GROUPED, EXPIRED, COVERED, AT_SOURCE)
# After these resolutions the same alert is reopened if its condition soon holds again. Expired alerts never reopen.
COMES_BACK = (CLEARED, GROUPED, COVERED, AT_SOURCE)


class FindingError(ValueError):
    """Findings violate their contract; the message says which and how."""


def checked(findings: pl.DataFrame) -> pl.DataFrame:
    """Findings with the columns of `FINDING`; characters that PostgreSQL cannot store are replaced.

    Raises:
        FindingError: When a column is missing, or a value is not allowed.
    """
    missing = [name for name in FINDING if name not in findings.columns]
    if missing:
        raise FindingError(f"Findings lack {', '.join(missing)}.")
    texts = pl.col(pl.String).str.replace_all("\x00", "\ufffd", literal=True)
    evidence = pl.col("evidence").str.replace_all("\\u0000", "\\ufffd", literal=True)
    rows = findings.select(pl.col(name).cast(dtype) for name, dtype in FINDING.items()).with_columns(texts)
    rows = rows.with_columns(evidence)
    needed = ("dedup_key", "alert_type", "entity_type", "entity_id", "severity", "title", "is_raising")
    wrong = {
        "an unknown severity": ~pl.col("severity").is_in(SEVERITIES),
        "an unknown reason to be withheld": ~pl.col("withheld").is_in(SUPPRESSIONS),
        "evidence that is not valid JSON": pl.col("evidence").is_not_null()
        & pl.col("evidence").str.json_path_match("$").is_null(),
        **{f"no {name}": pl.col(name).is_null() for name in needed},
    }
    counts = rows.select(condition.fill_null(value=False).sum().alias(name) for name, condition in wrong.items())
    found = [f"{count} with {name}" for name, count in counts.row(0, named=True).items() if count]
    if found:
        raise FindingError(f"Findings violate their contract: {'; '.join(found)}.")
    return rows
