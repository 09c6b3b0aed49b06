"""Two ticks at once, a tick killed at any point, a storm of duplicates: the same alerts."""

from collections import Counter

import pytest
from sqlalchemy import text

from opsguard_assets.alerts.lifecycle import settle
from opsguard_assets.alerts.people import acknowledge, resolve
from opsguard_assets.alerts.queries import alerts
from tests.alerts.given import MONITOR, finding, frame, minute
from tests.alerts.writers import emptied, everything, finished, held, sessions, settling, storm, waiting
from tests.long import drawn, long
from tests.resources.processes import wait_for

KEYS = 500


def tick(database, number, rows):
    return settle(database, rows, MONITOR, minute(15 * number))


def count(database, statement):
    with database.begin() as connection:
        return connection.execute(text(statement)).scalar_one()


@long
def test_the_same_tick_in_two_processes_at_once_is_settled_once(database, database_url):
    tick(database, 0, storm(KEYS, 2))
    tick(database, 1, storm(KEYS, 2))
    alone = everything(database)
    emptied(database)
    tick(database, 0, storm(KEYS, 2))
    with held(database, 2):
        both = [settling(database_url, 1, keys=KEYS, copies=2) for _ in range(2)]
    assert sorted(finished(process) for process in both) == ["repeated", "settled"]
    assert everything(database) == alone


def test_two_ticks_at_once_leave_the_alerts_of_the_newer_one_in_any_order(database, database_url):
    with held(database, 2):
        both = [settling(database_url, number, keys=KEYS) for number in (1, 2)]
    older, newer = (finished(process) for process in both)
    assert newer == "settled"
    assert older in {"settled", "late"}
    found = alerts(database, limit=10_000)
    assert len(found) == KEYS
    assert {alert["last_seen_at"] for alert in found} == {minute(30)}
    assert {alert["occurrences"] for alert in found} == {2 if older == "settled" else 1}
    assert count(database, "SELECT sum(findings) FROM monitor_ticks") == 2 * KEYS


@pytest.mark.parametrize("table", drawn(["alerts", "alert_transitions", "decisions", "monitor_ticks"], share=4))
def test_a_tick_that_is_killed_at_any_point_has_not_happened_and_is_done_again(database, database_url, table):
    def before():
        """Alerts of every state: refreshed, acknowledged, resolved, cleared by the tick."""
        emptied(database)
        tick(database, 0, frame(*(finding(f"T-{n}", "low") for n in (1, 2, 3, 99_999))))
        numbers = {alert["entity_id"]: alert["alert_id"] for alert in alerts(database)}
        acknowledge(database, numbers["T-2"], at=minute(1), actor="ada")
        resolve(database, numbers["T-3"], at=minute(1), actor="ada", note="done")

    before()
    tick(database, 1, storm(KEYS, 1))
    undisturbed = everything(database)
    before()
    untouched = everything(database)
    with database.begin() as blocking:
        # The tick reads on, and stops where it first writes to the table.
        blocking.execute(text(f"LOCK TABLE {table} IN SHARE MODE"))
        victim = settling(database_url, 1, keys=KEYS)
        wait_for(lambda: waiting(database, "relation") == 1)
        victim.kill()
        victim.communicate()
    wait_for(lambda: sessions(database) == 0)
    assert everything(database) == untouched
    assert tick(database, 1, storm(KEYS, 1)).decisions == {"raised": KEYS - 2, "refreshed": 2, "cleared": 1}
    assert everything(database) == undisturbed


def weather(database, url, *, processes, ticks, keys, copies):
    """Every writer has ticks of its own, between those of the others, and finds the same things several times over."""
    writers = 4 * processes
    with held(database, writers):
        running = [
            settling(url, *range(number, writers * ticks, writers), keys=keys, copies=copies, writers=4)
            for number in range(0, writers, 4)
        ]
    said = Counter(word for process in running for word in finished(process, seconds=600).split())
    settled, per_tick = said["settled"], keys * copies
    assert settled + said["late"] == writers * ticks
    assert count(database, "SELECT sum(findings) FROM monitor_ticks") == writers * ticks * per_tick
    assert count(database, "SELECT sum(ticks * findings) FROM decisions") == writers * ticks * per_tick
    found = alerts(database, limit=10 * keys)
    assert len(found) == len({alert["dedup_key"] for alert in found}) == keys
    assert {(alert["occurrences"], alert["openings"], alert["state"]) for alert in found} == {
        (settled * copies, 1, "open")
    }
    first = count(database, "SELECT min(as_of) FROM monitor_ticks WHERE NOT is_late")
    last = count(database, "SELECT max(as_of) FROM monitor_ticks")
    assert {(alert["first_seen_at"], alert["last_seen_at"]) for alert in found} == {(first, last)}
    assert count(database, "SELECT count(*) FROM alert_transitions") == keys


def test_twenty_thousand_duplicates_from_eight_writers_leave_exactly_the_right_rows(database, database_url):
    weather(database, database_url, processes=2, ticks=5, keys=100, copies=5)


@pytest.mark.load
@pytest.mark.timeout(900)
def test_a_million_duplicates_from_32_writers_leave_exactly_the_right_rows(database, database_url):
    weather(database, database_url, processes=8, ticks=10, keys=625, copies=5)
