"""A real SMTP server (aiosmtpd) that misbehaves on order and keeps the mails that readers would see.

`orders` says how the next mails are met; afterwards all goes well.

ok · dies: kept, and the connection ends before the answer to the final dot · slow: kept, answered after
`slow_seconds` · (command, code): that answer to MAIL, RCPT or DATA (after the final dot), nothing is kept · hangs up:
the connection ends at MAIL · cut: the connection ends after the answer to DATA, before the content.
"""

import asyncio
import random
import socket
import threading
import time
import warnings
from email import message_from_bytes, policy

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

FAULTS = ("dies", ("DATA", 451), ("MAIL", 421), ("RCPT", 450), "hangs up")


class MailServer:
    """The server; `users` may log in by their passwords."""

    def __init__(self, *orders, users=None, context=None, is_tls=False, slow_seconds=1.0, faults=0.0, seed=1):
        self.orders, self.slow_seconds, self.faults = list(orders), slow_seconds, faults
        self.mails, self.sessions, self.logins, self.lock = [], 0, [], threading.Lock()
        self._users, self._luck = users, random.Random(seed)  # noqa: S311 - a test
        self._settings = {"tls_context": context, "require_starttls": True} if context and not is_tls else {}
        self._controller = _Controller(
            self, hostname="127.0.0.1", port=_free_port(), ssl_context=context if is_tls else None
        )

    def __enter__(self):
        self._controller.start()
        return self

    def __exit__(self, *_):
        self._controller.stop(no_assert=True)

    @property
    def port(self):
        return self._controller.port

    def next_order(self):
        with self.lock:
            if self.orders:
                return self.orders.pop(0)
            return self._luck.choice(FAULTS) if self._luck.random() < self.faults else "ok"

    def server(self):
        wanted = dict(self._settings)
        if self._users is not None:
            wanted |= {"authenticator": self._login, "auth_required": True, "auth_require_tls": "tls_context" in wanted}
        with warnings.catch_warnings(action="ignore"):  # a connection that is encrypted from the start counts as none
            return _Server(self, enable_SMTPUTF8=True, **wanted)

    def _login(self, *given):
        data = given[-1]
        assert isinstance(data, LoginPassword)
        user, password = data.login.decode(), data.password.decode()
        self.logins.append(user)
        return AuthResult(success=self._users.get(user) == password, handled=False)

    def keep(self, content, envelope):
        with self.lock:
            mail = message_from_bytes(content, policy=policy.default)
            self.mails.append((envelope.rcpt_tos[0], mail))

    def ids(self):
        """The Message-IDs of all mails that readers have, also of those that they have twice."""
        return [str(mail["Message-ID"]) for _, mail in self.mails]


class _Server(SMTP):
    """What a session is met with is chosen at MAIL."""

    def __init__(self, kept, **settings):
        super().__init__(_Handler(kept), hostname="mail.test", ident="test", **settings)
        self._kept, self.order, self._is_counted = kept, "ok", False

    async def smtp_MAIL(self, arg):
        self._kept.sessions += not self._is_counted
        self._is_counted = True
        self.order = self._kept.next_order()
        if self.order == "hangs up":
            self.transport.abort()
            return
        await self._answered("MAIL", super().smtp_MAIL(arg))

    async def smtp_RCPT(self, arg):
        await self._answered("RCPT", super().smtp_RCPT(arg))

    async def smtp_DATA(self, arg):
        if self.order == "cut":
            await self.push("354 go on")
            self.transport.abort()
            return
        await super().smtp_DATA(arg)

    async def _answered(self, command, usual):
        if isinstance(self.order, tuple) and self.order[0] == command:
            usual.close()
            await self.push(f"{self.order[1]} as ordered")
        else:
            await usual


class _Handler:
    def __init__(self, kept):
        self._kept = kept

    async def handle_DATA(self, server, session, envelope):  # noqa: ARG002 - the library's signature
        order = server.order
        if isinstance(order, tuple):
            return f"{order[1]} as ordered"
        self._kept.keep(envelope.original_content, envelope)
        if order == "dies":
            server.transport.abort()
            await asyncio.sleep(0)
        if order == "slow":
            await asyncio.sleep(self._kept.slow_seconds)
        return "250 taken"


class _Controller(Controller):
    def __init__(self, kept, **place):
        self._kept = kept
        super().__init__(_Handler(kept), **place)

    def factory(self):
        return self._kept.server()


def _free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def eventually(is_true, seconds=10.0):
    """Whether something becomes true: a server goes on after its client has left."""
    until = time.monotonic() + seconds
    while not is_true() and time.monotonic() < until:
        time.sleep(0.01)
    return is_true()
