"""Random ticks, mutes and actions of people: the statements do what the slow walk does."""

from datetime import timedelta

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from opsguard_assets.alerts.lifecycle import decisions_at, settle
from opsguard_assets.alerts.people import Muted, acknowledge, mute, resolve
from opsguard_assets.alerts.queries import alerts
from opsguard_assets.alerts.recompute import before_tick, decided, digest_of_decisions
from tests.alerts.given import MONITOR, finding, frame, minute
from tests.alerts.oracle import World
from tests.properties import examples

EVERY = ("open", "acknowledged", "suppressed", "resolved")
ENTITIES = ("a", "b", "c")
entity = st.sampled_from(ENTITIES)
found = st.tuples(
    st.sampled_from(["low", "medium", "high"]),
    st.booleans(),
    st.sampled_from([None, None, None, None, "held back", "grouped under its site", "expired"]),
)
moment = st.integers(0, 12)
action = st.one_of(
    st.tuples(st.just("tick"), moment, st.dictionaries(entity, found, max_size=3)),
    st.tuples(st.just("tick"), moment, st.dictionaries(entity, found, min_size=1, max_size=3)),
    st.tuples(st.just("mute"), moment, st.tuples(entity, st.integers(1, 4))),
    st.tuples(st.just("ack"), moment, entity),
    st.tuples(st.just("resolve"), moment, entity),
)


def key_of(name):
    return f"sla_breach_risk:{name}"


def unresolved(database, name):
    return next((a["alert_id"] for a in alerts(database) if a["entity_id"] == name), None)


def found_of(what):
    return frame(*[finding(n, s, is_raising=r, withheld=w) for n, (s, r, w) in what.items()])


def do(database, world, kind, number, what):
    at = minute(20 * number)
    if kind == "tick":
        settled = settle(database, found_of(what), MONITOR, at)
        assert settled.is_complete
        world.tick({key_of(name): values for name, values in what.items()}, at)
    elif kind == "mute":
        name, length = what
        until = at + timedelta(minutes=20 * length)
        mute(database, Muted(entity_id=name), begins_at=at, ends_at=until, reason="x", actor="ada")
        world.mutes.append((name, at, until))
    elif (number_of := unresolved(database, what)) is not None:
        if kind == "ack":
            acknowledge(database, number_of, at=at, actor="ada")
            world.acknowledge(key_of(what))
        else:
            resolve(database, number_of, at=at, actor="ada", note="done")
            world.resolve(key_of(what), at)


def seen(database):
    names = (
        "dedup_key", "severity", "state", "first_seen_at", "last_seen_at", "occurrences", "openings", "resolved_at",
        "resolution", "awaits_clearing", "state_before_mute",
    )  # fmt: skip
    rows = sorted(alerts(database, states=EVERY, limit=1_000), key=lambda row: (row["dedup_key"], row["alert_id"]))
    return [tuple(row[name] for name in names) for row in rows]


def emptied(database):
    with database.begin() as connection:
        connection.execute(text("TRUNCATE alerts, alert_transitions, mutes, monitor_ticks, decisions CASCADE"))


A, NONE = {"a": ("medium", True, None)}, {}
RESOLVED = [("tick", 0, A), ("resolve", 1, "a"), ("tick", 2, A)]
FORGIVEN = [*RESOLVED, ("tick", 3, NONE), ("tick", 9, A)]
MUTED_AFTERWARDS = [("tick", 0, A), ("mute", 0, ("a", 4)), ("tick", 1, A), ("tick", 5, A)]
OVER = [("tick", 0, A), ("tick", 1, {"a": ("medium", True, "expired")}), ("tick", 2, A)]
BACK = [("tick", 0, A), ("tick", 1, NONE), ("tick", 2, A), ("tick", 3, {"a": ("high", False, None)})]


@settings(
    max_examples=examples(60, quick=8),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(actions=st.lists(action, max_size=14))
@example(actions=RESOLVED)
@example(actions=FORGIVEN)
@example(actions=MUTED_AFTERWARDS)
@example(actions=BACK)
@example(actions=OVER)
def test_what_every_past_tick_decided_can_be_told_again(database, actions):
    emptied(database)
    world, settled = World(), {}
    for kind, number, what in actions:
        do(database, world, kind, number, what)
        if kind == "tick":
            settled.setdefault(minute(20 * number), what)
    assert settled.keys() == {minute(20 * number) for kind, number, _ in actions if kind == "tick"}
    for as_of, what in settled.items():
        with before_tick(database, MONITOR, as_of) as connection:
            again = decided(connection, found_of(what), MONITOR, as_of)
        assert digest_of_decisions(again) == digest_of_decisions(decisions_at(database, MONITOR.name, as_of))


@settings(
    max_examples=examples(60, quick=8),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(actions=st.lists(action, max_size=14))
def test_alerts_and_decisions_are_those_of_a_slow_walk(database, actions):
    emptied(database)
    world = World()
    for kind, number, what in actions:
        do(database, world, kind, number, what)
    walked = sorted(world.alerts, key=lambda alert: alert.key)
    assert seen(database) == [tuple(vars(alert).values()) for alert in walked]
    for as_of, expected in world.decisions.items():
        rows = decisions_at(database, MONITOR.name, as_of)
        assert dict(rows.select("dedup_key", "decision").iter_rows()) == expected
