"""The gate: a challenger passes when it is better where it counts, and every reason is in words."""

import numpy as np
import polars as pl
import pytest

from ml.evaluation.gate import judge


def moments(n=4_000, seed=1, **models):
    """Labelled moments of known risk; each model says a mixture of the truth and noise."""
    luck = np.random.default_rng(seed)
    truth = luck.beta(0.7, 1.5, n)
    noise = luck.beta(0.7, 1.5, n)
    said = {name: truth * share + noise * (1 - share) for name, share in models.items()}
    return pl.DataFrame(
        {
            "is_event": luck.random(n) < truth,
            "lead_minutes": pl.Series([None] * n, dtype=pl.Float64),
            "priority": luck.choice(["high", "low"], n),
            **said,
        }
    )


def failed(verdict):
    return [condition.name for condition in verdict.conditions if not condition.holds]


def test_the_first_challenger_has_to_beat_the_rule_only():
    verdict = judge(moments(risk=1.0, risk_of_rule=0.3), segments=["priority"])
    assert verdict.passes
    assert len(verdict.conditions) == 4
    assert all("against" in reason or "moments" in reason or "error" in reason for reason in verdict.reasons)


def test_a_challenger_has_to_beat_the_champion_too():
    assert judge(moments(risk=1.0, risk_of_rule=0.2, risk_of_champion=0.5), segments=["priority"]).passes
    worse = judge(moments(risk=0.5, risk_of_rule=0.2, risk_of_champion=1.0), segments=["priority"])
    assert not worse.passes
    assert "Brier score below that of the champion" in failed(worse)
    assert any(reason.startswith("NOT: ") for reason in worse.reasons)


def test_an_equal_challenger_does_not_replace_the_champion():
    rows = moments(risk=1.0, risk_of_rule=0.2).with_columns(risk_of_champion="risk")
    assert failed(judge(rows)) == [
        "average precision above that of the champion",
        "Brier score below that of the champion",
    ]


def test_probabilities_that_do_not_hold_do_not_pass_however_well_they_rank():
    rows = moments(risk=1.0, risk_of_rule=0.2)
    assert failed(judge(rows.with_columns(risk=pl.col("risk") * 0.7))) == ["probabilities hold"]


def test_a_segment_that_becomes_much_worse_holds_a_challenger_back():
    rows = moments(12_000, risk=1.0, risk_of_rule=0.2, risk_of_champion=0.3)
    few = pl.int_range(pl.len()) < 250
    spoilt = rows.with_columns(
        priority=pl.when(few).then(pl.lit("critical")).otherwise("priority"),
        risk=pl.when(few).then(1 - pl.col("risk")).otherwise("risk"),
    )
    verdict = judge(spoilt, segments=["priority"])
    assert failed(verdict) == ["no priority much worse"]
    assert "critical: " in verdict.reasons[-1]


@pytest.mark.parametrize("n", [0, 50])
def test_too_few_moments_prove_nothing(n):
    verdict = judge(moments(n, risk=1.0, risk_of_rule=0.2))
    assert failed(verdict) == ["enough moments to judge by"]
    assert f"{n} moments" in verdict.reasons[0]
