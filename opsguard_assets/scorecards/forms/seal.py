"""What a form prints of its card's standing: draft or signed, by whom, provisional, restated.

Here: how a seal is said. Not here: signing (`scorecards.signing`), the seal itself (`card`).
"""

from opsguard_assets.scorecards.card.card import Card
from opsguard_assets.scorecards.card.digest import canonical, digest
from opsguard_assets.scorecards.forms.language import msgid, plain
from opsguard_assets.scorecards.forms.spoken import Speaker

STATUS = {
    "draft": msgid("Draft: not reviewed and not signed"),
    "reviewed": msgid("Reviewed, not signed"),
    "signed": msgid("Signed"),
    "unsigned": msgid("Unsigned: figures may still change"),
}


def standing(card: Card, speaker: Speaker) -> str:
    """How far a card is signed, with who and when; without a seal it is a preview."""
    seal = card.seal
    if seal is None:
        return speaker.say("Preview: not sent to the client")
    if seal.status == "signed" and seal.signed_by and seal.signed_at:
        who, when = plain(seal.signed_by), speaker.instant(seal.signed_at)
        return speaker.say("Signed by {who} on {when}", who=who, when=when)
    return speaker.say(STATUS[seal.status])


def is_signed(card: Card) -> bool:
    """Whether somebody signed these figures."""
    return card.seal is not None and card.seal.status == "signed"


def marks(card: Card, speaker: Speaker) -> tuple[str, ...]:
    """Everything that a reader must see beside the figures: unsigned, provisional, restated."""
    found = [] if is_signed(card) else [standing(card, speaker)]
    if card.is_provisional:
        found.append(speaker.say("Provisional: data of this month are not complete yet"))
    if card.number:
        found.append(speaker.say("Restatement {number}: replaces what was sent before", number=card.number))
    return tuple(found)


def digest_of(card: Card) -> str:
    """The digest of its figures: as sealed, or computed where it has no seal yet."""
    return card.seal.digest if card.seal else digest(canonical(card))
