"""What is found of vendors and orders, and how pictures bear hostile names."""

import json
from datetime import date, timedelta

import polars as pl
import pytest

from opsguard_assets.alerts.finding import checked
from opsguard_assets.tables.values import INSTANT
from opsguard_assets.vendors.alerts.findings import Known, Levels, vendor_findings
from opsguard_assets.vendors.orders.schemas import WORK_ORDER_RISK
from opsguard_assets.vendors.scores.plots import parts_plot, ranking_plot, trend_plot
from opsguard_assets.vendors.scores.schemas import VENDOR_MONTHS, VENDOR_SCORES
from tests.vendors.orders import AS_OF

HOSTILE = '<script>alert("x")</script>'


def rows(table, *given):
    return pl.concat([table.empty(), pl.DataFrame(list(given), infer_schema_length=None)], how="diagonal_relaxed")


def score(**fields):
    return {"vendor_id": "v1", "name": "Ace", "jobs": 20, "score": 80.0, "low": 70.0, "high": 90.0, **fields}


def in_time(share, jobs=20):
    return score(sla_raw=share, sla_jobs=jobs, sla_low=share - 5, sla_high=share + 5)


def found(*, scores=(), months=(), before=(), overdue=(), risk=(), levels=Levels()):  # noqa: B008 - it is frozen
    schema = dict.fromkeys(
        ("work_order_id", "vendor_id", "site_id", "client_id", "category", "priority"), pl.String
    ) | {"due_at": INSTANT}
    known = Known(
        rows(VENDOR_SCORES, *scores),
        rows(VENDOR_MONTHS, *months),
        rows(VENDOR_MONTHS, *before),
        pl.DataFrame(list(overdue), schema=schema),
        rows(WORK_ORDER_RISK, *risk),
    )
    return checked(vendor_findings(known, levels, AS_OF))


def month(now, change, jobs=20, in_time=50.0):
    result = {"score": now, "change": change, "jobs": jobs, "sla_raw": in_time, "drivers": "fewer jobs on time"}
    return score(month=date(2026, 5, 1), **result)


@pytest.mark.parametrize(
    ("change", "jobs", "before", "expected"),
    [
        (-10.0, 20, 20, [("medium", True)]),
        (-20.0, 20, 20, [("high", True)]),
        (-9.0, 20, 20, [("medium", False)]),
        (-7.0, 20, 20, []),
        (-50.0, 4, 20, []),
        (-50.0, 20, 4, []),
        (15.0, 20, 20, []),
    ],
)
def test_a_fall_of_ten_points_is_told_where_both_months_have_jobs_enough(change, jobs, before, expected):
    result = found(
        months=[month(70.0, change, jobs)], before=[score(month=date(2026, 4, 1), jobs=before, sla_raw=100.0)]
    )
    assert result.select("severity", "is_raising").rows() == expected


def test_whoever_falls_only_because_the_peers_do_is_not_told():
    before = [score(month=date(2026, 4, 1), sla_raw=100.0)]
    assert found(months=[month(70.0, -15.0, in_time=100.0)], before=before).is_empty()
    assert len(found(months=[month(70.0, -15.0, in_time=80.0)], before=before)) == 1


def test_a_missed_target_is_held_until_it_is_met_clearly():
    shares = {89.9: [True], 90.0: [False], 91.9: [False], 92.0: []}
    assert {share: found(scores=[in_time(share)])["is_raising"].to_list() for share in shares} == shares
    assert found(scores=[in_time(50.0, jobs=4)]).is_empty()
    (title,) = found(scores=[in_time(89.99)])["title"]
    assert title == "Ace did 89 % of 20 jobs in time"


def test_a_target_near_100_is_met_by_whoever_is_always_in_time():
    strict = Levels(sla_target=0.99)
    held = {share: len(found(scores=[in_time(share)], levels=strict)) for share in (98.9, 99.5, 100.0)}
    assert held == {98.9: 1, 99.5: 1, 100.0: 0}


def test_vendors_belong_to_no_client_and_orders_to_whoever_waits():
    late = {"work_order_id": "w1", "vendor_id": "v1", "site_id": "s1", "client_id": "c1", "category": None}
    late |= {"priority": "low", "due_at": AS_OF - timedelta(hours=3)}
    urgent = late | {"work_order_id": "w2", "priority": "high"}
    old = late | {"work_order_id": "w3", "due_at": AS_OF - timedelta(hours=30)}
    result = found(scores=[in_time(50.0)], overdue=[late, urgent, old])
    assert result.select("dedup_key", "client_id", "severity").rows() == [
        ("vendor_sla_below_target:v1", None, "medium"),
        ("work_order_overdue:w1", "c1", "medium"),
        ("work_order_overdue:w2", "c1", "high"),
        ("work_order_overdue:w3", "c1", "high"),
    ]
    assert json.loads(result["evidence"][1])["overdue_hours"] == 3.0


def test_a_risk_is_told_from_its_threshold_and_held_below_it():
    def risk(value):
        return {
            "work_order_id": "w1", "vendor_id": "v1", "due_at": AS_OF, "as_of": AS_OF, "risk": value, "reason": "r",
            "model_name": "rule", "model_version": "1",
        }  # fmt: skip

    result = {value: found(risk=[risk(value)])["is_raising"].to_list() for value in (0.39, 0.4, 0.4999, 0.5)}
    assert result == {0.39: [], 0.4: [False], 0.4999: [False], 0.5: [True]}
    assert found(risk=[risk(0.4999)])["title"].item() == "Work order w1 may be late (49 %)"


def test_names_in_pictures_are_text_and_never_markup():
    drawn = rows(VENDOR_SCORES, score(name=HOSTILE, grade="B", rank=1, ranked=1))
    svg = ranking_plot(drawn).decode()
    assert "<script" not in svg
    assert "&lt;script&gt;" in svg
    assert b"not known" in parts_plot(drawn.to_dicts()[0])


def test_a_trend_leaves_months_without_jobs_empty():
    months = [score(month=date(2026, number, 1)) for number in (1, 2, 4)]
    svg = trend_plot(rows(VENDOR_MONTHS, *months)).decode()
    assert svg.count("<circle") == 3
    assert "Mar 2026" in svg
    assert b"<circle" not in trend_plot(VENDOR_MONTHS.empty())
