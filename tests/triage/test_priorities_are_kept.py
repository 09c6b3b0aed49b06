"""Every unresolved alert has its priority in the database; what changed is written, what matters is noted."""

from datetime import timedelta

import polars as pl
from sqlalchemy import text

from opsguard_assets.alerts.lifecycle import Monitor, settle
from opsguard_assets.alerts.people import resolve
from opsguard_assets.config.settings import Settings
from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.triage.learning.schemas import ALERT_RISK
from opsguard_assets.triage.priority.assets import newest_risk
from opsguard_assets.triage.priority.inputs import Described
from opsguard_assets.triage.priority.io import Judge, prioritise, rule_judge, without_priority
from resources.copying import copy_in, copy_out
from resources.lake import Lake
from tests.alerts.given import NOON, finding, frame, minute

MONITOR = Monitor("tests", (*ALERT_TYPES, "fire", "door_open"))
DESCRIBED = Described(ALERT_TYPES, Settings())
DUE = '{"resolution_due_at": "2026-03-03T12:00:00+00:00"}'


def of_type(kind, entity="T1", severity="high", **more):
    return finding(entity, severity, dedup_key=f"{kind}:{entity}", alert_type=kind, **more)


def run(database, number=0, judge=None):
    return prioritise(database, DESCRIBED, judge or rule_judge(), minute(number))


def stored(database):
    asked = text("SELECT a.dedup_key, p.* FROM alert_priorities AS p JOIN alerts AS a USING (alert_id) ORDER BY 1")
    with database.begin() as connection:
        return [dict(row) for row in connection.execute(asked).mappings()]


def noted(database):
    asked = "SELECT alert_id, from_priority, to_priority, reason FROM alert_priority_changes ORDER BY change_id"
    with database.begin() as connection:
        return [tuple(row) for row in connection.execute(text(asked))]


def test_every_unresolved_alert_gets_a_priority_with_reasons_by_the_rule(database):
    settle(database, frame(of_type("sla_breach_risk", evidence=DUE), of_type("fire", "F1", "low")), MONITOR, NOON)
    assert without_priority(database) == (2, 2)
    assert run(database).written == 2
    assert without_priority(database) == (2, 0)
    fire, breach = stored(database)
    assert fire["priority"] >= 90
    assert fire["reasons"][0] == "protects lives: at least 90"
    assert (breach["basis"], breach["model_name"], breach["opening"]) == ("rule", "rule_baseline", 1)
    assert "due 2026-03-03 12:00 UTC" in breach["reasons"]
    # 1,000 for a missed deadline, high, 24 hours left.
    assert abs(breach["hourly_harm"] - breach["action_probability"] * 1000 / 24) < 1e-9


def test_running_it_again_writes_nothing(database):
    settle(database, frame(of_type("sla_breach_risk", evidence=DUE)), MONITOR, NOON)
    assert run(database).written == 1
    assert run(database).written == 0
    assert len(noted(database)) == 1


def test_small_changes_are_written_and_large_ones_noted(database):
    settle(database, frame(of_type("sla_breach_risk", evidence=DUE)), MONITOR, NOON)
    run(database)
    first = stored(database)[0]["priority"]
    assert run(database, 4 * 60).written == 1
    assert len(noted(database)) == 1
    run(database, 20 * 60)
    ((_, before, after, reason),) = noted(database)[1:]
    assert before == first
    assert after == stored(database)[0]["priority"] >= first + 5
    assert reason.startswith("costs 1,000 if nobody acts")


def test_small_steps_that_add_up_are_noted(database):
    settle(database, frame(of_type("sla_breach_risk", evidence=DUE)), MONITOR, NOON)
    for hour in range(12):
        run(database, 60 * hour)
    assert [after - before for _, before, after, _ in noted(database)[1:]] == [5]


def test_crossing_a_mark_is_noted_however_small_the_step(database):
    def judged(probability):
        return Judge(lambda rows: pl.Series([probability] * len(rows)), "tests", f"{probability}")

    settle(database, frame(of_type("sla_breached", severity="high")), MONITOR, NOON)
    for probability in (0.78, 0.79, 0.81, 0.79):  # of 1,000, an eighth: 79.8, 79.9, 80.1 on the scale
        run(database, judge=judged(probability))
    run(database, judge=judged(0.7))  # 78.8
    assert [after for _, _, after, _ in noted(database)] == [80, 79]


