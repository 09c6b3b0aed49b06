"""What answers add up to: how many of those who were asked answered, and the mean with its interval.

Here: from answers to figures. Not here: reading them (`answers_io`), asking (`asking_io`).

The interval of the mean is Wilson's, of the answers laid on 0 to 1. An answer between the ends varies less than a yes
or no does, so it is rather too wide than too narrow, it stays within 1 to 5, and it holds from the first answer on.
"""

from typing import Final

import polars as pl

from ml.evaluation.intervals import wilson, wilson_ends
from opsguard_assets.tables.values import INSTANT

LEAST, MOST = 1, 5
QUESTION: Final = pl.Schema(
    {
        "client_id": pl.String(),
        "month": pl.Date(),
        "asked_at": INSTANT,
        "is_sent": pl.Boolean(),  # whether the mail left; null: it is not planned any more
        "score": pl.Int64(),  # null: no answer
    }
)


def standing(low: float | None, high: float | None, target: float) -> str | None:
    """How a mean stands to the target: `above`, `below`, `open` while its interval holds the target; None: no mean."""
    if low is None or high is None:
        return None
    return "above" if low >= target else "below" if high < target else "open"


def ratings(questions: pl.DataFrame, *by: str) -> pl.DataFrame:
    """Answers added up.

    Args:
        questions: Rows of `QUESTION`.
        by: Columns to add up by, such as `client_id`.

    Returns:
        `by`, `asked`: questions that were sent, `answered`, their share with `share_low` and `share_high`, and of the
        answers `mean`, `low` and `high` (null without one).
    """
    sent = questions.filter(pl.col("is_sent").fill_null(value=False) | pl.col("score").is_not_null())
    sums = {"asked": pl.len(), "answered": pl.col("score").count(), "mean": pl.col("score").mean()}
    counted = sent.group_by(by).agg(**sums).sort(by) if by else sent.select(**sums)
    share = wilson(pl.col("answered"), pl.col("asked"))
    low, high = wilson_ends((pl.col("mean") - LEAST) / (MOST - LEAST), pl.col("answered").cast(pl.Float64))
    has_answers = pl.col("answered") > 0
    return counted.with_columns(
        pl.col("asked", "answered").cast(pl.Int64),
        share=share["share"],
        share_low=share["low"],
        share_high=share["high"],
        low=pl.when(has_answers).then(LEAST + (MOST - LEAST) * low),
        high=pl.when(has_answers).then(LEAST + (MOST - LEAST) * high),
    )
