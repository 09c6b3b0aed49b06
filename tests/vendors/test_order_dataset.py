"""The risk of a late order reads only what was known, learns from what happened, and counts a batch once."""

import random
from datetime import timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from ml.dataset.split import split_of
from ml.problems.work_order_late.features import FEATURES, PRIOR_ALL, RATE_UNKNOWN, features
from ml.problems.work_order_late.problem import TASK
from ml.problems.work_order_late.rule import WorkOrderRule
from ml.problems.work_order_late.words import topics
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.vendors.orders.dataset import ORDER, SETTLES, OrderDataset, streams_of
from opsguard_assets.vendors.orders.problem_io import orders_of, risk_at
from resources.lake import Lake
from tests.vendors.orders import AS_OF, frame

ORDERS = TABLES["work_orders"]
OFF = ("cancelled",)


def versions(seed=7, count=400):
    """Versions of random orders: promised, accepted, done or not, sometimes moved, called off or told late."""
    luck, result = random.Random(seed), []  # noqa: S311 - no secret
    for number in range(count):
        created = AS_OF - timedelta(hours=luck.uniform(0, 24 * 200))
        due = created + timedelta(hours=luck.choice([24, 72, 240]))
        base = {
            "work_order_id": f"w{number:04d}", "vendor_id": f"v{luck.randrange(5)}", "site_id": f"s{luck.randrange(4)}",
            "client_id": "c1", "category": luck.choice(["hvac", "lift", None]), "created_at": created, "due_at": due,
            "priority": luck.choice(["low", "high", None]), "status": "open",
            "estimated_hours": luck.choice([2.0, None]),
        }  # fmt: skip
        result.append(base | {"known_at": created + timedelta(hours=luck.choice([0, 1]))})
        done = due + timedelta(hours=luck.choice([-20, -5, -5, 0, 6, 60]))
        after = done + timedelta(hours=luck.choice([0, 3, 24 * 45]))
        fate = luck.random()
        if fate < 0.1:
            result.append(base | {"status": "Cancelled", "known_at": created + timedelta(hours=luck.choice([3, 300]))})
        elif fate < 0.9:
            result.append(base | {"accepted_at": created, "known_at": created + timedelta(hours=2)})
            moved = {"due_at": due + timedelta(days=5)} if fate > 0.8 else {}
            result.append(base | moved | {"completed_at": done, "accepted_at": created, "known_at": after})
    return frame("work_orders", result).select(ORDERS.columns)


def lake_at(path, moment):
    lake = Lake(str(path))
    known = versions().filter(pl.col("known_at") <= moment)
    lake.record(ORDERS, known, loaded_at=moment)
    return lake


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    until = AS_OF + timedelta(days=60)
    return OrderDataset(until, orders_of(lake_at(tmp_path_factory.mktemp("past") / "lake", until), until, OFF))


@pytest.mark.parametrize("days", [120, 60.3, 20])
def test_features_are_the_same_whether_or_not_the_future_is_known(dataset, tmp_path, days):
    moment = AS_OF - timedelta(days=days)
    then = orders_of(lake_at(tmp_path / "lake", moment), moment, OFF)
    as_of = pl.lit(moment, pl.Datetime("us", "UTC"))
    is_open = pl.col("completed_known_at").is_null() & pl.col("off_at").is_null() & (pl.col("due_at") > as_of)
    ahead = then.filter(is_open).select(ORDER).with_columns(as_of=as_of)
    served = features(streams_of(then, moment), ahead)
    again = dataset.orders.join(ahead.select("work_order_id"), on="work_order_id", how="semi").select(ORDER)
    learned = features(dataset.known, again.with_columns(as_of=as_of))
    assert len(ahead) >= 5
    assert served["vendor_batches"].sum() > 0
    assert_frame_equal(served.select("work_order_id", *FEATURES), learned.select("work_order_id", *FEATURES))


def test_labels_are_what_happened_against_the_time_that_was_promised_first(dataset):
    last = (
        versions()
        .sort("known_at")
        .group_by("work_order_id")
        .agg(
            pl.col("due_at").first(),
            pl.col("completed_at").drop_nulls().first(),
            off=(pl.col("status") == "Cancelled").any(),
        )
    )
    result = dataset.lives.join(last.filter(~pl.col("off")), on="work_order_id")
    expected = (result["completed_at"] > result["due_at"]).fill_null(value=True)
    assert len(result) > 300
    assert result["is_event"].null_count() == 0
    assert (result["is_event"] == expected).all()


