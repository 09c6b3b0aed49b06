"""The playbooks in use and what is wrong with them, for commands.

Here: what they are judged against, read from the stores. Not here: reading (`load_io`) and judging (`lint`).
"""

from datetime import UTC, datetime

import polars as pl

from opsguard_assets.commands.session import Session
from opsguard_assets.config.settings import Settings
from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.remediation.playbook.lint import Surroundings, lint
from opsguard_assets.remediation.playbook.load_io import Library, library
from opsguard_assets.routing.roster_io import roster_at
from resources.lake import Lake


def in_use(session: Session) -> Library:
    """The playbooks in use and the files that cannot be read."""
    return library(session.settings.remediation, session.installation.environment.config)


def judged(session: Session, held: Library) -> list[tuple[str, str, str]]:
    """What is wrong with playbooks: name, severity, and words behind file, line and keys."""
    around = surroundings(session.settings, session.installation.lake)
    return judged_in(held, around)


def judged_in(held: Library, around: Surroundings) -> list[tuple[str, str, str]]:
    """The same in given surroundings."""
    found = lint([each.playbook for each in held.playbooks.values()], around)
    return [(each.playbook, each.severity, held.playbooks[each.playbook].at(each.place, each.words)) for each in found]


def surroundings(settings: Settings, lake: Lake) -> Surroundings:
    """What playbooks may refer to now. Teams are not judged while no `groups` are known."""
    groups = roster_at(lake, datetime.now(UTC)).desk.groups
    named = {*groups["group_id"].drop_nulls(), *groups["name"].drop_nulls()}
    led = groups.filter(pl.col("lead_id").is_not_null()) if "lead_id" in groups.columns else groups
    return Surroundings(
        types=tuple(ALERT_TYPES),
        teams=named or None,
        led={*led["group_id"].drop_nulls(), *led["name"].drop_nulls()},
        webhooks=tuple(settings.remediation.webhooks),
        commands=tuple(settings.remediation.commands),
    )
