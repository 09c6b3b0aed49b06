"""The helpdesk that escalations are written to, as `opsguard.yaml` describes it.

Here: kinds of ticket systems and their options. Not here: talking to them (`resources.ticket_system`).
"""

import re
from typing import Annotated, Literal

from pydantic import Field, SecretStr, model_validator

from opsguard_assets.config.base import Strict
from opsguard_assets.config.secrets import EncryptedAddress, NamedSecret

# What SQLAlchemy takes for a bound parameter: a colon before a name, not part of `::type`, not escaped.
_BOUND = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")
CHANGE = ("key", "ticket_id", "step", "priority", "assignee_id", "reason", "as_of", "now")
EXPECTED = ("expected_priority", "expected_assignee_id", "expected_status", "expected_updated_at")
REMEMBER = "INSERT INTO opsguard_applied (idempotency_key, ticket_id, applied_at) VALUES (:key, :ticket_id, :now)"
CREATE = ("key", "title", "description", "priority", "group_id", "client_id", "site_id", "as_of", "now")
CANCEL = ("key", "ticket_id", "reason", "as_of", "now")
CREATED = "SELECT ticket_id FROM opsguard_applied WHERE idempotency_key = :key"
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
        create: The statement that opens a ticket and returns its identifier, with `:title`, `:description`,
            `:priority`, `:group_id`, `:client_id`, `:site_id`, `:key`, `:as_of` and `:now`; None: playbooks cannot
            open tickets.
        cancel: The statement that cancels a ticket (`:ticket_id`, `:reason`, `:key`, `:as_of`, `:now`) that nobody has
            worked on; None: a ticket that a playbook opened stays when the playbook is undone.
        created: Gives the identifier of the ticket that was opened under a key.
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
    create: str | None = None
    cancel: str | None = None
    created: str = CREATED
    priorities: dict[Literal["critical", "high", "medium", "low"], str] = Field(default_factory=dict)
    timeout_seconds: float = Field(default=10, gt=0, le=120)

    @model_validator(mode="after")
    def _safe(self) -> "SqlTicketSystem":
        changing = [(each, (*CHANGE, *EXPECTED)) for each in (self.update, *self.further, self.remember, self.recall)]
        opening = [(self.create, CREATE), (self.cancel, CANCEL), (self.created, ("key",))]
        for statement, names in (*changing, *opening):
            strange = sorted(bound_names(statement or "") - set(names))
            if strange:
                known = ", ".join(f":{name}" for name in names)
                raise ValueError(f"there is no parameter :{strange[0]}; there are {known}")
        named = bound_names(self.update)
        if "ticket_id" not in named or not named & set(EXPECTED):
            raise ValueError(
                "`update` must name :ticket_id and compare with at least one :expected_…, so that the newer change of "
                "a person wins"
            )
        if any("key" not in bound_names(statement) for statement in (self.remember, self.recall, self.created)):
            raise ValueError("`remember`, `recall` and `created` must name :key, so that nothing is applied twice")
        if self.cancel is not None and "ticket_id" not in bound_names(self.cancel):
            raise ValueError("`cancel` must name :ticket_id, so that it cancels one ticket")
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
    url: EncryptedAddress
    signing_secret: NamedSecret
    token: NamedSecret | None = None
    timeout_seconds: float = Field(default=10, gt=0, le=120)
    attempts: int = Field(default=4, ge=1, le=10)
    backoff_seconds: float = Field(default=1, gt=0, le=60)
    longest_wait_seconds: float = Field(default=30, gt=0, le=300)


TicketSystemSettings = Annotated[RecordOnly | SqlTicketSystem | WebhookTicketSystem, Field(discriminator="kind")]
