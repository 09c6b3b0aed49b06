"""Key figures of incidents, alerts and predictions against oracles in SQL: hard cases, drawn ones, the twin."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from opsguard_assets.config.settings import Settings
from opsguard_assets.remediation.outcomes.verdicts import EPISODE, EXECUTION
from opsguard_assets.scorecards.kpis.prediction_feeds_io import SCORE
from opsguard_assets.scorecards.kpis.predictions import announcements, predicted
from opsguard_assets.scorecards.kpis.registry import KPIS
from opsguard_assets.simulator.settings import SimulationSettings
from opsguard_assets.simulator.twin import simulate
from opsguard_assets.tables.registry import EXTERNAL_ALERTS, SECURITY_EVENTS
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.tickets.risk.schemas import SLA_RISK
from tests.properties import examples
from tests.scorecards.oracles import asked

START = datetime(2026, 3, 1, tzinfo=UTC)
MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)
EPISODES = pl.Schema({**{n: d for n, d in EPISODE.items() if n not in {"warns", "came_true_at"}}, "cause": pl.String()})
ESCALATED = pl.Schema({"alert_type": pl.String(), "entity_id": pl.String(), "acted_at": INSTANT})
TICKS = pl.Schema({"job": pl.String(), "as_of": INSTANT})
FEEDS = {
    "external_alerts": pl.Schema(EXTERNAL_ALERTS.dtypes),
    "security_events": pl.Schema(SECURITY_EVENTS.dtypes),
    "database/alert_episodes": EPISODES,
    "database/executions": EXECUTION,
    "database/escalated": ESCALATED,
    "database/ticks": TICKS,
    "models/scores": SCORE,
    "tickets/sla_risk": pl.Schema(SLA_RISK.dtypes),
}
Row = dict[str, Any]


def at(day: float, minutes: float = 0) -> datetime:
    """Minutes on a day of March; days beyond lie in April."""
    return START + timedelta(days=day - 1, minutes=minutes)


END = at(62)


def frame(rows: list[Row], schema: pl.Schema) -> pl.DataFrame:
    return pl.DataFrame([dict.fromkeys(schema) | row for row in rows], schema=schema, orient="row")


def world(through: datetime = END, **rows: list[Row]) -> dict[str, pl.DataFrame]:
    """Feeds of two clients in UTC, with a site each; the names of feeds without their room."""
    given_rows = {name: rows.get(name.rpartition("/")[2], []) for name in FEEDS}
    months = [(c, m, s, e) for c in ("A", "B") for m, s, e in ((MARCH, at(1), at(32)), (APRIL, at(32), at(62)))]
    return {
        **{name: frame(given_rows[name], schema) for name, schema in FEEDS.items()},
        "sites": pl.DataFrame({"site_id": ["sa", "sb"], "client_id": ["A", "B"]}),
        "months": pl.DataFrame(
            months,
            schema={"client_id": pl.String, "month": pl.Date, "starts_at": INSTANT, "ends_at": INSTANT},
            orient="row",
        ),
        "watermarks": pl.DataFrame(
            {"feed": list(FEEDS), "through_at": [through] * len(FEEDS)}, schema_overrides={"through_at": INSTANT}
        ),
    }


def rows_of(name: str, tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    feeds = {feed: table.lazy() for feed, table in tables.items() if feed != "months"}
    return KPIS[name].rows(feeds, tables["months"].lazy(), Settings()).collect()


def figures(name: str, tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """By client and month: sums of what is counted, and the mean, median or sum of what was measured."""
    counted = rows_of(name, tables).filter(pl.col("excluded").is_null())
    measured = pl.col("measure").median() if KPIS[name].aggregate == "median" else pl.col("measure").mean()
    value = pl.col("measure").sum() if name == "predictions_came_true" else measured
    sums = pl.col("numerator", "denominator").sum().cast(pl.Int64)
    return counted.group_by("client_id", "month").agg(sums, value=value).sort("client_id", "month")


def agrees(name: str, tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    found, said = figures(name, tables), asked(name, tables)
    columns = [column for column in found.columns if column in said.columns]
    assert_frame_equal(found.select(columns), said.select(columns), check_dtypes=False, abs_tol=1e-6)
    return found


def value_of(found: pl.DataFrame, client: str = "A", month: date = MARCH) -> Row:
    return found.filter(pl.col("client_id") == client, pl.col("month") == month).row(0, named=True)


def left_out(name: str, tables: dict[str, pl.DataFrame]) -> dict[str, int]:
    return dict(rows_of(name, tables).drop_nulls("excluded").group_by("excluded").len().iter_rows())


def alarm(number: str, raised: datetime, taken: float | None = None, **more: Any) -> Row:
    taken_at = None if taken is None else raised + timedelta(minutes=taken)
    named = {"alert_id": number, "site_id": "sa", "kind": "smoke", "severity": "critical", "known_at": raised}
    return {**named, "at": raised, "acknowledged_at": taken_at, **more}


def test_an_alarm_that_nobody_answers_does_not_improve_the_median():
    answered = [alarm(f"{n}", at(3 + n), 10 + n) for n in range(3)]
    ignored = [alarm(f"open {n}", at(12 + n)) for n in range(4)]
    nothing = [alarm("f", at(5), 999, resolution="false_alarm"), alarm("d", at(5), resolution="duplicate")]
    others = [
        alarm("low", at(6), 1, severity="low"),
        alarm("of b", at(6), 3, site_id="sb"),
        alarm("x", at(6), site_id=None),
    ]
    tables = world(at(20), external_alerts=answered + ignored + nothing + others)
    found = agrees("incident_response", tables)
    assert value_of(found) == {"client_id": "A", "month": MARCH, "numerator": 3, "denominator": 7, "value": 5 * 1440}
    assert left_out("incident_response", tables) == {"false_alarm": 1, "duplicate": 1}


def incident(number: str, happened: datetime, **more: Any) -> Row:
    named = {"event_id": number, "site_id": "sa", "severity": "critical", "known_at": happened}
    return {**named, "at": happened, **more}


def test_a_closed_record_without_a_response_is_unknown_and_an_open_one_waits():
    events = [
        incident("a", at(3), responded_at=at(3, 8), resolved_at=at(3, 60)),
        incident("b", at(4), resolved_at=at(4, 60)),
        incident("c", at(5)),
        incident("d", at(6), responded_at=at(6, 2), is_false_alarm=True),
    ]
    tables = world(at(7), security_events=events)
    found = agrees("incident_record_response", tables)
    assert value_of(found)["value"] == (8 + 2 * 1440) / 2
    assert left_out("incident_record_response", tables) == {"unknown_response": 1, "false_alarm": 1}


def test_a_month_without_a_critical_incident_is_zero_where_incidents_are_recorded_and_unknown_elsewhere():
    events = [
        incident("a", at(3)), incident("b", at(4), is_false_alarm=True), incident("c", at(5), is_false_alarm=False),
        incident("d", at(5), severity="low"),
    ]  # fmt: skip
    found = agrees("critical_security_events", world(security_events=events))
    assert found.select("client_id", "month", "numerator").rows() == [("A", MARCH, 2), ("A", APRIL, 0)]


def episode(number: int, raised: datetime, over: datetime | None = None, **more: Any) -> Row:
    about = {"alert_type": "device_silent", "cause": "power_or_line", "entity_type": "device", "entity_id": "d"}
    named = {**about, "alert_id": number, "opening": 1, "client_id": "A", "site_id": "sa", "severity": "high"}
    ended = {"over_at": over, "cleared_at": over, "resolution": None if over is None else "cleared"}
    return {**named, "raised_at": raised, "was_suppressed": False, **ended, **more}


def execution(number: int, acted: datetime | None, **more: Any) -> Row:
    named = {"execution_id": number, "playbook": "p", "alert_id": number, "opening": 1, "client_id": "A"}
    return {
        **named,
        "mode": "auto",
        "state": "succeeded",
        "triggered_at": acted,
        "acted_at": acted,
        "approvals": 0,
        **more,
    }


def test_without_hands_is_what_cleared_after_a_playbook_acted_and_nobody_took_up():
    ended = [episode(n, at(3), at(3, 60)) for n in range(10)]
    ended[1] |= {"taken_at": at(3, 30)}
    ended[2] |= {"taken_at": at(3, 90)}
    ended[3] |= {"reopened_at": at(3, 600)}
    ended[4] |= {"resolution": "by a person", "cleared_at": None}
    ended[5] |= {"resolution": "expired"}
    ended[6] |= {"was_suppressed": True}
    done = [execution(n, at(3, 10)) for n in (0, 1, 2, 3, 4, 5, 6)]
    done += [
        execution(7, at(3, 70)), execution(8, at(3, 10), mode="shadow"), execution(9, at(3, 10), undone_at=at(3, 20)),
    ]  # fmt: skip
    tables = world(alert_episodes=ended, executions=done)
    found = agrees("auto_resolution", tables)
    assert (value_of(found)["numerator"], value_of(found)["denominator"]) == (2, 8)
    assert left_out("auto_resolution", tables) == {"replaced_or_expired": 1, "suppressed": 1}


def test_until_a_playbook_acted_for_the_client_there_is_no_rate():
    ended = [episode(n, at(3), at(3, 60)) for n in range(2)] + [episode(3, at(40), at(40, 9))]
    of_another = [execution(9, at(2), client_id="B")]
    assert left_out("auto_resolution", world(alert_episodes=ended, executions=of_another)) == {"no_playbook": 3}
    later = world(alert_episodes=ended, executions=[execution(3, at(40, 3))])
    assert agrees("auto_resolution", later).select("month", "numerator", "denominator").rows() == [(APRIL, 1, 1)]


def test_what_was_acknowledged_and_what_is_over_is_averaged_and_the_rest_is_shown():
    told = [
        episode(1, at(3), at(3, 60), taken_at=at(3, 10)),
        episode(2, at(31, 1430), at(32, 30), taken_at=at(32, 0)),
        episode(3, at(4)),
        episode(4, at(5), at(5, 9), taken_at=at(5, 1), was_suppressed=True),
        episode(5, at(5), at(5, 9), client_id=None),
    ]
    tables = world(alert_episodes=told)
    assert value_of(agrees("mtta", tables))["value"] == 10
    assert left_out("mtta", tables) == {"not_acknowledged": 1, "suppressed": 1}
    over = agrees("mttr", tables)
    assert (value_of(over)["value"], value_of(over, month=APRIL)["value"]) == (60, 40)


def test_the_same_cause_and_entity_within_thirty_days_is_a_repetition_and_flicker_is_not():
    told = [
        episode(1, at(1), at(1, 60)),
        episode(2, at(20), at(20, 60), alert_type="device_failure_risk"),
        episode(3, at(20, 90), at(20, 99)),
        episode(3, at(20, 100), at(20, 120), opening=2),
        episode(4, at(60)),
        episode(5, at(25), entity_id="e"),
        episode(6, at(26), cause="battery"),
        episode(7, at(27), client_id="B"),
    ]
    tables = world(alert_episodes=told)
    found = agrees("repeat_incidents", tables)
    assert (value_of(found)["numerator"], value_of(found)["denominator"]) == (1, 4)
    assert value_of(found, month=APRIL)["numerator"] == 0
    assert left_out("repeat_incidents", tables) == {"opened_again": 2}


def risk(ticket: str, tick: datetime, said: float | None, **more: Any) -> Row:
    named = {"ticket_id": ticket, "client_id": "A", "site_id": "sa", "state": "running", "model_name": "m",
             "model_version": "1", "date": tick.date()}  # fmt: skip
    return {**named, "as_of": tick, "risk": said, **more}


def tick(moment: datetime) -> Row:
    return {"job": "score_sla_job", "as_of": moment}


def test_tickets_at_risk_are_those_of_the_last_tick_and_without_one_in_time_there_is_no_figure():
    last = at(32, -15)
    risks = [
        risk("late", last, None, state="breached"), risk("likely", last, 0.9), risk("fine", last, 0.1),
        risk("paused", last, None, state="paused"), risk("of b", last, 0.8, client_id="B", site_id="sb"),
        risk("gone", at(32, -30), 0.99),
    ]  # fmt: skip
    ticks = [tick(at(32, -30)), tick(last), {"job": "score_devices_job", "as_of": at(32)}]
    tables = world(through=at(33), sla_risk=risks, ticks=ticks)
    found = agrees("tickets_at_risk", tables)
    assert found.select("client_id", "numerator", "denominator").rows() == [("A", 1, 3), ("B", 1, 1)]
    assert left_out("tickets_at_risk", tables) == {"already_late": 1}
    early = world(through=at(33), sla_risk=[risk("likely", at(32, -45), 0.9)], ticks=[tick(at(32, -45))])
    assert rows_of("tickets_at_risk", early).is_empty()


def test_a_tick_without_a_ticket_of_the_client_says_that_none_is_open():
    ticks = [tick(at(32, -30)), tick(at(32, -15))]
    gone = world(through=at(33), sla_risk=[risk("gone", at(32, -30), 0.99)], ticks=ticks)
    assert rows_of("tickets_at_risk", gone).is_empty()


def score(entity: str, said: float, moment: datetime, *, came: bool, settled: datetime, **more: Any) -> Row:
    about = {"problem": "sla_breach", "entity": entity, "entity_type": "ticket", "entity_id": entity, "unit": 1}
    named = {**about, "client_id": "A", "site_id": "sa", "alert_type": "sla_breach_risk", "scored_by": "rule"}
    named |= {"alert_from": 0.7}
    return {**named, "as_of": moment, "risk": said, "is_event": came, "settled_at": settled, **more}


def test_announcements_count_once_by_what_was_said_first_and_not_where_somebody_acted():
    scores = [
        score("true", 0.3, at(3), came=True, settled=at(4)), score("true", 0.8, at(3, 15), came=True, settled=at(4)),
        score("true", 0.9, at(3, 30), came=True, settled=at(4)),
        score("false", 0.75, at(3), came=False, settled=at(5)),
        score("calm", 0.1, at(3), came=False, settled=at(5)),
        score("taken", 0.9, at(3), came=False, settled=at(5)),
        score("escalated", 0.9, at(3), came=True, settled=at(5)),
        score("taken too late", 0.9, at(3), came=True, settled=at(5)),
    ]  # fmt: skip
    about = {"alert_type": "sla_breach_risk", "cause": "tickets", "entity_type": "ticket"}
    told = [
        episode(1, at(3), at(4), taken_at=at(3, 5), entity_id="taken", **about),
        episode(2, at(3), at(9), taken_at=at(6), entity_id="taken too late", **about),
    ]
    escalated = [{"alert_type": "sla_breach_risk", "entity_id": "escalated", "acted_at": at(3, 30)}]
    tables = world(scores=scores, alert_episodes=told, escalated=escalated)
    found = agrees("predictions_came_true", tables)
    assert (value_of(found)["numerator"], value_of(found)["denominator"]) == (2, 3)
    assert value_of(found)["value"] == pytest.approx(0.8 + 0.75 + 0.9)
    assert left_out("predictions_came_true", tables) == {"acted_on": 2}
    (row,) = predicted({name: table.lazy() for name, table in tables.items()}, tables["months"].lazy()).to_dicts()
    squared = [(0.49 + 0.04 + 0.01) / 3, 0.75**2, 0.01, 0.01]
    assert (row["announced"], row["came_true"], row["scored_by"]) == (3, 2, "rule")
    assert row["brier"] == pytest.approx(sum(squared) / 4)
    assert row["brier_base"] == pytest.approx(0.25)
    assert row["expected"] == pytest.approx(2.45)
    said = announcements({name: table.lazy() for name, table in tables.items()}, tables["months"].lazy())
    assert sorted(said.select("probability", "came_true", "was_acted_on").rows()) == [
        (0.75, False, False), (0.8, True, False), (0.9, False, True), (0.9, True, False), (0.9, True, True),
    ]  # fmt: skip


minutes = st.integers(0, 60 * 1440)


@st.composite
def stories(draw: st.DrawFn) -> list[Row]:
    """Episodes of a few devices of two clients, at any minutes of two months."""
    rows = []
    for number in range(draw(st.integers(1, 14))):
        raised = at(1, draw(minutes))
        lasts = draw(st.none() | st.integers(0, 9_000))
        client = draw(st.sampled_from(["A", "B"]))
        over = None if lasts is None else raised + timedelta(minutes=lasts)
        taken = draw(st.none() | st.integers(0, 3_000))
        given_row = episode(number, raised, over, client_id=client, entity_id=draw(st.sampled_from(["d", "e"])))
        if over is not None:
            given_row["resolution"] = draw(
                st.sampled_from(["cleared", "expired", "by a person", "resolved at its source"])
            )
        given_row["taken_at"] = None if taken is None else raised + timedelta(minutes=taken)
        given_row["was_suppressed"] = draw(st.integers(0, 9)) == 0
        rows.append(given_row)
    return rows


@given(stories(), st.data())
@settings(max_examples=examples(100, quick=8))
def test_the_oracles_agree_on_any_alerts_and_another_client_moves_nothing(told, data):
    acted = st.none() | minutes
    ways = st.fixed_dictionaries(
        {"mode": st.sampled_from(["auto", "shadow"]), "state": st.sampled_from(["succeeded", "unknown"])}
    )
    done = [
        execution(row["alert_id"], None if when is None else at(1, when), client_id=row["client_id"], **data.draw(ways))
        for row in told
        if (when := data.draw(acted)) or data.draw(st.booleans())
    ]
    alone = {name: [row for row in rows if row["client_id"] == "A"] for name, rows in (("t", told), ("d", done))}
    for name in ("mtta", "mttr", "auto_resolution", "repeat_incidents"):
        agrees(name, tables := world(alert_episodes=told, executions=done))
        mine = rows_of(name, tables).filter(pl.col("client_id") == "A")
        without = rows_of(name, world(alert_episodes=alone["t"], executions=alone["d"]))
        assert_frame_equal(mine, without, check_row_order=False)


@pytest.fixture(scope="module")
def twin():
    """Alarms and incidents of the simulated provider as known at a moment, beside an hour of silence."""
    quiet = {"tickets_per_day": 5, "guards": False, "orders_per_day": 0, "devices_per_site": 0}
    simulated = simulate(SimulationSettings(seed=5, starts_at=START, clients=3, sites=9, **quiet), at(40))
    last = {"external_alerts": "alert_id", "security_events": "event_id"}
    known = {name: simulated.tables[name].unique(key, keep="last", maintain_order=True) for name, key in last.items()}
    clients = simulated.tables["clients"]["client_id"].unique().sort()
    tables = world(at(40))
    months = tables["months"].filter(pl.col("client_id") == "A").drop("client_id")
    return {
        **tables, **known, "sites": simulated.tables["sites"].select("site_id", "client_id"),
        "months": clients.to_frame().join(months, how="cross"),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["incident_response", "incident_record_response", "critical_security_events"])
def test_the_oracles_agree_on_the_simulated_provider(twin, name):
    found = agrees(name, twin)
    assert found["client_id"].n_unique() == 3
    assert found["denominator"].sum() > 10
