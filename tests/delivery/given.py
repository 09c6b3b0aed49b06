"""Incidents and planned messages of tests, and rounds of sending to real servers."""

from datetime import UTC, datetime, timedelta

import polars as pl
from sqlalchemy import text

from opsguard_assets.delivery.adapter_io import KIND
from opsguard_assets.delivery.deliver_io import deliver
from opsguard_assets.delivery.slack_io import SlackTransport
from opsguard_assets.delivery.transports_io import MailTransport
from opsguard_assets.effects import io as effects_io
from opsguard_assets.incidents.messages_io import record
from opsguard_assets.incidents.notices import DECIDED_TOLD, NOTICE
from opsguard_assets.views.incidents import composed
from opsguard_assets.views.names import Names
from resources.channels.mail import MailServer
from resources.channels.slack import SlackChannel
from resources.lake import Lake
from tests.resources.channels.slack_server import TOKEN
from tests.views.given import alert, incident, put_incident

NAMES = Names(
    clients={"C1": "Acme"},
    sites={"S1": {"name": "Harbour", "timezone": "Europe/Berlin"}},
    people={"P1": "Ada Byron"},
)
HOSTILE = "<!channel> *bold* <https://evil.test|Click> \u202eevil\u202c\x00\x1b[31m\r\nBcc: all@evil.test & <b>x</b>"
LOOK = timedelta(seconds=60)


class Clock:
    """A clock that only moves when it is told to."""

    def __init__(self):
        self.at = datetime.now(UTC).replace(microsecond=0)

    def __call__(self):
        return self.at

    def passes(self, **time):
        self.at += timedelta(**time)


def view_of(*alerts, now, **more):
    """An incident as people read it."""
    return composed(incident(**more), alerts or [alert(1, due=now + timedelta(minutes=25))], [], NAMES, now)


def put(database, **more):
    """An incident in the database, without alerts; gives its number."""
    return put_incident(database, [], **{"site_id": None, "client_id": None, **more, "group_key": f"{id(more)}{more}"})


def plan(database, clock, incident_id, *, channel="slack", address="C1", kind="raised", version=1, **more):
    """Plans a message about an incident; gives the number of its effect."""
    key = more.pop("key", f"incident/{incident_id}/{channel}/{address}/{kind}/{version}")
    payload = {
        "notice_id": None, "kind": kind, "channel": channel, "address": address, "incident_id": incident_id,
        "version": version, "is_critical": False, **more,
    }  # fmt: skip
    frame = pl.DataFrame([{"key": key, "target": channel, "rank": more.get("rank", 80.0), "payload": payload}])
    with database.begin() as connection:
        return effects_io.plan(connection, KIND, frame, at=clock(), actor="test")["effect_id"].to_list()


def tell(database, clock, incident_id, person_id, *, channel="mail", address="ada@ops.test", kind="chain"):
    """Decides that a person is told of an incident, as routing does."""
    notice = {
        "incident_id": incident_id, "incident_version": 1, "kind": kind, "step": 1, "audience": "chain",
        "person_id": person_id, "channel": channel, "address": address, "decision": DECIDED_TOLD, "reason": "on duty",
        "rule": "tickets", "urgency": "now", "due_at": clock(), "priority": 80, "is_critical": False,
        "message_key": f"incident/{incident_id}/{channel}/{address}/{kind}/1",
    }  # fmt: skip
    with database.begin() as connection:
        record(connection, pl.DataFrame([notice], schema=NOTICE), at=clock(), actor="test")


def slack_transport(slack, *, reads_history=True, look_after=LOOK):
    workspace = SlackChannel(token=TOKEN, api_url=slack.url, timeout_seconds=20)
    return SlackTransport(workspace, reads_history, look_after)


def mail_transport(server, answer_seconds=20):
    sender = "OpsGuard <desk@ops.test>"
    one = MailServer(host="127.0.0.1", port=server.port, security="none", sender=sender, answer_seconds=answer_seconds)
    return MailTransport(one)


def sent(database, lake_folder, clock, transports, *, give_up=timedelta(hours=2), link_of=lambda *_: None):
    """One round; what it settled, by state."""
    done = deliver(
        database,
        Lake(str(lake_folder)),
        transports,
        zone="UTC",
        link_of=link_of,
        give_up=give_up,
        now=clock,
    )
    return dict(done.settled)


def states(database):
    with database.begin() as connection:
        rows = connection.execute(text("SELECT key, state, answer FROM effects ORDER BY effect_id"))
        return {row.key: row.state for row in rows}


def rows(database, table, order):
    with database.begin() as connection:
        return [dict(row) for row in connection.execute(text(f"SELECT * FROM {table} ORDER BY {order}")).mappings()]


def changed(database, incident_id, **values):
    """Changes columns of an incident."""
    settings = ", ".join(f"{name} = :{name}" for name in values)
    with database.begin() as connection:
        connection.execute(
            text(f"UPDATE incidents SET {settings} WHERE incident_id = :number"), {**values, "number": incident_id}
        )
