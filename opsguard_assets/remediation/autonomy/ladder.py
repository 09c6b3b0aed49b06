"""How much each playbook may do by itself: shadow, then with approval, then alone, as far as it has earned it.

Here: from results of executions to modes with their reasons. Not here: reading and recording (`io`).

A playbook rises when enough executions in its mode were judged, people agreed with it and, before it acts alone, it
succeeded: all by the lower bound of their shares (Wilson, 1927), so few executions prove nothing. It falls to shadow
when people undid it or called it wrong too often since it left shadow, in whatever mode; and by one mode when the upper
bound of its success, or of people's agreement, is too low. What fell so does not rise again by itself with the same
text: otherwise a bad playbook would climb back and do the same harm again. A new text, or a person, lets it. A new text
begins in shadow, because what another one earned says nothing of it.
"""

from typing import Final

import polars as pl

from ml.evaluation.intervals import wilson
from opsguard_assets.config.remediation import Ladder
from opsguard_assets.remediation.playbook.model import MODES

RUN: Final = pl.Schema(
    {
        "playbook": pl.String(),
        "execution_id": pl.Int64(),
        "is_of_mode": pl.Boolean(),  # in its present mode and since it has it; otherwise only harm counts
        "agreed": pl.Boolean(),  # null: nobody said anything
        "succeeded": pl.Boolean(),  # null: not known, or it did nothing
        "was_harm": pl.Boolean(),  # a person undid it, or called the alert wrong about which it acted
    }
)
STANDING: Final = pl.Schema(
    {
        "playbook": pl.String(),
        "mode": pl.String(),
        "highest": pl.String(),  # the greatest mode that its text and the settings allow
        "is_held": pl.Boolean(),  # it fell with this text, and no person lifted it since
        "is_new_text": pl.Boolean(),  # another text earned its mode
    }
)
MOVE: Final = pl.Schema(
    {
        "playbook": pl.String(),
        "mode": pl.String(),
        "to_mode": pl.String(),
        "reason": pl.String(),
        "holds": pl.Boolean(),  # whether it must not rise again by itself with this text
        "runs": pl.Int64(),
        "agreed": pl.Int64(),
        "disagreed": pl.Int64(),
        "agreed_low": pl.Float64(),
        "succeeded": pl.Int64(),
        "failed": pl.Int64(),
        "success_low": pl.Float64(),
        "success_high": pl.Float64(),
        "harms": pl.Int64(),
    }
)
SHADOW, APPROVAL, ALONE = MODES


def moves(standing: pl.DataFrame, runs: pl.DataFrame, ladder: Ladder) -> pl.DataFrame:
    """Where each playbook stands and goes: rows of `MOVE`, by name; `to_mode` equals `mode` where it stays.

    Args:
        standing: Rows of `STANDING`, one per playbook.
        runs: Rows of `RUN`: executions in the present mode of each playbook, and harms since it left shadow.
        ladder: When it rises and falls.
    """
    found = standing.join(_counted(runs, ladder), on="playbook", how="left", maintain_order="left").with_columns(
        pl.col("agreed", "disagreed", "succeeded", "failed", "harms").fill_null(0),
        pl.col("agreed_low", "success_low").fill_null(0.0),
        pl.col("agreed_high", "success_high").fill_null(1.0),
    )
    mode = pl.col("mode")
    place, top = _place("mode"), _place("highest")
    below = pl.lit(list(MODES)).list.get((place - 1).clip(lower_bound=0))
    above = pl.lit(list(MODES)).list.get((place + 1).clip(upper_bound=len(MODES) - 1))
    agreed, done = pl.col("agreed") + pl.col("disagreed"), pl.col("succeeded") + pl.col("failed")
    share = pl.format("{} of {}", "agreed", agreed)
    harmed = (pl.col("harms") >= ladder.harms_to_demote) & (mode != SHADOW)
    fails = (pl.col("success_high") < ladder.demote_below) & (mode != SHADOW)
    denied = (pl.col("agreed_high") < ladder.demote_below) & (mode != SHADOW)
    may_rise = (place < top) & ~pl.col("is_held") & (pl.col("harms") == 0)
    is_trusted = (agreed >= ladder.least_runs) & (pl.col("agreed_low") >= ladder.agreement_from)
    is_proven = (done >= ladder.least_runs) & (pl.col("success_low") >= ladder.success_from)
    to_mode = (
        pl.when(harmed).then(pl.lit(SHADOW))
        .when("is_new_text").then(pl.lit(SHADOW))
        .when(place > top).then("highest")
        .when(fails | denied).then(below)
        .when(may_rise & is_trusted & ((mode == SHADOW) | is_proven)).then(above)
        .otherwise(mode)
    )  # fmt: skip
    reason = (
        pl.when(harmed).then(pl.format("people undid it or called it wrong {} times since it left shadow", "harms"))
        .when("is_new_text").then(pl.lit("its text changed; what it earned was earned by another one"))
        .when(place > top).then(pl.format("its text or the settings allow {} at most", "highest"))
        .when(fails).then(pl.format("{} of {} executions succeeded", "succeeded", done))
        .when(denied).then(pl.format("people agreed with {}", share))
        .when(to_mode != mode).then(
            pl.when(mode == SHADOW).then(pl.format("people agreed with {}", share))
            .otherwise(pl.format("people agreed with {}, {} of {} succeeded", share, "succeeded", done))
        )
        .otherwise(_staying(ladder, place, top, agreed, done))
    )  # fmt: skip
    # What went down because its text or the settings allow less has done nothing wrong: it may rise again.
    holds = harmed | (~pl.col("is_new_text") & (pl.col("is_held") | ((place <= top) & (fails | denied))))
    rows = found.with_columns(to_mode=to_mode, reason=reason, runs=pl.max_horizontal(agreed, done), holds=holds)
    return rows.sort("playbook").select(pl.col(name).cast(dtype) for name, dtype in MOVE.items())


