"""Verification of delivery: every message reaches its reader exactly once, also where the answer to it is lost.

Here: planted alerts, receivers that lose answers, and what must have arrived. Not here: the receivers (`servers_io`).
"""

from datetime import datetime, timedelta
from typing import Any

from opsguard_assets.config.delivery import Delivery
from opsguard_assets.config.routing import Routing
from opsguard_assets.delivery.channels_io import transports_of
from opsguard_assets.delivery.deliver_io import deliver
from opsguard_assets.routing.run_io import route_now
from opsguard_assets.verification.planting import MINUTE, NOW, site
from opsguard_assets.verification.result import Found, Records
from opsguard_assets.verification.servers_io import Receivers
from opsguard_assets.verification.ticks_io import external_tick
from opsguard_assets.verification.verification import Verification
from opsguard_assets.verification.world_io import World
from resources.sql import statement

_BY_SLACK, _BY_MAIL = "planted_by_slack", "planted_by_mail"
_SITES = {kind: tuple(f"{kind.replace('_', '-')}-{n}" for n in range(3)) for kind in (_BY_SLACK, _BY_MAIL)}
_TOKEN = "SLACK_TOKEN_OF_VERIFY"  # noqa: S105 - the name of a variable
_ROUNDS, _LOST = 6, {"slack": 1, "mail": 1}
# These are told at once, the one kind by Slack and the other by mail; what else happens in the world goes elsewhere.
_ROUTING = {
    "interrupt_from": 0,
    "client_from": None,
    "executives_from": None,
    "channels": ["elsewhere"],
    "group_wait_seconds": 0,
    "routes": [
        {"name": "by Slack", "when": {"type": _BY_SLACK}, "channels": ["slack"], "urgency": "now"},
        {"name": "by mail", "when": {"type": _BY_MAIL}, "channels": ["mail"], "urgency": "now"},
    ],
}


def records() -> Records:
    """An alert at each of six sites: incidents of which somebody is told at once, of three by Slack, of three by mail.

    None is critical: a critical mail in doubt is sent once more by intent, marked and with the same Message-ID.
    """
    alarms = [
        {"alert_id": f"planted-{where}", "site_id": where, "at": NOW - 5 * MINUTE, "kind": kind, "severity": "high",
         "title": "Planted news", "entity_type": "panel", "entity_id": f"panel-{where}", "known_at": NOW - 5 * MINUTE}
        for kind, places in _SITES.items()
        for where in places
    ]  # fmt: skip
    return {"sites": [site(where) for places in _SITES.values() for where in places], "external_alerts": alarms}


def check(world: World) -> Found:
    """Rounds of sending to receivers that lose the answer to the first message on each channel."""
    found = Found(
        "opsguard deliver", "`opsguard deliver list` shows every message and its answer; see docs/delivery.md"
    )
    with Receivers() as receivers:
        settings = _settings(world, receivers)
        external_tick(world, NOW)
        route_now(world.database, world.lake, settings, now=NOW + MINUTE)
        receivers.kept.lose = dict(_LOST)
        for number in range(_ROUNDS):
            _round(world, settings, NOW + (2 + number) * MINUTE)
        kept = receivers.kept
    effects = world.rows(statement(__name__, "planned"))
    slack, mails = ([row for row in effects if row["target"] == name] for name in ("slack", "mail"))
    lost = sum(_LOST.values()) - sum(kept.lose.values())
    found.equal("answers that were lost", lost, sum(_LOST.values()), where="receivers of this verification")
    found.holds(
        len(slack) > 1 and len(mails) > 1,
        f"{len(slack)} messages for Slack and {len(mails)} mails are planned",
        where="routing",
    )
    unsent = [row["key"] for row in effects if row["state"] not in ("done", "unknown")]
    found.equal("messages that were not sent", unsent, [], where="delivery")
    twice = sorted({key for key in kept.keys if kept.keys.count(key) > 1})
    found.equal("messages that readers have twice in Slack", twice, [], where="delivery by Slack")
    found.equal("messages in Slack", len(set(kept.keys)), len(slack), where="delivery by Slack")
    found.equal(
        "messages in Slack whose state is done",
        sum(row["state"] == "done" for row in slack),
        len(slack),
        where="delivery by Slack",
    )
    twice = sorted({each for each in kept.mails if kept.mails.count(each) > 1})
    found.equal("mails that readers have twice", twice, [], where="delivery by mail")
    found.equal("mails", len(set(kept.mails)), len(mails), where="delivery by mail")
    # A mail server cannot be asked, so OpsGuard says that it does not know, and does not send again.
    unknown = [row["key"] for row in mails if row["state"] == "unknown"]
    found.holds(
        len(unknown) == 1,
        f"the answer to one mail was lost, and {len(unknown)} are said to be unknown",
        where="delivery by mail",
    )
    found.figure(
        f"{len(kept.keys)} of {len(slack)} messages arrived in Slack, {len(kept.mails)} of {len(mails)} by mail; "
        f"{lost} answers lost, {len(kept.keys) + len(kept.mails) - len({*kept.keys, *kept.mails})} sent twice"
    )
    return found


def _settings(world: World, receivers: Receivers) -> Any:
    host, port = receivers.mail_address
    channels = {
        "elsewhere": {"kind": "folder", "form": "mail", "folder": str(world.folder / "mailbox")},
        "slack": {"kind": "slack", "token": f"${{{_TOKEN}}}", "api_url": receivers.slack_url, "look_after_seconds": 0,
                  "timeout_seconds": 10},
        "mail": {"kind": "mail", "host": host, "port": port, "security": "none",
                 "sender": "OpsGuard <verify@ops.example>", "answer_seconds": 10},
    }  # fmt: skip
    chosen = {"delivery": Delivery.model_validate({"channels": channels}), "routing": Routing.model_validate(_ROUTING)}
    return world.settings.model_copy(update=chosen)


def _round(world: World, settings: Any, at: datetime) -> None:
    transports = transports_of(settings.delivery, {_TOKEN: "xoxb-verify"}, world.folder)
    deliver(
        world.database, world.lake, transports,
        zone=settings.operations.timezone, link_of=lambda *_: None, give_up=timedelta(hours=2), now=lambda: at,
    )  # fmt: skip


VERIFICATION = Verification(
    name="delivery",
    asks="Every message reaches its reader exactly once, also where the answer to it is lost.",
    planted="6 incidents, half of them told by mail; the answers to the first message and the first mail are lost",
    check=check,
    records=records,
)
