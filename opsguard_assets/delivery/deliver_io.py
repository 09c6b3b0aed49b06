"""Sending what is due: every channel at the same time, each message once.

Here: one round over all channels, and questions about what waits. Not here: deciding who is told (`routing`), one
message (`adapter_io`).

Each channel has a worker of its own, so a mail server that takes ten minutes to answer holds up no message of Slack.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from opsguard_assets.delivery.adapter_io import KIND, Arrived, ChannelAdapter, note_done
from opsguard_assets.delivery.letters_io import Letters
from opsguard_assets.delivery.transports_io import Transport
from opsguard_assets.delivery.written import LinkOf
from opsguard_assets.effects import drain_io
from opsguard_assets.effects import io as effects_io
from opsguard_assets.effects.machine import Policy, State
from resources.database import Database
from resources.lake import Lake
from resources.processes import is_gone
from resources.sql import statement

STATES = tuple(state.value for state in State)
# Slower than what Slack allows per channel (one a second), and long below the age limit.
_BACKOFF = timedelta(seconds=15)
_LATE = timedelta(minutes=15)
# So many messages of a channel on which none can come twice are on their way together.
_TOGETHER = 10
Row = dict[str, Any]


class MessageError(LookupError):
    """There is no such message in doubt; the message says what can be done."""


@dataclass(frozen=True)
class Delivered:
    """What a round did.

    Attributes:
        settled: How many messages came to which state; planned ones wait for a later round.
        silent: Channels that do not answer.
    """

    settled: Mapping[str, int]
    silent: Sequence[str]


def deliver(
    database: Database,
    lake: Lake,
    transports: Mapping[str, Transport],
    *,
    zone: str,
    link_of: LinkOf,
    give_up: timedelta,
    now: Callable[[], datetime] = drain_io.utc_now,
) -> Delivered:
    """Sends all messages that are due, each at most once per call.

    Args:
        database: Where messages are planned.
        lake: Where names are.
        transports: Channels by name, opened for this round: what they read back is believed for its time only.
        zone: The zone of readers whose own is unknown.
        link_of: Makes links.
        give_up: Nothing that was due longer ago is sent.
        now: The clock (UTC).
    """

    def worker(name: str) -> drain_io.Drained:
        try:
            letters = Letters(database, lake, zone, link_of)
            waiting = _waiting(database, name, now())
            letters.expect(_each(waiting, "incident_id"), _each(waiting, "escalation_id"), _each(waiting, "person_id"))
            letters.expect_questions(_each(waiting, "question"), _each(waiting, "alert_id"), now())
            adapter = ChannelAdapter(name, transports[name], letters, give_up, now)
            others = [other for other in transports if other != name]
            most = _TOGETHER if transports[name].never_doubles else 1
            return drain_io.drain(
                database,
                KIND,
                adapter,
                policy_of(give_up),
                on_settled=adapter.note,
                others=others,
                together=drain_io.Together(most, adapter.expect, adapter.goes_with),
                now=now,
            )
        finally:
            transports[name].close()

    with ThreadPoolExecutor(max(len(transports), 1)) as pool:
        done = dict(zip(transports, pool.map(worker, transports), strict=True))
    settled = Counter[str]()
    for each in done.values():
        settled.update({state.value: count for state, count in each.settled.items() if count})
    return Delivered(settled, [name for name, each in done.items() if each.is_stopped])


def policy_of(give_up: timedelta) -> Policy:
    """How long and how often messages are tried."""
    return Policy(give_up=give_up, backoff=_BACKOFF)


def next_due(database: Database, targets: Sequence[str], telling: Sequence[str], now: datetime) -> datetime | None:
    """When there is something to do next for the delivery; None where nothing waits.

    Args:
        database: Where messages are planned.
        targets: The channels that there are.
        telling: Those of them on which doubt is ended without a person.
        now: The time of the clock (UTC): what a process that is gone was handing over is due.
    """
    values = {"targets": list(targets), "telling": list(telling)}
    with database.begin() as connection:
        due_at: datetime | None = connection.execute(statement(__name__, "next_due"), values).scalar()
        workers = connection.execute(statement(__name__, "workers")).scalars().all()
    return now if any(is_gone(worker) for worker in workers) else due_at


def messages(database: Database, states: Sequence[str], limit: int) -> list[Row]:
    """Messages in some states, the newest first."""
    with database.begin() as connection:
        rows = connection.execute(statement(__name__, "list"), {"states": list(states), "limit": limit})
        return [dict(row) for row in rows.mappings()]


def counts(database: Database, now: datetime, unknown_after: timedelta) -> dict[str, tuple[int, int]]:
    """How many messages of the last day are in which state, and how many of them are overdue.

    Args:
        database: Where messages are planned.
        now: The time of the clock (UTC).
        unknown_after: What has been unknown for so long is overdue.
    """
    values = {"unknown_before": now - unknown_after, "late_before": now - _LATE, "since": now - timedelta(days=1)}
    with database.begin() as connection:
        rows = connection.execute(statement(__name__, "counts"), values)
        return {row.state: (int(row.number), int(row.overdue)) for row in rows}


def resolve_unknown(
    database: Database,
    transports: Mapping[str, Transport],
    number: int,
    *,
    happened: bool,
    actor: str,
    words: str,
) -> None:
    """A person says whether a message arrived of which OpsGuard does not know.

    Raises:
        MessageError: When there is no such message in doubt.
    """

    def note(connection: Any, effect_ids: Sequence[int], state: State, at: datetime) -> None:
        (effect_id,) = effect_ids
        effect = effects_io.effect_of(connection, effect_id)
        if state is State.DONE and effect is not None and effect.target in transports:
            transport = transports[effect.target]
            place = transport.place_of(effect)
            note_done(connection, [Arrived(effect, place)], at, reaches_people=transport.reaches_people)

    asked = text("SELECT count(*) FROM effects WHERE effect_id = :number AND kind = 'message'")
    with database.begin() as connection:
        is_message = connection.execute(asked, {"number": number}).scalar_one()
        if not is_message or not drain_io.resolve_unknown(
            connection, number, happened=happened, actor=actor, words=words, on_settled=note
        ):
            raise MessageError(
                f"There is no message {number} in doubt; `opsguard deliver list --state unknown` shows those that are."
            )


def _waiting(database: Database, channel: str, now: datetime) -> list[Row]:
    """What messages that are due tell of (rows of `waiting_subjects`), in the order of sending."""
    with database.begin() as connection:
        rows = connection.execute(statement(__name__, "waiting_subjects"), {"channel": channel, "now": now})
        return [dict(row) for row in rows.mappings()]


def _each(rows: Sequence[Row], name: str) -> list[Any]:
    """What a column holds, each once, in its order."""
    return list(dict.fromkeys(row[name] for row in rows if row[name] is not None))
