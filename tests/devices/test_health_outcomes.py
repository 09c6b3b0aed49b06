"""What came after scores, by hand: who was down already, who had come back, who was up throughout, whom nobody saw."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from opsguard_assets.devices.health.outcomes import failure_rates
from opsguard_assets.devices.health.plots import rates_picture

AT = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
INSTANT = pl.Datetime("us", "UTC")
# Device: band of its score, when its last life began and ended (days from the score), how it ended.
DEVICES = {
    "is down": ("critical", -9, -1, True),
    "came back and fails in an hour": ("critical", -1, 0.04, True),
    "came back": ("critical", -2, 30, None),
    "up throughout and fails on the third day": ("warning", -9, 3, True),
    "up throughout": ("warning", -9, 30, None),
    "nobody saw the week": ("good", -9, 3, None),
    "was removed": ("good", -9, -1, None),
    "was never heard": ("good", None, None, None),
}


@pytest.fixture(scope="module")
def rates():
    scored = [(name, AT, band) for name, (band, *_) in DEVICES.items()]
    lives = [
        (name, AT + begins * DAY, AT + ends * DAY, late)
        for name, (_, begins, ends, late) in DEVICES.items()
        if begins is not None
    ]
    return failure_rates(
        pl.DataFrame(scored, schema={"device_id": pl.String, "as_of": INSTANT, "band": pl.String}, orient="row"),
        pl.DataFrame(
            lives,
            schema={"device_id": pl.String, "begins_at": INSTANT, "ends_at": INSTANT, "is_event": pl.Boolean},
            orient="row",
        ),
    )


@pytest.mark.parametrize(
    ("band", "state", "within", "failed", "devices"),
    [
        ("critical", "all", "then", 1, 3),
        ("critical", "all", "24h", 2, 3),
        ("critical", "up", "24h", 1, 2),
        ("critical", "came back", "7d", 1, 2),
        ("warning", "all", "then", 0, 2),
        ("warning", "up throughout", "24h", 0, 2),
        ("warning", "up throughout", "7d", 1, 2),
        ("good", "up", "24h", 0, 1),
    ],
)
def test_every_kind_of_device_counts_where_it_belongs(rates, band, state, within, failed, devices):
    row = rates.filter(band=band, state=state, within=within).row(0, named=True)
    assert (row["failed"], row["devices"]) == (failed, devices)


def test_who_is_not_there_is_not_counted(rates):
    assert rates.filter(band="critical", state="up throughout").is_empty()
    assert rates.filter(band="good", state="up", within="7d").is_empty()
    assert rates.filter((pl.col("state") != "all") & (pl.col("within") == "then")).is_empty()


def test_the_interval_is_that_of_wilson(rates):
    """One of two: the interval has a closed form that anyone can look up, 0.0945 to 0.9055."""
    row = rates.filter(band="warning", state="up throughout", within="7d").row(0, named=True)
    assert (row["low"], row["high"]) == (pytest.approx(0.0945, abs=1e-4), pytest.approx(0.9055, abs=1e-4))


def test_the_picture_tells_who_was_down_and_what_came_of_the_others(rates):
    result = rates_picture(rates).decode()
    assert "33.3% then" in result
    assert "50.0% in 24h" in result
