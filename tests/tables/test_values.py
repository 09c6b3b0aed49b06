"""Values that stand twice, because their rooms may not import one another, are the same."""

import ml.values
from opsguard_assets.simulator import world
from opsguard_assets.tables import values

NAMES = ("INSTANT", "PLANS", "PRIORITIES")


def test_features_speak_of_the_values_of_the_contract():
    assert {name: getattr(ml.values, name) for name in NAMES} == {name: getattr(values, name) for name in NAMES}


def test_the_simulated_provider_does_too():
    assert (world.INSTANT, world.PRIORITIES) == (values.INSTANT, values.PRIORITIES)
