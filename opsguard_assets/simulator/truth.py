"""The true probability that a ticket misses its deadline, at moments at which it can be known exactly.

Here: urgent tickets in service. Their clock runs round the clock, they never wait for the requester, and the only
unknown left is the service time S, log-normal with known parameters. At a moment m between start and end of service

    P(miss | all that happened by m) = P(S > due - start) / P(S > m - start)

Not here: tickets that still queue, because their start depends on the luck of those before them, and ordinary tickets,
whose pauses are not decided yet: nobody can state their probability exactly.
"""

import numpy as np
import polars as pl

from opsguard_assets.simulator.desk import SERVICE_SIGMA
from opsguard_assets.simulator.world import PROMISES

# Moments as shares of the time from the start of service to the deadline.
_MOMENTS = (0.0, 0.25, 0.5, 0.75)


def truth(tickets: pl.DataFrame) -> pl.DataFrame:
    """True breach probabilities of urgent tickets that started before their deadline.

    Args:
        tickets: What `desk.worked` gives.

    Returns:
        (`ticket_id`, `as_of`, `true_breach_probability`, `breached`): several moments per ticket, all within its
        service; `breached` is what then happened.
    """
    targets = pl.DataFrame([(p, r) for p, _, r, _, _ in PROMISES], schema=["priority", "minutes"], orient="row")
    urgent = tickets.filter("is_urgent", pl.col("started_at").is_not_null()).join(targets, on="priority")
    due = pl.col("opened_at") + pl.duration(minutes="minutes")
    dated = urgent.with_columns(due_at=due).filter(pl.col("started_at") < pl.col("due_at"))
    whole = (pl.col("due_at") - pl.col("started_at")).dt.total_microseconds() / 60e6
    moments = pl.concat(
        [
            dated.with_columns(
                left=whole,
                into=whole * share,
                as_of=pl.col("started_at") + (pl.col("due_at") - pl.col("started_at")) * share,
            )
            for share in _MOMENTS
        ]
    ).filter(pl.col("into") < pl.col("service_minutes"))
    survival = _survival(moments["left"], moments["service_median"]) / _survival(
        moments["into"], moments["service_median"]
    )
    return moments.select(
        "ticket_id",
        "as_of",
        true_breach_probability=pl.Series(survival),
        breached=pl.col("service_minutes") > pl.col("left"),
    ).sort("ticket_id", "as_of")


def _survival(minutes: pl.Series, median: pl.Series) -> np.ndarray:
    """P(S > minutes) of a log-normal with the given median and `SERVICE_SIGMA`."""
    from scipy.special import ndtr  # noqa: PLC0415 - every run imports this module, and few simulate

    with np.errstate(divide="ignore"):
        z = (np.log(minutes.to_numpy()) - np.log(median.to_numpy())) / SERVICE_SIGMA
    return np.asarray(ndtr(-z))
