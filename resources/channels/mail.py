"""Mail by SMTP: one mail handed over, and what the server's answers make certain.

Here: the session, encryption, credentials, the final dot. Not here: what a mail says (`opsguard_assets.delivery`).

A mail is certainly not delivered before the final dot was sent, and certainly taken once the server said so. Between
the two nobody knows: the server may have kept it. Servers do not compare Message-IDs, so nothing is repeated here. The
answer to the final dot may take ten minutes (RFC 5321, 4.5.3.2.6); who waits for less makes doubt (RFC 1047).
"""

import re
import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import parseaddr
from types import TracebackType
from typing import Literal, Self

from resources.answers import Answer, Outcome
from resources.channels.handed_over import ChannelError, HandedOver

Security = Literal["starttls", "tls", "none"]
# One address and nothing else: no list, no quotes, no second command (RFC 5321, 4.1.2, without its rarities).
_ADDRESS = re.compile(r"[^\s@,;:<>()\[\]\\\"\x00-\x1f\x7f]{1,64}@[^\s@,;:<>()\[\]\\\"\x00-\x1f\x7f]{1,255}")
_READY, _TAKEN = 354, 250
_PERMANENT, _GOING_DOWN = 500, 421
# A command other than the final dot; with the connection, an attempt stays below the lease of an effect (20 minutes).
_COMMAND_SECONDS = 60.0


