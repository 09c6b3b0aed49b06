"""What acting was worth: each item with its method, no money without a figure that is told from none."""

from datetime import date

import polars as pl
import pytest

from opsguard_assets.scorecards.value.estimate import ESTIMATE
from opsguard_assets.scorecards.value.holdout import EFFECT
from opsguard_assets.scorecards.value.worth import COUNTS, UNITS, Figures, value_delivered

MONTH, STARTS = date(2026, 10, 1), date(2025, 11, 1)


def effect(client, held, acted, prevented, low, high):
    return dict(zip(EFFECT, (client, held, acted, 0, 0.8, prevented, low, high), strict=True))


def unit(client, penalty=None, months=12):
    values = (client, months, penalty, 2_500.0, 300.0, 15.0, 25.0)
    return dict(zip(UNITS, values, strict=True))


MEASURED = pl.DataFrame(
    [
        effect("clear", 60, 1_000, 259.0, 177.0, 342.0),
        effect("doubtful", 40, 200, 7.0, -4.0, 19.0),
        effect("few", 17, 90, None, None, None),
        effect(None, 117, 1_290, 300.0, 240.0, 360.0),
    ],
    schema=EFFECT,
)
COUNTED = pl.DataFrame([("clear", "alerts_resolved", 40.0), ("few", "no_shows", 3.0)], schema=COUNTS, orient="row")
UNIT_VALUES = pl.DataFrame(
    [unit("clear"), unit("doubtful", 1_200.0), unit("few"), unit("new"), unit(None)], schema=UNITS
)


@pytest.fixture(scope="module")
def found():
    rows = value_delivered(
        Figures(MEASURED, ESTIMATE.to_frame(), COUNTED), UNIT_VALUES, month=MONTH, window_starts=STARTS
    )
    return {(row["client_id"], row["item"]): row for row in rows.to_dicts()}


def test_a_measured_figure_has_its_interval_and_money(found):
    row = found["clear", "breaches"]
    assert (row["method"], row["count"], row["low"], row["high"]) == ("measured", 259, 177, 342)
    assert row["money"] == 259 * 2_500


def test_a_figure_that_is_not_told_from_none_has_no_money(found):
    for item in ("breaches", "penalties"):
        assert found["doubtful", item]["count"] == 7
        assert found["doubtful", item]["money"] is None


def test_where_the_contract_names_a_penalty_the_money_stands_there_alone():
    sure = MEASURED.filter(pl.col("client_id") == "clear")
    units = pl.DataFrame([unit("clear", 1_000.0)], schema=UNITS)
    rows = value_delivered(Figures(sure, ESTIMATE.to_frame(), COUNTED), units, month=MONTH, window_starts=STARTS)
    money = dict(rows.select("item", "money").iter_rows())
    assert money["breaches"] is None
    assert money["penalties"] == 259_000


def test_too_few_held_back_make_no_figure_and_show_that_of_all_clients(found):
    row = found["few", "breaches"]
    assert (row["method"], row["held_back"], row["needed"], row["count"]) == ("too_few", 17, 30, None)
    assert row["provider_low"] == pytest.approx(240 / (0.8 * 1_290))
    assert row["provider_high"] == pytest.approx(360 / (0.8 * 1_290))


def test_a_client_without_alerts_has_none_held_back(found):
    assert found["new", "breaches"]["held_back"] == 0


def test_device_failures_are_said_not_to_be_measured(found):
    row = found["clear", "device_failures"]
    assert (row["method"], row["needed"], row["count"], row["money"]) == ("too_few", None, None, None)


def test_counted_items_are_counts_and_hours_follow_from_alerts(found):
    assert found["clear", "alerts_resolved"]["count"] == 40
    assert found["clear", "alerts_resolved"]["money"] is None
    assert found["clear", "hours_saved"]["count"] == 10
    assert found["clear", "hours_saved"]["money"] == 250
    assert found["few", "no_shows"]["money"] == 900
    assert found["doubtful", "no_shows"]["count"] == 0


def test_the_window_of_a_new_client_begins_with_its_data():
    units = pl.DataFrame([unit("clear"), unit("few", months=3)], schema=UNITS)
    rows = value_delivered(Figures(MEASURED, ESTIMATE.to_frame(), COUNTED), units, month=MONTH, window_starts=STARTS)
    begins = dict(rows.select("client_id", "window_starts").iter_rows())
    assert begins == {"clear": STARTS, "few": date(2026, 8, 1)}


def test_all_clients_together_are_a_row_of_their_own(found):
    assert found[None, "breaches"]["count"] == 300
    assert found[None, "no_shows"]["count"] == 3
    assert found[None, "breaches"]["provider_low"] is not None


def test_an_estimate_stands_where_nothing_is_held_back_and_has_no_money():
    ours = ("no hold-out", 120, 84, 110.0, 17.0, 35.0, 45)
    estimated = pl.DataFrame([ours, ("few", *ours[1:]), ("clear", *ours[1:])], schema=ESTIMATE, orient="row")
    units = pl.DataFrame([unit("no hold-out", 900.0), unit("few"), unit("clear"), unit(None)], schema=UNITS)
    figures = Figures(MEASURED, estimated, COUNTED)
    found = value_delivered(figures, units, month=MONTH, window_starts=STARTS, estimated_since=date(2026, 8, 1))
    rows = {(row["client_id"], row["item"]): row for row in found.to_dicts()}
    row = rows["no hold-out", "breaches"]
    assert (row["method"], row["count"], row["low"], row["high"]) == ("estimated", 26, 17, 35)
    assert (row["money"], row["window_starts"], row["months"]) == (None, date(2026, 8, 1), 3)
    assert ("no hold-out", "penalties") not in rows, "nothing is told of the same deadlines twice"
    assert rows["few", "breaches"]["method"] == "too_few", "some are held back: these will measure it"
    assert rows["clear", "breaches"]["method"] == "measured"


def test_a_measured_window_begins_with_the_first_alert_that_is_known_of():
    figures = Figures(MEASURED, ESTIMATE.to_frame(), COUNTED)
    units = pl.DataFrame([unit("clear"), unit(None)], schema=UNITS)
    found = value_delivered(figures, units, month=MONTH, window_starts=STARTS, alerted_since=date(2026, 8, 20))
    rows = {(row["client_id"], row["item"]): (row["months"], row["window_starts"]) for row in found.to_dicts()}
    assert rows["clear", "breaches"] == (3, date(2026, 8, 1)), "tickets are known for a year, alerts are not"
    assert rows["clear", "alerts_resolved"] == (12, STARTS)
