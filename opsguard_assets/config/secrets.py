"""Secrets and addresses in `opsguard.yaml`: named, never written down; never sent in the clear.

Here: what a setting may hold. Not here: values of secrets (`resources.environment`).
"""

import re
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

_VARIABLES_ONLY = re.compile(r"^(\$\{[A-Za-z_][A-Za-z0-9_]*\})+$")


def _named(value: SecretStr) -> SecretStr:
    if not _VARIABLES_ONLY.match(value.get_secret_value()):
        raise ValueError("secrets are named, never written down; write ${NAME} and set that variable")
    return value


def require_encryption(url: str) -> None:
    """Refuses addresses over which credentials would travel in the clear.

    Raises:
        ValueError: When `url` is neither https nor http on this machine.
    """
    try:
        parts = urlsplit(url)
        scheme, host = parts.scheme, parts.hostname or ""
    except ValueError:
        scheme, host = "", ""
    if scheme == "https" and host:
        return
    if scheme == "http" and _is_here(host):
        return
    raise ValueError("`url` must be https://…, or http:// on this machine: what is sent must not be read on the way")


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _encrypted(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().startswith("${"):
        require_encryption(value.get_secret_value())
    return value


# A secret by the name of its variable: `${NAME}`.
NamedSecret = Annotated[SecretStr, AfterValidator(_named)]
# An address that is sent to, https or on this machine; what a variable holds is checked when it is known.
EncryptedAddress = Annotated[SecretStr, AfterValidator(_encrypted)]
