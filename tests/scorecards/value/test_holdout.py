"""What acting prevented is measured with intervals that hold, also where the tempting figures lie."""

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from ml.evaluation.prevention import Group, prevention
from opsguard_assets.scorecards.value.holdout import ALERTED, effects, merged, with_share

START = datetime(2026, 1, 1, tzinfo=UTC)
YEAR = 360


def a_year(clients, per_month, *, shares, bases, effects_by_month, seed=3):
    """Alerted tickets of many equal clients; what nobody acted on happens at the base rate of its month."""
    luck = np.random.default_rng(seed)
    n = clients * per_month * 12
    day = luck.uniform(0, YEAR, n)
    month = (day // 30).astype(int)
    place = luck.uniform(size=n)
    held = place < np.array(shares)[month]
    acted_rate = np.array(bases)[month] * (1 - np.array(effects_by_month)[month])
    happened = luck.uniform(size=n) < np.where(held, np.array(bases)[month], acted_rate)
    rows = pl.DataFrame(
        {
            "client_id": luck.integers(0, clients, n).astype(str),
            "entity_id": [str(k) for k in range(n)],
            "decided_at": START + pl.Series(day * 86_400_000_000).cast(pl.Duration("us")),
            "place": place,
            "is_held_back": held,
            "is_event": happened,
            "month": month,
        }
    ).with_columns(truly=pl.lit(np.where(held, 0, np.array(bases)[month] - acted_rate)))
    return rows.with_columns(pl.col(name).cast(kind) for name, kind in ALERTED.items())


def measured(rows):
    truth = rows.group_by("client_id").agg(pl.col("truly").sum())
    return effects(with_share(rows)).join(truth, on="client_id")


def coverage(found, *, truth="truly", low="low", high="high"):
    return found.select(pl.col(truth).is_between(pl.col(low), pl.col(high)).mean()).item()


STEADY = {"shares": [0.2] * 12, "bases": [0.8] * 12, "effects_by_month": [0.3] * 12}
GROWING = {"shares": [0.2] * 12, "bases": [0.8] * 12, "effects_by_month": list(np.linspace(0.2, 0.4, 12))}
MOVED = {
    "shares": [0.05] * 6 + [0.3] * 6, "bases": list(np.linspace(0.6, 0.85, 12)), "effects_by_month": [0.3] * 12,
}  # fmt: skip


@pytest.mark.parametrize("world", [STEADY, GROWING, MOVED], ids=["steady", "growing effect", "share and base moved"])
def test_the_interval_of_the_window_holds(world):
    found = measured(a_year(400, 100, **world))
    assert coverage(found) == pytest.approx(0.95, abs=0.035)


def test_a_change_of_the_share_is_found_without_the_settings_of_the_past():
    rows = with_share(a_year(5, 60, **MOVED))
    moved = rows.group_by("stretch").agg(pl.col("decided_at").min(), pl.len()).sort("stretch")
    assert len(moved) == 2
    assert abs(moved["decided_at"][1] - (START + timedelta(days=180))) < timedelta(days=2)


def test_pooling_over_a_change_of_the_share_lies():
    rows = a_year(400, 100, **MOVED)
    pooled = effects(rows.with_columns(stretch=0, decided_at=pl.lit(START).cast(pl.Datetime("us", "UTC"))))
    found = pooled.join(rows.group_by("client_id").agg(pl.col("truly").sum()), on="client_id")
    assert coverage(found) < 0.8


def test_the_rate_of_a_year_booked_on_its_last_month_lies():
    rows = a_year(400, 100, **GROWING)
    last = rows.filter(pl.col("month") == 11).group_by("client_id").agg(last=pl.col("truly").sum())
    twelfth = effects(with_share(rows)).with_columns(pl.col("low", "high") / 12).join(last, on="client_id")
    assert coverage(twelfth, truth="last") < 0.6


def test_without_an_effect_hardly_anybody_is_told_of_one_and_figures_average_nothing():
    found = measured(a_year(400, 100, **STEADY | {"effects_by_month": [0.0] * 12}))
    assert found.select((pl.col("low") > 0).mean()).item() < 0.05
    mean = found["prevented"].mean()
    spread = found["prevented"].std() / math.sqrt(len(found))
    assert abs(mean) < 4 * spread
    assert found.select(pl.col("prevented").clip(0, None).mean()).item() > 4 * spread, "cut at zero, it invents value"


def test_every_alert_times_the_penalty_counts_what_acting_did_not_prevent():
    rows = a_year(1, 100, **STEADY)
    found = measured(rows).row(0, named=True)
    assert found["acted_on"] > 2 * found["high"]


def test_one_stratum_is_newcombe_s_interval():
    rows = a_year(1, 120, **STEADY).filter(pl.col("month") < 3)
    found = effects(with_share(rows)).row(0, named=True)
    held, acted = (rows.filter(pl.col("is_held_back") == kind)["is_event"] for kind in (True, False))
    known = prevention(Group(len(held), int(held.sum())), Group(len(acted), int(acted.sum())))
    assert (found["prevented"], found["low"], found["high"]) == pytest.approx(
        tuple(each * len(acted) for each in (known.difference, known.low, known.high))
    )


def test_below_thirty_held_back_there_is_no_figure():
    found = effects(with_share(a_year(1, 10, **STEADY))).row(0, named=True)
    assert found["held_back"] < 30
    assert found["prevented"] is None
    assert found["low"] is None


@pytest.mark.parametrize(
    ("held", "strata"),
    [
        ([], []),
        ([3], [0]),
        ([5, 5], [0, 1]),
        ([2, 2, 2, 9], [0, 0, 0, 1]),
        ([9, 2], [0, 0]),
        ([9, 0, 4, 1, 7, 1], [0, 1, 1, 1, 2, 2]),
        ([0, 0], [0, 0]),
    ],
)
def test_strata_join_until_each_has_five_held_back(held, strata):
    assert merged(held) == strata


def test_another_client_s_tickets_never_move_a_figure():
    rows = a_year(2, 100, **STEADY)
    alone = effects(with_share(rows.filter(pl.col("client_id") == "0")))
    assert effects(with_share(rows)).filter(pl.col("client_id") == "0").equals(alone)
