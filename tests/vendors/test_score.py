"""The score of a vendor: what it promises, against an oracle that walks through the jobs."""

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from opsguard_assets.vendors.scores.jobs import PARTS
from opsguard_assets.vendors.scores.score import grade_of, scores
from tests.properties import examples
from tests.vendors.orders import AS_OF, frame, jobs_of, oracle, order, vendors

HALF = st.one_of(st.none(), st.sampled_from([0.0, 0.25, 0.5, 1.0]))
SHARE = st.one_of(st.none(), st.sampled_from([0.0, 1.0]))
VALUES = st.fixed_dictionaries({"sla": SHARE, "completion": HALF, "quality": HALF, "rework": SHARE})
NAMES = [f"v{number}" for number in range(9)]
TRADES = {name: "plumbing" if place < 5 else "security" for place, name in enumerate(NAMES)}
WORLD = st.lists(st.tuples(st.sampled_from(NAMES), VALUES), min_size=1, max_size=60)
PERFECT = dict.fromkeys(PARTS, 1.0)


def scored(world, *, fewest=5):
    rows = [
        {"work_order_id": f"w{place:05d}", "vendor_id": vendor, "is_counted": True, "period": "now", **values}
        for place, (vendor, values) in enumerate(world)
    ]
    known = pl.DataFrame([{"vendor_id": name, "name": name, "trade": trade} for name, trade in TRADES.items()])
    schema = dict.fromkeys(PARTS, pl.Float64)
    jobs = pl.DataFrame(rows, schema_overrides=schema, infer_schema_length=None)
    return scores(jobs, known, fewest=fewest)


def score_of(world, vendor):
    return scored(world).filter(pl.col("vendor_id") == vendor)["score"].item()


@given(WORLD)
@settings(max_examples=examples(300, quick=25))
def test_an_oracle_that_walks_through_the_jobs_agrees(world):
    told = [(vendor, {part: value for part, value in values.items() if value is not None}) for vendor, values in world]
    expected = oracle([each for each in told if each[1]], TRADES)
    found = scored(world).drop_nulls("score")
    assert set(found["vendor_id"]) == set(expected)
    for vendor, *figures in found.select("vendor_id", "score", "low", "high").iter_rows():
        assert figures == pytest.approx(expected[vendor], abs=0.0501), vendor


@given(WORLD, st.randoms())
@settings(max_examples=examples(100, quick=15))
def test_the_order_of_jobs_does_not_matter(world, luck):
    rows = [
        {"work_order_id": f"w{place:05d}", "vendor_id": vendor, "is_counted": True, "period": "now", **values}
        for place, (vendor, values) in enumerate(world)
    ]
    schema = dict.fromkeys(PARTS, pl.Float64)
    known = pl.DataFrame([{"vendor_id": name, "name": name, "trade": trade} for name, trade in TRADES.items()])
    one = scores(pl.DataFrame(rows, schema_overrides=schema, infer_schema_length=None), known)
    luck.shuffle(rows)
    assert one.equals(scores(pl.DataFrame(rows, schema_overrides=schema, infer_schema_length=None), known))


@given(WORLD, st.integers(1, 5), st.sampled_from(NAMES), st.sets(st.sampled_from(PARTS), min_size=1))
@settings(max_examples=examples(400, quick=30))
def test_perfect_jobs_never_lower_a_score_whatever_is_known_of_them(world, more, vendor, told):
    before = scored(world).filter(pl.col("vendor_id") == vendor)["score"].to_list()
    perfect = {part: 1.0 if part in told else None for part in PARTS}
    assume(before and before[0] is not None)
    assert score_of(world + [(vendor, perfect)] * more, vendor) >= before[0]


@pytest.mark.parametrize("peers", [0, 1, 3, 6])
def test_the_first_job_with_a_due_time_does_not_lower_a_score(peers):
    half = [(name, {**PERFECT, "sla": float(place % 2)}) for name in NAMES[1 : peers + 1] for place in range(30)]
    undated = [*half, *[("v0", {**PERFECT, "sla": None})] * 6]
    assert score_of([*undated, ("v0", PERFECT)], "v0") >= score_of(undated, "v0")


def test_what_only_peers_tell_counts_as_it_does_with_them():
    half = [(name, {**PERFECT, "sla": float(place % 2)}) for name in NAMES[1:5] for place in range(30)]
    row = scored([*half, *[("v0", {**PERFECT, "sla": None})] * 6]).row(
        by_predicate=pl.col("vendor_id") == "v0", named=True
    )
    assert (row["sla_jobs"], row["sla_raw"]) == (None, None)
    assert row["sla_score"] == pytest.approx(50, abs=0.1)


@given(st.lists(st.tuples(st.sampled_from(NAMES[1:]), VALUES), max_size=60))
@settings(max_examples=examples(50))
def test_a_perfect_vendor_scores_near_100_whoever_its_peers_are(others):
    assert score_of([*others, *[("v0", PERFECT)] * 600], "v0") >= 98
    assert score_of([*others, *[("v0", PERFECT)] * 40], "v0") >= 80


@pytest.mark.parametrize(("jobs", "least", "most"), [(5, 70, 80), (12, 80, 88), (40, 90, 96), (120, 96, 99)])
def test_among_alike_mediocre_peers_a_perfect_vendor_is_an_a_with_forty_jobs_and_few_say_little(jobs, least, most):
    mediocre = {"completion": 0.75, "quality": 0.5}
    peers = [
        (f"q{index}", {**mediocre, "sla": float(place % 5 > 1), "rework": float(place % 30 > 0)})
        for index in range(12)
        for place in range(30)
    ]
    assert least <= score_of([*peers, *[("v0", PERFECT)] * jobs], "v0") <= most


