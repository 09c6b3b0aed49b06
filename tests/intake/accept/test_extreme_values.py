"""Numbers and texts that stand for times no calendar has: read as unknown with a reason, in every zone and type."""

import polars as pl
import pytest

from opsguard_assets.config.mapping import ColumnMapping
from opsguard_assets.intake.mapping.parse import complaint, parse

INSTANT = pl.Datetime("us", "UTC")
NUMBERS = [2**63 - 1, -(2**63), 9e18, -9e18, 8.2e18, 1e300, float("inf"), float("nan"), -62_135_596_800_000_001]
TEXTS = [
    "262142-12-31 23:59:59",
    "-262143-01-01 00:00",
    "+262142-12-31T23:59:59Z",
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31",
    "0001-01-01",
    "infinity",
]


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Honolulu", "Europe/Berlin"])
@pytest.mark.parametrize("dtype", [INSTANT, pl.Date()], ids=["instant", "date"])
def test_a_time_that_no_calendar_has_is_unknown_and_told(zone, dtype):
    given = [(ColumnMapping.model_validate("a"), pl.Series("a", TEXTS))]
    for unit in ("s", "ms", "us"):
        mapping = ColumnMapping.model_validate({"from": "a", "unit": unit})
        floats = pl.Series("a", [float(number) for number in NUMBERS])
        given += [(mapping, floats), (mapping, pl.Series("a", [str(number) for number in NUMBERS]))]
    for mapping, values in given:
        assert parse(values, dtype, mapping, zone).null_count() == len(values)
        assert complaint(values, dtype, mapping, zone).null_count() == 0
