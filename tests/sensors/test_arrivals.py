"""Sensors ask for a load only when something is new, forget nothing, and are not blinded by one broken source."""

import json
from collections.abc import Callable, Iterator

import dagster as dg
import pytest

from opsguard_assets.intake.receiving.probe_result import ProbeResult
from sensors import arrivals
from sensors.arrivals import Watched, arrivals_sensor
from tests.sensors.begun import begun

JOB = "sync_job"


@dg.job(name=JOB)
def sync_job() -> None:
    """A job that sensors name."""


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as opened:
        yield opened


class Shelf:
    """A source that counts what lies on it and remembers who looked with which cursor."""

    def __init__(self, name: str, items: int = 0, *, reachable: bool = True) -> None:
        self.name, self.items, self.reachable = name, items, reachable
        self.looks: list[str | None] = []

    def probe(self, cursor: str | None) -> ProbeResult:
        self.looks.append(cursor)
        if not self.reachable:
            raise ConnectionError(f"{self.name} is away")
        new = self.items - int(cursor or 0)
        return ProbeResult(has_new=new > 0, cursor=str(self.items), what=f"{new} items")

    @property
    def watched(self) -> Watched:
        return Watched(self.probe, (dg.AssetKey(["raw", self.name]), dg.AssetKey(["tables", "tickets"])))


def evaluate(instance, cursor: dict[str, str] | None, *shelves: Shelf):
    sensor = arrivals_sensor(
        "new_files_sensor",
        job=JOB,
        watched={s.name: s.watched for s in shelves},
        every_seconds=30,
        description="A test",
    )
    context = dg.build_sensor_context(instance=instance, cursor=json.dumps(cursor) if cursor is not None else None)
    return sensor.evaluate_tick(context)


def cursor_of(result) -> dict[str, str]:
    return json.loads(result.cursor)


def test_new_records_ask_for_their_load_and_what_follows_once(instance):
    result = evaluate(instance, None, Shelf("helpdesk", 2), Shelf("devices", 3))
    (request,) = result.run_requests
    keys = [key.to_user_string() for key in request.asset_selection]
    assert sorted(keys) == ["raw/devices", "raw/helpdesk", "tables/tickets"]
    assert request.tags["opsguard/arrived"] == "helpdesk: 2 items; devices: 3 items"
    assert cursor_of(result) == {"helpdesk": "2", "devices": "3"}


def test_only_the_sources_with_news_are_loaded(instance):
    result = evaluate(instance, {"helpdesk": "2", "devices": "2"}, Shelf("helpdesk", 2), Shelf("devices", 3))
    assert result.run_requests[0].asset_selection == [
        dg.AssetKey(["raw", "devices"]),
        dg.AssetKey(["tables", "tickets"]),
    ]


def test_nothing_new_is_skipped_with_a_reason_and_the_cursor_is_kept(instance):
    result = evaluate(instance, {"helpdesk": "2"}, Shelf("helpdesk", 2))
    assert not result.run_requests
    assert result.skip_message == "nothing new"
    assert cursor_of(result) == {"helpdesk": "2"}


def test_the_next_tick_asks_the_source_with_the_cursor_of_the_last(instance):
    shelf = Shelf("helpdesk", 2)
    first = evaluate(instance, None, shelf)
    second = evaluate(instance, cursor_of(first), shelf)
    shelf.items = 5
    third = evaluate(instance, cursor_of(second), shelf)
    assert shelf.looks == [None, "2", "2"]
    assert [len(result.run_requests or []) for result in (first, second, third)] == [1, 0, 1]


@pytest.mark.parametrize("status", ["QUEUED", "STARTED"])
def test_new_records_wait_for_a_load_that_has_not_finished(instance, status):
    run = begun(instance, sync_job, status)
    shelf = Shelf("helpdesk", 2)
    result = evaluate(instance, {"helpdesk": "1"}, shelf)
    assert not result.run_requests
    assert result.skip_message == f"run {run} of sync_job has not finished; new records wait for it"
    assert cursor_of(result) == {"helpdesk": "1"}
    assert shelf.looks == []


