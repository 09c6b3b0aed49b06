"""Side effects of playbooks outside of OpsGuard's database: one adapter of the effects engine per target.

Here: tickets of the helpdesk, addresses that are called, records of the lake. Not here: planning them (`effects`), the
engine (`opsguard_assets.effects`), when they are carried out (`remediation.engine`).

| target | repeated when in doubt | otherwise |
|---|---|---|
| the kind of the ticket system | always: it compares keys | |
| `webhook:NAME`, `command:NAME`, `work_orders` | where `knows_keys` says so | *unknown*, until a person looks |
| `records` | always: a record that is there changes nothing | |
"""

import json
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

import polars as pl
from deltalake.exceptions import DeltaError

from opsguard_assets.config.load import ConfigError, revealed
from opsguard_assets.config.remediation import Address, Remediation
from opsguard_assets.config.secrets import require_encryption
from opsguard_assets.config.settings import Settings
from opsguard_assets.effects.adapter import Adapter
from opsguard_assets.effects.machine import Effect
from opsguard_assets.remediation.actions.effects import (
    CANCEL,
    CHANGE,
    COMMAND,
    CREATE,
    RECORDS,
    WEBHOOK,
    WORK_ORDERS,
)
from opsguard_assets.tables.registry import TABLES
from opsguard_assets.tables.versions import IS_WITHDRAWN
from opsguard_assets.tickets.escalation.adapter_io import change_of
from opsguard_assets.tickets.escalation.helpdesk import ticket_system_of
from resources.answers import Answer, Outcome
from resources.channels.webhook import WebhookChannel
from resources.database import Database
from resources.lake import TABLES_LOCK, Lake, LakeError
from resources.ticket_system.change import Cancellation, NewTicket, TicketSystem, TicketSystemError
from resources.ticket_system.signature import standard_headers


def adapters_of(settings: Settings, variables: Mapping[str, str], lake: Lake, database: Database) -> list[Adapter]:
    """An adapter per target that the settings name.

    Secrets are read when something is handed over: one that is missing stops what goes there, and nothing else.

    Args:
        settings: Ticket system, webhooks, commands, work orders.
        variables: Where secrets come from, usually `os.environ`.
        lake: Where records are written.
        database: Holds the lock under which records are written.
    """
    desk = settings.ticket_system
    called = [AddressAdapter(target, address, variables) for target, address in addresses_of(settings.remediation)]
    return [
        TicketAdapter(desk.kind, lambda: ticket_system_of(desk, variables), tells=desk.kind != "webhook"),
        *called,
        RecordsAdapter(lake, lambda: database.lock(TABLES_LOCK)),
    ]


def addresses_of(settings: Remediation) -> list[tuple[str, Address]]:
    """Every address that playbooks may call, by the name of its target."""
    orders = [(WORK_ORDERS, settings.work_orders)] if settings.work_orders is not None else []
    return [
        *((f"{WEBHOOK}:{name}", address) for name, address in settings.webhooks.items()),
        *((f"{COMMAND}:{name}", address) for name, address in settings.commands.items()),
        *orders,
    ]


@dataclass
class TicketAdapter:
    """Changes, opens and cancels tickets; every kind of ticket system knows a key that it has seen.

    Attributes:
        kind: The kind of ticket system: the target, which escalations have, too.
        open_system: Opens it.
        tells: Whether it can be found out if a hand-over arrived.
    """

    kind: str
    open_system: Callable[[], TicketSystem]
    tells: bool
    _system: TicketSystem | None = None

    @property
    def targets(self) -> Collection[str]:
        """The kind that is in use."""
        return (self.kind,)

    @property
    def can_tell(self) -> bool:
        """As the ticket system says."""
        return self.tells

    def may_repeat(self, effect: Effect) -> bool:  # noqa: ARG002 - the same for every effect
        """Always: ticket systems compare keys."""
        return True

    def send(self, effect: Effect) -> Answer:
        """Hands it over; a kind that can tell finds out about earlier hand-overs by the key."""
        try:
            self._system = self._system or self.open_system()
        except (ConfigError, TicketSystemError) as error:
            return _not_sent(effect, str(error))
        return _HAND_OVER[effect.payload["do"]](self._system, effect)

    def ask(self, effect: Effect) -> Answer:
        """The same as handing it over again: the key there decides."""
        return self.send(effect)


def _changed(system: TicketSystem, effect: Effect) -> Answer:
    wanted = {name: value for name, value in effect.payload.items() if name != "do"}
    return system.apply(replace(change_of(replace(effect, payload=wanted)), by="playbook"))


def _created(system: TicketSystem, effect: Effect) -> Answer:
    names = ("title", "description", "priority", "group_id", "client_id", "site_id")
    known = {name: effect.payload[name] for name in names}
    key, at = effect.idempotency_key, effect.planned_at
    return system.create(NewTicket(key=key, as_of=at, was_sent=effect.is_in_doubt, **known))


def _cancelled(system: TicketSystem, effect: Effect) -> Answer:
    known = {name: effect.payload[name] for name in ("created_key", "reason")}
    key, at = effect.idempotency_key, effect.planned_at
    return system.cancel(Cancellation(key=key, as_of=at, was_sent=effect.is_in_doubt, **known))


_HAND_OVER: Final[Mapping[str, Callable[[TicketSystem, Effect], Answer]]] = {
    CHANGE: _changed,
    CREATE: _created,
    CANCEL: _cancelled,
}


