"""Ten thousand executions that wait cost nothing while nothing is due, and one question per condition when they are."""

import json
import re
import threading
from contextlib import suppress
from datetime import timedelta

import psutil
import pytest
from sqlalchemy import event, text

from opsguard_assets.remediation.engine import claim_io
from resources.sql import statement
from tests.remediation.engines import WAIT, Engine, lake_of
from tests.remediation.given import STEPS_AS_THE_FIRST

WAITING = 10_000
COPIES = """
INSERT INTO executions (playbook, digest, alert_id, opening, entity_type, entity_id, client_id, site_id, mode,
    requested_by, state, phase, step, triggered_at, begun_at, due_at, deadline_at)
SELECT e.playbook, e.digest, e.alert_id, e.opening + n, e.entity_type, e.entity_id, e.client_id, e.site_id, e.mode,
    e.requested_by, e.state, e.phase, e.step, e.triggered_at, e.begun_at, e.due_at + n * interval '1 ms', e.deadline_at
FROM executions AS e, generate_series(1, :number - 1) AS n
"""


@pytest.fixture(scope="module")
def engine(databases, tmp_path_factory):
    """Executions that all wait for somebody to take one alert."""
    database = databases.migrated()
    made = Engine(database, lake_of(tmp_path_factory.mktemp("people")))
    made.use(WAIT)
    made.goes("D1")
    made.change(COPIES, number=WAITING)
    made.change(STEPS_AS_THE_FIRST)
    made.change("ANALYZE")
    yield made
    databases.drop(database)


def buffers(database, name, values):
    """How many buffers a statement of the claims reads."""
    explained = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON, SETTINGS off) "
    asked = text(explained + str(statement(claim_io.__name__, f"claiming/{name}")))
    with database.begin() as connection:
        plan = connection.execute(asked, values).scalar_one()[0]["Plan"]
        connection.rollback()
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"], json.dumps(plan)


def test_where_nothing_is_due_a_tick_reads_a_few_pages(engine):
    # What another test moved left dead entries behind, which autovacuum would have removed.
    with engine.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE executions, execution_steps"))
    now = engine.clock()
    lease = {"lease": "00000000-0000-0000-0000-000000000000", "lease_until": now, "worker": "w", "most": 50}
    asked = {
        "next_due": {"targets": [], "telling": []}, "workers": {}, "waiting": {"now": now, "except": []},
        "claim": {"now": now, **lease},
    }  # fmt: skip
    found = {name: buffers(engine.database, name, values) for name, values in asked.items()}
    counts = {name: count for name, (count, _) in found.items()}
    assert counts["next_due"] + counts["workers"] <= 10, "what the sensor asks"
    assert max(counts.values()) <= 10, counts
    assert all("executions_due" in found[name][1] for name in ("next_due", "waiting", "claim"))


def test_all_that_wait_for_a_condition_are_looked_at_by_one_question_and_wait_on(engine):
    engine.clock.passes(seconds=75)
    asked = []
    listening = engine.database.engine

    @event.listens_for(listening.__class__, "before_cursor_execute")
    def note(connection, cursor, words, *rest):
        asked.append(words)

    try:
        engine.advanced()
    finally:
        event.remove(listening.__class__, "before_cursor_execute", note)
    assert len([words for words in asked if re.search(r"acknowledged_at IS NOT NULL", words)]) == 1
    assert len(asked) < 15
    with engine.database.begin() as connection:
        row = connection.execute(text("SELECT min(due_at) AS next, count(*) FROM executions")).one()
    assert (row.next, row.count) == (engine.clock() + timedelta(seconds=60), WAITING)


def processes():
    """What this process started and still lives, but for the database, whose own processes come and go."""
    found = set()
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if child.name() != "postgres":
                found.add(child.pid)
    return found


def test_while_they_wait_nothing_lives_that_was_not_there_before(engine):
    engine.clock.passes(seconds=75)
    before, threads = processes(), threading.active_count()
    engine.advanced()
    assert processes() <= before
    assert threading.active_count() <= threads
    free = "SELECT count(*) AS number FROM executions WHERE state = 'waiting' AND lease IS NULL AND worker IS NULL"
    assert engine.rows(free) == [{"number": WAITING}]
