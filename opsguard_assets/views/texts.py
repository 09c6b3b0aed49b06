"""Received texts made harmless for people: no control characters, none that turn the direction of a line.

Not here: escaping for a medium such as HTML or Slack; that belongs to the module that writes it.
"""

import re
from collections.abc import Mapping

# Control characters, and characters that change the text direction or are invisible.
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    """A received text with control characters replaced, so that it cannot control what shows it."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def line(text: str) -> str:
    """A received text on one line, so that it cannot imitate further lines."""
    return visible(" ".join(text.split()))


def shortened(text: str, longest: int) -> str:
    """A received text on one line of at most `longest` characters; an ellipsis says that something is missing."""
    whole = line(text)
    return whole if len(whole) <= longest else f"{whole[: longest - 1].rstrip()}…"


def named(text: str, names: Mapping[str, str]) -> str:
    """A text with identifiers replaced by names, wherever they stand as words of their own."""
    if not names:
        return text
    found = "|".join(re.escape(number) for number in sorted(names, key=len, reverse=True))
    return re.sub(rf"(?<![\w-])(?:{found})(?![\w-])", lambda match: names[match.group()], text)
