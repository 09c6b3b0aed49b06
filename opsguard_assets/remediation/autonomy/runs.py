"""What people and results say of each execution: whether they agreed, whether it succeeded, whether it did harm.

Here: from what is recorded of executions to rows of `ladder.RUN`. Not here: reading (`io`), the ladder itself.

In shadow nothing was done, so what people did about the alert is the answer: they took it up, or called it useful, or
they did not. A playbook that does something agrees with people who did; one that only quietens (mutes, or resolves
unseen) agrees with people who did nothing or called it noise. With approval, the decision is the answer. Alone, silence
is none: people say something only by undoing it, or by calling the alert wrong.

In shadow nothing is judged before the time is over in which people may take an alert up. They take it up within
minutes, but that nobody did is known only then: what was judged earlier would be those alone that were taken.
"""

from datetime import datetime, timedelta
from typing import Final

import polars as pl

from opsguard_assets.remediation.autonomy.ladder import RUN, SHADOW
from opsguard_assets.remediation.playbook.model import Playbook
from opsguard_assets.remediation.playbook.steps import ResolveAlert
from opsguard_assets.tables.values import INSTANT

RECORDED: Final = pl.Schema(
    {
        "playbook": pl.String(),
        "execution_id": pl.Int64(),
        "mode": pl.String(),
        "state": pl.String(),
        "triggered_at": INSTANT,
        "is_of_mode": pl.Boolean(),  # one of the newest in the playbook's present mode; otherwise only harm counts
        "decision": pl.String(),  # of the newest approval that people decided
        "was_undone": pl.Boolean(),
        "verdict": pl.String(),  # the newest word on the alert
        "was_taken": pl.Boolean(),  # a person took the alert up, or resolved it
    }
)


def quietens(playbook: Playbook) -> bool:
    """Whether a playbook does nothing but spare people messages: it only mutes, or resolves alerts unseen."""
    changing = [step for step in playbook.steps if step.trait.acts and step.do not in {"notify", "create_ticket"}]
    return bool(changing) and all(
        step.do == "mute" or (isinstance(step, ResolveAlert) and step.unseen) for step in changing
    )


def said_of(recorded: pl.DataFrame, quiet: list[str], as_of: datetime, matures: timedelta) -> pl.DataFrame:
    """Rows of `ladder.RUN`.

    Args:
        recorded: Rows of `RECORDED`.
        quiet: Playbooks that only quieten.
        as_of: The moment.
        matures: An alert that nobody took up for so long needed nobody.
    """
    is_quiet, is_shadow = pl.col("playbook").is_in(quiet), pl.col("mode") == SHADOW
    is_wrong = (pl.col("verdict") == "wrong").fill_null(value=False)
    is_mature = pl.col("triggered_at") + matures <= pl.lit(as_of, INSTANT)
    needed = (
        pl.when(pl.col("verdict") == "useful").then(statement=True)
        .when(pl.col("verdict").is_in(["noise", "wrong"])).then(statement=False)
        .otherwise("was_taken")
    )  # fmt: skip
    harm = pl.col("was_undone") | (is_wrong & ~is_quiet & pl.col("state").is_in(["succeeded", "partial", "failed"]))
    decided = (
        pl.when(harm).then(statement=False)
        .when(pl.col("decision") == "approved").then(statement=True)
        .when(pl.col("decision") == "denied").then(statement=False)
    )  # fmt: skip
    succeeded = (
        pl.when(pl.col("state") == "succeeded").then(statement=True)
        .when(pl.col("state").is_in(["failed", "partial"])).then(statement=False)
    )  # fmt: skip
    return recorded.with_columns(
        agreed=pl.when(is_shadow & is_mature).then(needed ^ is_quiet).when(~is_shadow).then(decided),
        succeeded=pl.when(~is_shadow).then(succeeded),
        was_harm=~is_shadow & harm,
    ).select(RUN.names())
