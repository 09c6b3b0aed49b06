"""What the model had expected says what acting prevented only while its odds hold where nobody acted."""

import numpy as np
import polars as pl
import pytest

from opsguard_assets.scorecards.value.estimate import ANNOUNCED, estimates

EFFECT = 0.3


def announced(*, told, untold, says=lambda odds: odds, effect=EFFECT, seed):
    """Announced tickets with their true odds; those told of happen less often, and the model says what it says."""
    luck = np.random.default_rng(seed)
    odds = luck.uniform(0.7, 0.95, told + untold)
    is_told = np.arange(told + untold) < told
    draw = luck.uniform(size=told + untold)
    happened = draw < np.where(is_told, odds * (1 - effect), odds)
    rows = pl.DataFrame(
        {
            "client_id": np.where(is_told, "told", "untold"), "entity_id": [str(n) for n in range(told + untold)],
            "risk": says(odds), "is_told": is_told, "is_event": happened,
        }
    ).select(pl.col(name).cast(kind) for name, kind in ANNOUNCED.items())  # fmt: skip
    prevented = int(((draw < odds) & ~happened & is_told).sum())
    return rows, prevented


def worlds(times=400, **world):
    """How often there is an estimate, how often its interval holds what was truly prevented, and its mean error."""
    covered, errors = [], []
    for seed in range(times):
        rows, prevented = announced(**world, seed=seed)
        found = estimates(rows)
        if len(found):
            low, high, expected, happened = found.select("low", "high", "expected", "happened").row(0)
            covered.append(low <= prevented <= high)
            errors.append(expected - happened - prevented)
    return len(covered) / times, float(np.mean(covered or [np.nan])), float(np.mean(errors or [np.nan]))


@pytest.mark.parametrize("untold", [40, 300])
def test_the_interval_holds_what_acting_truly_prevented(untold):
    shown, coverage, error = worlds(told=200, untold=untold)
    assert shown > 0.9
    assert coverage == pytest.approx(0.95, abs=0.035)
    assert abs(error) < 2


def test_without_an_effect_it_averages_nothing():
    _, coverage, error = worlds(told=200, untold=100, effect=0.0)
    assert coverage > 0.9
    assert abs(error) < 2


def test_odds_that_are_a_tenth_too_small_are_refused_or_put_right():
    shown, coverage, _ = worlds(told=200, untold=300, says=lambda odds: odds * 0.9)
    assert shown < 0.2, "so many outcomes show it"
    few_shown, few_coverage, _ = worlds(told=200, untold=40, says=lambda odds: odds * 0.9)
    assert few_shown > 0.5, "so few do not"
    assert min(coverage, few_coverage) > 0.8


def test_a_model_that_learned_from_tickets_that_were_acted_on_estimates_nothing():
    says = lambda odds: odds * (1 - EFFECT)  # noqa: E731 - it expects what acting leaves
    assert worlds(told=200, untold=100, says=says)[0] < 0.01
    assert len(estimates(announced(told=200, untold=0, says=says, seed=1)[0])) == 0


@pytest.mark.parametrize(("told", "untold"), [(29, 500), (500, 29)])
def test_below_thirty_of_either_kind_there_is_none(told, untold):
    assert estimates(announced(told=told, untold=untold, seed=1)[0]).is_empty()


def test_another_client_that_is_told_moves_nothing():
    rows, _ = announced(told=100, untold=100, seed=1)
    other = rows.filter("is_told").with_columns(client_id=pl.lit("other"), risk=pl.lit(0.99))
    both = estimates(pl.concat([rows, other]))
    assert both.filter(pl.col("client_id") == "told").equals(estimates(rows))
