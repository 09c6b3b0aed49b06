"""Key figures agree with an oracle in SQL, written from the definitions; clients do not touch each other."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.properties import examples
from tests.scorecards.kpis.frames import NAMES, NOW, ORACLE, ZONES, bounds, feeds_of, found, judged, records

_SUMS = ["client_id", "month", "numerator", "denominator"]


def sums(figures: pl.DataFrame, name: str) -> pl.DataFrame:
    """What a key figure sums up for whole clients, where there is anything."""
    whole = figures.filter(pl.col("kpi") == name, pl.col("site_id").is_null(), pl.col("denominator") > 0)
    return whole.select(_SUMS).sort("client_id", "month")


def agree(figures: pl.DataFrame, oracle: dict[str, pl.DataFrame]) -> int:
    """Compares every key figure; how many client months there were."""
    compared = 0
    for name, mine in oracle.items():
        wanted = mine.filter(pl.col("denominator") > 0).select(_SUMS).sort("client_id", "month")
        got = sums(figures, name)
        assert_frame_equal(got, wanted.with_columns(pl.col("month").cast(pl.Date)), check_dtypes=True)
        compared += len(wanted)
    return compared


def test_every_figure_of_these_modules_has_an_oracle():
    assert [name for name in NAMES if not (ORACLE / f"{name}.sql").exists()] == []
    assert len(NAMES) == 12


@settings(max_examples=examples(100, quick=4))
@given(st.integers(0, 10**9))
def test_figures_agree_with_the_oracle_around_month_ends_and_changes_of_the_clock(seed):
    read = feeds_of(records(seed))
    _, figures = found(read)
    through = read["watermarks"]["through_at"][0]
    assert agree(figures, judged(read, bounds(ZONES, through))) > 20


@settings(max_examples=examples(50, quick=3))
@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_what_changes_for_one_client_never_moves_a_figure_of_another(seed, other):
    mine = records(seed, ("a",))
    figures = []
    for others in (records(seed, ("b",)), records(other, ("b",), number=15)):
        both = {name: pl.concat([mine[name], others[name]]) for name in mine}
        rows, found_of = found(feeds_of(both))
        figures.append((rows.filter(client_id="a"), found_of.filter(client_id="a")))
    for before, after in zip(*figures, strict=True):
        assert_frame_equal(before, after)


@settings(max_examples=examples(50, quick=3))
@given(st.integers(0, 10**9))
def test_rows_add_up_to_figures_and_sites_to_no_more_than_the_client(seed):
    rows, figures = found(feeds_of(records(seed)))
    assert rows.select("month", "client_id", "kpi", "entity_type", "entity_id").is_duplicated().sum() == 0
    key = ["kpi", "client_id", "month"]
    own = rows.group_by(key).agg(pl.col("numerator", "denominator").sum(), n=pl.len())
    whole = figures.filter(pl.col("site_id").is_null()).join(own, on=key, suffix="_of_rows")
    assert (whole["numerator"] - whole["numerator_of_rows"]).abs().max() < 1e-9
    assert (whole["denominator"] == whole["denominator_of_rows"]).all()
    places = figures.drop_nulls("site_id").group_by(key).agg(pl.col("denominator").sum())
    assert (whole.join(places, on=key, suffix="_of_sites").select(
        pl.col("denominator_of_sites") <= pl.col("denominator")).to_series()).all()  # fmt: skip
    assert figures["recorded_upto"].unique().to_list() == [NOW]


def test_shares_lie_within_their_interval():
    _, figures = found(feeds_of(records(7)))
    shares = figures.drop_nulls("low").with_columns(pl.col("low", "value", "high").round(9))
    assert shares["kpi"].n_unique() == 9
    assert shares.select((pl.col("low") <= pl.col("value")) & (pl.col("value") <= pl.col("high"))).to_series().all()
