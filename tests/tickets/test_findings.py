"""What a tick of risks finds: from which risk, how grave, and that hostile tickets stay text."""

import json
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsguard_assets.alerts.finding import FINDING, checked
from opsguard_assets.tickets.risk.findings import RiskLevels, sla_findings

DUE = datetime(2026, 3, 2, 16, tzinfo=UTC)
SCHEMA = {
    "ticket_id": pl.String,
    "client_id": pl.String,
    "site_id": pl.String,
    "priority": pl.String,
    "state": pl.String,
    "risk": pl.Float64,
    "reason": pl.String,
    "resolution_due_at": pl.Datetime("us", "UTC"),
    **dict.fromkeys(("remaining_minutes", "elapsed_minutes", "age_minutes", "fraction_used"), pl.Float64),
    "response_state": pl.String,
    "model_name": pl.String,
    "model_version": pl.String,
}


def tick(*tickets):
    given_to_all = {
        "client_id": "C1", "site_id": "S1", "priority": "high", "state": "running", "reason": "little time left",
        "resolution_due_at": DUE, "remaining_minutes": 90.0, "elapsed_minutes": 30.0, "age_minutes": 45.0,
        "fraction_used": 0.25, "response_state": "met", "model_name": "rule", "model_version": "1",
    }  # fmt: skip
    return pl.DataFrame([{**given_to_all, **ticket} for ticket in tickets], schema=SCHEMA)


@pytest.mark.parametrize(
    ("risk", "expected"),
    [
        (0.5999, None),
        (0.60, ("medium", False)),
        (0.6999, ("medium", False)),
        (0.70, ("medium", True)),
        (0.8499, ("medium", True)),
        (0.85, ("high", True)),
        (None, None),
    ],
)
def test_a_risk_is_found_from_where_it_clears_raises_from_its_threshold_and_becomes_grave(risk, expected):
    rows = sla_findings(tick({"ticket_id": "T1", "risk": risk}), RiskLevels())
    assert rows.select("severity", "is_raising").rows() == ([expected] if expected else [])


@pytest.mark.parametrize(("priority", "severity"), [("critical", "critical"), ("high", "high"), (None, "high")])
def test_a_missed_deadline_is_a_fact_of_its_own(priority, severity):
    late = {"ticket_id": "T1", "state": "breached", "risk": None, "priority": priority}
    (row,) = sla_findings(tick(late), RiskLevels()).to_dicts()
    assert (row["dedup_key"], row["severity"], row["is_raising"], row["score"]) == (
        "sla_breached:T1", severity, True, None,
    )  # fmt: skip


def test_the_title_never_shows_a_percentage_of_a_threshold_that_was_not_reached():
    titles = sla_findings(tick({"ticket_id": "T", "risk": 0.6999}, {"ticket_id": "U", "risk": 0.7}), RiskLevels())
    assert ["69 %" in titles["title"][0], "70 %" in titles["title"][1]] == [True, True]


def test_the_evidence_is_json_that_repeats_what_was_known():
    (row,) = sla_findings(tick({"ticket_id": 'T"\\\x1b<b>', "risk": 0.9, "priority": None}), RiskLevels()).to_dicts()
    evidence = json.loads(row["evidence"])
    assert evidence["risk"] == 0.9
    assert evidence["priority"] is None
    assert datetime.fromisoformat(evidence["resolution_due_at"]) == DUE
    assert row["entity_id"] == 'T"\\\x1b<b>'


@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.floats(0, 1)),
            st.sampled_from(["running", "paused", "breached"]),
            st.sampled_from(["critical", "low", None]),
        ),
        max_size=20,
    )
)
def test_every_ticket_is_found_at_most_once_and_the_findings_keep_the_contract(tickets):
    rows = tick(
        *(
            {"ticket_id": f"T{n}", "risk": None if state == "breached" else risk, "state": state, "priority": priority}
            for n, (risk, state, priority) in enumerate(tickets)
        )
    )
    found = sla_findings(rows, RiskLevels())
    assert found.schema == FINDING
    assert checked(found).equals(found)
    assert found["entity_id"].is_unique().all()
    worth = rows.filter((pl.col("risk") >= 0.6) | (pl.col("state") == "breached"))
    assert set(found["entity_id"]) == set(worth["ticket_id"])


def test_the_run_of_the_model_is_named_where_it_is_known():
    rows = tick({"ticket_id": "T", "risk": 0.9})
    assert sla_findings(rows, RiskLevels())["model_run_id"].to_list() == [None]
    result = rows.with_columns(model_run_id=pl.lit("abc"))
    assert sla_findings(result, RiskLevels())["model_run_id"].to_list() == ["abc"]
