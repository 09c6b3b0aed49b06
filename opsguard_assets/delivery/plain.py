"""A letter as data for receivers of signed requests, and as plain text for everything else.

Here: both forms. Not here: handing them over (`resources.channels`).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from opsguard_assets.delivery.letter import Letter


def document(letter: Letter, payload: Mapping[str, Any], at: datetime) -> bytes:
    """The body of a request: type, timestamp and data (standardwebhooks.com), JSON in UTF-8.

    Args:
        letter: What is said.
        payload: What the message is about: `kind`, `incident_id`, `version`, `execution_id`.
        at: When it was planned, so that the body stays the same however often it is sent.
    """
    about = {name: payload.get(name) for name in ("incident_id", "execution_id", "version", "is_critical")}
    said = {"type": f"opsguard.{payload['kind']}", "timestamp": at.astimezone(UTC).isoformat()}
    enclosed = [each.name for each in letter.enclosures]
    data = {**about, **asdict(replace(letter, enclosures=())), "enclosures": enclosed}
    return json.dumps({**said, "data": data}, ensure_ascii=False).encode()


def plain_text(letter: Letter) -> str:
    """The letter as lines of text."""
    return "\n".join(_lines(letter))


def _lines(letter: Letter) -> Iterator[str]:
    yield from letter.notes
    for fact in letter.facts:
        yield f"{fact.label}: {fact.value}"
    for reason in letter.reasons:
        yield f"Why: {reason}"
    for section in letter.sections:
        yield f"{section.heading}:"
        yield from section.as_lines()
    for item in letter.items:
        yield f"{item.title}. {item.detail}"
    if letter.link or letter.command:
        yield f"More: {letter.link or letter.command}"
    if letter.footer:
        yield letter.footer
