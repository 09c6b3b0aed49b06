"""Episodes of alerts out of their transitions and of what operators said: one version per change.

Here: from rows of the database to versions. Not here: reading and recording them (`episodes_io`), and whether
an episode needed a person (`outcomes`).

An episode begins when an alert is raised, or opened again after it was resolved. Versions that were written once stay;
where ticks are withdrawn, a further version corrects what they had said, and an episode that they had begun is
withdrawn.
"""

import polars as pl

from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tables.versions import IS_WITHDRAWN, SEQUENCE
from opsguard_assets.triage.learning.schemas import ALERT_EPISODES

TRANSITIONS = pl.Schema(
    {
        "transition_id": pl.Int64(),
        "alert_id": pl.Int64(),
        "at": INSTANT,
        "from_state": pl.String(),
        "to_state": pl.String(),
        "severity": pl.String(),
        "resolution": pl.String(),
        "is_withdrawn": pl.Boolean(),
        "alert_type": pl.String(),
        "entity_type": pl.String(),
        "entity_id": pl.String(),
        "client_id": pl.String(),
        "site_id": pl.String(),
        "severity_now": pl.String(),
        "score": pl.Float64(),
        "model_name": pl.String(),
        "external_alert_id": pl.String(),
    }
)
FEEDBACK = pl.Schema(
    {
        "feedback_id": pl.Int64(),
        "alert_id": pl.Int64(),
        "opening": pl.Int64(),
        "verdict": pl.String(),
        "at": INSTANT,
    }
)
# Words of operators come after the transitions of the same instant.
_AFTER = 1 << 40
_EPISODE = ["alert_id", "opening"]
_KEPT = (
    "alert_type", "entity_type", "entity_id", "client_id", "site_id", "severity", "score", "model_name",
    "external_alert_id", "state", "raised_at", "acknowledged_at", "resolved_at", "resolution", "was_suppressed",
    "verdict",
)  # fmt: skip


def versions_of(transitions: pl.DataFrame, feedback: pl.DataFrame) -> pl.DataFrame:
    """Every version of the episodes of some alerts.

    Args:
        transitions: All transitions of these alerts (`TRANSITIONS`); withdrawn ones do not count.
        feedback: All words on them (`FEEDBACK`).

    Returns:
        The columns of `ALERT_EPISODES` and `_sequence`, sorted by episode and `_sequence`.
    """
    said = feedback.select(
        *_EPISODE, "feedback_id", "verdict", known_at="at", **{SEQUENCE: pl.col("feedback_id") + _AFTER}
    )
    moved = _opened(transitions.filter(~pl.col("is_withdrawn")))
    both = pl.concat([moved, said.join(moved.select(_EPISODE).unique(), on=_EPISODE, how="semi")], how="diagonal")
    ordered = both.sort(*_EPISODE, "known_at", SEQUENCE)
    filled = ordered.with_columns(pl.col(_KEPT).forward_fill().over(_EPISODE))
    # A word that is dated before its alert says nothing that can be put anywhere.
    return filled.drop_nulls("raised_at").select(*ALERT_EPISODES.columns, SEQUENCE)


def _opened(transitions: pl.DataFrame) -> pl.DataFrame:
    """Transitions with their episode, and its state after each."""
    opens = (pl.col("from_state").is_null() | (pl.col("from_state") == "resolved")) & (pl.col("to_state") != "resolved")
    rows = transitions.sort("alert_id", "transition_id").with_columns(
        opening=opens.cast(pl.Int64).cum_sum().over("alert_id").clip(lower_bound=1)
    )
    is_taken = (pl.col("to_state") == "acknowledged") & (pl.col("from_state") != "acknowledged")
    taken = pl.when(is_taken).then("at")
    over = pl.when((pl.col("to_state") == "resolved") & (pl.col("from_state") != "resolved")).then("at")
    return rows.select(
        *_EPISODE,
        "alert_type",
        "entity_type",
        "entity_id",
        "client_id",
        "site_id",
        "score",
        "model_name",
        "external_alert_id",
        "transition_id",
        severity=pl.coalesce("severity", "severity_now"),
        state="to_state",
        raised_at=pl.col("at").first().over(_EPISODE),
        acknowledged_at=taken.forward_fill().over(_EPISODE),
        resolved_at=over.forward_fill().over(_EPISODE),
        resolution=pl.when(pl.col("to_state") == "resolved").then("resolution"),
        was_suppressed=(pl.col("to_state") == "suppressed").cum_max().over(_EPISODE),
        feedback_id=pl.lit(None, pl.Int64),
        verdict=pl.lit(None, pl.String),
        known_at="at",
        **{SEQUENCE: pl.col("transition_id")},
    )


def news(versions: pl.DataFrame, *, transition: int, feedback: int) -> pl.DataFrame:
    """The versions that transitions and words made after the last ones that were read; with `_is_withdrawn`, false."""
    is_new = (pl.col("transition_id") > transition).fill_null(value=False)
    is_said = (pl.col("feedback_id") > feedback).fill_null(value=False)
    return versions.filter(is_new | is_said).with_columns(pl.lit(value=False).alias(IS_WITHDRAWN))


def corrections(
    versions: pl.DataFrame, transitions: pl.DataFrame, stored: pl.DataFrame, *, transition: int
) -> pl.DataFrame:
    """What withdrawals since the last read take back of stored episodes, as versions of their own.

    Args:
        versions: All versions of the alerts that changed (`versions_of`).
        transitions: All transitions of these alerts, withdrawn ones as well.
        stored: The newest stored version of each of their episodes, in columns of `ALERT_EPISODES`.
        transition: The last transition that was read.

    Returns:
        The columns of `ALERT_EPISODES`, `_sequence`, `_is_withdrawn`: a version of each stored episode of an alert
        with a withdrawn transition, dated when that was noted.
    """
    noted = transitions.filter(pl.col("is_withdrawn"), pl.col("transition_id") > transition)
    last = noted.group_by("alert_id").agg(_noted=pl.col("at").max(), _number=pl.col("transition_id").max())
    touched = stored.join(last, on="alert_id")
    now = versions.unique(_EPISODE, keep="last", maintain_order=True).select(*_EPISODE, *_KEPT, "feedback_id")
    still = touched.select(*_EPISODE, "_noted", "_number").join(now, on=_EPISODE)
    gone = touched.join(now, on=_EPISODE, how="anti")
    parts = [
        frame.with_columns(
            known_at="_noted", transition_id="_number", **{SEQUENCE: pl.col("_number"), IS_WITHDRAWN: pl.lit(is_gone)}
        ).select(*ALERT_EPISODES.columns, SEQUENCE, IS_WITHDRAWN)
        for frame, is_gone in ((still, False), (gone, True))
    ]
    return pl.concat(parts)