def test_a_perfect_vendor_among_good_ones_scores_near_100_soon():
    good = [(name, {**PERFECT, "sla": float(place % 10 > 0)}) for name in NAMES[1:5] for place in range(40)]
    assert score_of([*good, *[("v0", PERFECT)] * 10], "v0") >= 95


def test_one_bad_job_of_a_small_vendor_does_not_ruin_it():
    good = [(name, {**PERFECT, "sla": float(place % 10 > 0)}) for name in NAMES[1:5] for place in range(40)]
    bad = dict.fromkeys(PARTS, 0.0)
    small = score_of([*good, ("v0", PERFECT), ("v0", PERFECT), ("v0", bad)], "v0")
    assert small >= 80
    assert score_of([*good, *[("v0", bad)] * 60], "v0") < 40


def test_few_jobs_are_shown_and_not_ranked_and_the_interval_says_how_little_is_known():
    world = [("v0", PERFECT)] * 4 + [(name, {**PERFECT, "sla": 0.0}) for name in NAMES[1:5] for _ in range(6)]
    rows = scored(world)
    few = rows.row(by_predicate=pl.col("vendor_id") == "v0", named=True)
    assert few["score"] is not None
    assert (few["grade"], few["rank"], few["ranked"]) == (None, None, None)
    others = rows.filter(pl.col("vendor_id") != "v0")
    assert others["ranked"].unique().to_list() == [4]
    assert few["high"] - few["low"] > (others["high"] - others["low"]).max()


def test_ranks_are_within_a_trade():
    world = [
        (name, {**PERFECT, "sla": float(place % (2 + index) > 0)})
        for index, name in enumerate(NAMES)
        for place in range(60)
    ]
    ranks = dict(scored(world).select("vendor_id", "rank").iter_rows())
    assert [ranks[name] for name in NAMES] == [5, 4, 3, 2, 1, 4, 3, 2, 1]


def test_grades_follow_the_score_as_it_is_told():
    told = pl.DataFrame({"score": [100.0, 90.0, 89.9, 80.0, 70.0, 69.9, 60.0, 59.9, 0.0, None]})
    assert told.select(grade_of(pl.col("score"))).to_series().to_list() == [*"AABBCDDFF", None]


def test_missing_parts_leave_their_weight_to_the_others():
    rows = jobs_of([order(place) for place in range(40)])
    found = scores(rows, vendors("v1")).row(0, named=True)
    assert (found["sla_jobs"], found["completion_jobs"], found["quality_jobs"], found["rework_jobs"]) == (
        40, None, None, None,
    )  # fmt: skip
    assert found["score"] == found["sla_score"].__round__(1)


def test_jobs_count_from_when_they_were_done_or_due():
    rows = jobs_of(
        [
            order(1, due=-24, late=-5),
            order(2, due=-24, late=3),
            order(3, due=-24, late=None),
            order(4, due=24, late=-30),
            order(5, due=24, late=None),
            order(6, due=-24, late=None, status="Cancelled"),
            order(7, due=-24, late=200),
        ]
    )
    told = dict(rows.select("work_order_id", pl.struct("is_counted", "sla")).iter_rows())
    assert {name[-1]: (each["is_counted"], each["sla"]) for name, each in told.items()} == {
        "1": (True, 1.0), "2": (True, 0.0), "3": (True, 0.0), "4": (True, 1.0), "5": (False, None), "6": (False, None),
        "7": (True, 0.0),
    }  # fmt: skip


def test_every_order_lies_in_exactly_one_month_of_the_zone():
    at = AS_OF.replace(month=5, day=31, hour=22, minute=30)
    hours = (at - AS_OF).total_seconds() / 3600
    rows = jobs_of([order(1, due=hours, late=0), order(2, due=hours - 1, late=500), order(3, due=hours, late=None)])
    assert [str(month) for month in rows["month"]] == ["2026-06-01", "2026-05-01", "2026-06-01"]


def test_a_repaired_job_is_rework_of_whoever_did_it_first():
    rows = jobs_of([order(1), order(2), order(3, vendor="v2", is_rework_of="w00001")])
    assert dict(rows.select("work_order_id", "rework").iter_rows()) == {"w00001": 0.0, "w00002": 1.0, "w00003": 1.0}


def test_a_repair_that_was_called_off_is_no_rework():
    off = order(3, vendor="v2", is_rework_of="w00001", due=24, late=None, status="Cancelled")
    rows = jobs_of([order(1), order(2), off])
    assert rows["rework"].to_list() == [1.0, 1.0, None]


def test_twice_the_estimate_is_worth_nothing():
    times = [(4.0, 2.0), (4.0, 4.0), (4.0, 6.0), (4.0, 8.0), (4.0, 20.0), (0.0, 3.0), (None, 3.0), (4.0, None)]
    rows = jobs_of([order(i, estimated_hours=a, actual_hours=b) for i, (a, b) in enumerate(times)])
    assert rows["completion"].to_list() == [1.0, 1.0, 0.5, 0.0, 0.0, None, None, None]


def test_a_vendor_nobody_described_is_called_by_its_identifier():
    found = scores(jobs_of([order(1)]), frame("vendors", [{"vendor_id": "other", "name": "Other"}]))
    assert found.select("name", "trade").row(0) == ("v1", None)
