"""Kills at random moments of initdb, start, work and stop: the next command works, and nothing written is lost.

`KILLS=1000 pytest tests/resources/test_postgres_kills.py` tries longer.
"""

import os
import random
import shutil
import time

import pytest

from resources.postgres import start_embedded, stop_embedded
from tests.properties import is_full
from tests.resources.embedded import answer, at_work, kill, servers_of
from tests.resources.processes import finished, start

KILLS = int(os.environ.get("KILLS", "30" if is_full() else "6"))
KILLS_PER_HOME = 6
# Writes a row, says so once it is committed, and goes on to need the server.
WRITING = """
import sys, time
from pathlib import Path
import psycopg
from resources.postgres import start_embedded

url = start_embedded(Path(sys.argv[1]), settings={"fsync": "off"})
with psycopg.connect(url) as connection:
    connection.execute("SELECT pg_advisory_xact_lock(1)")
    connection.execute("CREATE TABLE IF NOT EXISTS kept (at timestamptz DEFAULT now())")
    connection.execute("INSERT INTO kept DEFAULT VALUES")
print("written", flush=True)
time.sleep(float(sys.argv[2]))
"""
pytestmark = pytest.mark.timeout(120 + 20 * KILLS)


def test_no_kill_of_a_command_or_of_the_whole_house_stops_the_next_one_or_loses_a_row(bare):
    luck = random.Random(os.environ.get("SEED", "20"))  # noqa: S311 - a draw, not a secret
    for _ in range(0, KILLS, KILLS_PER_HOME):
        written = sum(killed_at_some_moment(bare, luck) for _ in range(KILLS_PER_HOME))
        assert finished(start(WRITING, str(bare), "0")) == "written"
        assert at_work(bare) == []
        rows = answer(start_embedded(bare, settings={"fsync": "off"}), "SELECT count(*) FROM kept")
        assert rows >= written + 1
        stop_embedded(bare)
        assert sorted(path.name for path in bare.parent.iterdir()) == ["postgres", "postgres.server"]
        shutil.rmtree(bare.parent)


def killed_at_some_moment(folder, luck) -> int:
    """Kills one or two commands, half of the time with all of PostgreSQL; returns how many rows were written."""
    commands = [start(WRITING, str(folder), luck.choice(["0", "600"])) for _ in range(luck.choice([1, 1, 2]))]
    # A fresh home is usually still being made, a used one is in use or being left.
    time.sleep(luck.uniform(0.2, 1.6))
    if luck.random() < 0.5:
        kill(at_work(folder))
    for command in commands:
        command.kill()
    assert len(servers_of(folder)) <= 1
    return sum(command.communicate()[0].count("written") for command in commands)
