"""Ticks that are withdrawn: afterwards everything is as if they had never been."""

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from opsguard_assets.alerts.lifecycle import decisions_at, lock_alerts, settle
from opsguard_assets.alerts.queries import alerts, history
from opsguard_assets.alerts.recompute import before_tick, decided, digest_of_decisions
from opsguard_assets.alerts.withdraw import Undone, undo_ticks
from resources.withdrawn import begin
from tests.alerts.given import MONITOR, finding, frame, minute
from tests.alerts.oracle import World
from tests.alerts.test_lifecycle_agrees_with_the_oracle import action, do, entity, found, found_of, key_of, seen
from tests.properties import examples

WRONG = 1_000
whole = st.dictionaries(entity, found, max_size=3)
person = st.tuples(st.sampled_from(["ack", "resolve"]), st.just(12), entity)


def number_at(number):
    return minute(20 * number)


def emptied(database):
    with database.begin() as connection:
        connection.execute(
            text(
                "TRUNCATE alerts, alert_transitions, mutes, monitor_ticks, decisions, withdrawals, withdrawn_rows "
                "CASCADE"
            )
        )


def withdrawn(database, since, monitor=MONITOR.name):
    with database.begin() as connection:
        lock_alerts(connection)
        return undo_ticks(connection, monitor, begin(connection, "tests", since, actor="ada", reason="a typing error"))


def counting(database):
    """The alerts as the oracle walks them; those that only withdrawn ticks had raised are left out."""
    return [row for row in seen(database) if row[8] != "withdrawn"]


def walked(world):
    return [tuple(vars(alert).values()) for alert in sorted(world.alerts, key=lambda alert: alert.key)]


A, NONE = {"a": ("medium", True, None)}, {}
CLEARED = ([("tick", 0, A)], [NONE], [], NONE)
RAISED_AND_ACKNOWLEDGED = ([("tick", 0, NONE)], [A], [("ack", 12, "a")], A)
GOT_WORSE_AND_ACKNOWLEDGED = ([("tick", 0, A)], [{"a": ("high", True, None)}], [("ack", 12, "a")], A)
REOPENED_AND_RESOLVED = ([("tick", 0, A), ("tick", 1, NONE)], [A], [("resolve", 12, "a")], A)
FORGIVEN = ([("tick", 0, A), ("resolve", 1, "a")], [NONE], [], A)
MUTE_ENDED = ([("tick", 0, A), ("mute", 0, ("a", 40)), ("tick", 1, A)], [A], [("ack", 12, "a")], A)
TWICE = ([("tick", 0, A)], [NONE, A], [("ack", 12, "a")], A)


@settings(
    max_examples=examples(60, quick=6),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    story=st.tuples(
        st.lists(action, max_size=10), st.lists(whole, min_size=1, max_size=3), st.lists(person, max_size=3), whole
    )
)
@example(story=CLEARED)
@example(story=RAISED_AND_ACKNOWLEDGED)
@example(story=GOT_WORSE_AND_ACKNOWLEDGED)
@example(story=REOPENED_AND_RESOLVED)
@example(story=FORGIVEN)
@example(story=MUTE_ENDED)
@example(story=TWICE)
def test_after_a_withdrawal_alerts_are_those_of_a_walk_without_the_wrong_ticks(database, story):
    before, wrong, people, then = story
    emptied(database)
    world, settled = World(), {}
    for kind, number, what in before:
        do(database, world, kind, number, what)
        if kind == "tick":
            settled.setdefault(number_at(number), what)
    for number, what in enumerate(wrong):
        settle(database, found_of(what), MONITOR, number_at(WRONG + number))
    for kind, number, what in people:
        do(database, world, kind, number, what)
    undone = withdrawn(database, number_at(WRONG))
    assert undone.ticks == len(wrong)
    assert counting(database) == walked(world)
    settle(database, found_of(then), MONITOR, number_at(13))
    world.tick({key_of(name): values for name, values in then.items()}, number_at(13))
    assert counting(database) == walked(world)
    settled[number_at(13)] = then
    for as_of, expected in world.decisions.items():
        rows = decisions_at(database, MONITOR.name, as_of)
        assert dict(rows.select("dedup_key", "decision").iter_rows()) == expected
    for as_of, what in settled.items():
        with before_tick(database, MONITOR, as_of) as connection:
            again = decided(connection, found_of(what), MONITOR, as_of)
        assert digest_of_decisions(again) == digest_of_decisions(decisions_at(database, MONITOR.name, as_of))


def test_withdrawing_again_changes_nothing(database):
    settle(database, frame(finding()), MONITOR, minute(0))
    settle(database, frame(), MONITOR, minute(10_000))
    assert withdrawn(database, minute(5_000)) == Undone(ticks=1, reopened=1)
    before = seen(database), history(database, 1)
    assert withdrawn(database, minute(5_000)) == Undone()
    assert (seen(database), history(database, 1)) == before


def test_a_tick_that_came_too_late_for_a_wrong_one_can_be_settled_afterwards(database):
    settle(database, frame(finding()), MONITOR, minute(0))
    settle(database, frame(), MONITOR, minute(10_000))
    assert settle(database, frame(finding(severity="high")), MONITOR, minute(15)).is_late
    assert withdrawn(database, minute(5_000)) == Undone(ticks=1, late_ticks=1, reopened=1)
    assert settle(database, frame(finding(severity="high")), MONITOR, minute(15)).decisions == {"refreshed": 1}
    (alert,) = alerts(database)
    assert (alert["severity"], alert["occurrences"], alert["last_seen_at"]) == ("high", 2, minute(15))


def test_a_tick_that_was_late_anyway_stays_late(database):
    for number in (30, 15, 10_000):
        settle(database, frame(finding()), MONITOR, minute(number))
    assert withdrawn(database, minute(5_000)) == Undone(ticks=1)
    assert settle(database, frame(finding()), MONITOR, minute(15)).is_repeated


def test_the_history_of_an_alert_tells_the_withdrawal_and_rows_are_kept(database):
    settle(database, frame(finding()), MONITOR, minute(0))
    settle(database, frame(), MONITOR, minute(10_000))
    withdrawn(database, minute(5_000))
    told = [(step["actor"], step["to_state"]) for step in history(database, 1)]
    assert told == [("tests", "open"), ("tests", "resolved"), ("ada", "open")]
    assert "a typing error" in history(database, 1)[-1]["detail"]
    with database.begin() as connection:
        kept = connection.execute(text("SELECT table_name FROM withdrawn_rows ORDER BY 1")).scalars().all()
    assert kept == ["decisions", "monitor_ticks"]


def test_other_monitors_are_left_alone(database):
    settle(database, frame(finding()), MONITOR, minute(10_000))
    assert withdrawn(database, minute(0), monitor="another") == Undone()
    assert [alert["state"] for alert in alerts(database)] == ["open"]


def test_a_withdrawn_alert_is_raised_anew_when_its_condition_holds(database):
    settle(database, frame(finding()), MONITOR, minute(10_000))
    withdrawn(database, minute(0))
    assert settle(database, frame(finding()), MONITOR, minute(0)).decisions == {"raised": 1}
    assert [alert["first_seen_at"] for alert in alerts(database)] == [minute(0)]
