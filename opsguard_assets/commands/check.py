"""`opsguard check`: whether messages would reach somebody. Also a part of `opsguard doctor`.

Here: reading, and the words. Not here: what is looked for (`routing.analysis`, `routing.cover`).
"""

import os
from datetime import UTC, datetime

import typer

from opsguard_assets.alerts.alert_type import TEAMS
from opsguard_assets.commands.playbooks_found import found_addresses
from opsguard_assets.commands.session import ConfigOption, JsonOption, opened, print_json
from opsguard_assets.config.settings import Settings
from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.routing.addresses import named
from opsguard_assets.routing.analysis import troubles
from opsguard_assets.routing.cover import uncovered, unreachable
from opsguard_assets.routing.frames import Roster
from opsguard_assets.routing.io import nothing_at
from opsguard_assets.routing.roster_io import roster_at, rules_of
from opsguard_assets.routing.run_io import channel_kinds
from opsguard_assets.views.texts import line

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def check(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Find routes that nothing reaches, teams without anybody on duty, people without an address.

    Also addresses of playbooks whose secrets are not set. Looks at the next 14 days. Exits with 1 when it finds one.
    """
    with opened(config) as session:
        now = datetime.now(UTC)
        found = routing_troubles(session.settings, roster_at(session.installation.lake, session.settings, now), now)
        addresses = found_addresses(session.settings, os.environ)
        found += [f"{what}: {words}" for what, is_sound, words, _ in addresses if not is_sound]
    if as_json:
        print_json(found)
    else:
        for words in found:
            typer.echo(line(words))
        if not found:
            typer.echo(
                "Every route can be reached, every team is manned for 14 days, everybody on duty has an address."
            )
    if found:
        raise typer.Exit(1)


def routing_troubles(settings: Settings, roster: Roster, now: datetime) -> list[str]:
    """Everything that would keep messages from people, in words."""
    channels = channel_kinds(settings)
    rules, case, groups = rules_of(settings, channels), nothing_at(now), roster.desk.groups
    known = {*groups["group_id"].drop_nulls(), *groups["name"].drop_nulls()}
    found = troubles(settings.routing.routes, types=ALERT_TYPES, teams=known, channels=channels)
    asked = dict.fromkeys(each.team for each in ALERT_TYPES.values())
    routed = {route.team for route in settings.routing.routes if route.team is not None and route.team in known}
    teams = sorted({*asked, TEAMS[-1], *routed})
    for team in teams:
        if team.lower() not in {name.lower() for name in known}:
            found.append(f"team {team}: `groups` has none of this name; its alerts go to the operations centre")
    there = [team for team in teams if team in set(groups["name"].drop_nulls())]
    for row in uncovered(roster, there, case).iter_rows(named=True):
        found.append(
            f"team {row['team']}: nobody is on duty in {row['hours']} of the next 336 hours, first at "
            f"{row['first']:%Y-%m-%d %H:%M} UTC"
        )
    names = dict(roster.people.select("person_id", named("person_id")).iter_rows())
    for row in unreachable(roster, rules, case).iter_rows(named=True):
        who = names.get(row["person_id"], f"person {row['person_id']}")
        found.append(f"{who}: no address for the channels of route {', '.join(row['rules'])}")
    return found
