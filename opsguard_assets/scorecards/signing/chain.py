"""The chain of signings: each link holds the one before it, so nothing is changed, inserted or taken out unseen.

Here: the formula of a link and the verification of a chain. Not here: appending (`sign_month()` in the database, which
uses the same formula), the view that names broken links.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

GENESIS = "0" * 64


@dataclass(frozen=True, kw_only=True)
class Signing:
    """One signing.

    Attributes:
        place: Its place in the chain, from 1.
        client_id: The client; empty for the provider's own card.
        month: First day of the month.
        number: 0; n for the n-th restatement.
        digest: SHA-256 of the figures.
        signed_by: Who.
        signed_at: When (UTC).
        reason: Why, for a restatement.
        previous: The link before it.
        link: Its own.
    """

    place: int
    client_id: str
    month: date
    number: int
    digest: str
    signed_by: str
    signed_at: datetime
    reason: str
    previous: str
    link: str


def link_of(signing: Signing) -> str:
    """The link that a signing must have, as hexadecimal digits.

    sha256(previous || digest || sha256(sha256(client) || sha256(month) || sha256(number) || sha256(who) ||
    sha256(when) || sha256(why))), with the month as `2026-10` and the instant as `2026-11-03T09:00:00.000000Z`.
    """
    at = signing.signed_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    parts = (
        signing.client_id, signing.month.strftime("%Y-%m"), str(signing.number), signing.signed_by, at, signing.reason
    )  # fmt: skip
    # Each part has a digest of its own length, so no letter can move from one part into the next.
    said = hashlib.sha256(b"".join(hashlib.sha256(part.encode()).digest() for part in parts)).digest()
    held = bytes.fromhex(signing.previous) + bytes.fromhex(signing.digest) + said
    return hashlib.sha256(held).hexdigest()


def broken(signings: Sequence[Signing], head: str | None = None) -> list[tuple[int, str]]:
    """Where a chain does not hold, and why; nothing where it does.

    Args:
        signings: All of them, in the order of their places.
        head: A link that must be in it, such as the one printed on a page; the newest where the whole chain is given.
    """
    found = []
    before, last = GENESIS, 0
    for each in signings:
        if each.place != last + 1:
            found.append((each.place, "a signing before it is missing"))
        elif each.previous != before:
            found.append((each.place, "it does not follow the one before it"))
        elif each.link != link_of(each):
            found.append((each.place, "who, when, what or why was changed"))
        before, last = each.link, each.place
    if head is not None and head not in {GENESIS, *(each.link for each in signings)}:
        found.append((last, "the link that was printed is not in the chain: its end was cut off or forged"))
    return found
