"""What only people who ask for it wait for: `pytest -m load tests/alerts`."""

import pytest


def pytest_configure(config):
    config.addinivalue_line("markers", "load: minutes of work on every core; run with `-m load`")


def pytest_collection_modifyitems(config, items):
    if "load" not in config.option.markexpr:
        for item in items:
            if item.get_closest_marker("load"):
                item.add_marker(pytest.mark.skip(reason="minutes of work: run with `-m load`"))
