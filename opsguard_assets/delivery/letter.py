"""What a message says, in whatever form it goes out. Not here: composing it (`wording`), and forms of channels."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Self

POSSIBLY_REPEATED = "Possibly repeated: whether the first message arrived is not known."


@dataclass(frozen=True)
class Fact:
    """A line that a reader looks for: "By when" and its answer."""

    label: str
    value: str


@dataclass(frozen=True)
class Item:
    """One incident in a digest.

    Attributes:
        title: What and where.
        detail: By when, who has it, what to do.
        command: How it is looked at from the command line.
    """

    title: str
    detail: str
    command: str


@dataclass(frozen=True)
class Section:
    """More of what a reader needs, under a heading: what would be done, what was found.

    Attributes:
        heading: What it is.
        lines: Sentences, one per line.
        columns: What the columns of `rows` are called.
        rows: A small table.
    """

    heading: str
    lines: Sequence[str] = ()
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()

    def as_lines(self) -> Sequence[str]:
        """The same for media without tables: one line per row."""
        named = [
            " · ".join(
                f"{name} {value}" if name else value for name, value in zip(self.columns, row, strict=True) if value
            )
            for row in self.rows
        ]
        return (*self.lines, *named)


@dataclass(frozen=True)
class Choice:
    """A button that answers a question.

    Attributes:
        action: Its name (`views.actions`).
        label: What stands on it.
        is_yes: Whether it agrees.
        confirm: What is asked once more before it counts; None: nothing.
    """

    action: str
    label: str
    is_yes: bool
    confirm: str | None = None


@dataclass(frozen=True)
class Enclosure:
    """A file that goes with a letter, where the channel carries files.

    Attributes:
        name: Its name for people.
        media_type: Such as `application/pdf`.
        content: Its bytes; not shown.
    """

    name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A message for one reader. All texts are cleaned of control characters and on one line each.

    Attributes:
        subject: What a dispatcher understands on a phone.
        headline: What is wrong, in one line.
        severity: `critical`, `high`, `medium` or `low`.
        is_over: Whether nothing is to be done any more.
        notes: What is to be said first, such as that it is a reminder.
        facts: Where, by when, who has it, what to do next.
        reasons: Why, at most two, with values.
        sections: What would be done, what was found.
        items: The incidents of a digest.
        choices: The buttons of a question; without them those of an incident stand where `about` is set.
        about: What buttons act on, such as `incident/3` or `approval/7`; None: there are none.
        link: One address where all of it stands; None where no web service is set up.
        link_label: What stands on it.
        command: How it is looked at from the command line.
        footer: Why this reader gets it.
        is_digest: Whether it comes regularly, so that a reader may cancel it.
        badge: What stands above the headline; None: how bad it is.
        language: Of its words.
        enclosures: Files.
    """

    subject: str
    headline: str
    severity: str
    is_over: bool = False
    notes: Sequence[str] = ()
    facts: Sequence[Fact] = ()
    reasons: Sequence[str] = ()
    sections: Sequence[Section] = ()
    items: Sequence[Item] = ()
    choices: Sequence[Choice] = ()
    about: str | None = None
    link: str | None = None
    link_label: str = "Open in OpsGuard"
    command: str | None = None
    footer: str | None = None
    is_digest: bool = False
    badge: str | None = None
    language: str = "en"
    enclosures: Sequence[Enclosure] = ()

    def said_again(self) -> Self:
        """The letter as it is sent where the first one may have arrived."""
        return replace(self, notes=(POSSIBLY_REPEATED, *self.notes))
