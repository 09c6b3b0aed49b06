"""Thresholds that contradict each other are told when the file is read, not when an alert never clears."""

import pytest

from opsguard_assets.config.load import ConfigError, parse_settings


@pytest.mark.parametrize("text", ["{alert_from: 0.9}", "{alert_from: 0.5}", "{clear_below: 0.8}", "{high_from: 0.65}"])
def test_the_risks_that_clear_raise_and_are_grave_rise_in_this_order(text):
    with pytest.raises(ConfigError, match="must rise in this order; give all three"):
        parse_settings(f"sla: {text}\n", name="opsguard.yaml", variables={})


def test_thresholds_may_be_equal_and_plans_are_given_by_types_of_alerts():
    text = "sla: {clear_below: 0.8, alert_from: 0.8, high_from: 0.8}\nplans: {bronze: {alerts: []}}\n"
    settings = parse_settings(text, name="opsguard.yaml", variables={})
    assert settings.sla.alert_from == 0.8
    declared = {"sla_breached": "alerts_basic", "sla_breach_risk": "sla_prevention", "vendor_score_drop": None}
    assert settings.plans.alerts_by_plan(declared) == {
        "bronze": (),
        "silver": ("sla_breached", "sla_breach_risk"),
        "gold": ("sla_breached", "sla_breach_risk"),
    }
