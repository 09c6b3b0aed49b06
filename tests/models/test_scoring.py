"""One tick of any problem: a champion that gives something else than probabilities is replaced by the rule."""

import itertools
from datetime import timedelta
from functools import cache

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from ml.models.learned import LearnedModel
from opsguard_assets.alerts.queries import alerts
from opsguard_assets.devices.telemetry.hourly_update_io import update_hourly
from opsguard_assets.models.recompute import rescored
from opsguard_assets.models.scoring import score_tick, scored_rows
from opsguard_assets.models.serving import Serving
from resources.lake import Lake
from resources.progress import Silent
from resources.ticks import digest_of, ticks_of
from tests.long import chosen
from tests.models.providers import AT, FEATURE, catalog_of, champion_of_one_feature, know_provider, scorers

BROKEN = {
    "not a number": lambda count: [float("nan")] * count,
    "nothing": lambda count: [None] * count,
    "nothing for every second row": lambda count: ([0.5, None] * count)[:count],
    "more than certain": lambda count: [1.5] * count,
    "less than impossible": lambda count: [-0.1] * count,
    "one row too few": lambda count: [0.5] * (count - 1),
    "one row too many": lambda count: [0.5] * (count + 1),
}
# The quickest to score comes first: it meets every kind of broken model.
CHEAPEST_FIRST = ["alert_action", *(name for name in FEATURE if name != "alert_action")]
every = pytest.mark.parametrize("problem", FEATURE)
pytestmark = pytest.mark.timeout(300)


class Provider:
    """A provider whose problems all have a champion; each tick is of a later moment than those before."""

    def __init__(self, lake, catalog, home):
        self.lake, self.catalog = lake, catalog
        self._minutes = itertools.count(1)
        self._with_champion = cache(lambda problem: champion_of_one_feature(catalog, home, problem, AT))

    def tick(self, problem):
        self._with_champion(problem)
        moment = AT + timedelta(minutes=next(self._minutes))
        return score_tick(scorers()[problem], self.lake, self.catalog.champions, moment)

    def alerts(self, problem):
        return alerts(self.catalog.champions.database, alert_type=scorers()[problem].alert_type)

    def recorded(self, problem, moment):
        database = self.catalog.champions.database
        (tick,) = ticks_of(database, scorers()[problem].job, begins_at=moment, ends_at=moment)
        return tick


@pytest.fixture(scope="module")
def provider(databases, tmp_path_factory):
    database, home = databases.with_mlflow(), tmp_path_factory.mktemp("scoring")
    lake, catalog = Lake(str(home / "lake")), catalog_of(database, home)
    know_provider(lake)
    update_hourly(lake, progress=Silent())
    return Provider(lake, catalog, home)


@pytest.mark.parametrize(
    ("problem", "broken"),
    chosen([(problem, broken) for problem in CHEAPEST_FIRST for broken in BROKEN], number=len(BROKEN)),
)
def test_a_model_that_gives_no_probabilities_is_replaced_by_the_rule_and_told(provider, problem, broken, monkeypatch):
    scorer = scorers()[problem]
    sound = provider.tick(problem)
    assert sound.served.run_id is not None
    assert set(sound.rows["model_name"]) == {"boosting"}
    assert provider.alerts(problem) == []
    predict = BROKEN[broken]
    monkeypatch.setattr(LearnedModel, "predict", lambda _, rows: pl.Series("risk", predict(len(rows)), pl.Float64))
    found = provider.tick(problem)
    monkeypatch.undo()
    assert (found.served.model, found.served.run_id) == (scorer.problem.rule, None)
    by_rule = scored_rows(scorer, provider.lake, Serving(scorer.problem.rule), found.as_of)
    assert_frame_equal(found.rows, by_rule)
    assert set(by_rule["model_name"]) == {scorer.problem.rule.name}
    assert scorer.without_risk(found.rows).is_empty()
    (alert,) = provider.alerts(problem)
    assert (alert["severity"], alert["entity_id"]) == ("high", problem)
    assert f"the champion of {problem} fails: " in alert["reason"]
    recorded = provider.recorded(problem, found.as_of)
    assert (recorded.model_name, recorded.row_count) == (scorer.problem.rule.name, len(found.rows))
    assert recorded.digest == digest_of(provider.lake.rows_at(scorer.table, found.as_of), key=scorer.key)


@pytest.mark.parametrize("problem", chosen(["sla_breach", *(name for name in FEATURE if name != "sla_breach")]))
def test_a_tick_of_a_champion_is_recorded_and_computed_again_to_the_digit(provider, problem):
    scorer = scorers()[problem]
    found = provider.tick(problem)
    champions = provider.catalog.champions
    again = rescored(scorer, provider.lake, champions, found.as_of, command="opsguard tick")
    assert again.tick.model_version == found.served.model.version
    assert again.tick.recorded_upto == AT
    assert all(digests.recorded == digests.again for digests in again.digests.values())


@every
def test_before_the_first_tick_there_are_no_rows_and_that_is_no_error(tmp_path, problem):
    rows = Lake(str(tmp_path / "lake")).rows_at(scorers()[problem].table, AT)
    assert (rows.is_empty(), rows.columns) == (True, list(scorers()[problem].table.columns))
