"""What the mail and the message about a scorecard say: the page of answers in few lines; the rest is attached.

Here: a card in, texts out, in the reader's language. Not here: HTML of mails and blocks of Slack (`delivery`), sending.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from opsguard_assets.scorecards.card.card import Card
from opsguard_assets.scorecards.card.returns import counts_in_total
from opsguard_assets.scorecards.forms import figures
from opsguard_assets.scorecards.forms.figures import Kpis
from opsguard_assets.scorecards.forms.headline import advice, first, headline
from opsguard_assets.scorecards.forms.language import plain
from opsguard_assets.scorecards.forms.seal import digest_of, is_signed, marks, standing
from opsguard_assets.scorecards.forms.sentences import return_lines, value_line
from opsguard_assets.scorecards.forms.spoken import Speaker, speaker

# Who reads a subject on a phone sees so much of a name.
_NAME = 60


@dataclass(frozen=True, kw_only=True)
class Summary:
    """A scorecard in few lines.

    Attributes:
        subject: Of the mail.
        badge: What kind of message it is.
        headline: The month in one sentence.
        notes: What has to be seen first: that it is unsigned, provisional or a restatement.
        columns: Of the table of key figures.
        rows: Label, figure, month before and band of each.
        advised: What to do.
        worth: What acting was worth, where it is known.
        facts: Label and value: who signed, the digest, the chain.
        headings: Of the table, of what to do, of what it was worth.
        footer: Why this reader gets it, and what is attached.
        link_label: What stands on the link to the page, where there is one.
    """

    subject: str
    badge: str
    headline: str
    notes: Sequence[str]
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    advised: Sequence[str]
    worth: Sequence[str]
    facts: Sequence[tuple[str, str]]
    headings: tuple[str, str, str]
    footer: str
    link_label: str


def summary(card: Card, kpis: Kpis, subject: str | None = None) -> Summary:
    """The texts of the mail and of the message in Slack.

    Args:
        card: With its seal.
        kpis: The registry.
        subject: A pattern with {client} and {month}; that of the language where left out.
    """
    speaks = speaker(card)
    month = speaks.month(card.month)
    pattern = subject or speaks.say("{client}: scorecard of {month}")
    return Summary(
        subject=pattern.replace("{month}", month).replace("{client}", plain(card.client_name, _NAME)),
        badge=speaks.say("Scorecard"),
        headline=headline(card, kpis, speaks),
        notes=[
            *marks(card, speaks),
            *([speaks.say("Why: {reason}", reason=plain(card.reason))] if card.reason else []),
        ],
        columns=(speaks.say("Key figure"), month, speaks.say("Month before"), speaks.say("Band")),
        rows=_rows(card, kpis, speaks),
        advised=advice(card, kpis, speaks),
        worth=[
            *(value_line(one, card, speaks) for one in card.value if counts_in_total(one)),
            *return_lines(card, speaks),
        ],
        facts=_facts(card, speaks),
        headings=(speaks.say("Key figures"), speaks.say("What to do"), speaks.say("What acting was worth")),
        footer=speaks.say(
            "You get this scorecard every month as one of the addresses of {client}. It is attached as PDF and as "
            "Excel, with every definition and every row.",
            client=plain(card.client_name, _NAME),
        ),
        link_label=speaks.say("Open the scorecard"),
    )


def file_name(card: Card, ending: str) -> str:
    """What an attached file is called: letters and digits of the name, the month, the number of a restatement."""
    name = "".join(sign if sign.isalnum() and sign.isascii() else "-" for sign in plain(card.client_name, _NAME))
    short = "-".join(part for part in name.split("-") if part) or "scorecard"
    number = f"-{card.number}" if card.number else ""
    return f"{short}-{card.month:%Y-%m}{number}.{ending}"


def _rows(card: Card, kpis: Kpis, speaks: Speaker) -> list[tuple[str, str, str, str]]:
    return [
        (
            figures.label(one, kpis[one.kpi], speaks),
            figures.value(one, kpis[one.kpi], speaks),
            figures.moved(one, one.before, kpis[one.kpi], speaks) or "",
            figures.band(one, speaks) or "",
        )
        for one in first(card, kpis)
    ]


def _facts(card: Card, speaks: Speaker) -> list[tuple[str, str]]:
    found = [(speaks.say("Status"), standing(card, speaks))] if is_signed(card) else []
    if card.data_through is not None:
        found.append((speaks.say("Data through"), speaks.instant(card.data_through)))
    found.append((speaks.say("Digest of the figures"), digest_of(card)))
    if card.seal is not None and card.seal.link is not None:
        found.append((speaks.say("Head of the chain of signings"), card.seal.link))
    return found
