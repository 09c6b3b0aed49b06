"""Messages about executions of playbooks: written when they are sent, and caught up where somebody decided meanwhile.

Here: approvals, offers of shifts, and what playbooks tell people. Not here: words (`question_wording`), asking and
deciding (`opsguard_assets.remediation`), messages about incidents (`letters_io`).
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl
from sqlalchemy import Connection

from opsguard_assets.delivery.question_wording import approval_letter, offer_letter, playbook_letter
from opsguard_assets.delivery.wording import Reader
from opsguard_assets.delivery.written import GONE, LinkOf, Pointless, Written
from opsguard_assets.effects import io as effects_io
from opsguard_assets.effects.machine import Effect
from opsguard_assets.views import reading
from opsguard_assets.views.alerts import described
from opsguard_assets.views.attachments import Attachment, attachment, attachments_of, newest
from opsguard_assets.views.names import KeptNames
from opsguard_assets.views.questions import ApprovalView, OfferView, approval_views, offer_view
from resources.channels.handed_over import Reference
from resources.database import Database
from resources.sql import statement

# Rows of each table that a message shows; the page and the command show more.
_ROWS = 3
# Where it stands whether a question is over.
_ENDED = {"approval": "questions/ended_approval", "offer": "questions/ended_offer"}
UPDATE = "update"


def expect(
    database: Database, names: KeptNames, questions: Sequence[str], alert_ids: Sequence[int], now: datetime
) -> None:
    """Reads the names that messages need which are written next, at once.

    Args:
        database: Where executions are.
        names: What keeps them.
        questions: What they ask, such as `approval/7`.
        alert_ids: The alerts of their executions.
        now: The time of the clock (UTC).
    """
    if alert_ids:
        with database.begin() as connection:
            alerts = reading.alerts_of(connection, alert_ids)
        names.of(alerts)
    approvals = [int(about.partition("/")[2]) for about in questions if about.startswith("approval/")]
    if approvals:
        approval_views(database, names.of, approvals, now)


def written(
    database: Database, names: KeptNames, payload: Mapping[str, Any], zone: str, link_of: LinkOf, now: datetime
) -> Written | Pointless:
    """The letter of a planned message about an execution as of now.

    Args:
        database: Where executions are.
        names: Reads and keeps names.
        payload: Of the message, with `kind`, `notice_id` and, where it is about a question, `about`.
        zone: The zone of readers whose own is unknown.
        link_of: Makes links.
        now: The time of the clock (UTC).
    """
    about = payload.get("about")
    values = {
        **{name: payload.get(name) for name in ("notice_id", "channel", "address", "incident_id")},
        "first_key": f"{about}/{payload['channel']}/{payload['address']}",
    }
    with database.begin() as connection:
        found = connection.execute(statement(__name__, "questions/notice"), values).mappings().first()
    if found is None:
        return GONE
    notice = {**found, "recipient": payload.get("person_id") or payload["address"], "zone": payload.get("zone")}
    if about is None:
        return _said(database, names, notice, zone, link_of, now)
    view = _view(database, names, about, now)
    if view is None:
        return GONE
    if payload["kind"] != UPDATE:
        pointless = _pointless(view)
        if pointless is not None:
            return Pointless(pointless)
    return _asked(database, view, {**notice, "is_edit": payload["kind"] == UPDATE}, zone, link_of, now)


def note_sent(connection: Connection, effect: Effect, reference: Reference | None, at: datetime) -> None:
    """Keeps where a question is, in the transaction that settles its message; edits it if it is over meanwhile.

    A decision is written before messages to edit are looked for. So either it sees this place, or this
    waits for the decision.
    """
    payload = effect.payload
    if payload["kind"] == UPDATE or reference is None:
        return
    kept = {"notice_id": payload["notice_id"], "reference": json.dumps(dict(reference))}
    connection.execute(statement(__name__, "questions/keep_place"), kept)
    kind, _, number = str(payload["about"]).partition("/")
    ended = connection.execute(statement(__name__, _ENDED[kind]), {"number": int(number)}).scalar()
    if not ended or "message_id" in reference:
        return  # a mail cannot be edited
    edit = {**payload, "kind": UPDATE, "is_critical": False}
    # The greatest priority: nobody shall answer a question that is over.
    row = {"key": f"{effect.key}/over", "target": effect.target, "rank": 100.0, "payload": edit}
    effects_io.plan(connection, effect.kind, pl.DataFrame([row]), at=at, actor=effect.kind)


def _view(database: Database, names: KeptNames, about: str, now: datetime) -> ApprovalView | OfferView | None:
    kind, _, number = about.partition("/")
    if kind == "approval":
        return next(iter(approval_views(database, names.of, [int(number)], now)), None)
    return offer_view(database, names.of, int(number), now)


def _pointless(view: ApprovalView | OfferView) -> str | None:
    """Why nobody is asked any more; None where they are."""
    if not view.is_open:
        return f"it is over: {view.outcome}"
    return "its alert is resolved meanwhile" if view.alert["state"] == "resolved" else None


def _asked(
    database: Database, view: ApprovalView | OfferView, notice: Mapping[str, Any], zone: str, link_of: LinkOf,
    now: datetime,
) -> Written:  # fmt: skip
    zone = notice["zone"] or view.zone or zone
    link = link_of(view.about, notice["recipient"], now, True)
    reader = Reader(zone=zone, why=None if notice["is_edit"] else notice["reason"], link=link)
    if isinstance(view, OfferView):
        return Written(offer_letter(view, reader, now), None, notice["reference"])
    found = _found(database, view.alert["alert_id"], zone)
    return Written(approval_letter(view, reader, now, found), None, notice["reference"])


def _said(
    database: Database, names: KeptNames, notice: Mapping[str, Any], zone: str, link_of: LinkOf, now: datetime
) -> Written | Pointless:
    with database.begin() as connection:
        alerts = reading.alerts_of(connection, [notice["alert_id"]])
    (alert,) = described(alerts, names.of(alerts), now)
    is_open = notice["incident_state"] == "open"
    subject = f"incident/{notice['incident_id']}" if notice["incident_id"] else f"alert/{notice['alert_id']}"
    zone = notice["zone"] or alert["site_zone"] or zone
    reader = Reader(zone=zone, why=notice["reason"], link=link_of(subject, notice["recipient"], now, True))
    said = {**notice, "words": notice["words"] or "", "incident_id": notice["incident_id"] if is_open else None}
    found = _found(database, notice["alert_id"], zone)
    return Written(playbook_letter(alert, said, reader, now, found), None, notice["thread"])


def _found(database: Database, alert_id: int, zone: str) -> list[Attachment]:
    """The newest attachment of each kind, in short."""
    with database.begin() as connection:
        rows = attachments_of(connection, alert_id)
    return [attachment(row, zone, most=_ROWS) for row in newest(rows)]
