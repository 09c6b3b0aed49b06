"""Everybody who may be told or asked, read once for all steps of a minute.

Here: reading, and keeping it for the tick. Not here: who of them is told (`recipients_io`) or asked (`readers`), who
may decide (`remediation.engine`): a click reads who people are at that moment.
"""

from datetime import datetime

from opsguard_assets.remediation.actions.action import World
from opsguard_assets.routing.frames import Roster
from opsguard_assets.routing.roster_io import roster_at


def roster_now(world: World, now: datetime) -> Roster:
    """Everybody who may be told, as known at the beginning of the minute."""
    minute = now.replace(second=0, microsecond=0)
    key = ("roster", world.lake.uri, minute)
    if key not in world.known:
        for old in [each for each in world.known if each[0] == key[0] and each != key]:
            del world.known[old]
        world.known[key] = roster_at(world.lake, world.settings, minute)
    found: Roster = world.known[key]
    return found
