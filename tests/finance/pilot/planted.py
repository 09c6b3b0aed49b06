"""A small world whose pilot is known: what was planted, and what follows from it without any of our code."""

from datetime import UTC, date, datetime, timedelta
from math import sqrt

import polars as pl
from sqlalchemy import text

from opsguard_assets.alerts.feedback import give_feedback
from opsguard_assets.alerts.people import acknowledge
from opsguard_assets.alerts.suppression import holdout_place
from opsguard_assets.config.settings import Settings
from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.effects import io as effects_io
from opsguard_assets.effects.machine import State
from opsguard_assets.finance.pilot.io import House, pilot_at
from opsguard_assets.satisfaction.answers_io import answer
from opsguard_assets.satisfaction.asking_io import ask
from opsguard_assets.triage.learning.episodes_io import update_episodes
from resources.lake import Lake
from tests.incidents.world import at, found, tick
from tests.scorecards.kpis.worlds import record, utc

FIRST, LAST = date(2026, 3, 2), date(2026, 3, 29)
AS_OF = utc(2026, 4, 2, 3)
LONG_AGO, LOADED = utc(2025, 12, 1), utc(2026, 4, 1, 2)
HOSTILE = "=cmd|'/c calc'!A1 <script>alert(1)</script>\u202eevil #eval(1) $x$"
SHARE = 0.3
POLICY = {"policy_id": "p", "priority": "high", "response_minutes": 60, "resolution_minutes": 24 * 60}
DECIDED = (
    "INSERT INTO decisions (monitor, dedup_key, first_as_of, last_as_of, ticks, decision, findings) "
    "VALUES (:monitor, :key, :at, :at, 1, :decision, 1)"
)


def settings(**more):
    contacts = {"a": {"contacts": [f"c{n}@a.example" for n in range(4)]}, "b": {"contacts": ["c@b.example"]}}
    given = {
        "sla": {"holdout_share": SHARE},
        "money": {"breach_cost": 1_500, "alert_minutes": 30, "hourly_cost": 40},
        "plans": {"clients": {"a": {"trial": {"plan": "silver", "starts_on": "2026-03-01", "ends_on": "2026-03-31"}}}},
        "satisfaction": {"clients": contacts},
        "web": {"base_url": "https://ops.example.org"},
    }
    return Settings.model_validate({**given, **more})


def tickets_of(client, opened, lateness):
    """Tickets that are due 24 hours after an opening each; late ones end an hour too late."""
    for number, (start, is_late) in enumerate(zip(opened, lateness, strict=True)):
        ended = start + timedelta(hours=25 if is_late else 3)
        yield {
            "ticket_id": f"{client}{start:%m%d%H%M}-{number}", "client_id": client, "site_id": f"{client}1",
            "priority": "high", "status": "resolved", "opened_at": start, "resolved_at": ended, "updated_at": ended,
        }  # fmt: skip


def every(start, minutes, number):
    return [start + timedelta(minutes=minutes * n) for n in range(number)]


