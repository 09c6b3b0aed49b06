"""What text, numbers and instants of sources become, and with which complaint they are refused."""

from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsguard_assets.config.mapping import ColumnMapping
from opsguard_assets.intake.mapping.parse import complaint, parse
from opsguard_assets.intake.mapping.values import as_text, without_nulls
from opsguard_assets.tables.values import INSTANT


def read(values, dtype, zone="UTC", **how):
    """(values read, complaints about those that were not)."""
    mapping = ColumnMapping.model_validate({"from": "column", **how})
    received = without_nulls(values if isinstance(values, pl.Series) else pl.Series(values), ("?",))
    found = parse(received, dtype, mapping, zone)
    unread = received.filter(received.is_not_null() & found.is_null())
    return found.to_list(), complaint(unread, dtype, mapping, zone).to_list() if len(unread) else []


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2016-02-29T01:16:00Z",
        "2016-02-29T01:16:00+00:00",
        "2016-02-29T03:16:00.000+02:00",
        "2016-02-29T03:16:00+0200",
        "2016-02-29 01:16:00",
        "2016-02-29 01:16",
        "2016-02-29T01:16",
        "2016-02-29T01:16Z",
        " 2016-02-29 01:16:00+00 ",
    ],
)
def test_every_spelling_of_iso_8601_is_the_same_instant(text):
    assert read([text], INSTANT) == ([utc(2016, 2, 29, 1, 16)], [])


def test_several_formats_are_tried_in_order_on_the_values_that_are_left():
    formats = ["%d/%m/%Y %H:%M", "%Y%m%d%H%M", "%d.%m.%Y %H:%M %z"]
    found, complaints = read(
        ["29/2/2016 01:16", "201602290116", "29.02.2016 03:16 +0200", "29-2-2016"], INSTANT, format=formats
    )
    assert found == [utc(2016, 2, 29, 1, 16)] * 3 + [None]
    assert complaints == [f"not a valid timestamp in any of the formats {', '.join(formats)}"]


def test_days_that_do_not_exist_are_no_instants():
    found, complaints = read(
        ["30/02/2016 10:00", "29/02/2015 10:00", "31/04/2016 10:00"], INSTANT, format="%d/%m/%Y %H:%M"
    )
    assert found == [None] * 3
    assert set(complaints) == {"not a valid timestamp in any of the formats %d/%m/%Y %H:%M"}


def test_the_hour_that_spring_skips_is_no_instant_and_the_one_that_autumn_repeats_is_its_first():
    texts = ["2024-03-31 01:59", "2024-03-31 02:30", "2024-03-31 03:00", "2024-10-27 02:30"]
    found, complaints = read(texts, INSTANT, zone="Europe/Berlin")
    assert found == [utc(2024, 3, 31, 0, 59), None, utc(2024, 3, 31, 1), utc(2024, 10, 27, 0, 30)]
    assert complaints == ["local time does not exist in Europe/Berlin (spring gap)"]


def test_the_zone_of_the_column_wins_over_that_of_the_source_and_an_offset_over_both():
    found, _ = read(
        ["2024-07-01 12:00", "2024-07-01T12:00:00Z"], INSTANT, zone="Europe/Berlin", timezone="America/New_York"
    )
    assert found == [utc(2024, 7, 1, 16), utc(2024, 7, 1, 12)]


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "9999-12-31", "1969-12-31 23:59"])
def test_placeholder_years_are_refused_and_named(text):
    assert read([text], INSTANT) == ([None], ["timestamp outside the years 1970 to 2199"])


def test_numbers_of_seconds_and_milliseconds_are_instants_and_nan_is_not():
    assert read([1.5, None], INSTANT, unit="s") == ([datetime(1970, 1, 1, 0, 0, 1, 500_000, UTC), None], [])
    assert read(["1456708560000"], INSTANT, unit="ms")[0] == [utc(2016, 2, 29, 1, 16)]
    assert read([float("nan"), 1e300], INSTANT, unit="s")[1] == ["not a number of s since 1970"] * 2