def test_a_reopened_alert_is_prioritised_again(database):
    settle(database, frame(of_type("door_open")), MONITOR, NOON)
    run(database)
    settle(database, frame(), MONITOR, minute(15))
    settle(database, frame(of_type("door_open")), MONITOR, minute(30))
    assert without_priority(database) == (1, 1)
    run(database, 30)
    assert [row["opening"] for row in stored(database)] == [2]


def test_a_resolved_alert_keeps_its_last_priority(database):
    settle(database, frame(of_type("sla_breach_risk", evidence=DUE)), MONITOR, NOON)
    run(database)
    resolve(database, 1, at=minute(5), actor="Ann", note="done")
    assert run(database, 20 * 60).written == 0
    assert stored(database)[0]["as_of"] == NOON


def test_an_earlier_moment_never_takes_a_priority_back(database):
    settle(database, frame(of_type("sla_breach_risk", evidence=DUE)), MONITOR, NOON)
    run(database, 20 * 60)
    done = run(database, 0)
    assert (done.as_of, done.written) == (minute(20 * 60), 0)


def test_a_priority_of_a_moment_after_now_was_wrong_and_is_computed_again(database):
    settle(database, frame(of_type("sla_breach_risk", evidence=DUE)), MONITOR, NOON)
    run(database, 20 * 60)
    done = prioritise(database, DESCRIBED, rule_judge(), minute(15), now=minute(20))
    assert (done.as_of, done.written) == (minute(15), 1)
    assert [row["as_of"] for row in stored(database)] == [minute(15)]


def test_the_newest_tick_of_risks_counts_for_a_while(tmp_path):
    lake = Lake(str(tmp_path))
    assert newest_risk(lake, NOON).is_empty()
    for number in (0, 10):
        at = minute(number)
        row = {"as_of": at, "date": at.date(), "risk": 0.5, "alert_id": number}
        rows = pl.DataFrame([row], schema_overrides=ALERT_RISK.dtypes).cast({"alert_id": pl.Int64})
        nothing = [pl.lit(None, kind).alias(name) for name, kind in ALERT_RISK.dtypes.items() if name not in row]
        rows = rows.with_columns(nothing).select(ALERT_RISK.columns)
        where = {"date": at.date(), "as_of": at}
        lake.replace_slice(ALERT_RISK.derived_name, rows, where=where, partition_by=["date"])
    found = {number: newest_risk(lake, minute(number))["alert_id"].to_list() for number in (-1, 5, 11, 30, 31)}
    assert found == {-1: [], 5: [0], 11: [10], 30: [10], 31: []}


def test_no_alert_is_no_error(database):
    assert run(database).written == 0
    assert without_priority(database) == (0, 0)


def test_copied_rows_come_back_as_they_were(database):
    schema = pl.Schema(
        {"n": pl.Int64(), "t": pl.String(), "x": pl.Float64(), "at": pl.Datetime("us", "UTC"), "b": pl.Boolean()}
    )
    texts = ["a", 'q"uo,te', "line\nbreak", None, "\\N"]
    rows = pl.DataFrame(
        {
            "n": [1, 2, None, 4, 5],
            "t": texts,
            "x": [0.1, None, 1e300, -0.0, 2.5],
            "at": [NOON, None, NOON + timedelta(microseconds=1), NOON, NOON],
            "b": [True, False, None, True, False],
        },
        schema=schema,
    )
    with database.begin() as connection:
        connection.execute(
            text("CREATE TEMP TABLE r (n bigint, t text, x double precision, at timestamptz, b boolean)")
        )
        copy_in(connection, "r", rows)
        assert copy_out(connection, "r", schema).equals(rows, null_equal=True)
        connection.execute(text("DELETE FROM r"))
        assert copy_out(connection, "r", schema).equals(schema.to_frame())