def _staying(ladder: Ladder, place: pl.Expr, top: pl.Expr, agreed: pl.Expr, done: pl.Expr) -> pl.Expr:
    """Why it does not rise."""
    bound = pl.format("people agreed with {} of {}", "agreed", agreed)
    return (
        pl.when(place >= top).then(pl.lit("it has the greatest mode that its text and the settings allow"))
        .when("is_held").then(pl.lit("it fell with this text; a new text or a person lets it rise"))
        .when(pl.col("harms") > 0).then(pl.lit("people undid it or called it wrong"))
        .when(agreed < ladder.least_runs).then(
            pl.format("people judged {} of the {} executions that it needs", agreed, pl.lit(ladder.least_runs)))
        .when(pl.col("agreed_low") < ladder.agreement_from).then(
            pl.format("{}: surely {}, {} needed", bound, _percent(pl.col("agreed_low")),
                      _percent(pl.lit(ladder.agreement_from))))
        .when(done < ladder.least_runs).then(
            pl.format("{} of the {} executions that it needs have ended", done, pl.lit(ladder.least_runs)))
        .otherwise(
            pl.format("{} of {} succeeded: surely {}, {} needed", "succeeded", done, _percent(pl.col("success_low")),
                      _percent(pl.lit(ladder.success_from))))
    )  # fmt: skip


def _counted(runs: pl.DataFrame, ladder: Ladder) -> pl.DataFrame:
    """By playbook: what people and results said in its present mode, and harms since it left shadow."""
    own = pl.col("is_of_mode")
    agreed, succeeded = pl.col("agreed"), pl.col("succeeded")
    rows = runs.group_by("playbook").agg(
        agreed=(own & agreed).sum(),
        disagreed=(own & ~agreed).sum(),
        succeeded=(own & succeeded).sum(),
        failed=(own & ~succeeded).sum(),
        harms=pl.col("was_harm").sum(),
    )
    bounds = {
        "agreed": wilson(pl.col("agreed"), pl.col("agreed") + pl.col("disagreed"), ladder.confidence),
        "success": wilson(pl.col("succeeded"), pl.col("succeeded") + pl.col("failed"), ladder.confidence),
    }
    return rows.with_columns(
        each[end].alias(f"{name}_{end}") for name, each in bounds.items() for end in ("low", "high")
    )


def _place(column: str) -> pl.Expr:
    return pl.col(column).replace_strict({name: place for place, name in enumerate(MODES)}, return_dtype=pl.Int64)


def _percent(share: pl.Expr) -> pl.Expr:
    return pl.format("{} %", (share * 100).round(0).cast(pl.Int64))
