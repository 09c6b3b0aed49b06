"""Storms: people get few messages, life safety gets through, and what is killed is neither lost nor doubled."""

import random

import polars as pl
import pytest
from sqlalchemy import event

from opsguard_assets.alerts.finding import FINDING
from opsguard_assets.alerts.lifecycle import settle
from opsguard_assets.config.routing import Routing
from opsguard_assets.incidents import io as incidents_io
from opsguard_assets.incidents.grouping import GroupRules
from opsguard_assets.incidents.people import acknowledge
from tests.incidents.world import MONITOR, at, context, found, give_priority, incidents, rows, tick
from tests.long import drawn
from tests.routing.given import messages, notices, roster, run, send_all


def per_recipient(database):
    """How many first messages each address gets of each site."""
    return rows(
        database,
        "SELECT site_id, address, count(*) AS messages FROM notices JOIN incidents USING (incident_id) "
        "WHERE kind = 'raised' AND decision = 'told' GROUP BY 1, 2",
    )


def test_a_thousand_alerts_of_one_cause_within_a_second_are_one_message_that_counts_up(database):
    for count in (1, 10, 200, 1000):
        tick(database, count / 60_000, *(found(n, severity="critical") for n in range(count)))
        run(database, count / 60_000)
    assert [(address, key) for address, key, _ in messages(database)] == [("UANA", "raised")]
    send_all(database, 1)
    tick(database, 2, *(found(n, severity="critical") for n in range(1200)))
    run(database, 2)
    assert [key.partition("/")[0] for _, key, state in messages(database) if state == "planned"] == ["update"]
    assert incidents(database)[0]["unresolved"] == 1200


def test_ten_thousand_over_fifty_sites_are_at_most_one_message_per_site_and_recipient(database):
    storm = [found(n, severity="critical", site_id=f"S{n % 50}") for n in range(10_000)]
    settle(database, pl.DataFrame(storm, schema=FINDING), MONITOR, at(0))
    done = incidents_io.group_alerts(database, context(), GroupRules(), at=at(0))
    assert (done.opened, done.joined) == (50, 10_000)
    run(database, 0)
    counts = per_recipient(database)
    assert len({row["site_id"] for row in counts}) == 50
    assert {row["messages"] for row in counts} == {1}
    assert len(counts) == 50


@pytest.mark.parametrize("seed", drawn(range(6), share=6))
def test_in_random_storms_life_safety_is_told_at_once_and_alone_and_the_rest_once_per_site_and_recipient(
    database, seed
):
    luck = random.Random(seed)  # noqa: S311 - a storm, no secret
    kinds = ["device_silent", "device_silent", "site_silent", "no_show", "coverage_gap", "sla_breach_risk"]
    fires, burning = 0, []
    for step in range(4):
        storm = [
            found(f"{step}-{n}", luck.choice(kinds), severity=luck.choice(["low", "medium", "high", "critical"]),
                  site_id=f"S{luck.randrange(5)}", client_id="C1")
            for n in range(luck.randrange(200))
        ]  # fmt: skip
        burning += [
            found(f"f{step}-{n}", "fire", severity="critical", site_id=f"S{luck.randrange(5)}")
            for n in range(luck.randrange(4))
        ]
        tick(database, step, *burning, *storm)
        # Budgets, quiet hours, people off duty: nothing of it counts for fires.
        run(database, step, who=roster(on_duty=luck.choice([("ana",), ("ana", "bo"), ()]), zone="Australia/Sydney"),
            messages_per_hour=1)  # fmt: skip
        if luck.random() < 0.5:
            send_all(database, step)
        open_now = [row for row in incidents(database) if row["state"] == "open" and not row["is_life_safety"]]
        if open_now and luck.random() < 0.5:
            acknowledge(database, luck.choice(open_now)["incident_id"], at=at(step), actor="ana", surface="cli")
        fires = len(burning)
    lives = [row for row in incidents(database) if row["is_life_safety"]]
    assert (len(lives), {row["alerts"] for row in lives}) == (fires, {1} if fires else set())
    for row in lives:
        sent = rows(database, "SELECT * FROM notices WHERE incident_id = :n ORDER BY notice_id", n=row["incident_id"])
        first = [each for each in sent if each["decision"] == "told"]
        assert first, sent
        assert {each["decision"] for each in sent} <= {"told", "not on duty", "superseded"}
        assert first[0]["due_at"] == first[0]["decided_at"]
    counts = rows(
        database,
        "SELECT incident_id, channel, address FROM notices WHERE kind = 'raised' AND decision = 'told' "
        "GROUP BY 1, 2, 3 HAVING count(*) > 1",
    )
    assert counts == []