@dataclass(kw_only=True)
class MailServer:
    """A mail server, and the session with it while it is open (`with`).

    Attributes:
        host: Its name.
        port: Its port.
        security: How the connection is encrypted: from the start, by STARTTLS, or not at all.
        user: Who logs in; None: nobody does.
        password: Their password; never shown.
        sender: Who mails are from: an address, or `Name <address>`.
        connect_seconds: For a connection.
        answer_seconds: For the answer to the final dot.
        context: What certificates are trusted; those of the system where left out.
    """

    host: str
    port: int
    security: Security = "starttls"
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    sender: str
    connect_seconds: float = 30
    answer_seconds: float = 600
    context: ssl.SSLContext | None = field(default=None, repr=False)
    _session: smtplib.SMTP | None = field(default=None, repr=False, init=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def send(self, mail: EmailMessage, to: str) -> HandedOver:
        """Hands a mail over. What went wrong is an answer, never an exception.

        Args:
            mail: The mail, with its headers; its Message-ID is the reference.
            to: The address of the one recipient.
        """
        if not _ADDRESS.fullmatch(to):
            return HandedOver(Answer(Outcome.FAILED, f"{to!r} is not an address that mail can go to"))
        sender = parseaddr(self.sender)[1]
        content = mail.as_bytes(policy=SMTP_POLICY if to.isascii() else SMTP_POLICY.clone(utf8=True))
        answer = self._sent(sender, to, content)
        if answer.outcome is not Outcome.DONE:
            self.__exit__(None, None, None)
        reference = {"message_id": str(mail["Message-ID"])}
        return HandedOver(answer, reference if answer.outcome is Outcome.DONE else None)

    def check(self) -> str:
        """What the server says of itself after a login.

        Raises:
            ChannelError: When it cannot be reached, or refuses the login.
        """
        refused = self._open()
        if refused is not None:
            raise ChannelError(refused.words)
        self.__exit__(None, None, None)
        return f"{self.host}:{self.port}"

    def _sent(self, sender: str, to: str, content: bytes) -> Answer:
        was_open = self._session is not None
        refused = self._begun(sender, to)
        if was_open and refused is not None and self._session is None:
            # A session that the server had closed meanwhile: nothing was handed over, and a new one may be opened.
            refused = self._begun(sender, to)
        return refused or self._content_sent(content)

    def _begun(self, sender: str, to: str) -> Answer | None:
        """Everything before the content; an answer where the mail will not be taken. It is certainly not delivered."""
        if self._session is None and (refused := self._open()) is not None:
            return refused
        session = self._session
        assert session is not None  # noqa: S101 - opened above
        needs_utf8 = not to.isascii()
        if needs_utf8 and not session.has_extn("smtputf8"):
            return Answer(Outcome.FAILED, f"{self.host} cannot send to addresses with such characters: {to}")
        try:
            options = ["SMTPUTF8", "BODY=8BITMIME"] if needs_utf8 else []
            for step, (code, said) in (
                ("the sender", session.mail(sender, options)),
                (to, session.rcpt(to)),
            ):
                if code // 100 != 2:  # noqa: PLR2004 - the class of success (RFC 5321)
                    self._reset()
                    return _refused(self.host, step, code, said)
            code, said = session.docmd("DATA")
        except (OSError, smtplib.SMTPException) as error:
            self._session = None
            return Answer(Outcome.NOT_REACHED, f"{self.host} ended the session ({_cause(error)})")
        if code != _READY:
            self._reset()
            return _refused(self.host, "the mail", code, said)
        return None

    def _content_sent(self, content: bytes) -> Answer:
        session = self._session
        assert session is not None and session.sock is not None  # noqa: S101, PT018 - begun before
        try:
            session.send(_quoted(content))
        except (OSError, smtplib.SMTPException) as error:
            # The end of what is sent is the final dot, and it was not sent.
            return Answer(Outcome.NOT_REACHED, f"{self.host} ended the session before the whole mail ({_cause(error)})")
        try:
            session.sock.settimeout(self.answer_seconds)
            code, said = session.getreply()
            session.sock.settimeout(_COMMAND_SECONDS)
        except (OSError, smtplib.SMTPException) as error:
            words = f"{self.host} had the whole mail and did not say whether it took it ({_cause(error)})"
            return Answer(Outcome.UNKNOWN, words)
        if code == _TAKEN:
            return Answer(Outcome.DONE, f"{self.host} took it: {_words(said)}")
        return _refused(self.host, "the mail", code, said)

    def _open(self) -> Answer | None:
        """Opens a session; an answer where that is impossible."""
        session: smtplib.SMTP | None = None
        try:
            context = self.context or ssl.create_default_context()
            if self.security == "tls":
                session = smtplib.SMTP_SSL(self.host, self.port, timeout=self.connect_seconds, context=context)
            else:
                session = smtplib.SMTP(self.host, self.port, timeout=self.connect_seconds)
            if self.security == "starttls":
                session.starttls(context=context)
            if self.user is not None:
                session.login(self.user, self.password or "")
            session.ehlo_or_helo_if_needed()
        except smtplib.SMTPAuthenticationError as error:
            _close(session)
            return Answer(Outcome.NOT_REACHED, f"{self.host} refuses the login (SMTP {error.smtp_code})")
        except smtplib.SMTPNotSupportedError:
            _close(session)
            words = f"{self.host} offers no {'STARTTLS' if self.security == 'starttls' else 'login'}"
            return Answer(Outcome.NOT_REACHED, f"{words}; nothing is sent to it unencrypted: see docs/delivery.md")
        except (OSError, smtplib.SMTPException, UnicodeError, ValueError) as error:
            _close(session)
            return Answer(Outcome.NOT_REACHED, f"{self.host}:{self.port} could not be reached ({_cause(error)})")
        if session.sock is not None:
            session.sock.settimeout(_COMMAND_SECONDS)
        self._session = session
        return None

    def _reset(self) -> None:
        """Ends a mail that was refused; the next one needs a session without it."""
        _close(self._session)
        self._session = None


def _close(session: smtplib.SMTP | None) -> None:
    if session is not None:
        session.close()


def _quoted(content: bytes) -> bytes:
    """What is sent after DATA: lines that begin with a full stop get another one, and the final dot (RFC 5321, 4.5.2).

    The policy of the serialiser has written CRLF at the end of every line.
    """
    body = content if content.endswith(b"\r\n") else content + b"\r\n"
    body = (b"\r\n" + body).replace(b"\r\n.", b"\r\n..")[2:]
    return body + b".\r\n"


def _refused(host: str, what: str, code: int, said: bytes) -> Answer:
    """An answer that refuses. The server keeps nothing, now (4xx) or for good (5xx); see RFC 5321, 4.2.1."""
    words = f"{host} refuses {what}: {code} {_words(said)}"
    outcome = Outcome.FAILED if code >= _PERMANENT else Outcome.NOT_REACHED
    # One recipient who has to wait (greylisting, a full mailbox) says nothing about the others; 421 does.
    return Answer(outcome, words, is_heard=code != _GOING_DOWN)


def _words(said: bytes) -> str:
    return " ".join(said.decode("utf-8", errors="replace").split())[:300]


def _cause(error: BaseException) -> str:
    """What the operating system or the server said, or else the kind of the error."""
    if isinstance(error, smtplib.SMTPResponseException):
        return f"SMTP {error.smtp_code}"
    words = error.strerror if isinstance(error, OSError) and not isinstance(error, smtplib.SMTPException) else None
    return words or (str(error) if isinstance(error, TimeoutError) else "") or type(error).__name__
