"""The lifecycle of alerts becomes episodes in the lake, once, with the moment at which each change was known."""

from datetime import timedelta

import polars as pl
import pytest
from sqlalchemy import text

from ml.problems.alert_action.rule import AlertRule
from opsguard_assets.alerts.lifecycle import lock_alerts, settle
from opsguard_assets.alerts.people import Muted, acknowledge, mute, resolve
from opsguard_assets.alerts.withdraw import undo_ticks
from opsguard_assets.config.settings import Settings
from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.triage.learning.dataset import AlertDataset
from opsguard_assets.triage.learning.episodes_io import Written, update_episodes
from opsguard_assets.triage.learning.problem_io import known_at, risk_at
from opsguard_assets.triage.learning.schemas import ALERT_EPISODES
from opsguard_assets.triage.priority.inputs import Described
from opsguard_assets.triage.priority.io import judge_of, prioritised, rule_judge
from resources.lake import Lake
from resources.withdrawn import begin
from tests.alerts.given import MONITOR, finding, frame, minute
from tests.triage.given import unresolved
from tests.triage.histories import external, record_external

MATURES = timedelta(hours=4)
LATER = minute(6_000)


class Desk:
    """Alerts, people who act on them, and the lake that their episodes go to."""

    def __init__(self, database, lake):
        self.database, self.lake = database, lake

    def tick(self, number, *found):
        settle(self.database, frame(*found), MONITOR, minute(number))
        return update_episodes(self.lake, self.database, minute(number))

    def number(self, entity="T1"):
        asked = text("SELECT max(alert_id) FROM alerts WHERE entity_id = :entity")
        with self.database.begin() as connection:
            return connection.execute(asked, {"entity": entity}).scalar_one()

    def says(self, verdict, number, *, opening=1, entity="T1"):
        said = text(
            "INSERT INTO alert_feedback (alert_id, opening, verdict, actor, surface, at) "
            "VALUES (:alert_id, :opening, :verdict, 'ada', 'cli', :at)"
        )
        values = {"alert_id": self.number(entity), "opening": opening, "verdict": verdict, "at": minute(number)}
        with self.database.begin() as connection:
            connection.execute(said, values)

    def withdraw(self, since):
        with self.database.begin() as connection:
            lock_alerts(connection)
            withdrawal = begin(connection, "tests", minute(since), actor="ada", reason="a typing error")
            undo_ticks(connection, MONITOR.name, withdrawal)
        return withdrawal

    def episodes(self, as_of=None):
        return self.lake.known(ALERT_EPISODES, as_of).collect().sort("alert_id", "opening")

    def labels(self, until=LATER):
        rows = AlertDataset(until, known_at(self.lake, until), MATURES).episodes
        return dict(rows.sort("episode_id").select("episode_id", "is_event").rows())


@pytest.fixture
def desk(database, tmp_path):
    return Desk(database, Lake(str(tmp_path / "lake")))


def test_an_episode_has_a_version_per_change_each_known_when_it_happened(desk):
    assert desk.tick(0, finding()) == Written(1, 0)
    acknowledge(desk.database, desk.number(), at=minute(7), actor="ada")
    assert desk.tick(15) == Written(2, 0)
    states = [desk.episodes(minute(at)).select("state", "acknowledged_at", "resolved_at").rows() for at in (0, 7, 15)]
    assert states == [
        [("open", None, None)],
        [("acknowledged", minute(7), None)],
        [("resolved", minute(7), minute(15))],
    ]
    assert desk.episodes().select("raised_at", "resolution", "score", "severity").rows() == [
        (minute(0), "cleared", 0.75, "medium")
    ]


def test_what_was_read_is_not_read_again(desk):
    desk.tick(0, finding(), finding("T2"))
    assert update_episodes(desk.lake, desk.database, minute(15)) == Written(0, 0)
    version = desk.lake.version(f"tables/{ALERT_EPISODES.name}")
    assert desk.tick(30, finding(), finding("T2")) == Written(0, 0)
    assert desk.lake.version(f"tables/{ALERT_EPISODES.name}") == version


def test_an_alert_that_is_opened_again_is_another_episode(desk):
    desk.tick(0, finding())
    desk.tick(15)
    desk.tick(30, finding())
    assert desk.episodes().select("opening", "raised_at", "state").rows() == [
        (1, minute(0), "resolved"),
        (2, minute(30), "open"),
    ]
    resolve(desk.database, desk.number(), at=minute(40), actor="ada", note="done")
    desk.tick(45, finding())
    assert list(desk.labels().values()) == [False, True]


@pytest.mark.parametrize(
    ("minutes", "needed"), [(10, True), (4 * 60, True), (4 * 60 + 1, False)], ids=["soon", "in time", "too late"]
)
def test_an_alert_that_a_person_resolves_in_time_needed_one(desk, minutes, needed):
    desk.tick(0, finding())
    resolve(desk.database, desk.number(), at=minute(minutes), actor="ada", note="done")
    update_episodes(desk.lake, desk.database, LATER)
    assert list(desk.labels().values()) == [needed]


