"""A home of before a migration goes on after it: what people see is the same, and what was begun is finished."""

from datetime import UTC, datetime

from alembic import command
from alembic.config import Config
from pydantic import SecretStr
from sqlalchemy import text

from opsguard_assets.tickets.escalation.escalate import Waits, escalate, resolve_unknown
from resources import database as opened
from resources.answers import Outcome
from resources.database import Database
from tests.tickets.desks import RULES, given
from tests.tickets.escalators import Scripted, rows

STATES = ("planned", "sent", "done", "superseded", "failed", "unknown")
OLD = """
INSERT INTO escalations (ticket_id, step, state, as_of, risk_as_of, risk, from_priority, to_priority, to_assignee_id,
    expected_status, expected_updated_at, reason, tell, ticket_system, attempts, planned_at, sent_at, settled_at,
    settled_by, answer)
SELECT 'T' || n, 1, state, :at, :at, 1 - n / 10.0, 'medium', 'high', 'ada', 'open', :at, 'why',
    '[{"person_id": "ada", "role": "assignee"}]', 'scripted', CASE state WHEN 'planned' THEN 0 ELSE 1 END, :at,
    CASE state WHEN 'planned' THEN NULL ELSE CAST(:at AS timestamptz) END,
    CASE WHEN state IN ('planned', 'sent') THEN NULL ELSE CAST(:at AS timestamptz) END,
    CASE WHEN state IN ('planned', 'sent') THEN NULL ELSE 'escalation' END, 'said'
FROM unnest(CAST(:states AS text[])) WITH ORDINALITY AS s (state, n);
"""
HISTORY = """
INSERT INTO escalation_transitions (escalation_id, at, actor, from_state, to_state, detail)
SELECT escalation_id, :at, 'escalation', 'sent', state, 'said' FROM escalations;
"""


def at_migration(databases, number):
    """A database as an older version of OpsGuard left it."""
    database = Database(SecretStr(databases.empty()))
    config = Config()
    config.set_main_option("script_location", str(opened._MIGRATIONS))
    with database.begin() as connection:
        for schema in (opened.STATE, opened.DAGSTER, opened.MLFLOW):
            connection.execute(text(f"CREATE SCHEMA {schema}"))
    with database.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, number)
    return database


def without_effects(found):
    return [{name: value for name, value in row.items() if name != "effect_id"} for row in found]


def test_escalations_of_before_the_effects_engine_look_the_same_and_go_on(databases):
    database, at = at_migration(databases, "0016"), datetime.now(UTC).replace(microsecond=0)
    with database.begin() as connection:
        connection.execute(text(OLD), {"at": at, "states": list(STATES)})
        connection.execute(text(HISTORY), {"at": at})
    before = [rows(database, "escalations", "ticket_id"), rows(database, "escalation_transitions", "transition_id")]
    database.migrate()
    after = [rows(database, "escalations", "ticket_id"), rows(database, "escalation_transitions", "transition_id")]
    assert [without_effects(each) for each in after] == before
    assert [row["state"] for row in after[0]] == list(STATES)

    system = Scripted(*[Outcome.DONE] * 3)
    done = escalate(database, system, given(at, "T1", "T3", "T9"), at, RULES, Waits())
    assert done.settled == {"done": 3}
    assert dict(done.plan.select("ticket_id", "decision").iter_rows()) == {
        "T1": "an earlier step is undecided", "T3": "cooling down", "T9": "escalate",
    }  # fmt: skip
    keys = {row["ticket_id"]: row["idempotency_key"] for row in before[0]}
    handed = {change.ticket_id: change for change in system.taken}
    assert sorted(handed) == ["T1", "T2", "T9"]
    assert [handed[name].key for name in ("T1", "T2")] == [keys["T1"], keys["T2"]]
    assert [handed[name].was_sent for name in ("T1", "T2", "T9")] == [False, True, False]
    assert (handed["T1"].expected_updated_at, handed["T1"].priority, handed["T1"].as_of) == (at, "high", at)
    resolve_unknown(database, 6, happened=True, actor="ada", words="I looked")
    assert [row["state"] for row in rows(database, "escalations", "escalation_id")] == [
        "done", "done", "done", "superseded", "failed", "done", "done",
    ]  # fmt: skip
