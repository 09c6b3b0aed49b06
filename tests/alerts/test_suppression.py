"""Who is withheld an alert: by the plan, by the hold-out, by the budget, in this order, and for one reason only."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsguard_assets.alerts.suppression import in_holdout, suppress_holdout, suppress_outside_plan, suppress_over_budget
from opsguard_assets.config.plans import Plans
from opsguard_assets.entitlements.entitled import entitled_to_alerts, entitlements
from tests.alerts.given import finding, frame

RISK, BREACHED = "sla_breach_risk", "sla_breached"
FEATURES = {BREACHED: "alerts_basic", RISK: "sla_prevention", "model_unavailable": None}
CLIENTS = pl.DataFrame({"client_id": ["B", "S", "N"], "plan": ["bronze", "silver", None]})
NONE = pl.Series(dtype=pl.String)


def reasons(findings):
    return dict(findings.select("entity_id", "withheld").iter_rows())


def test_membership_of_the_hold_out_is_the_same_on_every_machine_and_for_ever():
    names = pl.Series([f"T-{n}" for n in range(8)])
    chosen = names.filter(in_holdout(names, 0.4)).to_list()
    assert chosen == ["T-0", "T-2", "T-3", "T-7"], (
        "tickets change sides when this changes: running measurements are lost"
    )


def test_a_greater_share_holds_out_the_same_tickets_and_more():
    names = pl.Series([f"T-{n}" for n in range(5_000)])
    few, many = in_holdout(names, 0.05), in_holdout(names, 0.2)
    assert not (few & ~many).any()
    assert few.mean() == pytest.approx(0.05, abs=0.012)
    assert many.mean() == pytest.approx(0.2, abs=0.025)


@given(names=st.lists(st.text(), max_size=20))
def test_whoever_is_held_out_does_not_depend_on_the_others(names):
    series = pl.Series("t", names, dtype=pl.String)
    together = in_holdout(series, 0.5).to_list()
    assert together == [in_holdout(pl.Series([name]), 0.5)[0] for name in names]
    assert not in_holdout(series, 0).any()
    assert in_holdout(series, 1).all()


def test_nobody_without_an_identifier_is_held_out():
    assert in_holdout(pl.Series([None, "T"], dtype=pl.String), 1.0).to_list() == [False, True]


def test_only_raising_findings_of_the_types_that_prevent_are_held_back():
    rows = frame(
        finding("a"),
        finding("b", is_raising=False),
        finding("c", alert_type=BREACHED),
        finding("d", withheld="not in the plan"),
    )
    marked = suppress_holdout(rows, 1.0, alert_types=[RISK])
    assert reasons(marked) == {"a": "held back", "b": None, "c": None, "d": "not in the plan"}
    assert suppress_holdout(rows, 0.0, alert_types=[RISK]).equals(rows)


def test_a_plan_holds_what_it_names_and_an_unknown_plan_holds_everything():
    rows = frame(
        finding("bronze", client_id="B"),
        finding("bronze, breached", client_id="B", alert_type=BREACHED),
        finding("silver", client_id="S"),
        finding("without a plan", client_id="N"),
        finding("unknown client", client_id="?"),
        finding("no client", client_id=None),
        finding("a type of no plan", client_id="B", alert_type="model_unavailable"),
    )
    held = entitlements(CLIENTS, Plans(), date(2026, 3, 2))
    marked = suppress_outside_plan(rows, entitled_to_alerts(rows, held, FEATURES))
    assert {name for name, why in reasons(marked).items() if why} == {"bronze"}
    assert reasons(marked)["bronze"] == "not in the plan"
    assert marked.drop("withheld").equals(rows.drop("withheld"))


def test_the_budget_goes_to_the_greatest_risks_that_nothing_else_withholds():
    rows = frame(
        *(finding(f"T{n}", score=0.7 + n / 100) for n in range(6)),
        finding("held", score=0.99, withheld="held back"),
        finding("alive", score=0.71),
        finding("falling", score=0.98, is_raising=False),
        finding("other", score=0.98, alert_type=BREACHED),
    )
    living = pl.Series(["sla_breach_risk:alive"])
    marked = suppress_over_budget(rows, 4, alert_type=RISK, living=living, raised_today=2)
    assert {name for name, why in reasons(marked).items() if why == "over budget"} == {"T0", "T1", "T2", "T3"}
    assert reasons(marked)["held"] == "held back"


@given(
    scores=st.lists(st.one_of(st.none(), st.sampled_from([0.7, 0.8, 0.9])), max_size=12),
    per_day=st.integers(1, 5),
    spent=st.integers(0, 7),
)
def test_what_passes_a_budget_is_what_is_left_of_it(scores, per_day, spent):
    rows = frame(*(finding(f"T{n}", score=score) for n, score in enumerate(scores)))
    marked = suppress_over_budget(rows, per_day, alert_type=RISK, living=NONE, raised_today=spent)
    passing = marked.filter(pl.col("withheld").is_null())["score"].fill_null(0)
    stopped = marked.filter(pl.col("withheld").is_not_null())["score"].fill_null(0)
    assert len(passing) == min(len(scores), max(per_day - spent, 0))
    if len(passing) and len(stopped):
        assert passing.min() >= stopped.max()


def test_without_a_budget_nobody_is_over_it():
    rows = frame(*(finding(f"T{n}") for n in range(9)))
    assert suppress_over_budget(rows, None, alert_type=RISK, living=NONE, raised_today=99).equals(rows)