def test_what_is_not_settled_has_no_label_yet(tmp_path):
    moment = AS_OF - timedelta(days=30)
    young = OrderDataset(moment, orders_of(lake_at(tmp_path / "lake", moment), moment, OFF))
    unknown = young.lives.filter(pl.col("is_event").is_null()).join(young.orders, on="work_order_id")
    assert len(unknown) > 0
    waited = unknown.filter(pl.col("off_at").is_null())
    assert (waited["due_at"] + SETTLES > moment).all()


def test_an_evaluation_judges_by_orders_that_are_settled_and_by_no_others(dataset, tmp_path):
    moment = AS_OF - timedelta(days=30)
    young = OrderDataset(moment, orders_of(lake_at(tmp_path / "lake", moment), moment, OFF))
    result = young.of_lives(young.lives, "opening").sort("work_order_id")
    later = (
        dataset.of_lives(dataset.lives, "opening").filter(pl.col("due_at") + SETTLES <= moment).sort("work_order_id")
    )
    assert 0 < result["is_event"].mean() < 1
    assert_frame_equal(result.drop("is_event", "lead_minutes"), later.drop("is_event", "lead_minutes"))
    ended = young.lives.join(young.orders.drop("due_at"), on="work_order_id").filter(
        pl.col("completed_known_at").is_not_null(), pl.col("due_at") + SETTLES > moment
    )
    assert ended["is_event"].null_count() == len(ended) > 0


def test_an_order_that_is_called_off_before_it_is_due_teaches_nothing(dataset):
    off = dataset.orders.filter(pl.col("off_at") < pl.col("due_at"))
    result = dataset.lives.join(off.select("work_order_id"), on="work_order_id")
    assert len(result) > 10
    assert result["is_event"].null_count() == len(result)


def test_a_batch_counts_once(tmp_path):
    created = AS_OF - timedelta(days=20)
    base = {"vendor_id": "v1", "site_id": "s1", "created_at": created, "due_at": created + timedelta(days=2)}
    done = base | {"completed_at": created + timedelta(days=3), "known_at": created + timedelta(days=3)}
    rows = [base | {"work_order_id": f"w{n}", "known_at": created} for n in range(40)]
    rows += [done | {"work_order_id": f"w{n}"} for n in range(40)]
    orders = frame("work_orders", rows).select(ORDERS.columns)
    lake = Lake(str(tmp_path / "lake"))
    lake.record(ORDERS, orders, loaded_at=AS_OF)
    known = OrderDataset(AS_OF, orders_of(lake, AS_OF, OFF))
    fresh = known.orders.head(1).select(ORDER).with_columns(as_of=pl.lit(AS_OF).dt.cast_time_unit("us"))
    row = features(known.known, fresh)
    assert row["all_rate"].item() == pytest.approx((1 + PRIOR_ALL * RATE_UNKNOWN) / (1 + PRIOR_ALL))
    assert row["batch_size"].item() == 40
    assert known.orders["batch_id"].n_unique() == 1


def test_orders_of_one_batch_lie_on_one_side_of_a_split(dataset):
    rows = dataset.watched().drop_nulls("is_event")
    parts = split_of(rows.with_columns(batch_id=pl.col("vendor_id")), TASK, test_share=0.5, least=5)
    assert set(parts.fit["vendor_id"]) & set(parts.test["vendor_id"]) == set()
    assert len(parts.fit) + len(parts.test) == len(rows)


def test_reasons_are_words_for_whoever_waits(dataset):
    rows = dataset.watched().head(50)
    reasons = topics(rows)
    assert reasons.always.null_count() == 0
    assert sorted(name for members in reasons.members.values() for name in members) == sorted(FEATURES)


def test_every_open_order_gets_a_risk_and_no_other(tmp_path):
    lake = lake_at(tmp_path / "lake", AS_OF)
    risk = risk_at(lake, WorkOrderRule(), AS_OF, OFF)
    last = (
        versions()
        .filter(pl.col("known_at") <= AS_OF)
        .sort("known_at")
        .group_by("work_order_id")
        .agg(pl.col("due_at").first(), pl.col("completed_at").last(), pl.col("status").last())
    )
    expected = last.filter(pl.col("due_at") > AS_OF, pl.col("completed_at").is_null(), pl.col("status") == "open")
    assert set(risk["work_order_id"]) == set(expected["work_order_id"])
    assert len(risk) > 0
    assert risk["risk"].is_between(0, 1).all()
    assert risk["reason"].str.contains("past due times? at this site").all()
