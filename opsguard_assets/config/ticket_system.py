"""The helpdesk that escalations are written to, as `opsguard.yaml` describes it.

Here: kinds of ticket systems and their options. Not here: talking to them (`resources.ticket_system`).
"""

import re
from ipaddress import ip_address
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from opsguard_assets.config.base import Strict

# What SQLAlchemy takes for a bound parameter: a colon before a name, not part of `::type`, not escaped.
_BOUND = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")
_VARIABLES_ONLY = re.compile(r"^(\$\{[A-Za-z_][A-Za-z0-9_]*\})+$")
CHANGE = ("key", "ticket_id", "step", "priority", "assignee_id", "reason", "as_of", "now")
EXPECTED = ("expected_priority", "expected_assignee_id", "expected_status", "expected_updated_at")
REMEMBER = "INSERT INTO opsguard_applied (idempotency_key, ticket_id, applied_at) VALUES (:key, :ticket_id, :now)"
RECALL = "SELECT 1 FROM opsguard_applied WHERE idempotency_key = :key"


def bound_names(statement: str) -> set[str]:
    """The names of a statement's bound parameters."""
    return set(_BOUND.findall(statement))


class RecordOnly(Strict):
    """Escalations are OpsGuard's own records; nothing outside is changed."""

    kind: Literal["record"] = "record"


class SqlTicketSystem(Strict):
    """A helpdesk's database behind any SQLAlchemy URL; all statements of an escalation run in one transaction.

    Bound parameters: `:key`, `:ticket_id`, `:step`, `:priority` (new), `:assignee_id` (new, or the old one where it
    stays), `:reason`, `:as_of`, `:now`, and what OpsGuard believes to be there: `:expected_priority`,
    `:expected_assignee_id`, `:expected_status`, `:expected_updated_at`.

    Attributes:
        url: The database; secrets in it as `${NAME}`.
        update: The statement that changes the ticket where it is as expected. It has to affect exactly one row: none
            means that a person was faster, more than one is an error and is undone.
        further: Statements after it, such as one that writes a comment.
        remember: Writes the key of an escalation into a table that refuses the same key twice.
        recall: Gives a row where a key was written.
        priorities: OpsGuard's priorities in the words of the helpdesk; those left out are written as they are.
        timeout_seconds: How long a statement may wait, for a row that a person is changing for example. PostgreSQL is
            told; for others set it in `url`.
    """

    kind: Literal["sql"]
    url: SecretStr
    update: str
    further: tuple[str, ...] = ()
    remember: str = REMEMBER
    recall: str = RECALL
    priorities: dict[Literal["critical", "high", "medium", "low"], str] = Field(default_factory=dict)
    timeout_seconds: float = Field(default=10, gt=0, le=120)

    @model_validator(mode="after")
    def _safe(self) -> "SqlTicketSystem":
        for statement in (self.update, *self.further, self.remember, self.recall):
            strange = sorted(bound_names(statement) - {*CHANGE, *EXPECTED})
            if strange:
                known = ", ".join(f":{name}" for name in (*CHANGE, *EXPECTED))
                raise ValueError(f"there is no parameter :{strange[0]}; there are {known}")
        named = bound_names(self.update)
        if "ticket_id" not in named or not named & set(EXPECTED):
            raise ValueError(
                "`update` must name :ticket_id and compare with at least one :expected_…, so that the newer change of "
                "a person wins"
            )
        if any("key" not in bound_names(statement) for statement in (self.remember, self.recall)):
            raise ValueError("`remember` and `recall` must name :key, so that nothing is applied twice")
        return self


class WebhookTicketSystem(Strict):
    """A helpdesk that is told by signed requests (docs/escalation.md).

    Attributes:
        url: Where requests are posted to: https, or http on this machine; secrets in it as `${NAME}`.
        signing_secret: The secret that both sides know, by the name of its variable: `${NAME}`.
        token: Sent as a bearer token where the helpdesk asks for one, by the name of its variable.
        timeout_seconds: How long a request may take.
        attempts: How often one escalation is sent in one run.
        backoff_seconds: The wait before the second attempt; it doubles, with jitter.
        longest_wait_seconds: Longer waits are left to the next run, also those that the helpdesk asks for.
    """

    kind: Literal["webhook"]
    url: SecretStr
    signing_secret: SecretStr
    token: SecretStr | None = None
    timeout_seconds: float = Field(default=10, gt=0, le=120)
    attempts: int = Field(default=4, ge=1, le=10)
    backoff_seconds: float = Field(default=1, gt=0, le=60)
    longest_wait_seconds: float = Field(default=30, gt=0, le=300)

    @field_validator("signing_secret", "token")
    @classmethod
    def _named(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _VARIABLES_ONLY.match(value.get_secret_value()):
            raise ValueError("secrets are named, never written down; write ${NAME} and set that variable")
        return value

    @field_validator("url")
    @classmethod
    def _encrypted(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith("${"):
            require_encryption(value.get_secret_value())
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


TicketSystemSettings = Annotated[RecordOnly | SqlTicketSystem | WebhookTicketSystem, Field(discriminator="kind")]
