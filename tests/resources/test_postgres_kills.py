"""Kills at random moments of initdb, start, work and stop: the next command works, and nothing is left behind.

`KILLS=1000 pytest tests/resources/test_postgres_kills.py` tries longer.
"""

import os
import random
import time

import pytest

from resources.postgres import start_embedded
from tests.resources.embedded import answer, at_work, joining, kill, leave, servers_of
from tests.resources.processes import finished

KILLS = int(os.environ.get("KILLS", "30"))
LONGEST_SECONDS = 1.2
pytestmark = pytest.mark.timeout(120 + 20 * KILLS)


def test_no_kill_of_a_command_or_of_the_whole_house_stops_the_next_one(bare):
    luck = random.Random(20)  # noqa: S311 - a draw, not a secret
    for number in range(KILLS):
        commands = [joining(bare, luck.choice([0, 600])) for _ in range(luck.choice([1, 1, 2]))]
        time.sleep(luck.uniform(0.2, LONGEST_SECONDS))
        if luck.random() < 0.5:
            kill(at_work(bare))
        for command in commands:
            command.kill()
            command.communicate()
        assert len(servers_of(bare)) <= 1, number
        if number % 6 == 5:
            assert finished(joining(bare)) == "joined"
            assert at_work(bare) == [], number
    finished(joining(bare))
    url = start_embedded(bare, settings={"fsync": "off"})
    assert answer(url, "SELECT count(*) FROM pg_database") == 3
    leave(bare)
    assert sorted(path.name for path in bare.parent.iterdir()) == ["postgres", "postgres.server"]
