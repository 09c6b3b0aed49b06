"""A pilot as one HTML page in the look of scorecards: no script, nothing from elsewhere. Not here: words (`spoken`)."""

from collections.abc import Mapping
from typing import Any

from opsguard_assets.finance.pilot import spoken
from opsguard_assets.finance.pilot.definitions import DEFINITIONS
from opsguard_assets.finance.pilot.pilot import Pilot
from opsguard_assets.scorecards.forms.html import rendered
from opsguard_assets.scorecards.forms.language import plain
from opsguard_assets.scorecards.forms.spoken import Speaker
from opsguard_assets.scorecards.kpis.kpi import Kpi


def pilot_page(pilot: Pilot, kpis: Mapping[str, Kpi]) -> str:
    """The page."""
    by = spoken.speaker(pilot)
    parts: dict[str, Any] = {
        "client": plain(pilot.client_name),
        "title": spoken.title(pilot, by),
        "facts": spoken.facts(pilot, by),
        "notes": spoken.notes(pilot, by),
        "headline": spoken.headline(pilot, by),
        "recommendation": spoken.recommendation(pilot, by),
        "reasons": [spoken.reason(each, pilot, by) for each in pilot.reasons],
        "waiting": [spoken.waits(each, by) for each in pilot.waiting],
        "tiles": spoken.tiles(pilot, by),
        "pairs": spoken.pairs(pilot, kpis, by),
        "parts": [part for part in spoken.parts(pilot, by) if part.rows],
        "caveat": by.say(spoken.CAVEAT),
        "definitions": definitions(pilot, by),
        "made": by.instant(pilot.as_of),
        "code": plain(pilot.code),
    }
    return rendered("pilot.html.j2", by, parts)


def definitions(pilot: Pilot, by: Speaker) -> list[tuple[str, str, str]]:
    """Label, definition and source of each number that it has, once."""
    codes = dict.fromkeys(each.code for each in pilot.numbers)
    return [
        (by.say(one.label, of="…") if "{of}" in one.label else by.say(one.label), by.say(one.words), one.source)
        for one in (DEFINITIONS[code] for code in codes)
    ]