def test_typed_columns_need_no_format():
    naive = pl.Series([datetime(2024, 7, 1, 12)])  # noqa: DTZ001 - a naive source is the case
    assert read(naive, INSTANT, zone="Europe/Berlin")[0] == [utc(2024, 7, 1, 10)]
    assert read(naive.dt.replace_time_zone("Asia/Tokyo"), INSTANT, zone="Europe/Berlin")[0] == [utc(2024, 7, 1, 3)]
    assert read(pl.Series([date(2024, 7, 1)]), INSTANT)[0] == [utc(2024, 7, 1)]
    assert read([20240701], INSTANT, format="%Y%m%d")[0] == [utc(2024, 7, 1)]


def test_a_date_is_the_local_day_of_an_instant():
    found, complaints = read(["2024-01-01", "2024-01-01T23:30:00Z", "2024-02-30"], pl.Date(), zone="Europe/Berlin")
    assert found == [date(2024, 1, 1), date(2024, 1, 2), None]
    assert complaints == ["not a valid date in ISO 8601"]


def test_decimal_commas_are_read_and_thousands_separators_are_refused():
    found, complaints = read(["1,5", "-3", "1e3", "1.5", "1.234,5"], pl.Float64(), decimal=",")
    assert found == [1.5, -3.0, 1000.0, None, None]
    assert complaints == ["not a finite number with the decimal mark ','"] * 2
    assert read(["1,234.5", "1 234"], pl.Float64())[0] == [None, None]


def test_not_a_number_and_infinity_are_refused_wherever_they_come_from():
    for values in (["NaN", "inf", "-Infinity", "1e400"], [float("nan"), float("inf"), float("-inf")]):
        found, complaints = read(values, pl.Float64())
        assert found == [None] * len(values)
        assert len(complaints) == len(values)


def test_whole_numbers_are_exact_and_fractions_are_refused():
    found, complaints = read(["9007199254740993", "3.0", "1.5", "99999999999999999999", "300"], pl.Int64())
    assert found == [9007199254740993, 3, None, None, 300]
    assert len(complaints) == 2
    assert read(["300"], pl.Int8())[0] == [None]


def test_another_unit_is_scaled():
    assert read(["1.5", "2"], pl.Int64(), scale=60)[0] == [90, 120]
    assert read(["50"], pl.Float64(), scale=0.01)[0] == [0.5]


def test_truth_values_and_lists():
    assert read(["Yes", "0", "TRUE", "maybe"], pl.Boolean())[0] == [True, False, True, None]
    assert read([True, None], pl.Boolean())[0] == [True, None]
    assert read(["a; b;", "c", "?"], pl.List(pl.String), separator=";")[0] == [["a", "b"], ["c"], None]
    assert read(['["a", "b,c"]', "plain", "[]", "[broken"], pl.List(pl.String))[0] == [
        ["a", "b,c"],
        ["plain"],
        [],
        None,
    ]


def test_identifiers_that_a_loader_took_for_numbers_keep_their_spelling():
    assert as_text(pl.Series([3.0, 2.5, None])).to_list() == ["3", "2.5", None]
    assert as_text(pl.Series([True, None])).to_list() == ["true", None]
    assert as_text(pl.Series([{"a": 1}])).to_list() == ['{"a":1}']
    assert as_text(pl.Series([[1, 2], None])).to_list() == ["[1,2]", None]


def test_words_for_unknown_are_null_also_in_number_columns():
    assert without_nulls(pl.Series([" ", "?", "x "]), ("?",)).to_list() == [None, None, "x"]
    assert without_nulls(pl.Series([-999, 5, None]), ("-999",)).to_list() == [None, 5, None]


@given(st.lists(st.one_of(st.none(), st.text(max_size=20)), max_size=8))
@pytest.mark.parametrize("dtype", [INSTANT, pl.Date(), pl.Float64(), pl.Int64(), pl.Boolean(), pl.List(pl.String)])
def test_any_text_is_read_or_refused_with_a_reason_and_never_fails(dtype, texts):
    found, complaints = read(pl.Series(texts, dtype=pl.String), dtype)
    assert len(found) == len(texts)
    assert all(complaints)


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001 - hypothesis wants naive bounds
def test_an_instant_written_in_iso_8601_is_read_back(moment):
    assert read([moment.replace(tzinfo=UTC).isoformat()], INSTANT)[0] == [moment.replace(tzinfo=UTC)]
