"""Asking contacts of clients about a month: one mail each, planned with the note that they were asked.

Here: who is asked, what is planned. Not here: sending (`opsguard_assets.delivery`), answers (`answers_io`).

The database holds one question per client, month and contact, so nobody is asked twice, whatever dies and however often
this runs. A mail that failed for good is not sent again: the next month has its own question.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from opsguard_assets.config.settings import Settings
from opsguard_assets.effects import io as effects_io
from opsguard_assets.entitlements.entitled import Entitlements
from opsguard_assets.entitlements.io import entitlements_at, is_entitled
from opsguard_assets.incidents.messages_io import MESSAGE
from opsguard_assets.satisfaction.wording import letter
from opsguard_assets.tables.registry import CLIENTS
from resources.database import Database
from resources.lake import Lake
from resources.sql import statement

KIND = "satisfaction"
# Alerts go first, then scorecards.
_RANK = 5.0


class AskingError(RuntimeError):
    """Nobody can be asked; the message says what is missing."""


@dataclass(frozen=True)
class Asked:
    """What was planned for a client.

    Attributes:
        client_id: The client.
        contacts: How many contacts are configured.
        planned: How many of them are asked now; others were before.
        note: Why nobody is asked; None where nothing is wrong.
    """

    client_id: str
    contacts: int
    planned: int
    note: str | None


def ask(lake: Lake, database: Database, settings: Settings, month: date, *, at: datetime, by: str) -> list[Asked]:
    """Asks the contacts that the settings name about a month; those who were asked about it before are not.

    Args:
        lake: Clients and their plans, as known at the moment.
        database: Questions, and the messages that ask them.
        settings: Whom to ask (`satisfaction`), channels, plans, languages.
        month: First day of the month.
        at: The time of the clock (UTC).
        by: Who asks, for the history.

    Raises:
        AskingError: When contacts are named and mails could hold no link.
    """
    contacts = settings.satisfaction.contacts
    if contacts and settings.web.base_url is None:
        raise AskingError("satisfaction.clients names contacts, and answers need a page: set `web.base_url`")
    known = lake.known(CLIENTS, at).select("client_id", "name").unique("client_id", keep="any").collect()
    names: dict[str, str] = dict(known.iter_rows())
    held = entitlements_at(lake, settings, at)
    notes = {client: _kept_back(client, names, held) for client in dict.fromkeys(client for client, _ in contacts)}
    wanted = [
        {"client_id": client, "address": address, "language": settings.scorecards.language_of(client)}
        for client, address in contacts
        if notes[client] is None
    ]
    new = _planned(database, settings, wanted, names, month, at, by) if wanted else []
    return [
        Asked(
            client_id=client,
            contacts=sum(each == client for each, _ in contacts),
            planned=new.count(client),
            note=note,
        )
        for client, note in notes.items()
    ]


def _kept_back(client: str, names: dict[str, str], held: Entitlements) -> str | None:
    """Why a client is not asked; None where it is."""
    if client not in names:
        return "no source knows this client (satisfaction.clients)"
    return None if is_entitled(held, client, "scorecard") else "its plan holds no scorecard, and so no question"


def _planned(
    database: Database,
    settings: Settings,
    wanted: Sequence[dict[str, str]],
    names: dict[str, str],
    month: date,
    at: datetime,
    by: str,
) -> list[str]:
    """The clients of the questions that are new, one per contact."""
    channel = settings.delivery.channel_of("mail")
    with database.begin() as connection:
        values = {"rows": json.dumps(list(wanted)), "month": month, "at": at}
        found = connection.execute(statement(__name__, "ask"), values).mappings()
        new = {f"satisfaction/{row['question_id']}": dict(row) for row in found}
        if not new:
            return []
        rows = [
            {
                "key": key, "target": channel, "rank": _RANK,
                "payload": {
                    "kind": KIND, "client_id": row["client_id"], "month": month.isoformat(), "channel": channel,
                    "address": row["address"], "incident_id": None, "is_critical": False, "link_to": key,
                    "letter": letter(row["language"], names[row["client_id"]], month),
                },
            }
            for key, row in new.items()
        ]  # fmt: skip
        planned = effects_io.plan(connection, MESSAGE, pl.DataFrame(rows), at=at, actor=by)
        pairs = [
            {"question_id": new[key]["question_id"], "effect_id": number}
            for number, key in planned.select("effect_id", "key").iter_rows()
        ]
        connection.execute(statement(__name__, "planned"), {"rows": json.dumps(pairs)})
    return [row["client_id"] for row in new.values()]
