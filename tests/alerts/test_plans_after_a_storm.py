"""After a storm the planner may take a table for empty; look-ups of one row for each alert keep to the index of keys.

Autovacuum that counts a table while a storm is being written finds many pages and no row. Then every index costs the
same, and a walk through the primary key made minutes of a second.
"""

import pytest
from sqlalchemy import text

from opsguard_assets.alerts.lifecycle import PLAN, copy_findings, settle, values_of
from opsguard_assets.triage.priority import io as triage
from resources.sql import statement
from tests.alerts.given import MONITOR, NOON, finding, frame, minute

FINDINGS = frame(*(finding(f"T{number}") for number in range(300)))
TABLES = "('alerts', 'alert_priority_changes')"
# As autovacuum left it in the middle of a storm: pages, and no rows.
MISCOUNTED = f"""
UPDATE pg_class SET reltuples = 0, relpages = greatest(pg_relation_size(oid) / 8192, 1)
WHERE oid IN (SELECT unnest(ARRAY[indrelid, indexrelid]) FROM pg_index WHERE indrelid IN (
    SELECT oid FROM pg_class WHERE relname IN {TABLES}
))
"""
NOTED = """
INSERT INTO alert_priority_changes (alert_id, as_of, to_priority, action_probability, reason)
SELECT alert_id, :at, 50, 0.5, 'because' FROM alerts, generate_series(1, 20)
"""


@pytest.fixture
def plan_of(database):
    """Explains the query of a statement that makes a table, on alerts that the planner takes for none."""
    settle(database, FINDINGS, MONITOR, NOON)

    def explained(clause, values):
        with database.begin() as connection:
            connection.execute(text(NOTED), {"at": NOON})
            copy_findings(connection, FINDINGS)
            connection.execute(text(MISCOUNTED))
            query = clause.text.partition("AS\n")[2]
            return "\n".join(connection.execute(text(f"EXPLAIN {query}"), values).scalars())

    return explained


def test_a_tick_finds_the_alert_of_a_finding_by_its_key(plan_of):
    said = plan_of(PLAN, values_of(MONITOR, minute(15), minute(60) - NOON))
    assert "using alerts_by_key on alerts" in said
    assert "alerts_pkey" not in said


def test_triage_finds_earlier_alerts_and_the_last_priority_by_key(plan_of):
    said = plan_of(statement(triage.__name__, "unresolved"), {"types": [], "dues": []})
    assert "using alerts_by_key on alerts b" in said
    assert "alert_priority_changes_by_alert" in said
    assert "pkey on alert_priority_changes" not in said
