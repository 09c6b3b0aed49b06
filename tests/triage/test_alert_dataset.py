"""Features of alerts are what was known, whether or not the future is; a label that comes later changes none."""

from datetime import timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from ml.problems.alert_action.features import FEATURES, WINDOW
from opsguard_assets.config.settings import Settings
from opsguard_assets.triage.learning.dataset import AlertDataset
from opsguard_assets.triage.learning.problem_io import dataset_at, known_at
from resources.lake import Lake
from tests.triage.histories import HOUR, NOW, external, history, record_external, record_places

MATURES = 4 * HOUR
KEY = "episode_id"


def lake_at(path, upto, alerts):
    lake = Lake(str(path))
    record_places(lake, upto)
    record_external(lake, *alerts, upto=upto)
    return lake


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    alerts = history()
    until = NOW + timedelta(days=5)
    lake = lake_at(tmp_path_factory.mktemp("past") / "lake", until, alerts)
    return alerts, AlertDataset(until, known_at(lake, until), MATURES, ("smoke",))


@pytest.mark.parametrize("hours", [500, 300.3, 100, 20, 0.1])
def test_features_are_the_same_whether_or_not_the_future_is_known(everything, tmp_path, hours):
    alerts, learned = everything
    moment = NOW - hours * HOUR
    lake = lake_at(tmp_path / "lake", moment, alerts)
    served = AlertDataset(moment, known_at(lake, moment, since=moment - WINDOW - MATURES), MATURES, ("smoke",))
    unresolved = served.episodes.filter(pl.col("gone_at").is_null())
    rows = served.at(unresolved, moment)
    again = learned.at(learned.episodes.join(unresolved, on=KEY, how="semi"), moment)
    assert len(rows) >= 5
    assert rows["rule_settled"].sum() > 0
    assert_frame_equal(rows.select(KEY, *FEATURES).sort(KEY), again.select(KEY, *FEATURES).sort(KEY))


def test_what_lies_before_the_windows_of_a_tick_changes_nothing(tmp_path):
    lake = lake_at(tmp_path / "lake", NOW, history(count=600, days=300))
    whole = dataset_at(lake, NOW, Settings())
    part = dataset_at(lake, NOW, Settings(), since=NOW - WINDOW - MATURES)
    assert len(part.episodes) < len(whole.episodes)
    unresolved = part.episodes.filter(pl.col("gone_at").is_null())
    assert unresolved["begins_at"].min() < NOW - WINDOW
    of_all = whole.episodes.join(unresolved, on=KEY, how="semi")
    assert_frame_equal(
        part.at(unresolved, NOW).select(KEY, *FEATURES).sort(KEY),
        whole.at(of_all, NOW).select(KEY, *FEATURES).sort(KEY),
    )


@pytest.mark.parametrize("fate", [{"acknowledged": 1.5}, {"resolved": 3, "resolution": "actioned"}, {}])
def test_a_label_that_comes_later_changes_no_earlier_feature(tmp_path, fate):
    """Half of what a naive share of past alerts seems to gain is this leak."""
    others = [external(f"B{n}", raised=-200 - n, acknowledged=0.5, resolved=1) for n in range(3)]
    watched = external("Z", raised=-6)
    rows = []
    for number, known in enumerate((fate, {})):
        earlier = external("A", raised=-9, **known)
        lake = lake_at(tmp_path / str(number), NOW, [*others, earlier, watched])
        dataset = AlertDataset(NOW, known_at(lake, NOW), MATURES)
        moments = pl.DataFrame({KEY: ["external/Z"] * 2, "as_of": [NOW - 5.5 * HOUR, NOW - 4.5 * HOUR]}).cast(
            {"as_of": pl.Datetime("us", "UTC")}
        )
        rows.append(dataset._rows(moments).select("as_of", "rule_share", "entity_share", "rule_settled"))
    before, after = (pl.concat([frame[place] for frame in rows]) for place in (0, 1))
    # A is mature five hours before NOW: half an hour after the first moment, half an hour before the second.
    assert before.n_unique() == 1
    assert before["rule_settled"].to_list() == [3, 3]
    assert after["rule_settled"].to_list() == [4, 4]
    assert (after["rule_share"].n_unique() == 2) == bool(fate)


def test_labels_are_those_of_mature_alerts_and_of_no_others(everything):
    _, learned = everything
    lives = learned.lives
    assert lives["is_event"].null_count() == 0
    young = AlertDataset(NOW, learned.known, MATURES)
    assert young.known is learned.known
    mature = pl.col("begins_at") + MATURES <= NOW
    told = AlertDataset(NOW, _by(learned.known, NOW), MATURES).lives
    assert told.filter(mature)["is_event"].null_count() == 0
    assert told.filter(~mature)["is_event"].null_count() == len(told.filter(~mature)) > 0


def _by(known, until):
    from dataclasses import replace

    return replace(known, versions=known.versions.filter(pl.col("known_at") <= until))


def test_a_life_ends_when_somebody_takes_the_alert_up(everything):
    _, learned = everything
    lives = learned.lives.join(learned.episodes.select(KEY, "acted_at", "gone_at", "matures_at"), on=KEY)
    assert (lives["ends_at"] <= lives["matures_at"]).all()
    assert (lives["ends_at"] <= lives["acted_at"]).drop_nulls().all()
    assert (lives["ends_at"] <= lives["gone_at"]).drop_nulls().all()


def test_an_alert_is_none_of_those_that_were_raised_before_it(tmp_path):
    lake = lake_at(tmp_path / "lake", NOW, [external("A", raised=-2), external("B", raised=-1, site_id="S2")])
    dataset = AlertDataset(NOW, known_at(lake, NOW), MATURES)
    rows = dataset.at(dataset.episodes, NOW).sort(KEY)
    assert rows.select("entity_day", "rule_day", "site_open", "all_open", "site_half_hour").rows() == [
        (1, 1, 0, 1, 0),
        (1, 1, 0, 1, 0),
    ]
    opened = dataset._rows(dataset.episodes.select(KEY, as_of="begins_at")).sort(KEY)
    assert opened.select("entity_day", "rule_day", "all_open", "entity_gap_hours").rows() == [
        (0, 0, 0, None),
        (1, 1, 1, 1.0),
    ]


def test_hours_are_those_where_the_alert_is(everything):
    _, learned = everything
    rows = learned.episodes.filter(pl.col("site_id") == "S2")
    there = rows["begins_at"].dt.convert_time_zone("Asia/Kolkata")
    assert len(rows) > 20
    assert (rows["hour"] == there.dt.hour()).all()
    assert (rows["weekday"] == there.dt.weekday()).all()
