"""What a tick is served equals what the whole history tells, however strangely records arrive."""

from datetime import UTC, datetime, timedelta
from random import Random

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from ml.problems.sla_breach import bounded, streams
from ml.problems.sla_breach.features import CLOCK, CLOCK_STATE, features
from opsguard_assets.tables.registry import TABLES, TICKETS
from opsguard_assets.tickets.learning import features_io as serving
from opsguard_assets.tickets.learning.dataset import TicketDataset
from opsguard_assets.tickets.learning.features_io import features_at
from opsguard_assets.tickets.learning.outcomes_io import update_recent
from opsguard_assets.tickets.sla.derive_io import update_events
from opsguard_assets.tickets.sla.snapshot_io import history_of, known
from resources.lake import Lake
from resources.progress import Silent
from tests.long import long

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
STATUSES = ["new", "open", "in_progress", "on_hold", "resolved", "closed", "cancelled"]
WEIGHTS = [2, 3, 3, 2, 4, 3, 0.5]


@pytest.fixture(autouse=True)
def _few_outcomes_count(monkeypatch):
    for module in (bounded, streams):
        for name, number in {"RATE_OF_LAST": 2, "MINUTES_OF_LAST": 1, "CLOSINGS": 2}.items():
            monkeypatch.setattr(module, name, number)


class Provider:
    """A helpdesk that says anything at any time."""

    def __init__(self, seed):
        self.random = Random(seed)  # noqa: S311 - a test world is no secret
        self.opened = {}

    def load(self, before, at):
        """Rows of every table that arrive at an instant."""
        tickets = [self._ticket(before, at) for _ in range(self.random.randrange(1, 12))]
        rows = {"tickets": tickets}
        if before is None or self.random.random() < 0.25:
            rows |= {"sla_policies": self._policies(before, at), "sites": self._sites(before, at)}
        if before is None or self.random.random() < 0.2:
            rows["clients"] = [self._known({"client_id": "c", "name": "c", "timezone": "UTC"}, before, at)]
            rows["clients"][0]["plan"] = self.random.choice(["gold", "bronze"])
        return rows

    def _ticket(self, before, at):
        choice, number = self.random.choice, self.random.randrange(40)
        name, since = f"T{number:03}", before or at - 30 * HOUR
        opened = self.opened.setdefault(name, since - HOUR * self.random.randrange(60))
        late = HOUR * self.random.randrange(100) if self.random.random() < 0.15 else timedelta(0)
        updated = max(opened, since + (at - since) * self.random.random() - late)
        status = self.random.choices(STATUSES, WEIGHTS)[0]
        row = {"ticket_id": name, "client_id": "c", "site_id": choice(["s", "r", None]), "opened_at": opened}
        row |= {"category": choice(["a", "b"]), "priority": choice(["critical", "high"]), "status": status}
        row |= {"assignee_id": choice(["x", "y", None]), "group_id": choice(["g", "h", None]), "updated_at": updated}
        row |= {"title": choice(["again", f"rare {number % 7}", name]), "sentiment": self.random.random()}
        if status in {"resolved", "closed"}:
            row["resolved_at"] = updated
            announced = HOUR * self.random.randrange(72) if self.random.random() < 0.2 else timedelta(0)
            row["closed_at"] = updated + announced if status == "closed" else None
        if self.random.random() < 0.3:
            row["due_at"] = opened + HOUR * self.random.randrange(100)
        return self._known(row, before, at, updated)

    def _known(self, row, before, at, updated=None):
        """Known with the load, when it happened, or said to have been known before the load that came before."""
        known = self.random.choice([at, at, updated or at])
        if before and self.random.random() < 0.03:
            known = before - HOUR * self.random.randrange(1, 60)
        return {**row, "known_at": max(known, updated or known)}

    def _policies(self, before, at):
        stops = self.random.choice(["resolved", "closed"])
        row = {"response_minutes": 30, "resolution_minutes": self.random.choice([300, 2000, 6000]), "stops_at": stops}
        return [self._known({"policy_id": p, "priority": p, **row}, before, at) for p in ("critical", "high")]

    def _sites(self, before, at):
        zone = self.random.choice(["UTC", "Asia/Kathmandu"])
        row = {"name": "s", "client_id": "c", "timezone": zone}
        return [self._known({"site_id": self.random.choice(["s", "r"]), **row}, before, at)]


def record(lake, rows, at):
    for name, some in rows.items():
        dtypes = {c: pl.String() if isinstance(d, pl.Enum) else d for c, d in TABLES[name].dtypes.items()}
        frame = pl.DataFrame(some, schema=dtypes).cast(TABLES[name].dtypes)
        lake.record(TABLES[name], frame.unique([*TABLES[name].key, "known_at"], keep="first"), loaded_at=at)


def readings(lake, as_of):
    clocks = known(lake, as_of, lake.known(TICKETS, as_of, live_only=True).collect().sort("ticket_id")).clocks()
    return clocks.filter(pl.col("ended_at").is_null())


@long
@pytest.mark.parametrize("seed", range(3))
def test_a_tick_is_served_what_the_whole_history_tells(seed, tmp_path, monkeypatch):
    provider, lake, at, before, wholes = Provider(seed), Lake(str(tmp_path)), START, None, []
    whole = TicketDataset.of
    monkeypatch.setattr(serving.TicketDataset, "of", lambda *args: wholes.append(args[1]) or whole(*args))
    moments = []
    for _ in range(6):
        record(lake, provider.load(before, at), at)
        update_events(lake, progress=Silent())
        update_recent(lake, progress=Silent())
        following = at + HOUR * provider.random.choice([1, 10, 50, 200])
        for as_of in (at - 5 * HOUR, at, at + (following - at) * provider.random.random()):
            given = readings(lake, as_of)
            expected = told_by(whole(history_of(lake), as_of), given)
            assert_frame_equal(features_at(lake, as_of, given), expected, check_exact=True)
            moments.append(as_of)
        at, before = following, at
    assert len(wholes) < len(moments) / 2


def told_by(dataset, given):
    return features(dataset.known, given.select("ticket_id", "as_of", *CLOCK, *CLOCK_STATE))
