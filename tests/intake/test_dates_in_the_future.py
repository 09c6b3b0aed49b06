"""Nothing that has happened lies in the future: such rows are rejected with the remedy, and those of before yield."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from opsguard_assets.config.sources import FileSource
from opsguard_assets.intake.accepting.accept import accept
from opsguard_assets.tables.registry import TABLES
from resources.lake import Lake
from tests.intake.accept.given import deliver, raw

TICKETS = TABLES["tickets"]
COLUMNS = {"ticket_id": "id", "client_id": {"constant": "c"}, "priority": {"constant": "low"},
           "status": {"constant": "open"}, "opened_at": "opened", "updated_at": "updated"}  # fmt: skip


def tickets(columns: dict[str, object] | None = None, **more: object) -> FileSource:
    feeds = [{"table": "tickets", "columns": {**COLUMNS, **(columns or {})}}]
    return FileSource.model_validate({"name": "helpdesk", "kind": "files", "path": "x.csv", "feeds": feeds, **more})


def iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def ticket(name: str, opened: datetime, updated: datetime, **more: str) -> dict[str, str]:
    return {"id": name, "opened": iso(opened), "updated": iso(updated), **more}


def test_a_row_dated_in_the_future_is_rejected_with_the_remedy_and_the_others_go_on(tmp_path):
    lake, now = Lake(str(tmp_path)), datetime.now(UTC)
    past, ahead = now - timedelta(days=1), now + timedelta(hours=30)
    deliver(lake, raw([ticket("a", past, ahead), ticket("b", past, past), ticket("c", ahead, ahead)]))
    (load,) = accept(lake, tickets(), TABLES)
    assert (load.received, load.accepted, load.rejected) == (3, 1, 2)
    rules = lake.scan("quarantine/tickets").sort("position", "rule").collect()["rule"].to_list()
    assert rules == [
        f"{column}: more than 60 minutes after the row was known; check the time zone (`timezone`), the format and the "
        "clock of the source"
        for column in ("updated_at", "opened_at", "updated_at")
    ]
    assert lake.known(TICKETS).collect()["ticket_id"].to_list() == ["b"]


@pytest.mark.parametrize(("minutes", "accepted"), [(0, 0), (10, 0), (60, 1), (1440, 1)])
def test_clocks_may_run_ahead_as_far_as_the_source_says(tmp_path, minutes, accepted):
    lake, now = Lake(str(tmp_path)), datetime.now(UTC)
    deliver(lake, raw([ticket("a", now - timedelta(days=1), now + timedelta(minutes=30))]))
    assert [t.accepted for t in accept(lake, tickets(max_minutes_ahead=minutes), TABLES)] == [accepted]


def test_an_imported_history_is_compared_with_what_it_says_was_known_then(tmp_path):
    lake, then = Lake(str(tmp_path)), datetime(2024, 5, 1, tzinfo=UTC)
    mapped = tickets({"known_at": "seen", "resolved_at": "resolved"})
    known, late = iso(then + timedelta(hours=1)), iso(then + timedelta(days=9))
    deliver(lake, raw([
        ticket("a", then, then, seen=known, resolved=known),
        ticket("b", then, then, seen=known, resolved=late),
        ticket("c", then, then, seen=iso(datetime.now(UTC) + timedelta(days=3)), resolved=known),
    ]))  # fmt: skip
    assert [(t.accepted, t.rejected) for t in accept(lake, mapped, TABLES)] == [(1, 2)]
    found = lake.scan("quarantine/tickets").sort("position").collect()
    assert found["column"].to_list() == ["resolved_at", "known_at"]


def test_due_dates_rosters_and_leave_may_lie_in_the_future():
    ahead = {"due_at", "ends_at", "starts_at", "installed_at", "known_at", "expected_from_at"}
    for table in TABLES.values():
        instants = {name for name, dtype in table.dtypes.items() if isinstance(dtype, pl.Datetime)}
        assert set(table.past) <= instants
        assert instants - set(table.past) <= ahead, table.name


def test_a_future_version_of_before_yields_to_the_record_delivered_again(tmp_path):
    lake, now = Lake(str(tmp_path)), datetime.now(UTC).replace(microsecond=0)
    stored = {"ticket_id": "a", "client_id": "c", "priority": "low", "status": "open", "opened_at": now}
    result = {"updated_at": now + timedelta(days=900), "known_at": now - timedelta(days=2)}
    future = pl.DataFrame([dict.fromkeys(TICKETS.columns) | stored | result], schema=TICKETS.dtypes)
    lake.record(TICKETS, future, loaded_at=now - timedelta(days=2))
    assert lake.known(TICKETS).collect()["updated_at"].to_list() == [now + timedelta(days=900)]
    right = now - timedelta(days=3)
    deliver(lake, raw([ticket("a", right, right)]))
    assert [t.accepted for t in accept(lake, tickets(), TABLES)] == [1]
    assert lake.known(TICKETS).collect()["updated_at"].to_list() == [right]
    assert len(lake.versions(TICKETS).collect()) == 2


def test_a_calendar_with_a_holiday_that_nobody_knows_is_rejected_and_stops_no_clock_of_the_others(tmp_path):
    lake = Lake(str(tmp_path))
    columns = {"calendar_id": "id", "weekday": {"constant": 1}, "opens": {"constant": "08:00"},
               "closes": {"constant": "17:00"}, "holidays": {"from": "days", "separator": ";"}}  # fmt: skip
    feeds = [{"table": "calendars", "columns": columns}]
    mapped = FileSource.model_validate({"name": "helpdesk", "kind": "files", "path": "x.csv", "feeds": feeds})
    days = {"a": "DE/BY; 2026-12-24", "b": "Heiligabend; DE", "c": None, "d": "2026-02-30", "e": "de"}
    deliver(lake, raw([{"id": name, "days": listed} for name, listed in days.items()]))
    assert [(result.accepted, result.rejected) for result in accept(lake, mapped, TABLES)] == [(3, 2)]
    found = lake.scan("quarantine/calendars").sort("position").collect()
    assert found["value"].to_list() == ["Heiligabend", "2026-02-30"]
    assert found["rule"][0].startswith("holidays: neither a country such as DE")
