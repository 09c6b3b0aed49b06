"""A worker dies anywhere: every side effect happens once or is said to be unknown, and the next worker goes on.

The points are found by reading the engine: before and after whatever it calls, within its transactions, too.
"""

import random
from collections import Counter
from datetime import timedelta

import pytest

from opsguard_assets.remediation.engine import people_io
from opsguard_assets.remediation.engine.approvals_io import decide
from opsguard_assets.remediation.engine.claim_io import LEASE, standing_of
from tests.long import long
from tests.remediation.engines import HOOK, NOTE, Engine
from tests.remediation.lives import ASKING, GOT, Lives, Remembering, cold, points

ONE = {"required": "one"}
LATER = """
UPDATE executions SET due_at = :later
WHERE ended_at IS NULL AND playbook <> ALL (ARRAY['approved', 'unreachable'])
"""
QUICK = {"after action.act", "after moves_io.write_step", "before settled"}
# A life that is killed at random passes so many moments at most, two or three executions' worth.
MOMENTS = 250
REACHED = [point for point in points() if not point.endswith(ASKING)]


@pytest.fixture(scope="module")
def lives():
    with Lives() as begun:
        yield begun


@pytest.fixture(scope="module")
def prepared(databases, lake):
    """A database in which executions are about to go every way that there is, and its clock; tests get copies."""
    database = databases.migrated()
    engine = Engine(database, lake)
    given(engine)
    # Asking needs a process that may ask Polars: what asks goes first, the others wait for the first life.
    engine.change(LATER, later=engine.clock() + timedelta(seconds=90))
    engine.advanced()
    agreed(engine, "approved", "unreachable")
    engine.clock.passes(seconds=100)
    yield database, engine.clock()
    databases.drop(database)


@pytest.fixture
def about_to_move(databases, prepared, lake):
    template, at = prepared
    database = databases.copied(template)
    engine = Engine(database, lake)
    engine.clock.at = at
    yield engine
    databases.drop(database)


def given(engine):
    engine.change(GOT)
    engine.use(NOTE, {**NOTE, "name": "second"}, name="undone", limits={"cool_down_minutes": 0})
    engine.goes("D0")
    people_io.undo(engine.database, engine.world.settings, 1, actor="ada", now=engine.clock())
    wanted = {"trigger": {"when": {"type": "device_silent", "entity": {"is": "D1"}}}}
    engine.use(NOTE, HOOK, {**NOTE, "name": "last"}, name="approved", approval=ONE, **wanted)
    engine.use({**HOOK, "timeout_minutes": 1}, name="unreachable", approval=ONE, on_failure=[NOTE], **wanted)
    engine.use({**NOTE, "name": "flaky", "retries": 1}, {**NOTE, "name": "broken"}, name="failing", **wanted)
    engine.use(NOTE, name="shadow", mode="shadow", **wanted)
    engine.playbooks = [each for each in engine.playbooks if each.playbook != "undone"]
    engine.alert("D0", "D1", minutes=1)
    engine.triggered()


def agreed(engine, *names):
    asked = engine.rows(
        "SELECT approval_id FROM approvals JOIN executions USING (execution_id) WHERE playbook = ANY (:names) "
        "AND decision IS NULL", names=list(names),
    )  # fmt: skip
    for row in asked:
        number = row["approval_id"]
        decide(engine.world, number, "ada", True, engine.clock(), surface="cli", catalog=engine.catalog)


def goes_on(engine, lives, point):
    """Life after life until the point was met, then to the end; True where one was killed there."""
    engine.other = Remembering(engine.database)
    died = False
    for _ in range(3):
        died = died or lives.advance(engine, point)
        engine.clock.passes(seconds=100)
    for _ in range(3):
        engine.advanced()
        engine.clock.passes(minutes=2)
    return died


def judge(engine):
    """Everything has ended, and each side effect happened once where its step is done, and never where it is not."""
    assert [row for row in engine.executions() if row["ended_at"] is None] == []
    wrote = Counter((row["key"], row["what"]) for row in engine.rows("SELECT key, what FROM done_things"))
    got = Counter(row["key"] for row in engine.rows("SELECT key FROM other_got"))
    assert max([*wrote.values(), *got.values()]) == 1
    for row in engine.rows("SELECT * FROM execution_steps"):
        key, state = row["idempotency_key"], row["state"]
        if row["action"] == "webhook" and row["phase"] != "undo":
            happened = got[key]
            assert happened <= 1
            assert state in {"done", "failed", "unknown"}
            assert happened == (state == "done") or state == "unknown"
        elif row["action"] == "notify":
            keys = {key, f"{key}/2"} if row["phase"] != "undo" else set()
            happened = sum(n for (each, what), n in wrote.items() if each in keys and what == "done")
            assert row["phase"] == "undo" or happened == (state == "done")
    return dict(Counter(row["state"] for row in engine.executions()))


