"""What routing decides on, and what it decides: the columns of its frames.

Here: shapes. Not here: deciding (`decide`), reading and writing them (`io`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from opsguard_assets.config.routing import Routing
from opsguard_assets.duty.desk import Desk
from opsguard_assets.tables.values import INSTANT

# An incident that something is to be decided about: a new version, or a step of its chain that is due.
WORK: Final = pl.Schema(
    {
        "incident_id": pl.Int64(),
        "version": pl.Int64(),
        "routed_version": pl.Int64(),
        "state": pl.String(),
        "severity": pl.String(),
        "priority": pl.Int64(),
        "is_life_safety": pl.Boolean(),
        "is_in_plan": pl.Boolean(),
        "client_id": pl.String(),
        "site_id": pl.String(),
        "cause": pl.String(),
        "team": pl.String(),
        "owner_id": pl.String(),
        "alerts": pl.Int64(),  # unresolved
        "chain_step": pl.Int64(),
        "chain_base": pl.Int64(),
        "next_step_at": INSTANT,
        "last_seen_at": INSTANT,  # when one of its alerts was found last
        "alert_type": pl.String(),  # of its alert of the greatest priority, as the next two
        "entity_type": pl.String(),
        "entity_id": pl.String(),
    }
)
# A decision so far about these incidents.
PAST: Final = pl.Schema(
    {
        "incident_id": pl.Int64(),
        "kind": pl.String(),
        "step": pl.Int64(),
        "audience": pl.String(),
        "person_id": pl.String(),
        "channel": pl.String(),
        "address": pl.String(),
        "decision": pl.String(),
        "urgency": pl.String(),
        "due_at": INSTANT,
        "message_key": pl.String(),
        "state": pl.String(),  # of its effect
        "is_critical": pl.Boolean(),  # whether its message said so
    }
)
PEOPLE: Final = pl.Schema(
    {
        "person_id": pl.String(),
        "name": pl.String(),
        "slack_user_id": pl.String(),
        "email": pl.String(),
        "zone": pl.String(),
    }
)
CLIENTS: Final = pl.Schema(
    {
        "client_id": pl.String(),
        "plan": pl.String(),
        "slack_channel": pl.String(),
        "executive_emails": pl.List(pl.String()),
        "zone": pl.String(),
    }
)


@dataclass(frozen=True)
class Roster:
    """Everybody who may be told, as known at the moment.

    Attributes:
        desk: Who works where; its `groups` hold `name`, too.
        people: Rows of `PEOPLE`.
        clients: Rows of `CLIENTS`.
    """

    desk: Desk
    people: pl.DataFrame
    clients: pl.DataFrame


@dataclass(frozen=True)
class Rules:
    """By what is decided.

    Attributes:
        settings: `routing` of opsguard.yaml.
        channels: Name of a channel -> its kind: slack, mail, webhook, apprise.
        zone: The zone of people of whom none is known.
    """

    settings: Routing
    channels: Mapping[str, str]
    zone: str = "UTC"


@dataclass(frozen=True)
class Case:
    """One run of routing.

    Attributes:
        work: Rows of `WORK`.
        past: Rows of `PAST`: all decisions so far about them.
        loads: (`person_id`, `load`): unresolved incidents that people own.
        sent: (`channel`, `address`, `sent`): first messages and reminders of the last hour.
        now: The time of the clock (UTC).
    """

    work: pl.DataFrame
    past: pl.DataFrame
    loads: pl.DataFrame
    sent: pl.DataFrame
    now: datetime


@dataclass(frozen=True)
class Decided:
    """What is decided.

    Attributes:
        notices: Rows of `incidents.notices.NOTICE`.
        moves: (`incident_id`, `owner_id`, `team`, `chain_step`, `chain_base`, `next_step_at`, `routed_version`).
        told_now: Incidents of which somebody is told at once, so that their earlier places in a digest are void.
        updated: Incidents whose planned updates are void, because a newer one is planned.
    """

    notices: pl.DataFrame
    moves: pl.DataFrame
    told_now: list[int]
    updated: list[int]