def test_equal_runs_decide_equally(databases):
    seen = []
    for _ in range(2):
        database = databases.migrated()
        tick(database, 0, *(found(n, severity="critical", site_id=f"S{n % 7}") for n in range(50)))
        run(database, 0)
        send_all(database, 1)
        run(database, 15)
        seen.append((notices(database), messages(database), [row["owner_id"] for row in incidents(database)]))
    assert seen[0] == seen[1]


class KilledError(BaseException):
    """What a process feels of SIGKILL: nothing it has not committed counts."""


def statements_of(database):
    """How many statements an action runs; and a way to be killed before any of them."""
    count, limit = [0], [None]

    def before(*_):
        count[0] += 1
        if limit[0] is not None and count[0] > limit[0]:
            raise KilledError

    event.listen(database.engine, "before_cursor_execute", before)
    return count, limit, lambda: event.remove(database.engine, "before_cursor_execute", before)


@pytest.mark.parametrize("what", drawn(["group", "route", "acknowledge"], share=3))
def test_killed_before_any_statement_nothing_is_lost_or_doubled(databases, what):
    def prepared():
        database = databases.migrated()
        tick(database, 0, found(1, severity="critical"), found(2, severity="critical", site_id="S2"))
        if what == "group":
            more = [found(n, severity="critical", site_id=f"S{n}") for n in (1, 2, 3)]
            settle(database, pl.DataFrame(more, schema=FINDING), MONITOR, at(1))
        if what == "acknowledge":
            run(database, 0)
            send_all(database, 0)
        return database

    def act(database):
        if what == "group":
            incidents_io.group_alerts(database, context(), GroupRules(inhibit=Routing().inhibit_rules), at=at(1))
        elif what == "route":
            run(database, 1)
        else:
            acknowledge(database, 1, at=at(1), actor="ana", surface="cli")

    def outcome(database):
        states = [(row["state"], row["version"], row["unresolved"], row["next_step_at"]) for row in incidents(database)]
        return states, notices(database), sorted(messages(database))

    whole = prepared()
    count, _, stop = statements_of(whole)
    act(whole)
    stop()
    expected = outcome(whole)
    assert count[0] >= 5
    for place in range(0, count[0], max(1, count[0] // 8)):
        database = prepared()
        before = outcome(database)
        _, limit, stop = statements_of(database)
        limit[0] = place
        with pytest.raises(KilledError):
            act(database)
        stop()
        assert outcome(database) == before
        act(database)
        assert outcome(database) == expected


@pytest.mark.parametrize("plan", ["bronze", "silver", "gold", None])
@pytest.mark.parametrize("channel", ["slack", "mail", "hook"])
def test_a_client_receives_nothing_that_its_plan_does_not_hold_on_any_channel(database, plan, channel):
    plans = [] if plan is None else [("C1", plan)]
    kinds = MONITOR.alert_types
    tick(database, 0, *(found(n, kind, severity="critical", site_id="S1") for n, kind in enumerate(kinds)), plans=plans)
    for row in rows(database, "SELECT alert_id FROM alerts"):
        give_priority(database, row["alert_id"], 97)
    tick(database, 1, *(found(n, kind, severity="critical", site_id="S1") for n, kind in enumerate(kinds)), plans=plans)
    run(
        database,
        1,
        who=roster(plans=[("C1", plan)]),
        channels={"slack": "slack", "mail": "mail", "hook": "webhook"},
        routes=[{"name": "all by one", "channels": [channel]}],
    )
    reached = rows(
        database,
        "SELECT DISTINCT a.alert_type FROM notices AS n JOIN incident_alerts AS m USING (incident_id) "
        "JOIN alerts AS a USING (alert_id) WHERE n.decision IN ('told', 'digest') AND m.left_at IS NULL",
    )
    expected = {"fire"} if plan == "bronze" else set(kinds)
    assert {row["alert_type"] for row in reached} == expected
