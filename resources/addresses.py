"""Addresses that hold secrets: what may be shown, and which ones cannot be parsed safely.

Here: URLs of databases and servers as text. Not here: connecting.
"""

import re
from urllib.parse import SplitResult, urlsplit

_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+._-]*://")
_PORT = re.compile(r":(\d*)$")


class AddressError(ValueError):
    """An address cannot be used; the message says why and shows no part of it."""


def check_address(url: str) -> None:
    """Refuses an address whose user or password would be split in the wrong place.

    Raises:
        AddressError: When `@`, `:`, `/`, `?`, `#` or white space stand in it where only their percent-encoded forms
            leave no doubt. A parser would show a part of the password as a host or a port.
    """
    found = _SCHEME.match(url)
    rest = url[found.end() :] if found else url
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    behind = rest[len(authority) :]
    path = re.split(r"[?#]", behind, maxsplit=1)[0]
    _, at, host = authority.rpartition("@")
    port = _PORT.search(host)
    is_page = found is not None and found.group().startswith("http")
    in_doubt = (
        authority.count("@") > 1
        # `u:p/rest@host`. A page may have `@` in its path, and so may a file, which has no host.
        or ("@" in path and bool(authority) and (bool(at) or not is_page))
        # `u:p?rest@host` and `u:p#rest@host`, where a parser takes `u` for the host and `p` for its port.
        or ("@" in behind and not at and ":" in authority)
        or (":" in host and not host.startswith("[") and port is None)
        or (not host.startswith("[") and host.count(":") > 1)
        or any(letter.isspace() for letter in authority)
    )
    if in_doubt:
        raise AddressError(
            "the address cannot be taken apart: percent-encode what is special in user and password, such as %40 for "
            "@, %3A for :, %2F for /, %23 for #, %3F for ? and %25 for %"
        )


def parts_of(url: str) -> SplitResult:
    """The parts of an address of a server.

    Raises:
        AddressError: When it is in doubt, or names no server.
    """
    check_address(url)
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        named = False
    if not named:
        raise AddressError("the address names no server; write it like https://host/path")
    return parts


def shown(url: str) -> str:
    """An address as it may be shown: scheme, host, port and path; no user, no password, no query."""
    try:
        parts = parts_of(url)
    except AddressError:
        return "(an address that cannot be shown)"
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}{parts.path}"
