"""What was known last, checked against the obvious loop."""

from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from ml.features.asof import in_order, latest, running_count, trailing

START = datetime(2026, 1, 1, tzinfo=UTC)
INSTANT = pl.Datetime("us", "UTC")
HOURS = st.integers(0, 20)
KEYS = st.sampled_from(["a", "b", None])


def at(hour):
    return START + timedelta(hours=hour)


def frame(rows, **schema):
    return pl.DataFrame(rows, schema={"key": pl.String, **schema}, orient="row")


@given(st.lists(st.tuples(KEYS, HOURS), min_size=1), st.lists(st.tuples(KEYS, HOURS, st.integers(-9, 9)), max_size=20))
def test_the_latest_row_is_the_one_that_a_loop_finds(asked, known):
    known = list({(key, hour): (key, hour, value) for key, hour, value in known if key}.values())
    moments = frame([(key, at(hour)) for key, hour in asked], as_of=INSTANT)
    stream = frame([(key, at(hour), value) for key, hour, value in known], at=INSTANT, value=pl.Int64)
    found = latest(moments, stream, by=["key"])["value"].to_list()
    before = [[(h, v) for k, h, v in known if k == key and h <= hour] for key, hour in asked]
    assert found == [max(some)[1] if some else None for some in before]


@given(
    st.lists(KEYS, min_size=1), HOURS, st.lists(st.tuples(KEYS, HOURS, st.integers(-9, 9)), max_size=20), st.booleans()
)
def test_moments_that_are_all_one_find_what_they_find_among_others(keys, hour, known, strictly):
    known = list({(key, when): (key, when, value) for key, when, value in known}.values())
    stream = frame([(key, at(when), value) for key, when, value in known], at=INSTANT, value=pl.Int64)
    for by in (["key"], []):
        rows = stream if by else stream.drop("key").unique("at", keep="last", maintain_order=True)
        alone = frame([(key, at(hour)) for key in keys], as_of=INSTANT)
        among = pl.concat([alone, frame([("a", at(hour + 1))], as_of=INSTANT)])
        found = latest(alone, rows, by=by, strictly=strictly)
        assert found.equals(latest(among, rows, by=by, strictly=strictly).head(len(keys)), null_equal=True)


@given(st.lists(st.tuples(KEYS, HOURS)))
def test_rows_in_order_stay_as_they_are_and_others_are_sorted(rows):
    given_rows = frame([(key, at(hour)) for key, hour in rows], at=INSTANT)
    assert in_order(given_rows, ["key", "at"]).equals(given_rows.sort("key", "at"), null_equal=True)


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), HOURS, st.sampled_from([1, -1])), min_size=1))
def test_a_running_count_is_the_sum_of_all_changes_so_far(changes):
    counted = running_count(frame([(k, at(h), c) for k, h, c in changes], at=INSTANT, change=pl.Int64), by=["key"])
    assert len(counted) > 0
    for key, instant, count in counted.select("key", "at", "count").iter_rows():
        assert count == sum(c for k, h, c in changes if k == key and at(h) <= instant)


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 200), st.booleans()), min_size=1, max_size=30))
def test_a_trailing_rate_counts_the_last_known_outcomes(outcomes):
    outcomes = list({(key, hour): (key, hour, value) for key, hour, value in outcomes}.values())
    rows = frame([(k, at(h), v) for k, h, v in outcomes], at=INSTANT, late=pl.Boolean)
    found = trailing(rows, "late", by=["key"], last=3)
    assert len(found) == len(outcomes)
    for key, instant, total, number in found.select("key", "at", "total", "number").iter_rows():
        before = sorted((h, v) for k, h, v in outcomes if k == key and at(h) <= instant)[-3:]
        assert (round(total), number) == (sum(v for _, v in before), len(before))
