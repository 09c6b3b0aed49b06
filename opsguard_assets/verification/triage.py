"""Verification of triage: a burst of one cause is one incident and one message; what protects lives comes first.

Here: planted alerts of another system, and what must become of them. Not here: running ticks (`ticks_io`).
"""

from typing import Any

from opsguard_assets.routing.run_io import route_now
from opsguard_assets.triage.priority.priority import SUPERVISOR
from opsguard_assets.verification.planting import MINUTE, NOW, site
from opsguard_assets.verification.result import Found, Records
from opsguard_assets.verification.ticks_io import external_tick
from opsguard_assets.verification.verification import Verification
from opsguard_assets.verification.world_io import World
from resources.sql import statement

_SITE, _OTHER = "planted-burst", "planted-quiet"
_BURST = tuple(f"camera-{n}" for n in range(8))
_ALONE, _FIRE = "camera-elsewhere", "detector"


def records() -> Records:
    """Eight cameras of a site go offline within minutes, one of another site does, and there is a fire."""
    raised = [_alert(name, "camera_offline", _SITE, number) for number, name in enumerate(_BURST)]
    alone = _alert(_ALONE, "camera_offline", _OTHER, 3)
    fire = _alert(_FIRE, "fire", _SITE, 5, severity="critical")
    return {"sites": [site(_SITE), site(_OTHER)], "external_alerts": [*raised, alone, fire]}


def _alert(name: str, kind: str, where: str, number: int, severity: str = "medium") -> dict[str, Any]:
    at = NOW - (20 - number) * MINUTE
    return {
        "alert_id": f"planted-{name}", "site_id": where, "at": at, "kind": kind, "severity": severity, "title": name,
        "entity_type": "device", "entity_id": name, "known_at": at,
    }  # fmt: skip


_PLANNED = "SELECT incident_id, person_id, channel, address, kind FROM notices WHERE effect_id IS NOT NULL"


def check(world: World) -> Found:
    """One tick of all alerts of other systems, and the messages that are planned of it."""
    found = Found(
        "opsguard tick external", "`opsguard incidents` and `opsguard alerts explain` say why; see docs/triage.md"
    )
    external_tick(world, NOW)
    route_now(world.database, world.lake, world.settings, now=NOW + MINUTE)
    housed = {
        row["entity_id"]: row for row in world.rows(statement(__name__, "housed"), entities=[*_BURST, _ALONE, _FIRE])
    }
    found.equal("alerts", sorted(housed), sorted([*_BURST, _ALONE, _FIRE]), where="alerts of other systems")
    if found.wrong:
        return found
    burst = {housed[name]["incident_id"] for name in _BURST}
    found.holds(
        len(burst) == 1 and None not in burst,
        f"{len(_BURST)} alerts of one cause became {len(burst)} incidents",
        where="incidents",
    )
    found.holds(
        housed[_ALONE]["incident_id"] not in burst, "an alert of another site joined the incident", where="incidents"
    )
    found.holds(housed[_FIRE]["incident_id"] not in burst, "the fire was counted with the cameras", where="incidents")
    fire, usual = housed[_FIRE]["priority"] or 0, [housed[name]["priority"] for name in _BURST]
    found.holds(fire >= SUPERVISOR, f"the fire has priority {fire}, below {SUPERVISOR}", where="priorities")
    is_first = None not in usual and fire > max(usual)
    found.holds(
        is_first, f"the fire has priority {fire}, a camera {max(each or 0 for each in usual)}", where="priorities"
    )
    messages = [
        row
        for row in world.rows(_PLANNED)
        if row["incident_id"] == housed[_FIRE]["incident_id"] and row["kind"] == "raised"
    ]
    readers = {(row["person_id"], row["channel"], row["address"]) for row in messages}
    found.holds(bool(messages), "nobody is told of the fire", where="routing")
    words = f"{len(messages)} messages about the fire for {len(readers)} readers"
    found.holds(len(messages) == len(readers), words, where="routing")
    total = world.rows("SELECT count(*) AS alerts, (SELECT count(*) FROM incidents) AS incidents FROM alerts")[0]
    found.figure(
        f"{len(_BURST)} alerts, {len(burst)} incident; fire {fire}, cameras {max(each or 0 for each in usual)}; "
        f"{total['alerts']} alerts of the world in {total['incidents']} incidents"
    )
    return found


VERIFICATION = Verification(
    name="triage",
    asks="A burst of one cause is one incident; another site is another one; what protects lives comes first.",
    planted=f"{len(_BURST)} alerts of one cause at a site, one elsewhere, a fire",
    check=check,
    records=records,
)
