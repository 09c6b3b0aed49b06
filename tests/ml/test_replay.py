"""Replays: alerts of a period and their outcomes, against a walk through every tick."""

from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from ml.evaluation.money import Costs
from ml.evaluation.replay import CAUGHT, FALSE_ALARM, MISSED, OPEN, Period, alerts, fates, figures, firsts

START = datetime(2026, 3, 2, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
INSTANT = pl.Datetime("us", "UTC")
COSTS = Costs(miss=1_000.0, alert=10.0, prevented_share=0.5, lead_minutes=60.0)
PERIOD = Period(START, START + timedelta(days=1))


def scored(risks):
    """One row per tick of each entity: risks in sixteenths, None where nothing can be said."""
    rows = [
        {"ticket_id": name, "as_of": START + number * QUARTER, "risk": None if risk is None else risk / 16}
        for name, sequence in risks.items()
        for number, risk in enumerate(sequence)
    ]
    return pl.DataFrame(rows, schema={"ticket_id": pl.String, "as_of": INSTANT, "risk": pl.Float64})


def walked(sequence, raise_from, clear_below):
    """The alerts of one entity, tick by tick."""
    found, on = [], False
    for number, sixteenths in enumerate(sequence):
        risk = None if sixteenths is None else sixteenths / 16
        if risk is not None and risk >= raise_from and not on:
            on = True
            found.append([number, number, risk])
        elif risk is not None and risk < clear_below:
            on = False
        if on:
            found[-1][1] = number
            found[-1][2] = max(found[-1][2], risk if risk is not None else 0)
    return found


sequences = st.lists(st.one_of(st.none(), st.integers(0, 16)), max_size=25)


@given(st.dictionaries(st.sampled_from("abc"), sequences, max_size=3), st.integers(4, 16), st.integers(1, 4))
def test_alerts_are_those_of_a_walk_through_the_ticks(risks, raise_from, gap):
    high, low = raise_from / 16, (raise_from - gap) / 16
    found = alerts(scored(risks), key="ticket_id", raise_from=high, clear_below=low)
    rows = [(row["ticket_id"], row["raised_at"], row["last_at"], row["peak"]) for row in found.iter_rows(named=True)]
    expected = [
        (name, START + first * QUARTER, START + last * QUARTER, peak)
        for name, sequence in risks.items()
        for first, last, peak in walked(sequence, high, low)
    ]
    assert sorted(rows) == sorted(expected)


@given(st.dictionaries(st.sampled_from("abc"), sequences, max_size=3))
def test_all_thresholds_of_a_grid_are_found_in_one_pass(risks):
    grid = (0.25, 0.5, 0.75)
    found = {
        (r["ticket_id"], r["threshold"]): r["raised_at"]
        for r in firsts(scored(risks), key="ticket_id", thresholds=grid).to_dicts()
    }
    expected = {}
    for name, sequence in risks.items():
        for threshold in grid:
            reached = [n for n, risk in enumerate(sequence) if risk is not None and risk / 16 >= threshold]
            if reached:
                expected[name, threshold] = START + reached[0] * QUARTER
    assert found == expected


def life(name, hours, late):
    return {"ticket_id": name, "begins_at": START, "ends_at": START + timedelta(hours=hours), "is_event": late}


def test_every_alerted_entity_and_every_event_of_the_period_has_one_fate():
    lives = pl.DataFrame(
        [life("caught", 5, True), life("kept", 6, False), life("unseen", 7, True), life("open", 23, None),
         life("later", 30, True)],
        schema={"ticket_id": pl.String, "begins_at": INSTANT, "ends_at": INSTANT, "is_event": pl.Boolean},
    )  # fmt: skip
    names = ["caught", "kept", "open"]
    found = pl.DataFrame({"ticket_id": names, "threshold": [0.7] * 3, "raised_at": [START + 4 * QUARTER] * 3}).cast(
        {"raised_at": INSTANT}
    )
    judged = fates(found, lives, PERIOD, key="ticket_id", thresholds=[0.7])
    assert dict(judged.select("ticket_id", "fate").iter_rows()) == {
        "caught": CAUGHT, "kept": FALSE_ALARM, "unseen": MISSED, "open": OPEN,
    }  # fmt: skip
    assert judged.filter(pl.col("fate") == CAUGHT)["lead_minutes"].to_list() == [240.0]
    (row,) = figures(judged, PERIOD, COSTS)
    assert (row["alerted"], row["precision"], row["recall"], row["lead_p50_minutes"]) == (3, 0.5, 0.5, 240.0)
    assert row["alerts_per_day"] == 3.0
    assert (row["handling_cost"], row["saved_cost"], row["net_saved"]) == (30.0, 500.0, 470.0)


def test_an_event_that_nothing_was_alerted_for_is_missed_at_every_threshold_of_the_grid():
    lives = pl.DataFrame(
        [life("a", 5, True), life("b", 5, True)], schema_overrides={"begins_at": INSTANT, "ends_at": INSTANT}
    )
    grid = (0.25, 0.5, 0.9)
    found = firsts(scored({"a": [4, 9], "b": [1, 1]}), key="ticket_id", thresholds=grid)
    judged = fates(found, lives, PERIOD, key="ticket_id", thresholds=grid)
    assert [(r["threshold"], r["caught"], r["missed"]) for r in figures(judged, PERIOD, COSTS)] == [
        (0.25, 1, 1), (0.5, 1, 1), (0.9, 0, 2),
    ]  # fmt: skip