@pytest.mark.parametrize("point", [p if p in QUICK else pytest.param(p, marks=long) for p in REACHED])
def test_a_worker_that_dies_at_a_point_leaves_what_the_next_one_goes_on_from(about_to_move, lives, point):
    engine = about_to_move
    assert goes_on(engine, lives, point)
    states = judge(engine)
    assert states.pop("unknown", 0) <= 1
    assert states["failed"] == 2
    assert len(engine.things("undone")) == 2


def test_the_points_are_those_of_the_engine():
    assert set(REACHED) >= QUICK
    assert len(points()) > 20


@long
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("name", ASKING[:2])
def test_a_worker_that_dies_while_it_asks_people_asks_once(engine, when, name):
    asking(engine)
    assert cold(engine, f"{when} {name}")
    engine.clock.passes(seconds=1)
    engine.advanced()
    assert engine.states() == ["awaiting_approval"]
    agreed(engine, "quick-fix")
    engine.advanced()
    assert (engine.states(), len(engine.things()), len(engine.approvals())) == (["succeeded"], 1, 1)


@long
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("name", ASKING[2:])
def test_a_worker_that_dies_while_it_ends_a_question_ends_it_once(engine, when, name):
    asking(engine)
    engine.advanced()
    engine.clock.passes(minutes=61)
    assert cold(engine, f"{when} {name}")
    engine.advanced()
    assert (engine.states(), engine.things()) == (["expired"], [])
    assert [row["decision"] for row in engine.approvals()] == ["expired"]


def asking(engine):
    """An execution that is about to ask people."""
    engine.change(GOT)
    engine.use(NOTE, approval=ONE)
    engine.alert("D1")
    engine.triggered()


def test_a_worker_of_another_machine_that_is_gone_is_waited_for_until_its_lease_ends(engine, lives):
    engine.change(GOT)
    engine.use(NOTE)
    engine.alert("D1")
    engine.triggered()
    assert lives.advance(engine, "after claim_io.claim")
    engine.change("UPDATE executions SET worker = 'elsewhere/x/y/z/1/1'")
    engine.advanced()
    assert (engine.states(), engine.things()) == (["running"], [])
    engine.clock.passes(seconds=LEASE.total_seconds() + 1)
    assert standing_of(engine.database, engine.clock()).leased == 1
    engine.advanced()
    assert (engine.states(), len(engine.things())) == (["succeeded"], 1)


def killed_at_random(engine, lives, executions, kills, seed):
    """Lives that are killed one after the other, each at a moment drawn at random, and then one that is not."""
    luck = random.Random(seed)  # noqa: S311 - a test
    many(engine, executions)
    done = 0
    for _ in range(kills):
        done += lives.advance(engine, luck.randint(1, MOMENTS))
        # Where several in a row ended in doubt, the playbook pauses itself; a person lets it go on.
        people_io.resume(engine.database, "quick-fix", now=engine.clock())
    assert left(engine) > 0
    for _ in range(3):
        engine.advanced()
        people_io.resume(engine.database, "quick-fix", now=engine.clock())
        engine.clock.passes(minutes=2)
    standing = standing_of(engine.database, engine.clock())
    assert (standing.unended, standing.overdue, standing.leased) == (0, 0, 0)
    return done, judge(engine)


def left(engine):
    return engine.rows("SELECT count(*) AS number FROM executions WHERE ended_at IS NULL")[0]["number"]


def many(engine, number):
    """Executions of five steps each, one of them outside, all of them approved."""
    engine.change(GOT)
    engine.other = Remembering(engine.database)
    names = [{**NOTE, "name": f"n{place}"} for place in range(4)]
    wide = {"at_once_per_site": 1_000, "per_hour": 10_000, "cool_down_minutes": 0}
    engine.use(*names[:2], {**HOOK, "approval": ONE}, *names[2:], limits=wide)
    engine.alert(*(f"D{place}" for place in range(number)), is_triaged=False)
    engine.change("INSERT INTO alert_priorities (alert_id, opening, as_of, action_probability, priority, hourly_harm, "
                  "reasons, basis) SELECT alert_id, openings, now(), 0.5, 50, 1, '[]', 'rule' FROM alerts")  # fmt: skip
    engine.triggered()
    engine.advanced()
    engine.change("UPDATE approvals SET decision = 'approved', decided_at = :now", now=engine.clock())
    engine.change("UPDATE executions SET due_at = :now", now=engine.clock())
    assert left(engine) == number


@long
@pytest.mark.timeout(600)
def test_workers_that_are_killed_at_random_do_everything_once(engine, lives):
    done, states = killed_at_random(engine, lives, executions=40, kills=12, seed=5)
    assert (done, sum(states.values())) == (12, 40)
    assert set(states) <= {"succeeded", "unknown"}
    assert states["succeeded"] >= 40 - 12


@pytest.mark.load
@pytest.mark.timeout(7200)
def test_a_thousand_executions_and_five_hundred_kills(engine, lives):
    done, states = killed_at_random(engine, lives, executions=1_000, kills=500, seed=9)
    assert (done, sum(states.values())) == (500, 1_000)
    assert set(states) <= {"succeeded", "unknown"}
    assert states["succeeded"] >= 1_000 - 500
