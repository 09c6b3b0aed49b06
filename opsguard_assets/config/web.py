"""The web service: where it listens, under which names it is called, how long links work. Not here: the pages."""

import re
from datetime import timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from opsguard_assets.config.base import Strict
from opsguard_assets.config.secrets import NamedSecret

_LOCAL = ("127.0.0.1", "localhost", "::1")


class WebService(Strict):
    """`opsguard serve`.

    Attributes:
        host: The address that it listens on; other than this machine's own only behind a proxy that encrypts.
        port: The port that it listens on; 0 for any free one.
        base_url: Under which address people reach it, such as https://opsguard.example.org; messages hold links only
            where it is set.
        allowed_hosts: Further names by which it may be called, without port.
        proxies: Addresses of the proxies before it, whose word on who asks (`X-Forwarded-For`) is believed.
        slack_signing_secret: The signing secret of the Slack app, by the name of its variable: `${NAME}`; without it
            Slack's buttons are answered by nobody.
        link_hours: How long links in messages work.
        requests_per_minute: How many requests one address may send; more are refused for a while.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=3100, ge=0, le=65535)
    base_url: str | None = None
    allowed_hosts: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    slack_signing_secret: NamedSecret | None = None
    link_hours: float = Field(default=168, gt=0, le=24 * 90)
    requests_per_minute: int = Field(default=120, ge=10)

    @property
    def names(self) -> tuple[str, ...]:
        """Every name by which the service may be called."""
        own = urlsplit(self.base_url).hostname if self.base_url else None
        return tuple(dict.fromkeys((*_LOCAL, *self.allowed_hosts, *([own] if own else []))))

    @property
    def link_lasts(self) -> timedelta:
        """For how long links work."""
        return timedelta(hours=self.link_hours)

    @field_validator("host")
    @classmethod
    def _address(cls, value: str) -> str:
        if value != "localhost":
            try:
                ip_address(value)
            except ValueError:
                raise ValueError("`host` is an address such as 127.0.0.1, or 0.0.0.0 for all of this machine") from None
        return value

    @field_validator("proxies")
    @classmethod
    def _addresses(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            try:
                ip_address(value)
            except ValueError:
                raise ValueError(f"{value!r} is not an address such as 10.0.0.7") from None
        return values

    @field_validator("base_url")
    @classmethod
    def _encrypted(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            parts = urlsplit(value)
            host = parts.hostname or ""
            is_plain = not (parts.username or parts.password or parts.query or parts.fragment) and bool(host)
        except ValueError:
            is_plain, parts, host = False, urlsplit(""), ""
        if not is_plain or not (parts.scheme == "https" or (parts.scheme == "http" and host in _LOCAL)):
            raise ValueError("write `base_url` like https://opsguard.example.org (http:// on this machine only)")
        return value.rstrip("/")

    @field_validator("allowed_hosts")
    @classmethod
    def _names(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        strange = [value for value in values if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", value)]
        if strange:
            raise ValueError(f"{strange[0]!r} is not the name of a host in small letters, without port")
        return values

    @model_validator(mode="after")
    def _called_by_name(self) -> "WebService":
        is_here = self.host == "localhost" or ip_address(self.host).is_loopback
        if not is_here and not (self.base_url or self.allowed_hosts):
            raise ValueError(
                "where `host` is not this machine alone, name the service by `base_url` or `allowed_hosts`"
            )
        return self