@dataclass
class AddressAdapter:
    """Posts to one address, signed by Standard Webhooks where a secret is known.

    Attributes:
        target: Its name among effects.
        address: As the settings describe it.
        variables: Where secrets come from.
    """

    target: str
    address: Address
    variables: Mapping[str, str] = field(repr=False)

    @property
    def targets(self) -> Collection[str]:
        """The address."""
        return (self.target,)

    @property
    def can_tell(self) -> bool:
        """By handing over again, where the receiver compares keys."""
        return self.address.knows_keys

    def may_repeat(self, effect: Effect) -> bool:  # noqa: ARG002 - the same for every request
        """Where the receiver compares keys."""
        return self.address.knows_keys

    def send(self, effect: Effect) -> Answer:
        """Posts it, once."""
        try:
            url, signing = _revealed(self.target, self.address, self.variables)
        except (ConfigError, ValueError) as error:
            return _not_sent(effect, str(error))
        channel = WebhookChannel(url=url, signing_secret=signing, timeout_seconds=self.address.timeout_seconds)
        try:
            answer = channel.post(effect.idempotency_key, body_of(effect)).answer
        except ValueError as error:  # a secret that is not what it says it is; the text does not hold it
            return _not_sent(effect, str(error))
        # That this request was refused says nothing of the one before it.
        if effect.is_in_doubt and answer.outcome is not Outcome.DONE:
            words = f"{answer.words}; an earlier request may have been carried out"
            return replace(answer, outcome=Outcome.UNKNOWN, words=words, is_heard=answer.is_clear)
        return answer

    def ask(self, effect: Effect) -> Answer:
        """Never called: it is handed over again, or a person looks."""
        return Answer(Outcome.UNKNOWN, f"{effect.target} cannot be asked")


def _revealed(target: str, address: Address, variables: Mapping[str, str]) -> tuple[str, str | None]:
    """The URL and the signing secret of an address.

    Raises:
        ConfigError: When a variable is not set.
        ValueError: When the URL that a variable holds is neither https nor on this machine.
    """
    place = f"remediation: {target}"
    url = revealed(address.url, variables, place)
    require_encryption(url)
    return url, None if address.signing_secret is None else revealed(address.signing_secret, variables, place)


def trouble_of(target: str, address: Address, variables: Mapping[str, str]) -> str | None:
    """Why a post to an address would fail; None where all variables that it names are set. Nothing is sent."""
    try:
        url, signing = _revealed(target, address, variables)
        standard_headers(signing, "", 0, url.encode())
    except (ConfigError, ValueError) as error:
        return str(error)
    return None


def body_of(effect: Effect) -> bytes:
    """The body of a request: type, timestamp and data (standardwebhooks.com), JSON in UTF-8; always the same."""
    said = {"type": effect.payload["type"], "timestamp": effect.planned_at.astimezone(UTC).isoformat()}
    return json.dumps({**said, "data": effect.payload["data"]}, ensure_ascii=False, sort_keys=True).encode()


@dataclass
class RecordsAdapter:
    """Writes records into canonical tables of the lake; what is there already changes nothing.

    Attributes:
        lake: The lake.
        turn: Waits until nobody else writes tables, and no tick reads them.
        now: The clock (UTC).
    """

    lake: Lake
    turn: Callable[[], AbstractContextManager[None]] = nullcontext
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def targets(self) -> Collection[str]:
        """The lake."""
        return (RECORDS,)

    @property
    def can_tell(self) -> bool:
        """By writing it again."""
        return True

    def may_repeat(self, effect: Effect) -> bool:  # noqa: ARG002 - the same for every record
        """Always."""
        return True

    def send(self, effect: Effect) -> Answer:
        """Records one row, or its withdrawal."""
        table = TABLES[effect.payload["table"]]
        row: dict[str, Any] = {**effect.payload["row"], "known_at": effect.planned_at.isoformat()}
        types = table.schema.columns()
        given = pl.DataFrame([row], schema=dict.fromkeys(row, pl.String()))
        rows = given.select(_typed(name, types[name].dtype) for name in table.columns if name in row)
        absent = {name: pl.lit(None, types[name].dtype) for name in table.columns if name not in row}
        whole = rows.with_columns(**absent, **{IS_WITHDRAWN: pl.lit(bool(effect.payload["is_withdrawn"]))})
        try:
            with self.turn():
                self.lake.record(table, whole.select(*table.columns, IS_WITHDRAWN), loaded_at=self.now())
        except LakeError as error:
            return _not_sent(effect, str(error))
        except (DeltaError, OSError) as error:
            # The store may have kept the commit of which it did not tell; recording it again finds out.
            return Answer(Outcome.UNKNOWN, f"{table.name}: {type(error).__name__}: {error}")
        return Answer(Outcome.DONE, f"recorded in {table.name}")

    def ask(self, effect: Effect) -> Answer:
        """The same as recording it again."""
        return self.send(effect)


def _typed(name: str, dtype: pl.DataType) -> pl.Expr:
    """A column of texts in the type of its table."""
    if isinstance(dtype, pl.Datetime):
        return pl.col(name).str.to_datetime(time_unit="us", time_zone="UTC").cast(dtype)
    return pl.col(name).str.to_date() if dtype == pl.Date() else pl.col(name).cast(dtype)


def _not_sent(effect: Effect, words: str) -> Answer:
    """Nothing was handed over now; where an earlier attempt may have been carried out, that stays in doubt."""
    return Answer(Outcome.UNKNOWN if effect.is_in_doubt else Outcome.NOT_REACHED, words)
