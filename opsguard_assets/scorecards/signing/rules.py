"""What may be done with a scorecard: who may sign it, when it may be sent, when it may change.

Here: a kept scorecard and the settings in, a reason why not out. Not here: doing it (`signing_io`, `sending_io`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

from opsguard_assets.config.scorecards import Scorecards
from opsguard_assets.scorecards.card.card import Card, Seal
from opsguard_assets.scorecards.card.digest import parsed

Sealed = Literal["unsigned", "signed"]
# The feature of plans (`config.features`).
SCORECARD = "scorecard"
DRAFT, REVIEWED, SIGNED, SENT = "draft", "reviewed", "signed", "sent"


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A scorecard as the database keeps it.

    Attributes:
        client_id: The client; empty for the provider's own.
        month: First day of the month.
        number: 0; n for the n-th restatement.
        status: draft, reviewed, signed or sent.
        sent_unsigned: Whether it was sent although nobody had signed it.
        figures: Canonical JSON, without the seal.
        digest: Their SHA-256.
        snapshot_id: Of which snapshot it was made.
        link: Its link in the chain; None before it is signed.
    """

    client_id: str
    month: date
    number: int
    status: str
    sent_unsigned: bool
    figures: str
    digest: str
    snapshot_id: int
    reason: str | None
    created_at: datetime
    created_by: str
    reviewed_at: datetime | None
    reviewed_by: str | None
    signed_at: datetime | None
    signed_by: str | None
    sent_at: datetime | None
    sent_by: str | None
    send_note: str | None
    link: str | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """The scorecard of a row."""
        return cls(**row)

    @property
    def card(self) -> Card:
        """Its figures as a card, with its seal."""
        return parsed(self.figures.encode()).model_copy(update={"seal": self.seal})

    @property
    def seal(self) -> Seal:
        """How far it is signed."""
        status = SIGNED if self.link else "unsigned" if self.sent_unsigned else self.status
        return Seal.model_validate(
            {
                "status": status, "digest": self.digest, "link": self.link, "signed_by": self.signed_by,
                "signed_at": self.signed_at,
            }
        )  # fmt: skip

    @property
    def is_frozen(self) -> bool:
        """Whether its figures stay as they are: somebody signed or received them."""
        return self.signed_at is not None or self.sent_at is not None

    @property
    def words(self) -> str:
        """What people call it."""
        whose = self.client_id or "the provider"
        return f"{self.month:%Y-%m} of {whose}" + (f", restatement {self.number}" if self.number else "")


def why_not_reviewed(kept: Kept) -> str | None:
    """Why a scorecard cannot be reviewed; None where it can."""
    return f"it is {kept.status} already" if kept.status in {SIGNED, SENT} else None


def why_not_signed(kept: Kept, who: str, settings: Scorecards, *, provisional: bool = False) -> str | None:
    """Why somebody may not sign a scorecard; None where they may.

    Args:
        kept: The scorecard.
        who: Who wants to sign.
        settings: Whether four eyes are asked for.
        provisional: Whether they sign although data do not reach the end of the month yet.
    """
    card = kept.card
    if _month_ends(card) > card.origin.as_of:
        return "its month has not ended"
    if card.is_provisional and not provisional:
        return "data do not reach the end of its month yet: build it again later, or sign with --provisional"
    if not settings.four_eyes:
        return None
    if kept.reviewed_by is None:
        return "nobody has reviewed it: `scorecards.four_eyes` asks for somebody else's review first"
    return "who reviewed it cannot sign it: `scorecards.four_eyes`" if kept.reviewed_by == who else None


def outside_plan(card: Card) -> str | None:
    """Why a client's plan keeps its scorecard from it; None where it does not, or where no plan is known."""
    if card.client_id is None or card.plan is None or SCORECARD in card.features:
        return None
    return f"the client's plan ({card.plan}) holds no scorecard"


def sealed_for_sending(kept: Kept, settings: Scorecards) -> Sealed | None:
    """Whether a scorecard is sent as signed or unsigned; None where somebody has to sign it first."""
    if kept.link is not None:
        return "signed"
    return "unsigned" if settings.sign_off == "optional" else None


def _month_ends(card: Card) -> datetime:
    year, month = divmod(card.month.year * 12 + card.month.month, 12)
    return datetime(year, month + 1, 1, tzinfo=ZoneInfo(card.timezone))
