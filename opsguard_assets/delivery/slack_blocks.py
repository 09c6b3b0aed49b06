"""A letter as Block Kit, within the limits of Slack.

Here: blocks, built from Slack's own models, which refuse what is too long. Not here: posting (`resources.channels`).

What was received stands in `plain_text` elements, where Slack interprets nothing. Only words of OpsGuard stand in
`mrkdwn`. The one text outside of blocks, which push messages show, is escaped.
"""

from collections.abc import Iterator
from typing import Any

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ConfirmObject,
    ContextBlock,
    DividerBlock,
    HeaderBlock,
    MarkdownTextObject,
    PlainTextObject,
    SectionBlock,
)

from opsguard_assets.delivery.letter import Choice, Letter
from opsguard_assets.views.actions import ACKNOWLEDGE, EXPLAIN, NOISE, USEFUL
from opsguard_assets.views.texts import shortened
from resources.channels.slack import SlackMessage

# Slack's limits (docs.slack.dev, Block Kit): a message, a header, a section, a field, the text outside of blocks.
_BLOCKS, _HEADER, _SECTION, _FIELD, _TEXT = 50, 150, 3_000, 2_000, 3_000
_FIELDS = 10
_TITLE, _CONFIRMED, _WORD = 100, 300, 30  # of a question before a button counts
_SIGNS = {"critical": "\N{LARGE RED CIRCLE}", "high": "\N{LARGE ORANGE CIRCLE}", "medium": "\N{LARGE YELLOW CIRCLE}"}
_BUTTONS = ((ACKNOWLEDGE, "Acknowledge"), (USEFUL, "Useful"), (NOISE, "Noise"), (EXPLAIN, "Explain"))


def slack_message(letter: Letter) -> SlackMessage:
    """The message of a letter.

    Raises:
        slack_sdk.errors.SlackObjectFormationError: When a limit of Slack is broken; no letter does that.
    """
    blocks = list(_blocks(letter))
    end = [block for block in blocks if isinstance(block, ActionsBlock)]
    others = [block for block in blocks if not isinstance(block, ActionsBlock)]
    kept = [*others[: _BLOCKS - len(end)], *end]
    return SlackMessage(escaped(shortened(letter.subject, _TEXT // 6)), tuple(block.to_dict() for block in kept))


def escaped(text: str) -> str:
    """A text in which Slack sees no mention, no link and no channel (docs.slack.dev, formatting)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _blocks(letter: Letter) -> Iterator[Block]:
    sign = "\N{WHITE HEAVY CHECK MARK}" if letter.is_over else _SIGNS.get(letter.severity, "\N{LARGE BLUE CIRCLE}")
    yield HeaderBlock(text=_plain(f"{sign} {letter.headline}", _HEADER))
    if letter.notes:
        yield SectionBlock(text=_plain("\n".join(letter.notes), _SECTION))
    if letter.facts:
        yield SectionBlock(
            fields=[_plain(f"{fact.label}\n{fact.value}", _FIELD) for fact in letter.facts[:_FIELDS]],
        )
    if letter.reasons:
        yield SectionBlock(text=_plain("Why\n" + "\n".join(f"• {reason}" for reason in letter.reasons), _SECTION))
    for section in letter.sections:
        yield SectionBlock(text=_plain("\n".join((section.heading, *section.as_lines())), _SECTION))
    for item in letter.items:
        yield SectionBlock(text=_plain(f"{item.title}\n{item.detail}", _SECTION))
    if letter.items:
        yield DividerBlock()
    yield from _end(letter)


def _end(letter: Letter) -> Iterator[Block]:
    if letter.footer:
        yield ContextBlock(elements=[_plain(letter.footer, _FIELD)])
    if letter.link:
        yield ContextBlock(elements=[MarkdownTextObject(text=f"<{letter.link}|{letter.link_label}>", verbatim=True)])
    elif letter.command:
        yield ContextBlock(elements=[MarkdownTextObject(text=f"More: `{letter.command}`", verbatim=True)])
    if letter.choices:
        yield ActionsBlock(elements=[_choice(choice, letter.about or "") for choice in letter.choices])
    elif letter.about:
        # Slack takes two buttons of one action_id in a message and then cannot tell which was pressed; these are four.
        yield ActionsBlock(
            elements=[
                ButtonElement(text=label, action_id=action, value=letter.about, style=_style(action))
                for action, label in _BUTTONS
            ]
        )


def _choice(choice: Choice, about: str) -> ButtonElement:
    """A button that answers a question; what nothing takes back is asked once more."""
    confirm = None
    if choice.confirm:
        confirm = ConfirmObject(
            title=_plain(choice.label, _TITLE), text=_plain(choice.confirm, _CONFIRMED), confirm=_plain("Yes", _WORD),
            deny=_plain("Back", _WORD),
        )  # fmt: skip
    style: Any = "primary" if choice.is_yes else "danger"
    return ButtonElement(text=choice.label, action_id=choice.action, value=about, style=style, confirm=confirm)


def _style(action: str) -> Any:
    return "primary" if action == ACKNOWLEDGE else None


def _plain(text: str, longest: int) -> PlainTextObject:
    kept = text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"
    return PlainTextObject(text=kept, emoji=False)
