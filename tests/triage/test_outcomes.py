"""Whether an alert needed a person: who says so, when it is mature, and what is no outcome at all."""

from datetime import timedelta

import polars as pl
import pytest

from opsguard_assets.triage.learning.dataset import AlertDataset
from opsguard_assets.triage.learning.outcomes import outcomes_of
from opsguard_assets.triage.learning.problem_io import known_at
from resources.lake import Lake
from tests.triage.histories import HOUR, NOW, external, record_external

MATURES = 4 * HOUR


def labels(path, *alerts, until=NOW):
    lake = Lake(str(path / "lake"))
    record_external(lake, *alerts, upto=until)
    rows = AlertDataset(until, known_at(lake, until), MATURES).episodes
    return dict(rows.select(pl.col("episode_id").str.strip_prefix("external/"), "is_event").rows())


@pytest.mark.parametrize(
    ("known", "needed"),
    [
        ({}, False),
        ({"resolved": 0.5}, False),
        ({"resolved": 90}, False),
        ({"acknowledged": 0.5}, True),
        ({"acknowledged": 4}, True),
        ({"acknowledged": 4.01}, False),
        ({"resolved": 1, "resolution": "actioned"}, True),
        ({"resolved": 90, "resolution": "actioned"}, True),
        ({"acknowledged": 0.5, "resolved": 2, "resolution": "false_alarm"}, False),
        ({"acknowledged": 0.5, "resolved": 90, "resolution": "no_action"}, False),
        ({"resolved": 1, "resolution": "duplicate"}, False),
        ({"acknowledged": 0.5, "resolved": 2, "resolution": "actioned"}, True),
    ],
)
def test_what_people_say_counts_for_more_than_what_they_did_and_that_for_more_than_nothing(tmp_path, known, needed):
    assert labels(tmp_path, external("A", raised=-100, **known)) == {"A": needed}


@pytest.mark.parametrize("known", [{}, {"acknowledged": 0.5}, {"resolved": 1, "resolution": "false_alarm"}])
def test_before_it_is_mature_an_alert_has_no_label_whatever_is_known_of_it(tmp_path, known):
    assert labels(tmp_path, external("A", raised=-3.99, **known)) == {"A": None}


def test_a_word_counts_from_when_it_is_known(tmp_path):
    late = external("A", raised=-100, acknowledged=0.5, resolved=2, resolution="false_alarm", known_later=60)
    lake = Lake(str(tmp_path / "lake"))
    record_external(lake, late)
    known = outcomes_of(known_at(lake, NOW).versions, MATURES)
    raised = NOW - 100 * HOUR
    assert known.select("at", "ends_at", "is_acted").rows() == [
        (raised + MATURES, raised + 62 * HOUR, True),
        (raised + 62 * HOUR, raised + MATURES + timedelta(days=90), False),
    ]


def test_an_alert_that_is_withdrawn_by_its_source_has_no_outcome(tmp_path):
    lake = Lake(str(tmp_path / "lake"))
    record_external(lake, external("A", raised=-100, acknowledged=0.5))
    versions = lake.versions(known_table := _table()).collect().tail(1)
    gone = versions.with_columns(known_at=pl.lit(NOW - 50 * HOUR), _is_withdrawn=pl.lit(value=True))
    lake.record(known_table, gone, loaded_at=NOW)
    rows = AlertDataset(NOW, known_at(lake, NOW), MATURES).episodes
    assert rows.select("is_event", "gone_at").rows() == [(None, NOW - 50 * HOUR)]


def _table():
    from opsguard_assets.triage.learning.problem_io import EXTERNAL

    return EXTERNAL
