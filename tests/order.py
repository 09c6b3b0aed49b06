"""Where a test runs and when: a module's tests stay together, and what takes long begins first.

pytest-xdist hands one unit of tests after the other to whichever worker is free, in the order of collection. A world
that tests of two workers need is built twice; one that is built last keeps a worker busy while the others have ended.
Among equals the order stays as random as pytest-randomly made it.
"""

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.needs import is_fast


class Together(LoadScopeScheduling):
    """Tests of one module run on one worker.

    The mark `xdist_group` would not do it: with pytest 9.2 it groups nothing (pytest-xdist, issue 1386).
    """

    def __init__(self, config: pytest.Config, log=None) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # it would put modules of many tests first, which are the quick ones

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.split("::", 1)[0]


def arrange(items: list[pytest.Item]) -> None:
    """Marks tests that are fast, and puts modules that build a world before the others and fast ones last."""
    for item in items:
        if is_fast(item):
            item.add_marker(pytest.mark.fast)
    building = {item.module for item in items if _builds_a_world(item)}
    in_the_world = {item.module for item in items if not item.get_closest_marker("fast")}
    items.sort(key=lambda item: (item.module not in in_the_world, item.module not in building))


def _builds_a_world(item: pytest.Item) -> bool:
    return any(found[-1].scope == "module" for found in item._fixtureinfo.name2fixturedefs.values())
