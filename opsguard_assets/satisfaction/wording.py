"""What the question says, in the reader's language: its mail and its page.

Here: texts of the catalogue. Not here: sending (`asking_io`), the page's look (`templates/web`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from opsguard_assets.scorecards.card.card import Language
from opsguard_assets.scorecards.forms.language import Words, msgid, plain
from opsguard_assets.scorecards.forms.spoken import month_name

# From the worst on.
ANSWERS = (
    msgid("very dissatisfied"),
    msgid("dissatisfied"),
    msgid("neither"),
    msgid("satisfied"),
    msgid("very satisfied"),
)


@dataclass(frozen=True)
class PageWords:
    """The words of the page.

    Attributes:
        language: Of them.
        question: What is asked.
        answers: What each answer means, from 1 on.
        said: What was answered; None before.
        send: What stands on the button.
        kept: What becomes of an answer.
        ends: Of the link; `{when}` stands for the instant.
        skip: Of the link to the content.
    """

    language: Language
    question: str
    answers: tuple[str, ...]
    said: str | None
    send: str
    kept: str
    ends: str
    skip: str


def question(language: Language, month: date) -> str:
    """The one question."""
    return Words(language).say("How satisfied were you with our service in {month}?", month=month_name(language, month))


def letter(language: Language, client: str, month: date) -> Mapping[str, Any]:
    """The fields of a `delivery.letter.Letter`; its link is made when it is sent."""
    words, asked = Words(language), question(language, month)
    return {
        "subject": words.say("One question about {month}", month=month_name(language, month)),
        "headline": asked,
        "severity": "low",
        "badge": words.say("One question"),
        "language": language,
        "notes": [words.say("Five answers, one click, no login.")],
        "link_label": words.say("Answer"),
        "footer": words.say(
            "You get this question once a month as a contact of {client}. Your answer is kept with your address, and "
            "counts in the mean of all answers.",
            client=plain(client, 60),
        ),
    }  # fmt: skip


def page_words(language: Language, month: date, score: int | None) -> PageWords:
    """The words of the page, before and after the answer."""
    words = Words(language)
    answers = tuple(words.say(each) for each in ANSWERS)
    said = None
    if score is not None:
        answer = answers[score - 1]
        said = words.say("Thank you. You answered {score} of 5: {answer}.", score=score, answer=answer)
    return PageWords(
        language=language,
        question=question(language, month),
        answers=answers,
        said=said,
        send=words.say("Send the answer"),
        kept=words.say("It counts once and is kept with your address. Nothing is sent before you press the button."),
        ends=words.say("This link works until {when}; do not pass it on: it answers in your name.", when="{when}"),
        skip=words.say("To the content"),
    )
