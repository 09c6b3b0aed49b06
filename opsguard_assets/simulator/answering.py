"""How people of the twin answer who are offered a shift: yes, no or nothing, each after a time of their own.

Here: answers and their moments. Not here: what a shift that was taken over changes (`interventions`), who is asked.
"""

import dataframely as dy
import numpy as np
import polars as pl

from opsguard_assets.simulator.interventions import taken
from opsguard_assets.simulator.luck import luck_of
from opsguard_assets.simulator.settings import SimulationSettings

YES, NO = "yes", "no"
# Of those who do not take a shift, so many do not even answer.
SILENT_SHARE = 0.25
# Who answers does so after a time whose mean this is (exponential), and before this share of the offer's time is over.
_MEAN_MINUTES, _LATEST = 3.0, 0.9


class Offered(dy.Schema):
    """A shift that somebody is offered."""

    offer_id = dy.Int64(nullable=False)
    entity_id = dy.String(nullable=False, description="the shift: <roster_id>@<day>")
    person_id = dy.String(nullable=False, description="who is asked")
    reached_at = dy.Datetime(nullable=False, time_zone="UTC", description="when the question reached them")
    expires_at = dy.Datetime(nullable=False, time_zone="UTC", description="until when they may answer")


class Answer(dy.Schema):
    """What somebody answers."""

    offer_id = dy.Int64(nullable=False)
    person_id = dy.String(nullable=False, description="who was asked")
    answer = dy.String(nullable=False, description="yes or no")
    at = dy.Datetime(nullable=False, time_zone="UTC")


def answers(settings: SimulationSettings, offers: dy.DataFrame[Offered]) -> dy.DataFrame[Answer]:
    """What people answer, and when; the same offer always gets the same answer.

    Args:
        settings: The world.
        offers: Those about no shift of this world get no answer.

    Returns:
        In the order of their moments.
    """
    found = [_of_region(settings, region, offers) for region in range(settings.regions)]
    return Answer.cast(pl.concat(found).sort("at", "offer_id"))


def _of_region(settings: SimulationSettings, region: int, offers: pl.DataFrame) -> pl.DataFrame:
    prefix = f"R{region}-"
    own = offers.filter(pl.col("entity_id").str.starts_with(prefix), pl.col("person_id").str.starts_with(prefix))
    names = own.select(pl.col("entity_id") + "/" + pl.col("person_id")).to_series()
    minutes = -_MEAN_MINUTES * np.log1p(-luck_of(settings.seed, region, "answers after", names))
    rows = own.with_columns(
        _is_taken=taken(settings, region, own),
        _answers=pl.Series(luck_of(settings.seed, region, "answers at all", names) >= SILENT_SHARE, dtype=pl.Boolean),
        _seconds=pl.Series((minutes * 60).astype(np.int64), dtype=pl.Int64),
    ).filter(pl.col("_is_taken") | pl.col("_answers"))
    latest = (pl.col("expires_at") - pl.col("reached_at")) * _LATEST
    after = pl.min_horizontal(pl.duration(seconds=pl.col("_seconds"), time_unit="us"), latest)
    answer = pl.when("_is_taken").then(pl.lit(YES)).otherwise(pl.lit(NO))
    return rows.select("offer_id", "person_id", answer=answer, at=pl.col("reached_at") + after)
