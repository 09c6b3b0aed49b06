"""Months compared: parts add up to the change, words say what moved it, corrected months are recorded anew."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsguard_assets.config.settings import Settings
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.vendors.scores.changes import changes
from opsguard_assets.vendors.scores.io import keep_scores, last_scores, scored_at
from opsguard_assets.vendors.scores.jobs import PARTS, jobs
from opsguard_assets.vendors.scores.schemas import VENDOR_MONTHS
from opsguard_assets.vendors.scores.score import scores
from opsguard_assets.vendors.scores.sentiment import sentiment_after
from resources.lake import Lake
from tests.properties import examples
from tests.vendors.orders import AS_OF, frame, order, vendors

MAY, JUNE = -30 * 24.0, -24.0
PART = st.tuples(*[st.one_of(st.none(), st.floats(0, 1)) for _ in PARTS])


def months_of(orders, names=("v1", "v2")):
    result = jobs(frame("work_orders", orders), AS_OF, zone="UTC").with_columns(period="month")
    return changes(scores(result, vendors(*names)))


@given(st.lists(st.tuples(st.sampled_from(["v1", "v2"]), st.sampled_from([4, 5, 6]), PART), min_size=2, max_size=30))
@settings(max_examples=examples(100), deadline=None)
def test_what_the_parts_add_is_the_change(world):
    rows = [
        {"work_order_id": f"w{n}", "vendor_id": vendor, "is_counted": True, "period": date(2026, month, 1)}
        | dict(zip(PARTS, parts, strict=True))
        for n, (vendor, month, parts) in enumerate(world)
    ]
    result = changes(
        scores(
            pl.DataFrame(rows, schema_overrides=dict.fromkeys(PARTS, pl.Float64), infer_schema_length=None),
            vendors("v1", "v2"),
        )
    )
    parts = [sum(row[f"{part}_change"] for part in PARTS) for row in result.drop_nulls("change").to_dicts()]
    assert parts == pytest.approx(result["change"].drop_nulls().to_list(), abs=0.11)


def test_the_words_name_what_moved_the_score_most_with_its_figures():
    orders = [order(n, due=MAY, quality_rating=5) for n in range(20)]
    orders += [order(100 + n, late=5.0 if n < 10 else 0.0, quality_rating=5) for n in range(20)]
    # With peers: what nobody else tells starts from the vendor's whole, and moves with it.
    orders += [order(200 + n, vendor=f"p{n % 4}", due=due, quality_rating=5) for due in (MAY, JUNE) for n in range(40)]
    orders = [{**row, "work_order_id": f"w{place:05d}"} for place, row in enumerate(orders)]
    months = months_of(orders, ["v1", "p0", "p1", "p2", "p3"])
    (result,) = months.filter(pl.col("vendor_id") == "v1", pl.col("period") == date(2026, 6, 1)).to_dicts()
    assert result["drivers"].startswith("fewer jobs on time (50 after 100 of 100): -")
    assert "rating" not in result["drivers"]


def test_few_jobs_are_not_praised_for_their_peers():
    peers = [order(n, vendor=f"p{n % 4}") for n in range(200)]
    before = [order(1000 + n, due=MAY, late=5.0) for n in range(30)]
    names = ["v1", "p0", "p1", "p2", "p3"]
    now = [order(2000, late=5.0)]
    (row,) = (
        months_of([*peers, *before, *now], names)
        .filter(pl.col("vendor_id") == "v1", pl.col("period") == date(2026, 6, 1))
        .to_dicts()
    )
    assert row["change"] > 0
    assert row["drivers"].startswith("jobs on time: so few that they are drawn towards the peers (0 after 0 of 100): +")


def recorded(lake, orders, loaded_at=AS_OF):
    lake.record(
        TABLES["work_orders"], frame("work_orders", orders).select(TABLES["work_orders"].columns), loaded_at=loaded_at
    )


def lake_of(tmp_path, orders):
    lake = Lake(str(tmp_path / "lake"))
    recorded(lake, orders)
    named = vendors("v1", "v2").with_columns(known_at=pl.lit(AS_OF - timedelta(days=400)).dt.cast_time_unit("us"))
    lake.record(TABLES["vendors"], named.select(TABLES["vendors"].columns), loaded_at=AS_OF)
    return lake


def test_a_day_of_scores_is_stored_once_and_read_again(tmp_path):
    lake = lake_of(tmp_path, [order(n, vendor=f"v{1 + n % 2}", due=-24.0 * n) for n in range(120)])
    scored = scored_at(lake, AS_OF, Settings())
    assert scored.stored == len(scored.jobs) == scored.months["jobs"].sum() == 120
    assert scored.scores["jobs"].sum() == 90
    assert keep_scores(lake, scored, AS_OF, Settings()) == len(scored.months)
    assert keep_scores(lake, scored, AS_OF, Settings()) == 0
    assert last_scores(lake, AS_OF).sort("vendor_id").equals(scored.scores.sort("vendor_id"))
    assert last_scores(lake, AS_OF - timedelta(hours=1)).is_empty()
    assert set(scored.ranking["rank"]) <= {1, 2}


def test_a_late_word_on_a_month_replaces_nothing_that_was_said(tmp_path):
    lake = lake_of(tmp_path, [order(n, due=MAY, late=None if n < 5 else 0.0) for n in range(20)])
    keep_scores(lake, scored_at(lake, AS_OF, Settings()), AS_OF, Settings())
    later = AS_OF + timedelta(days=1)
    done = [order(n, due=MAY) | {"known_at": later} for n in range(5)]
    recorded(lake, done, later)
    keep_scores(lake, scored_at(lake, later, Settings()), later, Settings())
    raw = [lake.known(VENDOR_MONTHS, moment).collect()["sla_raw"].item() for moment in (AS_OF, later)]
    assert raw == [75.0, 100.0]


def test_a_month_that_lost_all_its_orders_is_withdrawn(tmp_path):
    lake = lake_of(tmp_path, [order(1, due=MAY)])
    keep_scores(lake, scored_at(lake, AS_OF, Settings()), AS_OF, Settings())
    later = AS_OF + timedelta(days=1)
    recorded(lake, [order(1, due=JUNE) | {"known_at": later}], later)
    keep_scores(lake, scored_at(lake, later, Settings()), later, Settings())
    assert lake.known(VENDOR_MONTHS, later).collect()["month"].to_list() == [date(2026, 6, 1)]
    assert lake.known(VENDOR_MONTHS, AS_OF).collect()["month"].to_list() == [date(2026, 5, 1)]


def test_without_any_order_there_is_no_score(tmp_path):
    scored = scored_at(Lake(str(tmp_path / "lake")), AS_OF, Settings())
    assert scored.scores.is_empty()
    assert scored.months.is_empty()


def test_sentiment_is_of_tickets_soon_after_a_job_at_the_site_each_once():
    done = datetime(2026, 6, 1, tzinfo=UTC)
    visits = pl.DataFrame(
        {"vendor_id": ["v1", "v1", "v2"], "site_id": ["s", "s", "t"], "completed_at": [done, done + timedelta(1), done]}
    )
    tickets = pl.DataFrame(
        {
            "ticket_id": ["before", "soon", "late", "mute", "elsewhere"],
            "site_id": ["s", "s", "s", "s", "u"],
            "opened_at": [done + timedelta(days) for days in (-1, 2, 20, 2, 2)],
            "sentiment": [1.0, -0.5, 1.0, None, 1.0],
        }
    )
    result = sentiment_after(visits, tickets, within=timedelta(days=7))
    assert result.rows() == [("v1", -0.5, 1)]
