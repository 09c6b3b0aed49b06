"""Ports of this machine: taking one for good, and saying who has the one that was wanted.

Here: listening sockets. Not here: who serves on them.
"""

import errno
import socket
from dataclasses import dataclass
from typing import Self

import psutil

HOST = "127.0.0.1"


class PortError(RuntimeError):
    """No port can be had; the message says why."""


@dataclass(frozen=True)
class Port:
    """A listening socket on this machine only; held for as long as its server may be started again.

    Attributes:
        listener: The socket.
        number: Its port.
        elsewhere: Why it is not the port that was wanted, in words; None where it is.
    """

    listener: socket.socket
    number: int
    elsewhere: str | None = None

    def __enter__(self) -> Self:
        """The port itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Gives the port back."""
        self.listener.close()


def take_port(wanted: int) -> Port:
    """Listens on a port, or on one that the system gives where somebody else has it.

    Raises:
        PortError: When there is none at all.
    """
    refused = OSError()
    for number in (wanted, 0):
        listener = socket.socket()
        # Otherwise old connections that linger (TIME_WAIT) keep the port of a server that has just ended.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, number))
            listener.listen(128)
        except OSError as error:
            listener.close()
            refused = error
            continue
        got = int(listener.getsockname()[1])
        return Port(listener, got, elsewhere=None if wanted in (got, 0) else _why(wanted, refused))
    raise PortError(f"no port can be had on {HOST}: {refused.strerror}")


def listen_on(host: str, port: int) -> socket.socket:
    """Listens on an address and port, and on no other.

    Raises:
        PortError: When it cannot be had; the message says who has it, as far as this user may know.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise PortError(f"{host} is no address of this machine: {error.strerror}") from None
    family, _, _, _, address = found[0]
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise PortError(f"port {port} on {host} {_why(port, error)}; name another one with --port") from None
    return listener


def _why(port: int, refused: OSError) -> str:
    """Who listens on a port, as far as this user may know, or why else it cannot be had."""
    if refused.errno != errno.EADDRINUSE:
        return f"is not to be had ({refused.strerror})"
    try:
        found = [c for c in psutil.net_connections("tcp") if c.laddr and c.laddr[1] == port and c.pid]
        process = psutil.Process(found[0].pid) if found else None
    except psutil.Error:
        process = None
    return f"is taken by {process.name()} (process {process.pid})" if process else "is taken by another program"
