"""Giving a scorecard to the delivery: one message per reader, planned with the note that it was sent.

Here: who reads, what is planned. Not here: sending (`opsguard_assets.delivery`), texts (`forms.mail`).

A message has the key scorecard/client/month/number/sealed/channel/address. The database holds no second one, so nothing
is mailed twice, whatever dies. What certainly failed may be planned once more, under the next attempt.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl

from opsguard_assets.config.delivery import Delivery
from opsguard_assets.effects import io as effects_io
from opsguard_assets.incidents.messages_io import MESSAGE
from opsguard_assets.scorecards.forms.mail import Summary, file_name, summary
from opsguard_assets.scorecards.signing import store_io
from opsguard_assets.scorecards.signing.house_io import House, completed
from opsguard_assets.scorecards.signing.rules import Kept, Sealed, outside_plan, sealed_for_sending
from opsguard_assets.scorecards.signing.store_io import ScorecardError
from opsguard_assets.tables.registry import TABLES
from resources.database import Database
from resources.sql import statement

KIND = "scorecard"
_TYPES = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "figures.json": "application/json",
    "minisig": "text/plain",
}
# Alerts go first.
_RANK = 10.0


@dataclass(frozen=True)
class Readers:
    """Where a scorecard goes.

    Attributes:
        places: Channel and address of each reader.
        missing: Who cannot be reached, in words.
    """

    places: Sequence[tuple[str, str]]
    missing: Sequence[str]


@dataclass(frozen=True)
class Sent:
    """What was planned for one scorecard.

    Attributes:
        client_id: The client; empty for the provider.
        number: Its number.
        planned: How many messages were planned now.
        note: Whom it cannot go to, or why it is not sent; None where nothing is wrong.
    """

    client_id: str
    number: int
    planned: int
    note: str | None


def readers_of(house: House, delivery: Delivery, client_id: str) -> Readers:
    """Who reads the scorecard of a client by what is known now: its executives, its channel, and `recipients`."""
    row: Mapping[str, Any] = {}
    if client_id and house.lake.exists("tables/clients"):
        found = house.lake.known(TABLES["clients"], house.now()).filter(pl.col("client_id") == client_id)
        row = next(found.select("executive_emails", "slack_channel").collect().iter_rows(named=True), {})
    executives = [address for address in row.get("executive_emails") or () if address and address.strip()]
    mails = list(dict.fromkeys((*executives, *house.settings.recipients_of(client_id or None))))
    places = [(delivery.channel_of("mail"), address) for address in mails]
    if row.get("slack_channel"):
        places.append((delivery.channel_of("slack"), row["slack_channel"]))
    missing = []
    if client_id and not executives:
        missing.append("no executive of the client has a mail address (clients.executive_emails)")
    if not mails:
        missing.append("nobody gets a mail")
    if client_id and not row.get("slack_channel"):
        missing.append("the client has no Slack channel (clients.slack_channel)")
    return Readers(places, missing)


def send(
    house: House, delivery: Delivery, month: date, *, by: str, clients: Sequence[str] | None = None
) -> list[Sent]:  # fmt: skip
    """Plans the messages of the newest scorecards of a month that may be sent. Repeated, it plans what failed.

    Args:
        house: Where they are kept.
        delivery: The channels that there are.
        month: First day of the month.
        by: Who sends.
        clients: Some clients only.

    Raises:
        ScorecardError: When a client that is named has no scorecard.
    """
    found: dict[str, Kept] = {}
    for each in store_io.kept(house.database, month=month):
        if clients is None or each.client_id in clients:
            found.setdefault(each.client_id, each)
    for client in clients or ():
        if client not in found:
            store_io.newest(house.database, client, month)
    return [_sent(house, delivery, each, by) for each in found.values()]


def said_of(house: House, one: Kept) -> Summary:
    """What the mail about a scorecard says, or would say."""
    return summary(one.card, house.maker.kpis, house.settings.subject)


def messages(database: Database, *, client_id: str | None = None, month: date | None = None) -> list[dict[str, Any]]:
    """The messages about scorecards with their states, the oldest first."""
    values = {"client_id": client_id, "month": month}
    with database.begin() as connection:
        return [dict(row) for row in connection.execute(statement(__name__, "messages"), values).mappings()]


def _sent(house: House, delivery: Delivery, one: Kept, by: str) -> Sent:
    if (kept_back := outside_plan(one.card)) is not None:
        return Sent(one.client_id, one.number, 0, kept_back)
    sealed = sealed_for_sending(one, house.settings)
    if sealed is None:
        return Sent(one.client_id, one.number, 0, "nobody has signed it (scorecards.sign_off: required)")
    files = completed(house, one, sealed)
    readers = readers_of(house, delivery, one.client_id)
    note = "; ".join(readers.missing) or None
    said = said_of(house, _sealed(one, sealed))
    at = house.now()
    with house.database.begin() as connection:
        values = {
            "client_id": one.client_id, "month": one.month, "number": one.number, "digest": one.digest, "at": at,
            "by": by, "note": note, "unsigned": sealed == "unsigned",
        }  # fmt: skip
        if connection.execute(statement(__name__, "send"), values).first() is None:
            raise ScorecardError(f"{one.words} has changed meanwhile: send it again.")
        before = connection.execute(
            statement(__name__, "messages"), {"client_id": one.client_id, "month": one.month}
        ).mappings()
        failed = _failed([dict(row) for row in before], one, sealed)
        rows = [_message(one, sealed, said, files, place, failed.get(place, 0)) for place in readers.places]
        planned = effects_io.plan(connection, MESSAGE, pl.DataFrame(rows), at=at, actor=by) if rows else rows
    return Sent(one.client_id, one.number, len(planned), note)


def _failed(rows: Sequence[Mapping[str, Any]], one: Kept, sealed: Sealed) -> dict[tuple[str, str], int]:
    """How many attempts failed for good, by reader whose newest attempt did."""
    states: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if (row["number"], row["sealed"]) == (one.number, sealed):
            states.setdefault((row["channel"], row["address"]), []).append(row["state"])
    return {place: len(found) - (found[-1] != "failed") for place, found in states.items()}


def _message(
    one: Kept, sealed: Sealed, said: Summary, files: Mapping[str, str], place: tuple[str, str], attempt: int
) -> dict[str, Any]:  # fmt: skip
    """A row for `effects.io.plan`."""
    channel, address = place
    key = f"scorecard/{one.client_id or 'provider'}/{one.month:%Y-%m}/{one.number}/{sealed}/{channel}/{address}"
    payload = {
        "kind": KIND, "client_id": one.client_id, "month": one.month.isoformat(), "number": one.number,
        "sealed": sealed, "channel": channel, "address": address, "incident_id": None, "is_critical": False,
        "letter": letter_of(said, one.card.language), "files": enclosed(one, files), "page": files.get("html"),
    }  # fmt: skip
    return {"key": f"{key}/{attempt}" if attempt else key, "target": channel, "rank": _RANK, "payload": payload}


def letter_of(said: Summary, language: str) -> dict[str, Any]:
    """The fields of a `delivery.letter.Letter`, as they stand in a payload."""
    figures, advised, worth = said.headings
    table = {"heading": figures, "lines": [], "columns": list(said.columns), "rows": [list(row) for row in said.rows]}
    sections = [
        table,
        *(
            {"heading": heading, "lines": list(lines), "columns": [], "rows": []}
            for heading, lines in ((advised, said.advised), (worth, said.worth))
            if lines
        ),
    ]
    return {
        "subject": said.subject, "headline": said.headline, "severity": "low", "badge": said.badge,
        "language": language, "notes": list(said.notes), "facts": [list(each) for each in said.facts],
        "sections": sections, "footer": said.footer, "link_label": said.link_label,
    }  # fmt: skip


def enclosed(one: Kept, files: Mapping[str, str]) -> list[dict[str, str]]:
    """The files that go with a mail: PDF and Excel, and of a signed one the figures with their signature."""
    card = one.card
    names = {kind: file_name(card, kind) for kind in ("pdf", "xlsx")}
    if "minisig" in files:
        names |= {"figures.json": file_name(card, "json"), "minisig": file_name(card, "json.minisig")}
    return [
        {"name": name, "media_type": _TYPES[kind], "digest": files[kind]}
        for kind, name in names.items()
        if kind in files
    ]


def _sealed(one: Kept, sealed: Sealed) -> Kept:
    return replace(one, sent_unsigned=True) if sealed == "unsigned" else one
