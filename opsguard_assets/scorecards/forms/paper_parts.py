"""The parts of the printed scorecard below its figures: headings, paragraphs and tables as data.

Here: which parts there are, and their columns. Not here: the first page (`paper`), words of a part (`page`,
`sentences`).
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from opsguard_assets.scorecards.card.card import Card, Change, Measure, Restated
from opsguard_assets.scorecards.forms import figures, page, sentences
from opsguard_assets.scorecards.forms.figures import Kpis
from opsguard_assets.scorecards.forms.headline import advice
from opsguard_assets.scorecards.forms.language import plain
from opsguard_assets.scorecards.forms.spark import spark
from opsguard_assets.scorecards.forms.spoken import Speaker
from opsguard_assets.scorecards.forms.terms import NOTHING

Part = dict[str, Any]
# A text, a picture with its words, a figure with its band, or the title of the rows that follow.
Cell = str | dict[str, Any]
Column = dict[str, Any]
Said = Mapping[str, page.Figure]
# How many key figures stand side by side by site.
_ABREAST: Final = 6
_TREND: Final = 12
# Rows, and characters of their cells, of a table that is not parted: less than half a page.
_MOST_ROWS, _MOST = 24, 2500


def answers(card: Card, kpis: Kpis, speaker: Speaker) -> list[Part]:
    """What stands on the two pages that executives read: worth, what is likely next, what to do, what changed."""
    return _present(
        _restated(card, kpis, speaker),
        _value(card, speaker),
        _likely(card, speaker),
        _advice(card, kpis, speaker),
        _changes(card, kpis, speaker),
        _predictions(card, speaker),
        _shadow(card, speaker),
    )


def sections(card: Card, kpis: Kpis, speaker: Speaker, said: Said) -> list[Part]:
    """All that follows: figures by section, months, sites, vendors, definitions, of what it was made."""
    return _present(
        _figures(card, kpis, speaker, said),
        _months(card, speaker, said),
        *_sites(card, kpis, speaker),
        _vendors(card, speaker),
        _definitions(card, kpis, speaker),
        _origin(card, speaker),
    )


def _present(*parts: Part | None) -> list[Part]:
    return [part for part in parts if part is not None]


def part(
    heading: str,
    *,
    paragraphs: Iterable[str] = (),
    lead: str | None = None,
    table: Part | None = None,
    notes: Iterable[str] = (),
    level: int = 2,
) -> Part:
    """A heading with paragraphs, a table and notes below it, as the template takes it."""
    return {
        "heading": heading,
        "level": level,
        "lead": lead,
        "paragraphs": list(paragraphs),
        "table": table,
        "notes": list(notes),
        "is_whole": table is None or _is_short(table),
    }


def _is_short(table: Part) -> bool:
    """Whether a table surely fits on a page; what is kept whole and does not fit would run over the foot."""
    rows = table["rows"]
    return len(rows) <= _MOST_ROWS and sum(len(cell) for row in rows for cell in row if isinstance(cell, str)) <= _MOST


def column(head: str, width: float | None = None, *, is_number: bool = False) -> Column:
    """A column; its width is a share of what is left, None as wide as its words."""
    return {"head": head, "width": width, "is_number": is_number}


def table_of(columns: Iterable[Column], rows: Iterable[Iterable[Cell]]) -> Part:
    """A table as the template takes it."""
    return {"columns": list(columns), "rows": [list(row) for row in rows]}


def _banded(words: str, band: Literal["good", "warning", "bad"] | None) -> Cell:
    return {"words": words, "band": band} if band else words


def _value(card: Card, speaker: Speaker) -> Part | None:
    if not card.value:
        return None
    returns, notes = " ".join(sentences.return_lines(card, speaker)), []
    is_known = sentences.returns_of(card).worth is not None
    if any(one.method == "measured" for one in card.value):
        notes.append(speaker.say(sentences.CAVEAT))
    lines = [line for line, _ in sentences.value_lines(card, speaker)]
    paragraphs = lines if is_known or not returns else [*lines, returns]
    lead = returns if is_known else None
    return part(speaker.say("What acting was worth"), lead=lead, paragraphs=paragraphs, notes=notes)


def _likely(card: Card, speaker: Speaker) -> Part | None:
    heading = speaker.say("Likely to go wrong next")
    if not card.likely:
        return part(heading, paragraphs=[speaker.say("Nothing, by what is known.")])
    said = (page.likely(one, speaker) for one in card.likely)
    columns = [
        column(speaker.say("What"), 0.8),
        column(speaker.say("Name"), 3),
        column(speaker.say("Site"), 1.4),
        column(speaker.say("Chance"), is_number=True),
        column(speaker.say("By when"), 1.3),
    ]
    return part(heading, table=table_of(columns, ([one.kind, one.name, one.site, one.chance, one.by] for one in said)))


def _advice(card: Card, kpis: Kpis, speaker: Speaker) -> Part | None:
    found = advice(card, kpis, speaker)
    return part(speaker.say("What to do"), paragraphs=found) if found else None


def _figures(card: Card, kpis: Kpis, speaker: Speaker, said: Said) -> Part | None:
    """Every figure of the card, section by section."""
    rows: list[list[Cell]] = []
    notes = []
    for group in page.groups(said, kpis, speaker):
        rows.append([{"group": group.title}])
        for shown in group.figures:
            measure = next(one for one in card.measures if one.kpi == shown.name)
            rows.append(_figure_row(measure, shown, kpis, speaker))
            if known := [*shown.notes, *_left_out(shown, speaker)]:
                notes.append(f"{shown.label}: {'; '.join(known)}")
    heading = speaker.say("All key figures")
    return part(heading, table=table_of(_figure_columns(speaker), rows), notes=notes) if rows else None


def _left_out(shown: page.Figure, speaker: Speaker) -> list[str]:
    return [speaker.say("not counted: {rows}", rows=shown.excluded)] if shown.excluded else []


def _figure_columns(speaker: Speaker) -> list[Column]:
    return [
        column(speaker.say("Key figure"), 2.1),
        column(speaker.say("Value"), 1.15, is_number=True),
        column(speaker.say("Band"), 1.25),
        column(speaker.say("Target"), 1, is_number=True),
        column(speaker.say("Month before"), 1, is_number=True),
        column(speaker.say("Year before"), 1, is_number=True),
        column(speaker.say("Of how many"), 1.5, is_number=True),
        column(speaker.say("95 % interval"), 1.4, is_number=True),
        column(speaker.say("Twelve months"), 1.2),
    ]


def _figure_row(measure: Measure, shown: page.Figure, kpis: Kpis, speaker: Speaker) -> list[Cell]:
    words = figures.trend(measure, kpis[measure.kpi], speaker)
    has_trend = any(value is not None for value in measure.trend)
    picture = spark(measure.trend, words, target=measure.target, is_paper=True) if has_trend else None
    return [
        shown.label,
        shown.value,
        _banded(shown.band if shown.band and measure.band else NOTHING, measure.band),
        shown.target or NOTHING,
        NOTHING if measure.before is None else shown.before,
        NOTHING if measure.year_before is None else shown.year_before,
        shown.basis,
        shown.interval or NOTHING,
        {"spark": picture, "alt": words} if picture else NOTHING,
    ]


def _months(card: Card, speaker: Speaker, said: Said) -> Part | None:
    """Twelve months as figures, for those who want to compare."""
    if not said:
        return None
    shown = figures.months(card.month, _TREND)
    columns = [
        column(speaker.say("Key figure"), 2.4),
        *(column(speaker.short_month(month), 1, is_number=True) for month in shown),
    ]
    heading = speaker.say("Twelve months, from {month} on", month=speaker.month(shown[0]))
    rows = ([one.label, *one.months] for one in said.values())
    return part(heading, table={**table_of(columns, rows), "is_small": True})


def _sites(card: Card, kpis: Kpis, speaker: Speaker) -> list[Part]:
    """Sites below each other, a few key figures abreast, as many tables as that takes."""
    labels, found = page.sites(card, kpis, speaker)
    tables = -(-len(labels) // _ABREAST)
    parts = []
    for start in range(0, len(labels), -(-len(labels) // tables) if tables else 1):
        end = start + -(-len(labels) // tables)
        columns = [
            column(speaker.say("Site"), 1.6),
            *(column(label, 1, is_number=True) for label in labels[start:end]),
        ]
        rows = [[site.name, *(_at_site(one) for one in site.cells[start:end])] for site in found]
        heading = speaker.say("Sites, continued") if start else speaker.say("Sites")
        parts.append(part(heading, table=table_of(columns, rows), level=3 if start else 2))
    return parts


def _at_site(cell: page.Cell | None) -> Cell:
    if cell is None:
        return NOTHING
    return {"words": cell.value, "band": cell.look} if cell.look in ("good", "warning", "bad") else cell.value


def _changes(card: Card, kpis: Kpis, speaker: Speaker) -> Part | None:
    if not card.changes:
        return None
    return part(speaker.say("Top changes"), table=_moves(card.changes, kpis, speaker))


def _restated(card: Card, kpis: Kpis, speaker: Speaker) -> Part | None:
    if not card.number:
        return None
    heading = speaker.say("What this restatement changes")
    reason = [f"{speaker.say('Reason')}: {plain(card.reason, 600)}"] if card.reason else []
    table = _moves(card.restated, kpis, speaker) if card.restated else None
    return part(heading, paragraphs=reason, table=table)


def _moves(changes: Iterable[Change | Restated], kpis: Kpis, speaker: Speaker) -> Part:
    columns = [
        column(speaker.say("Key figure"), 1.7),
        column(speaker.say("Site"), 1.2),
        column(speaker.say("Before"), 0.8, is_number=True),
        column(speaker.say("After"), 0.8, is_number=True),
        column(speaker.say("Change"), 0.9, is_number=True),
        column(speaker.say("Rows that moved it"), 3),
    ]
    rows = [
        [
            one.label,
            one.site or NOTHING,
            one.before,
            one.after,
            one.change or NOTHING,
            "; ".join((*one.rows, *([one.more] if one.more else ()))) or NOTHING,
        ]
        for one in page.moved(tuple(changes), kpis, speaker)
    ]
    return table_of(columns, rows)


def _shadow(card: Card, speaker: Speaker) -> Part | None:
    if not card.shadow:
        return None
    lines = []
    for line, examples in (page.shadow(one, speaker) for one in card.shadow):
        said = speaker.say("For example: {examples}", examples="; ".join(examples)) if examples else ""
        lines.append(f"{line} {said}".strip())
    return part(speaker.say("What a greater plan would have caught"), paragraphs=lines)


def _predictions(card: Card, speaker: Speaker) -> Part | None:
    if not card.predictions:
        return None
    lines = [sentences.predicted_line(one, speaker) for one in card.predictions]
    return part(speaker.say("How good we were"), paragraphs=lines)


def _vendors(card: Card, speaker: Speaker) -> Part | None:
    if not card.vendors:
        return None
    said = (page.vendor(one, speaker) for one in card.vendors)
    columns = [
        column(speaker.say("Vendor"), 2.6),
        column(speaker.say("Trade"), 1.2),
        column(speaker.say("Grade"), 0.6),
        column(speaker.say("Score (95 % interval)"), 1.3, is_number=True),
        column(speaker.say("Jobs"), 0.7, is_number=True),
    ]
    rows = ([one.name, one.trade, one.grade, one.score, one.jobs] for one in said)
    return part(speaker.say("Vendors"), table=table_of(columns, rows))


def _definitions(card: Card, kpis: Kpis, speaker: Speaker) -> Part | None:
    shown = [kpis[one.kpi] for one in card.measures if one.kpi in kpis]
    if not shown:
        return None
    rows = []
    for kpi in shown:
        parts = ((name, speaker.say(text)) for name, text in page.definition(kpi, speaker) if text)
        rows.append([speaker.say(kpi.label), " ".join(f"{name}: {_stopped(text)}" for name, text in parts)])
    columns = [column(speaker.say("Key figure"), 1), column(speaker.say("How it is computed"), 4.4)]
    return part(speaker.say("Definitions"), table=table_of(columns, rows))


def _stopped(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _origin(card: Card, speaker: Speaker) -> Part:
    origin = card.origin
    lines = [
        speaker.say(
            "Made by OpsGuard {code} of what was recorded up to {recorded}; what is open or likely is of {as_of}.",
            code=plain(origin.code),
            recorded=speaker.instant(origin.recorded_upto),
            as_of=speaker.instant(origin.as_of),
        )
    ]
    if origin.models:
        lines.append(speaker.say("Models at the end of the month: {all}", all=_listed(origin.models)))
    if origin.versions:
        lines.append(speaker.say("Versions of tables: {all}", all=_listed(origin.versions)))
    lines.append(
        speaker.say(
            "The book and the figures are attached to this document. The SHA-256 of the attached figures is the one in "
            "the foot of each page."
        )
    )
    return part(speaker.say("Of what this was made"), paragraphs=lines)


def _listed(held: Mapping[str, object]) -> str:
    return ", ".join(f"{plain(name)} {value}" for name, value in sorted(held.items()))
