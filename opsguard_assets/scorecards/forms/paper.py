"""What the printed scorecard says: its words, tables and pictures as data, page by page.

Here: the head, the figures of the first page, the foot, and the order of the parts. Not here: each part
(`paper_parts`), how it looks (`templates/scorecard/scorecard.typ`), making a PDF of it (`pdf`).
"""

from typing import Any

from opsguard_assets.scorecards.card.card import Card, Measure
from opsguard_assets.scorecards.forms import figures, page, paper_parts
from opsguard_assets.scorecards.forms.figures import Kpis
from opsguard_assets.scorecards.forms.headline import first, headline
from opsguard_assets.scorecards.forms.language import plain
from opsguard_assets.scorecards.forms.seal import digest_of, marks, standing
from opsguard_assets.scorecards.forms.spark import spark
from opsguard_assets.scorecards.forms.spoken import Speaker
from opsguard_assets.scorecards.forms.terms import PLANS, term
from opsguard_assets.scorecards.kpis.kpi import Kpi

_SHORT = 48  # of a name in the foot


def paper(card: Card, kpis: Kpis, speaker: Speaker) -> dict[str, Any]:
    """Everything that the template prints, in JSON's types.

    Names that are received are cleaned and bounded; they are text for the template, never markup.
    """
    client, month = plain(card.client_name), speaker.month(card.month)
    said = page.every_figure(card, kpis, speaker)
    title = speaker.say("Scorecard {month}", month=month)
    return {
        "title": f"{client}, {title}",
        "author": f"OpsGuard {card.origin.code}",
        "client": client,
        "subtitle": title,
        "headline": headline(card, kpis, speaker),
        "language": card.language,
        "region": speaker.numbers.territory,
        "paper": "us-letter" if speaker.prints_on_letter else "a4",
        "date": [card.origin.as_of.year, card.origin.as_of.month, card.origin.as_of.day],
        "facts": _facts(card, speaker),
        "warnings": list(marks(card, speaker)),
        "figures": speaker.say("Key figures of {month}", month=month),
        "tiles": [_tile(one, said[one.kpi], kpis[one.kpi], speaker) for one in first(card, kpis)],
        "answers": paper_parts.answers(card, kpis, speaker),
        "sections": paper_parts.sections(card, kpis, speaker, said),
        "foot": _foot(card, speaker),
    }


def _facts(card: Card, speaker: Speaker) -> list[str]:
    """What a reader has to know beside the figures, on the right of the head."""
    facts = []
    if card.plan:
        facts.append(speaker.say("Plan {plan}", plan=term(speaker.words, PLANS, card.plan)))
    if card.data_through:
        facts.append(speaker.say("Data complete to {instant}", instant=speaker.clock(card.data_through)))
    facts.append(speaker.say("Times in {zone}, money in {currency}", zone=card.timezone, currency=card.currency))
    return facts


def _tile(measure: Measure, shown: page.Figure, kpi: Kpi, speaker: Speaker) -> dict[str, Any]:
    alt = figures.trend(measure, kpi, speaker)
    has_trend = any(value is not None for value in measure.trend)
    return {
        "label": shown.label,
        "value": shown.value,
        "is_figure": measure.value is not None,
        "band": measure.band,
        "band_words": shown.band if measure.value is not None else None,
        "spark": spark(measure.trend, alt, target=measure.target, is_paper=True, width=180) if has_trend else None,
        "alt": alt,
        "lines": _lines(measure, shown, speaker),
    }


def _lines(measure: Measure, shown: page.Figure, speaker: Speaker) -> list[str]:
    """What stands below the figure: of how many, the target, and the months that it is compared with."""
    target = speaker.say("target {target}", target=shown.target) if shown.target else None
    about = [shown.basis if measure.value is not None else None, target, *shown.notes]
    lines = [" · ".join(words for words in about if words)]
    if measure.before is not None:
        moved = f" ({shown.moved})" if shown.moved else ""
        lines.append(f"{speaker.say('Month before')} {shown.before}{moved}")
    if measure.year_before is not None:
        lines.append(f"{speaker.say('Year before')} {shown.year_before}")
    return lines


def _foot(card: Card, speaker: Speaker) -> dict[str, Any]:
    line = [plain(card.client_name, _SHORT), speaker.month(card.month)]
    if card.number:
        line.append(speaker.say("restatement {number}", number=card.number))
    line.append(standing(card, speaker))
    hashes = [f"{speaker.say('Digest of the figures (SHA-256)')}: {digest_of(card)}"]
    if card.seal and card.seal.link:
        hashes.append(f"{speaker.say('Head of the chain of signings')}: {card.seal.link}")
    # Braces that the template fills: only it knows the number of a page.
    number = speaker.say("page {page} of {pages}", page="{page}", pages="{pages}")
    return {"line": " · ".join(line), "page": number, "hashes": hashes}
