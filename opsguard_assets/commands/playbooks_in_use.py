"""The playbooks in use and what is wrong with them, for commands.

Here: what they are judged against, read from the stores. Not here: reading (`load_io`) and judging (`lint`).
"""

from datetime import UTC, datetime

import polars as pl

from opsguard_assets.alerts.people import ActionError
from opsguard_assets.commands.session import Session
from opsguard_assets.config.settings import Settings
from opsguard_assets.config.ticket_system import SqlTicketSystem
from opsguard_assets.domains import ALERT_TYPES
from opsguard_assets.entitlements.entitled import features_held
from opsguard_assets.entitlements.io import entitlements_at
from opsguard_assets.remediation.playbook.lint import Surroundings, lint
from opsguard_assets.remediation.playbook.load_io import Library, library
from opsguard_assets.remediation.playbook.model import Playbook
from opsguard_assets.routing.roster_io import roster_at
from resources.lake import Lake


def in_use(session: Session) -> Library:
    """The playbooks in use and the files that cannot be read."""
    return library(session.settings.remediation, session.installation.environment.config)


def named(session: Session, name: str) -> Playbook:
    """The playbook in use with this name.

    Raises:
        ActionError: When there is none.
    """
    held = in_use(session).playbooks
    if name not in held:
        raise ActionError(f"There is no playbook {name}; `opsguard playbook list` shows those in use.")
    return held[name].playbook


def judged(session: Session, held: Library) -> list[tuple[str, str, str]]:
    """What is wrong with playbooks: name, severity, and words behind file, line and keys."""
    around = surroundings(session.settings, session.installation.lake)
    return judged_in(held, around)


def judged_in(held: Library, around: Surroundings) -> list[tuple[str, str, str]]:
    """The same in given surroundings."""
    found = lint([each.playbook for each in held.playbooks.values()], around)
    return [(each.playbook, each.severity, held.playbooks[each.playbook].at(each.place, each.words)) for each in found]


def surroundings(settings: Settings, lake: Lake) -> Surroundings:
    """What playbooks may refer to now. Teams and features are not judged while no `groups` and no plans are known."""
    now, desk = datetime.now(UTC), settings.ticket_system
    groups, held = roster_at(lake, settings, now).desk.groups, entitlements_at(lake, settings, now)
    named = {*groups["group_id"].drop_nulls(), *groups["name"].drop_nulls()}
    led = groups.filter(pl.col("lead_id").is_not_null()) if "lead_id" in groups.columns else groups
    return Surroundings(
        types=tuple(ALERT_TYPES),
        teams=named or None,
        led={*led["group_id"].drop_nulls(), *led["name"].drop_nulls()},
        webhooks=tuple(settings.remediation.webhooks),
        commands=tuple(settings.remediation.commands),
        features=set(features_held(held)["feature"]) if held.clients["plan"].count() else None,
        takes_orders=settings.remediation.work_orders is not None,
        opens_tickets=not isinstance(desk, SqlTicketSystem) or desk.create is not None,
    )