class Planted:
    """Two clients; of the first the truth is kept: `before`, `held` and `acted` as (tickets, late ones)."""

    def __init__(self, folder, database, *, with_other=True, number=260):
        self.lake, self.database, self.number = Lake(str(folder)), database, number
        clients = [
            {"client_id": "a", "name": HOSTILE, "timezone": "Europe/Berlin", "plan": "bronze", "currency": "USD"},
            {"client_id": "b", "name": "Other", "timezone": "Europe/Berlin", "plan": "gold", "currency": "USD"},
        ]
        sites = [
            {"site_id": f"{c}{n}", "client_id": c, "name": f"{c}{n}", "timezone": "UTC"} for c in "ab" for n in (1, 2)
        ]
        for name, rows in (("clients", clients), ("sites", sites), ("sla_policies", [POLICY])):
            record(self.lake, name, rows, at=LONG_AGO)
        self._tickets()
        self._alerts()
        self._answers()
        others = self._other() if with_other else []
        again = [found(number, client_id="a", site_id="a1") for number in range(6)]
        tick(self.database, 50, *again, *others, plans=[("a", "silver"), ("b", "gold")])
        update_episodes(self.lake, database, utc(2026, 4, 2, 2))

    def _tickets(self):
        opened = every(utc(2026, 2, 2), 200, 180)
        before = list(tickets_of("a", opened, [n % 3 == 0 for n in range(180)]))
        during = list(tickets_of("a", every(utc(2026, 3, 1, 12), 150, self.number), [False] * self.number))
        held = (holdout_place(pl.Series([row["ticket_id"] for row in during])) < SHARE).to_list()
        # Two of three of the held back are late, one of four of the others.
        counts = {True: 0, False: 0}
        for row, is_held in zip(during, held, strict=True):
            counts[is_held] += 1
            if counts[is_held] % (3 if is_held else 4) in ((0, 1) if is_held else (0,)):
                row["resolved_at"] = row["updated_at"] = row["opened_at"] + timedelta(hours=25)
        # Its deadline lies after the pilot, its end says that tickets are known up to then.
        after = list(tickets_of("a", [utc(2026, 3, 31)], [False]))
        record(self.lake, "tickets", [*before, *during, *after], at=LOADED)
        decisions = [("held back" if is_held else "raised", row) for row, is_held in zip(during, held, strict=True)]
        self._decide(decisions)
        late = [row["resolved_at"] - row["opened_at"] > timedelta(hours=24) for row in during]
        self.before = (len(before), sum(n % 3 == 0 for n in range(180)))
        self.held = (sum(held), sum(late[n] for n, is_held in enumerate(held) if is_held))
        self.acted = (len(held) - self.held[0], sum(late) - self.held[1])

    def _decide(self, decisions):
        rows = [
            {"monitor": "sla", "key": f"sla_breach_risk:{row['ticket_id']}", "decision": decision,
             "at": row["opened_at"] + timedelta(hours=20)}
            for decision, row in decisions
        ]  # fmt: skip
        with self.database.begin() as connection:
            connection.execute(text(DECIDED), rows)

    def _alerts(self):
        """Six alerts of the first client: two taken up, one of them called useful, two called noise."""
        several = [found(number, client_id="a", site_id="a1") for number in range(6)]
        tick(self.database, 10, *several, plans=[("a", "silver")])
        self.alerts = [1, 2, 3, 4, 5, 6]
        for number, actor in ((1, "ada"), (2, "bob")):
            acknowledge(self.database, number, at=at(20), actor=actor)
        with self.database.begin() as connection:
            give_feedback(connection, [1], "useful", at=at(30), actor="ada", surface="cli")
            give_feedback(connection, [3, 4], "noise", at=at(40), actor="ada", surface="cli")
        for key in ("device_failure_risk:D9", "shift:R1@2026-03-05/p"):
            with self.database.begin() as connection:
                connection.execute(
                    text(DECIDED), {"monitor": "m", "key": key, "at": at(0), "decision": "not in the plan"}
                )
        record(self.lake, "devices", [{"device_id": "D9", "site_id": "a1", "kind": "sensor"}], at=LONG_AGO)

    def _answers(self):
        """Four contacts are asked, three answer 5, 4 and 4."""
        ask(self.lake, self.database, settings(), date(2026, 3, 1), at=utc(2026, 4, 1, 9), by="test")
        with self.database.begin() as connection:
            numbers = list(connection.execute(text("SELECT effect_id FROM effects ORDER BY effect_id")).scalars())
            effects_io.settle_planned(connection, numbers, State.DONE, at=utc(2026, 4, 1, 10), actor="test", words="")
            asked = (
                connection.execute(
                    text("SELECT question_id FROM satisfaction_questions WHERE client_id = 'a' ORDER BY address")
                )
                .scalars()
                .all()
            )
            for number, score in zip(asked[:3], (5, 4, 4), strict=True):
                answer(connection, number, score, utc(2026, 4, 1, 11))

    def _other(self):
        """Records and decisions of the other client at the same times; returns its alerts."""
        theirs = list(tickets_of("b", every(utc(2026, 2, 3), 120, 600), [n % 2 == 0 for n in range(600)]))
        record(self.lake, "tickets", theirs, at=LOADED)
        self._decide([("held back" if n % 5 == 0 else "raised", row) for n, row in enumerate(theirs)])
        with self.database.begin() as connection:
            key = f"sla_breach_risk:{theirs[0]['ticket_id']}"
            outside = {"monitor": "m", "key": key, "at": at(0), "decision": "not in the plan"}
            connection.execute(text(DECIDED), outside)
        return [found(number, client_id="b", site_id="b1") for number in range(100, 120)]

    def pilot(self, *, as_of=AS_OF, first=FIRST, last=LAST, given=None):
        house = House(self.lake, self.database, given or settings(), ALERT_TYPES)
        return pilot_at(house, "a", (first, last), as_of, "1.0")


def wilson(part, n):
    """Wilson's interval of a share, written out."""
    z, p = 1.959963984540054, part / n
    middle, reach = p + z * z / (2 * n), z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (middle - reach) / (1 + z * z / n), (middle + reach) / (1 + z * z / n)


def newcombe(one, other):
    """The difference of two shares with Newcombe's interval (method 10), written out."""
    (a, n), (b, m) = one, other
    p, q = a / n, b / m
    (l1, u1), (l2, u2) = wilson(a, n), wilson(b, m)
    return p - q, p - q - sqrt((p - l1) ** 2 + (u2 - q) ** 2), p - q + sqrt((u1 - p) ** 2 + (q - l2) ** 2)


def berlin(day):
    """The first instant of a day in Berlin: an hour before UTC's until 29 March 2026, two from the 30th on."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=2 if day >= date(2026, 3, 30) else 1)