@pytest.mark.parametrize(("verdict", "needed"), [("useful", True), ("noise", False), ("wrong", False)])
def test_the_newest_word_of_an_operator_counts(desk, verdict, needed):
    desk.tick(0, finding())
    acknowledge(desk.database, desk.number(), at=minute(5), actor="ada")
    desk.says("noise" if needed else "useful", 6)
    desk.tick(15, finding())
    desk.says(verdict, 20)
    assert desk.tick(30, finding()) == Written(1, 0)
    assert desk.episodes().select("verdict").rows() == [(verdict,)]
    assert list(desk.labels().values()) == [needed]


def test_an_alert_that_was_kept_from_people_has_no_outcome(desk):
    mute(desk.database, Muted(entity_id="T1"), begins_at=minute(-5), ends_at=minute(20), reason="works", actor="ada")
    desk.tick(0, finding(), finding("T2"))
    desk.tick(30, finding(), finding("T2"))
    desk.tick(45)
    assert list(desk.labels().values()) == [None, False]


def test_a_withdrawn_tick_takes_its_episodes_back_and_gives_others_their_state_again(desk):
    desk.tick(0, finding("T1"))
    desk.tick(15, finding("T2"))
    assert desk.episodes().select("entity_id", "state").rows() == [("T1", "resolved"), ("T2", "open")]
    seen = desk.episodes(minute(15))
    withdrawal = desk.withdraw(15)
    assert update_episodes(desk.lake, desk.database, LATER).corrected == 2
    assert desk.episodes().select("entity_id", "state", "resolved_at").rows() == [("T1", "open", None)]
    # What was known then stays what was known then.
    assert desk.episodes(minute(15)).equals(seen)
    assert list(desk.labels(minute(600)).values()) == [False, False]
    assert list(desk.labels(withdrawal.at).values()) == [False, None]
    assert update_episodes(desk.lake, desk.database, LATER) == Written(0, 0)


def test_a_run_that_dies_before_it_commits_leaves_everything_to_the_next(desk, monkeypatch):
    settle(desk.database, frame(finding()), MONITOR, minute(0))
    monkeypatch.setattr(Lake, "record", lambda *_, **__: (_ for _ in ()).throw(OSError("no space left")))
    with pytest.raises(OSError, match="no space left"):
        update_episodes(desk.lake, desk.database, minute(0))
    monkeypatch.undo()
    assert update_episodes(desk.lake, desk.database, minute(15)) == Written(1, 0)
    assert desk.episodes().select("known_at").rows() == [(minute(0),)]


def test_a_run_for_an_older_moment_is_loaded_after_what_newer_ticks_had_seen(desk):
    desk.tick(30, finding())
    acknowledge(desk.database, desk.number(), at=minute(10), actor="ada")
    update_episodes(desk.lake, desk.database, minute(15))
    seen = desk.lake.as_recorded(minute(30)).known(ALERT_EPISODES, minute(30)).collect()
    assert seen["state"].to_list() == ["open"]
    assert desk.lake.versions(ALERT_EPISODES).select(pl.len()).collect().item() == 2


def test_what_people_do_with_an_alert_of_another_system_counts_for_that_alert_once(desk):
    record_external(desk.lake, external("X", raised=0), upto=minute(1))
    told = finding("D1", evidence='{"external_alert_id": "X"}')
    desk.tick(5, told)
    assert desk.labels() == {"external/X": False}
    acknowledge(desk.database, desk.number("D1"), at=minute(30), actor="ada")
    desk.tick(35, told)
    assert desk.labels() == {"external/X": True}
    desk.says("noise", 40, entity="D1")
    desk.tick(50, told)
    assert desk.labels() == {"external/X": False}
    (row,) = risk_at(desk.lake, AlertRule(), minute(50), Settings()).to_dicts()
    assert (row["episode_id"], row["external_alert_id"], row["alert_id"]) == ("external/X", "X", desk.number("D1"))


def test_priorities_go_by_the_champion_where_it_scored_and_by_the_rule_elsewhere():
    risk = pl.DataFrame(
        {
            "alert_id": [1, 1, 2, None],
            "opening": [1, 1, 1, None],
            "risk": [0.2, 0.7, 0.9, 1.0],
            "model_name": ["boosting"] * 4,
            "model_version": ["7"] * 4,
            "model_run_id": ["run"] * 4,
        }
    )
    asked = unresolved({"alert_id": 1, "opening": 1}, {"alert_id": 2, "opening": 2}, {"alert_id": 3, "opening": 1})
    rows = prioritised(asked, Described(ALERT_TYPES, Settings()), judge_of(risk), minute(0))
    by_rule = prioritised(asked, Described(ALERT_TYPES, Settings()), rule_judge(), minute(0))
    assert rows.select("alert_id", "basis", "model_name", "model_version", "model_run_id").rows() == [
        (1, "model", "boosting", "7", "run"),
        (2, "rule", "rule_baseline", "1", None),
        (3, "rule", "rule_baseline", "1", None),
    ]
    assert rows["action_probability"].to_list() == [0.7, *by_rule["action_probability"].to_list()[1:]]
    of_rule = risk.with_columns(model_run_id=pl.lit(None, pl.String))
    assert judge_of(of_rule).basis == judge_of(risk.clear()).basis == "rule"
