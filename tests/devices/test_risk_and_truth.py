"""Risks beside true probabilities, by hand: how far bins lie from the truth, how much of what is to come is found."""

import polars as pl
import pytest

from benchmarks.quality_fleet_truth import miscalibration, recall, reliability, truth_section


def test_calibration_is_the_distance_of_bins_and_recall_the_share_of_what_is_to_come():
    truth = pl.Series([0.0] * 90 + [0.5] * 10)
    assert reliability(truth, truth).rows()[-1] == (9, 10, 0.5, 0.5)
    assert miscalibration(truth, truth) == 0
    assert miscalibration(truth * 0.5, truth) == pytest.approx(0.025)
    assert recall(truth, truth, share=0.1) == 1
    assert recall(-truth, truth, share=0.1) == 0
    assert recall(truth, truth, share=0.05) == pytest.approx(0.5)


def test_the_page_tells_every_model_and_what_the_truth_itself_would_reach():
    truth = pl.Series([0.0] * 95 + [0.5] * 5)
    result = truth_section({"half": truth * 0.5}, truth, "24 h")
    assert "| half | 0.0125 | 1.000 |" in result
    assert "| the truth itself | 0.0000 | 1.000 |" in result
