"""The last sheets of the workbook: how each figure is defined, and of what the book was made.

Here: definitions and origin as cells. Not here: figures (`book`).
"""

from opsguard_assets.scorecards.card.card import Card
from opsguard_assets.scorecards.forms.book_cells import Column, Look, Sheet
from opsguard_assets.scorecards.forms.figures import Kpis
from opsguard_assets.scorecards.forms.language import msgid, plain
from opsguard_assets.scorecards.forms.seal import digest_of, standing
from opsguard_assets.scorecards.forms.terms import PLANS, term

UNITS = {
    "percent": msgid("percent"),
    "count": msgid("number"),
    "minutes": msgid("minutes"),
    "tone": msgid("tone, -1 to 1"),
}


def write_definitions(look: Look, card: Card, kpis: Kpis, foot: str) -> None:
    """One row per key figure: everything that the registry says of it.

    Args:
        look: The formats.
        card: Whose figures.
        kpis: The registry.
        foot: What stands at the foot of each page.
    """
    say = look.speaker.say
    columns = [
        Column(say("Key figure"), 26),
        Column(say("Code"), 20),
        Column(say("Unit"), 12),
        Column(say("How it is computed"), 44),
        Column(say("Counted"), 36),
        Column(say("In the month by"), 30),
        Column(say("Left out"), 36),
        Column(say("No data"), 30),
        Column(say("Source"), 30),
        Column(say("Tables"), 30),
    ]
    sheet = Sheet(look, look.workbook.add_worksheet(say("Definitions")), columns)
    sheet.head()
    for one in card.measures:
        if one.kpi not in kpis:
            continue
        kpi = kpis[one.kpi]
        texts = (kpi.formula, kpi.population, kpi.membership, kpi.exclusions, kpi.no_data, kpi.source)
        words = [say(kpi.label), kpi.name, say(UNITS[kpi.unit]), *(say(text) for text in texts), ", ".join(kpi.feeds)]
        for place, text in enumerate(words):
            sheet.text(place, text)
        sheet.end()
    sheet.close(foot=foot)


def write_about(look: Look, card: Card, foot: str) -> None:
    """Of what the book was made, and how to check that.

    Args:
        look: The formats.
        card: The card.
        foot: What stands at the foot of each page.
    """
    say = look.speaker.say
    columns = [Column(say("What"), 34), Column(say("Content"), 96)]
    sheet = Sheet(look, look.workbook.add_worksheet(say("About")), columns)
    sheet.head()
    for name, content in _content(card, look):
        sheet.text(0, name)
        sheet.text(1, content)
        sheet.end()
    sheet.close(foot=foot)


def _content(card: Card, look: Look) -> list[tuple[str, str]]:
    by, origin, seal = look.speaker, card.origin, card.seal
    say = by.say
    found = [
        (say("Client"), plain(card.client_name)),
        (say("Month"), by.month(card.month)),
        (say("Restatement"), by.say("{number}", number=card.number) if card.number else ""),
        (say("Reason"), plain(card.reason) if card.reason else ""),
        (say("Status"), standing(card, by)),
        (say("SHA-256 of the figures"), digest_of(card)),
        (say("Head of the chain of signings"), seal.link or "" if seal else ""),
        (say("Plan"), term(by.words, PLANS, card.plan) if card.plan else ""),
        (say("Zone of the month"), card.timezone),
        (say("Currency"), card.currency),
        (say("Data through"), by.instant(card.data_through) if card.data_through else ""),
        (say("Recorded up to"), by.instant(origin.recorded_upto)),
        (say("Open and likely as of"), by.instant(origin.as_of)),
        (say("OpsGuard"), origin.code),
        *((say("Model: {name}", name=name), version) for name, version in origin.models.items()),
        *((say("Table: {name}", name=name), str(version)) for name, version in origin.versions.items()),
        (
            say("Rounding"),
            say("Figures are kept to six digits and shown half up: 0.25 is shown as 0.3, 94.96 never as its target."),
        ),
        (
            say("How to check a figure"),
            say(
                "Each value on the first sheet is a formula over the sheet of rows. Filter the rows by the code of the "
                "figure to see what it counts; what is not counted says why."
            ),
        ),
        (
            say("How to check the signature"),
            say(
                "The PDF has the signed figures attached as figures.json. Their SHA-256 is the one above: sha256sum "
                "figures.json. The signature of these figures is checked with minisign or openssl."
            ),
        ),
    ]
    return [(name, content) for name, content in found if content]
