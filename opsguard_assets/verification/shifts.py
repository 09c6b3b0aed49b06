"""Verification of shifts: who does not come is found, alerted and replaced by a proposal; nobody else is accused.

Here: planted rosters and punches, and what must be said of them. Not here: running ticks (`ticks_io`).
"""

from datetime import datetime
from typing import Any

import polars as pl

from opsguard_assets.shifts.verdicts.schemas import SHIFT_COMPLIANCE
from opsguard_assets.verification.planting import HOUR, MINUTE, NOW, person, site
from opsguard_assets.verification.result import Found, Records
from opsguard_assets.verification.ticks_io import shifts_tick
from opsguard_assets.verification.verification import Verification
from opsguard_assets.verification.world_io import World

_SITE, _BLIND = "planted-gate", "planted-blind-gate"
_ABSENT, _PUNCTUAL, _LATE, _UNHEARD, _RELIEF = (
    "guard-absent", "guard-punctual", "guard-late", "guard-unheard", "guard-relief",
)  # fmt: skip
# Eight in the morning in Hamburg; the second tick is after the two hours that make a no-show.
_BEGINS = NOW.replace(hour=7)
_FIRST, _SECOND = _BEGINS + 30 * MINUTE, _BEGINS + 150 * MINUTE
_ACCUSING = ("no_show", "late_arrival", "wrong_site", "early_exit")
_EXPECTED = {_ABSENT: "no_show", _PUNCTUAL: "on_time", _LATE: "late", _UNHEARD: "unknown"}
# A guard who comes late is not there yet when a shift is judged for the first time.
_NOT_THERE = ("no_show", "wrong_site", "late")


def records() -> Records:
    """Four shifts of one morning: one guard stays away, one is punctual, one is late, one stands at a silent clock."""
    places = {_ABSENT: _SITE, _PUNCTUAL: _SITE, _LATE: _SITE, _UNHEARD: _BLIND}
    rosters = [
        {"roster_id": f"roster-{who}", "person_id": who, "site_id": where, "starts_local": "08:00",
         "ends_local": "16:00", "post": f"post of {who}", "valid_from": NOW.date(),
         "valid_until": NOW.date(), "required_people": 1}
        for who, where in places.items()
    ]  # fmt: skip
    punches = [_punch(_PUNCTUAL, _BEGINS - 5 * MINUTE), _punch(_LATE, _BEGINS + 40 * MINUTE)]
    beats = [
        {"site_id": _SITE, "reported_upto_at": at, "known_at": at}
        for at in (_BEGINS - 24 * HOUR + n * 10 * MINUTE for n in range(24 * 6 + 60))
    ]
    silence = _BEGINS - 2 * HOUR
    blind = [{"site_id": _BLIND, "reported_upto_at": silence, "known_at": silence}]
    return {
        "sites": [site(_SITE), site(_BLIND)],
        "people": [
            *(person(who, home_site_id=where) for who, where in places.items()),
            person(_RELIEF, home_site_id=_SITE),
        ],
        "rosters": rosters,
        "attendance": punches,
        "punch_feeds": [*beats, *blind],
    }


def _punch(who: str, at: datetime) -> dict[str, Any]:
    return {"person_id": who, "site_id": _SITE, "punched_in_at": at, "latitude": 53.55, "longitude": 10.0,
            "accuracy_m": 8.0, "known_at": at + MINUTE}  # fmt: skip


def check(world: World) -> Found:
    """Two ticks: half an hour after the shifts began, and two and a half."""
    found = Found(
        "opsguard tick shifts", "`opsguard shifts evidence` shows what a verdict is made of; see docs/shifts.md"
    )
    shifts_tick(world, _FIRST)
    first = _alerts(world)
    shifts_tick(world, _SECOND)
    verdicts, second = _verdicts(world), _alerts(world)
    found.equal("verdicts", dict(sorted(verdicts.items())), dict(sorted(_EXPECTED.items())), where="verdicts of shifts")
    early, late = first.get(_ABSENT, []), second.get(_ABSENT, [])
    found.holds(len(early) == 1, f"{len(early)} alerts half an hour after {_ABSENT} did not come, instead of one")
    found.equal(
        f"alert types of {_ABSENT}", [alert["alert_type"] for alert in late], ["no_show"], where="alerts of shifts"
    )
    same = [alert["alert_id"] for alert in early] == [alert["alert_id"] for alert in late]
    found.holds(same, "the alert of the shift did not evolve: there is another one", where="alerts of shifts")
    proposed = [one["person_id"] for alert in late for one in alert["evidence"].get("proposals") or ()]
    found.holds(
        _RELIEF in proposed,
        f"{_RELIEF} is free and near, and proposed are: {', '.join(proposed) or 'nobody'}",
        where="substitutes",
    )
    busy = sorted({_PUNCTUAL, _LATE, _ABSENT} & set(proposed))
    found.equal("people proposed who are on a shift", busy, [], where="substitutes")
    open_now = {who for who, alerts in second.items() for alert in alerts if alert["state"] != "resolved"}
    found.equal("guards with an open alert", sorted(open_now), [_ABSENT], where="alerts of shifts")
    judged, false = _false_accusations(world)
    found.equal(
        "guards of the simulated provider who came and are called absent", false, [], where="verdicts of shifts"
    )
    right = sum(verdicts.get(who) == verdict for who, verdict in _EXPECTED.items())
    found.figure(
        f"{right} of {len(_EXPECTED)} verdicts right, substitute {', '.join(proposed[:1]) or 'none'}; {judged} further "
        f"verdicts beside the truth, {len(false)} false"
    )
    return found


def _verdicts(world: World) -> dict[str, str]:
    rows = world.lake.known(SHIFT_COMPLIANCE, _SECOND).select("person_id", "verdict").collect()
    return {who: verdict for who, verdict in rows.iter_rows() if who in _EXPECTED}


def _alerts(world: World) -> dict[str, list[dict[str, Any]]]:
    """The alerts that accuse a planted guard, by guard."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in world.rows(
        "SELECT * FROM alerts WHERE alert_type = ANY(:kinds) ORDER BY alert_id", kinds=list(_ACCUSING)
    ):
        for who in _EXPECTED:
            if f"roster-{who}@" in row["dedup_key"]:
                found.setdefault(who, []).append(row)
    return found


def _false_accusations(world: World) -> tuple[int, list[str]]:
    """Of the shifts of the simulated provider: how many were judged, and who is called absent although they came."""
    truth = world.twin.shift_truth.with_columns(shift_id=pl.format("{}@{}", "roster_id", "on"))
    rows = world.lake.known(SHIFT_COMPLIANCE, _SECOND).collect().join(truth, on=["shift_id", "person_id"])
    absent = rows.filter(pl.col("verdict") == "no_show", ~pl.col("happened").is_in(_NOT_THERE))
    return len(rows), absent["person_id"].sort().to_list()


VERIFICATION = Verification(
    name="shifts",
    asks="Who does not come is found, alerted once and a substitute proposed; nobody is accused by a silent clock.",
    planted="a no-show, a punctual guard, a late one, one at a silent clock, a free substitute",
    check=check,
    records=records,
)
