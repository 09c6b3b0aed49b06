"""A clock that stands still."""

import pytest

from tests.effects.trials import Clock


@pytest.fixture
def clock():
    return Clock()