def test_a_source_that_is_away_does_not_blind_the_others_and_is_asked_again(instance):
    away = Shelf("helpdesk", 2, reachable=False)
    result = evaluate(instance, {"helpdesk": "1"}, away, Shelf("devices", 3))
    assert [key.to_user_string() for key in result.run_requests[0].asset_selection] == ["raw/devices", "tables/tickets"]
    assert cursor_of(result) == {"helpdesk": "1", "devices": "3"}
    away.reachable = True
    again = evaluate(instance, cursor_of(result), away, Shelf("devices", 3))
    assert again.run_requests[0].tags["opsguard/arrived"] == "helpdesk: 1 items"


def test_a_source_that_is_away_is_named_when_the_others_have_nothing_new(instance):
    result = evaluate(instance, {"devices": "3"}, Shelf("helpdesk", 2, reachable=False), Shelf("devices", 3))
    assert result.skip_message == "nothing new; not reached: helpdesk"


def test_a_tick_that_reaches_no_source_at_all_fails_and_says_why(instance):
    with pytest.raises(dg.Failure) as caught:
        evaluate(instance, None, Shelf("helpdesk", reachable=False), Shelf("devices", reachable=False))
    assert "no source could be looked at" in str(caught.value.description)
    assert "helpdesk is away" in str(caught.value.description)
    assert "devices is away" in str(caught.value.description)


def slow(shelf: Shelf, clock: list[float]) -> Callable[[str | None], ProbeResult]:
    """A probe of this shelf that takes 25 seconds."""

    def probe(cursor: str | None) -> ProbeResult:
        clock[0] += 25
        return shelf.probe(cursor)

    return probe


def test_a_full_budget_leaves_sources_to_the_next_tick_and_starves_none(instance, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(arrivals.time, "monotonic", lambda: clock[0])
    shelves = [Shelf(name, 1) for name in "abcde"]
    watched = {shelf.name: Watched(slow(shelf, clock), ()) for shelf in shelves}
    sensor = arrivals_sensor("s", job=JOB, watched=watched, every_seconds=30, description="A test")
    cursor, reached = None, []
    for _ in range(4):
        before = [len(shelf.looks) for shelf in shelves]
        result = sensor.evaluate_tick(dg.build_sensor_context(instance=instance, cursor=cursor))
        cursor = result.cursor
        reached.append("".join(s.name for s, b in zip(shelves, before, strict=True) if len(s.looks) > b))
    assert reached == ["ab", "cd", "ae", "bc"]


def test_a_source_that_is_no_longer_watched_disturbs_nobody(instance):
    result = evaluate(instance, {"gone": "9", "helpdesk": "1"}, Shelf("helpdesk", 2))
    assert len(result.run_requests) == 1


def test_a_long_list_of_news_still_fits_a_tag(instance):
    result = evaluate(instance, None, *(Shelf(f"source_{number}", 1) for number in range(60)))
    assert len(result.run_requests[0].tags["opsguard/arrived"]) == 200


def test_a_sensor_watches_from_the_first_start():
    sensor = arrivals_sensor("new_files_sensor", job=JOB, watched={}, every_seconds=30, description="A test")
    assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
    assert sensor.minimum_interval_seconds == 30
    assert sensor.job_name == JOB


@pytest.mark.parametrize("cursor", ["{", "7", '["a"]', '{"a": 1}'])
def test_a_cursor_that_is_no_record_of_what_was_seen_is_started_anew(instance, cursor):
    shelf = Shelf("a", 3)
    sensor = arrivals_sensor(
        "new_files_sensor", job=JOB, watched={"a": shelf.watched}, every_seconds=30, description="A test"
    )
    result = sensor.evaluate_tick(dg.build_sensor_context(instance=instance, cursor=cursor))
    assert shelf.looks == [None]
    assert cursor_of(result) == {"a": "3"}
