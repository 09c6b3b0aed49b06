"""Scenarios and returns: what the business plan says comes out exactly, and a file with something else is refused."""

from decimal import Decimal

import polars as pl
import pytest

from opsguard_assets.finance.pages.plots import sensitivity_plot
from opsguard_assets.finance.projection.returns import from_inputs, from_measured
from opsguard_assets.finance.projection.scenarios import PLANNED, Scenario, ScenarioError, parsed, sensitivity


def test_the_three_scenarios_of_200_sites_come_out_exactly():
    assert [each.arr for each in PLANNED] == [144_000, 336_000, 576_000]
    assert [each.sites for each in PLANNED] == [40, 80, 120]


def test_your_own_are_read_from_a_file_and_what_cannot_be_meant_is_refused():
    text = "scenarios:\n - {name: own, clients: 140, sites_per_client: 2.5, adoption: 0.35, price: 340.50}\n"
    (own,) = parsed(text, "mine.yaml")
    assert own.arr == Decimal(140) * Decimal("2.5") * Decimal("0.35") * Decimal("340.50") * 12
    for wrong, said in (
        ("scenarios: [{name: x, adoption: 40, price: 1}]", "adoption"),
        (":\n -", "mine.yaml"),
        ("[]", "mine.yaml"),
    ):
        with pytest.raises(ScenarioError, match=said):
            parsed(wrong, "mine.yaml")


def test_a_fifth_more_of_anything_is_a_fifth_more_of_the_whole_and_adoption_ends_at_one():
    for _, low, high in sensitivity(PLANNED[1]):
        assert (low, high) == (Decimal(268_800), Decimal(403_200))
    full = {name: high for name, _, high in sensitivity(Scenario(name="full", adoption=Decimal(1), price=Decimal(10)))}
    assert (full["adoption"], full["price"]) == (24_000, 28_800)
    assert b"336.0k" in sensitivity_plot(PLANNED[1])


def test_the_four_returns_come_out_of_their_inputs_rounded_down():
    found = {row["feature"]: row for row in from_inputs()}
    named = {
        name: (row["cost"], row["saves_from"], row["saves_to"], row["times_from"], row["times_to"])
        for name, row in found.items()
    }
    assert named == {
        "sla_prevention": (150, 2_000, 10_000, 13, 66),
        "device_health": (600, 750, 1_500, Decimal("1.25"), Decimal("2.5")),
        "shift_compliance": (200, 1_000, 2_500, 5, 12),
        "remediation": (100, 5_625, 5_625, 56, 56),
    }


def test_only_what_was_counted_or_measured_counts_and_a_loss_stays_a_loss():
    rows = [
        ("C", "breaches", "measured", 12, -600.0), ("D", "breaches", "measured", 6, 1_200.0),
        (None, "breaches", "provider", 12, 9_999.0), ("C", "no_shows", "too_few", 12, None),
    ]  # fmt: skip
    schema = {"client_id": pl.String, "item": pl.String, "method": pl.String, "months": pl.Int64, "money": pl.Float64}
    costs = pl.DataFrame({"feature": ["sla_prevention"], "cost": [Decimal("75.00")]})
    found = {row["feature"]: row for row in from_measured(pl.DataFrame(rows, schema=schema, orient="row"), costs)}
    assert (found["sla_prevention"]["saves"], found["sla_prevention"]["times"]) == (150, 2)
    assert found["shift_compliance"]["basis"] == found["remediation"]["basis"] == "not measured"
