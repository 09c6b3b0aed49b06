"""Real systems outside that effects of the contract go to: how they are reached, put out of order, and looked into."""

from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from tempfile import TemporaryDirectory

import polars as pl

from opsguard_assets.config.remediation import Address
from opsguard_assets.remediation.actions.adapters_io import AddressAdapter, RecordsAdapter, TicketAdapter
from opsguard_assets.remediation.actions.offering import substitution
from opsguard_assets.tables.registry import SUBSTITUTIONS
from opsguard_assets.tickets.escalation.adapter_io import HelpdeskAdapter
from resources.lake import Lake, LakeError
from resources.ticket_system.webhook import WebhookSystem
from tests.effects.hook import SECRET as HOOK_SECRET
from tests.effects.hook import Hook
from tests.effects.postbox import Postbox, PostboxAdapter
from tests.resources.ticket_system import desk as helpdesk
from tests.resources.ticket_system.receiver import SECRET, Receiver

THEN = datetime(2026, 3, 2, 9, tzinfo=UTC).isoformat()
MANY = 1_000
# A hook whose receiver compares keys, one whose receiver does not, a helpdesk in which tickets are opened, and a lake.
KEYED, PLAIN, OPENED, RECORDED = "keyed hook", "hook", "new tickets", "records"


def adapter_of(kind, address):
    """The adapter of a system, also in another process."""
    if kind == "sql":
        return HelpdeskAdapter(helpdesk.system(address))
    if kind == "webhook":
        return HelpdeskAdapter(WebhookSystem(url=address, signing_secret=SECRET, timeout_seconds=20, attempts=1))
    if kind in {KEYED, PLAIN}:
        called = Address(url=address, signing_secret="${HOOK_SECRET}", knows_keys=kind == KEYED)
        return AddressAdapter("webhook:crm", called, {"HOOK_SECRET": HOOK_SECRET})
    if kind == OPENED:
        return TicketAdapter("sql", lambda: helpdesk.system(address, **helpdesk.OPENING), tells=True)
    if kind == RECORDED:
        return RecordsAdapter(Lake(address))
    return PostboxAdapter(address, can_tell=kind == "readable postbox")


class Outside:
    """One system.

    Attributes:
        kind: Its kind.
        address: Where it is.
    """

    def __init__(self, kind, server, stack):
        self.kind, self._receiver, self._postbox = kind, None, None
        if kind in {"sql", OPENED}:
            self._desk = helpdesk.created(server)
            self._link = stack.enter_context(helpdesk.Link(self._desk.url))
            self.address = self._link.url
        elif kind == RECORDED:
            self.address, self._orders = f"{stack.enter_context(TemporaryDirectory())}/lake", []
        elif kind == "webhook":
            self._receiver = stack.enter_context(Receiver())
            self.address = self._receiver.url
        elif kind in {KEYED, PLAIN}:
            self._receiver = stack.enter_context(Hook(knows_keys=kind == KEYED))
            self.address = self._receiver.url
        else:
            self._postbox = stack.enter_context(Postbox())
            self.address = self._postbox.url

    @property
    def adapter(self):
        if self.kind == RECORDED:
            return RecordsAdapter(LakeInTrouble(self.address, self._orders))
        return adapter_of(self.kind, self.address)

    @property
    def target(self):
        return next(iter(self.adapter.targets))

    def payload(self, number):
        """What is sent for a number: a change that every ticket takes, a new ticket, a call."""
        if self.kind == RECORDED:
            return substitution(f"R{number}@2026-03-02", "gus", "hal", is_withdrawn=False)
        if self.kind in {KEYED, PLAIN}:
            return {"type": "opsguard.trial", "data": {"of": str(number)}}
        if self.kind == OPENED:
            known = {"title": str(number), "description": "a trial", "priority": "medium"}
            return {"do": "create", **known, **dict.fromkeys(("group_id", "client_id", "site_id"))}
        return {
            "ticket_id": str(number), "step": 1, "priority": "medium", "assignee_id": "ada", "reason": "a trial",
            "as_of": THEN, "expected_priority": "medium", "expected_assignee_id": None, "expected_status": "open",
            "expected_updated_at": THEN,
        }  # fmt: skip

    def happened(self, number):
        """How often the effect of a number was carried out, as the system itself knows."""
        if self.kind == "sql":
            return self._desk.rows(f"SELECT count(*) FROM comments WHERE ticket = {number}")[0][0]
        if self.kind == OPENED:
            return self._desk.rows(f"SELECT count(*) FROM tickets WHERE title = '{number}'")[0][0]
        if self.kind == RECORDED:
            versions = Lake(self.address).versions(SUBSTITUTIONS).filter(pl.col("roster_id") == f"R{number}")
            return versions.collect().height
        if self.kind in {KEYED, PLAIN}:
            return [each["data"]["of"] for each in self._receiver.done].count(str(number))
        if self._receiver:
            return self._receiver.applied.count(str(number))
        return [message["of"] for message in self._postbox.kept].count(str(number))

    @contextmanager
    def down(self):
        """Nothing gets through, and nothing happens; yields a list whose length is the number of attempts so far."""
        if self.kind in {"sql", OPENED}:
            word = b"UPDATE tickets" if self.kind == "sql" else b"INSERT INTO tickets"
            self._link.cut(word, after_passing=False, times=MANY)
            yield lambda: MANY - self._link.cuts
            self._link.cuts = 0
            return
        orders = self._orders if self.kind == RECORDED else (self._receiver or self._postbox).orders
        orders.extend([503] * MANY)
        yield lambda: MANY - len(orders)
        orders.clear()

    def lose_answer(self):
        """The next attempt is not answered; whether it happens is known here alone."""
        if self.kind in {"sql", OPENED}:
            self._link.cut(b"COMMIT", after_passing=False, times=3)
        elif self.kind == RECORDED:
            self._orders.append("cut")
        else:
            (self._receiver or self._postbox).orders.append("cut")


class LakeInTrouble(Lake):
    """A lake that other writers hold up, or whose store is cut off after a commit, as often as it is told."""

    def __init__(self, uri, orders):
        super().__init__(uri)
        object.__setattr__(self, "orders", orders)

    def record(self, table, rows, *, loaded_at):
        order = self.orders.pop(0) if self.orders else None
        if order == 503:
            raise LakeError(f"{table.name}: attempts lost against other writers")
        done = super().record(table, rows, loaded_at=loaded_at)
        if order == "cut":
            raise ConnectionResetError("the store said nothing")
        return done


@contextmanager
def opened(kind, server):
    with ExitStack() as stack:
        yield Outside(kind, server, stack)
