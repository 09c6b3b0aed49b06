"""A table's rows are typed by its schema, and what has another shape is refused before it is written."""

import polars as pl
import pytest

from opsguard_assets.devices.health.schemas import DEVICE_HEALTH
from opsguard_assets.tables.table import WrongShapeError


def test_rows_are_the_columns_of_the_table_in_their_order():
    shuffled = DEVICE_HEALTH.empty().select(reversed(DEVICE_HEALTH.columns)).with_columns(more=pl.lit(1))
    assert DEVICE_HEALTH.rows(shuffled).schema == DEVICE_HEALTH.dtypes


def test_a_missing_column_and_one_of_another_type_are_named():
    odd = DEVICE_HEALTH.empty().drop("band").with_columns(pl.col("score").cast(pl.String))
    with pytest.raises(WrongShapeError, match=r"DeviceHealth: score: String, not Float64; band: missing, not String"):
        DEVICE_HEALTH.rows(odd)
