"""The parts of the printed scorecard below its figures: headings, paragraphs and tables as data.

Here: which parts there are, and what each says. Not here: the first page (`paper`), sentences (`sentences`).
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from opsguard_assets.scorecards.card.card import Card, Measure
from opsguard_assets.scorecards.forms import figures, sentences
from opsguard_assets.scorecards.forms.figures import Kpis
from opsguard_assets.scorecards.forms.headline import advice
from opsguard_assets.scorecards.forms.language import plain
from opsguard_assets.scorecards.forms.spark import spark
from opsguard_assets.scorecards.forms.spoken import Speaker
from opsguard_assets.scorecards.forms.terms import ACTIONS, KINDS, SECTIONS, term
from opsguard_assets.scorecards.kpis.kpi import Kpi

Part = dict[str, Any]
# A text, a picture with its words, or a figure with its band.
Cell = str | dict[str, Any]
Column = dict[str, Any]
NONE: Final = "\N{EN DASH}"
# How many key figures stand side by side by site, and how many rows are named for a change.
_ABREAST, _NAMED = 6, 5


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


def sections(card: Card, kpis: Kpis, speaker: Speaker) -> list[Part]:
    """All that follows: figures by section, sites, months, vendors, definitions, of what it was made."""
    return _present(
        *_figures(card, kpis, speaker),
        *_sites(card, kpis, speaker),
        _months(card, kpis, speaker),
        _vendors(card, speaker),
        _definitions(card, kpis, speaker),
        _origin(card, speaker),
    )


def _present(*parts: Part | None) -> list[Part]:
    return [part for part in parts if part is not None]


def _part(
    heading: str,
    *,
    paragraphs: Iterable[str] = (),
    lead: str | None = None,
    table: Part | None = None,
    notes: Iterable[str] = (),
    level: int = 2,
) -> Part:
    return {
        "heading": heading,
        "level": level,
        "lead": lead,
        "paragraphs": list(paragraphs),
        "table": table,
        "notes": list(notes),
    }


def _column(head: str, width: float | None = None, *, is_number: bool = False) -> Column:
    """A column; its width is a share of what is left, None as wide as its words."""
    return {"head": head, "width": width, "is_number": is_number}


def _table(columns: Iterable[Column], rows: Iterable[Iterable[Cell]]) -> Part:
    return {"columns": list(columns), "rows": [list(row) for row in rows]}


def _banded(words: str, measure: Measure) -> Cell:
    return {"words": words, "band": measure.band} if measure.band else words


def _or_none(words: str | None) -> str:
    return words or NONE


def _bare(value: Decimal | None, kpi: Kpi, speaker: Speaker) -> str:
    return NONE if value is None else speaker.figure(value, kpi.unit)


def _value(card: Card, speaker: Speaker) -> Part | None:
    if not card.value:
        return None
    total = sentences.total(card)
    lead = speaker.say("{money} in an average month", money=speaker.about(total)) if total is not None else None
    notes = []
    if lead:
        notes.append(speaker.say("Estimates, and effects that may be none, are not in the total."))
    if any(one.method == "measured" for one in card.value):
        notes.append(speaker.say(sentences.CAVEAT))
    lines = [sentences.value_line(one, card, speaker) for one in card.value]
    return _part(speaker.say("What acting was worth"), lead=lead, paragraphs=lines, notes=notes)


def _likely(card: Card, speaker: Speaker) -> Part | None:
    heading = speaker.say("What is likely to go wrong next")
    if not card.likely:
        return _part(heading, paragraphs=[speaker.say("Nothing is announced.")])
    rows = [
        [
            f"{term(speaker.words, KINDS, risk.kind)}: {plain(risk.name)}",
            plain(risk.site) if risk.site else NONE,
            speaker.share(risk.probability) if risk.probability is not None else speaker.say("certain"),
            speaker.clock(risk.by) if risk.by else NONE,
            term(speaker.words, ACTIONS, risk.action),
        ]
        for risk in card.likely
    ]
    columns = [
        _column(speaker.say("What"), 2.6),
        _column(speaker.say("Site"), 1.2),
        _column(speaker.say("Chance"), is_number=True),
        _column(speaker.say("By"), 1.1),
        _column(speaker.say("What to do"), 1.6),
    ]
    return _part(heading, table=_table(columns, rows))


def _advice(card: Card, kpis: Kpis, speaker: Speaker) -> Part | None:
    found = advice(card, kpis, speaker)
    return _part(speaker.say("What to do"), paragraphs=found) if found else None


def _figures(card: Card, kpis: Kpis, speaker: Speaker) -> list[Part]:
    parts = []
    for section, name in SECTIONS.items():
        measures = [one for one in card.measures if one.kpi in kpis and kpis[one.kpi].section == section]
        if measures:
            rows = [_figure_row(one, kpis[one.kpi], speaker) for one in measures]
            notes = [_note(one, kpis[one.kpi], speaker) for one in measures]
            table = _table(_figure_columns(speaker), rows)
            parts.append(_part(speaker.say(name), table=table, notes=[note for note in notes if note]))
    return parts


def _figure_columns(speaker: Speaker) -> list[Column]:
    return [
        _column(speaker.say("Key figure"), 2.2),
        _column(speaker.say("Value"), 1, is_number=True),
        _column(speaker.say("Standing"), 1.25),
        _column(speaker.say("Target"), 1.15),
        _column(speaker.say("Basis"), 1.35, is_number=True),
        _column(speaker.say("95 % interval"), 1.25),
        _column(speaker.say("Month before"), 0.95, is_number=True),
        _column(speaker.say("Year before"), 0.95, is_number=True),
        _column(speaker.say("12 months"), 1.5),
    ]


def _figure_row(measure: Measure, kpi: Kpi, speaker: Speaker) -> list[Cell]:
    words = figures.trend(measure, kpi, speaker)
    has_trend = any(value is not None for value in measure.trend)
    picture = spark(measure.trend, words, target=measure.target, is_paper=True) if has_trend else None
    return [
        figures.label(measure, kpi, speaker),
        figures.value(measure, kpi, speaker),
        _banded(_or_none(figures.band(measure, speaker) if measure.band else None), measure),
        _or_none(figures.target(measure, kpi, speaker)),
        figures.basis(measure, kpi, speaker),
        _or_none(figures.interval(measure, kpi, speaker)),
        _bare(measure.before, kpi, speaker),
        _bare(measure.year_before, kpi, speaker),
        {"spark": picture, "alt": words} if picture else NONE,
    ]


def _note(measure: Measure, kpi: Kpi, speaker: Speaker) -> str | None:
    """What a reader of the figure has to know: why there is none, what is not counted, until when it is known."""
    left_out = figures.excluded(measure, speaker)
    said = [
        figures.why_missing(measure, speaker),
        speaker.say("not counted: {rows}", rows=left_out) if left_out else None,
        speaker.say("data through {when}", when=speaker.clock(measure.data_through)) if measure.data_through else None,
        speaker.say("provisional") if measure.is_provisional else None,
    ]
    whole = "; ".join(one for one in said if one)
    return f"{figures.label(measure, kpi, speaker)}: {whole}." if whole else None


def _sites(card: Card, kpis: Kpis, speaker: Speaker) -> list[Part]:
    """Sites below each other, a few key figures abreast, as many tables as that takes."""
    known = [one.kpi for one in card.measures if one.kpi in kpis]
    shown = [name for name in known if any(one.kpi == name for site in card.sites for one in site.measures)]
    tables = -(-len(shown) // _ABREAST)
    abreast = -(-len(shown) // tables) if tables else 1
    parts = []
    for start in range(0, len(shown), abreast):
        names = shown[start : start + abreast]
        columns = [
            _column(speaker.say("Site"), 1.6),
            *(_column(speaker.say(kpis[name].label), 1, is_number=True) for name in names),
        ]
        rows = []
        for site in card.sites:
            by_name = {one.kpi: one for one in site.measures}
            rows.append([plain(site.name), *(_at_site(by_name, kpis[name], speaker) for name in names)])
        heading = speaker.say("Sites") if not start else speaker.say("Sites, continued")
        parts.append(_part(heading, table=_table(columns, rows), level=2 if not start else 3))
    return parts


def _at_site(measures: Mapping[str, Measure], kpi: Kpi, speaker: Speaker) -> Cell:
    measure = measures.get(kpi.name)
    if measure is None or measure.value is None:
        return NONE
    return _banded(figures.value(measure, kpi, speaker), measure)


def _months(card: Card, kpis: Kpis, speaker: Speaker) -> Part | None:
    """Twelve months as figures, for those who want to add."""
    measures = [one for one in card.measures if one.kpi in kpis and one.trend]
    if not measures:
        return None
    number = max(len(one.trend) for one in measures)
    months = figures.months(card.month, number)
    columns = [
        _column(speaker.say("Key figure"), 2.4),
        *(_column(speaker.short_month(month), 1, is_number=True) for month in months),
    ]
    rows = []
    for one in measures:
        own = dict(zip(figures.months(one.month, len(one.trend)), one.trend, strict=True))
        cells = [_bare(own.get(month), kpis[one.kpi], speaker) for month in months]
        rows.append([figures.label(one, kpis[one.kpi], speaker), *cells])
    return _part(
        speaker.say("{number} months to {month}", number=number, month=speaker.month(card.month)),
        table={**_table(columns, rows), "is_small": True},
    )


def _changes(card: Card, kpis: Kpis, speaker: Speaker) -> Part | None:
    rows = _moves(card.changes, kpis, speaker)
    if not rows:
        return None
    return _part(speaker.say("What changed most since the month before"), table=_table(_move_columns(speaker), rows))


def _restated(card: Card, kpis: Kpis, speaker: Speaker) -> Part | None:
    if not card.number:
        return None
    heading = speaker.say("What this restatement changed")
    paragraphs = [speaker.say("Reason: {reason}", reason=plain(card.reason))] if card.reason else []
    rows = _moves(card.restated, kpis, speaker)
    if not rows:
        return _part(heading, paragraphs=[*paragraphs, speaker.say("No figure changed.")])
    return _part(heading, paragraphs=paragraphs, table=_table(_move_columns(speaker), rows))


def _move_columns(speaker: Speaker) -> list[Column]:
    return [
        _column(speaker.say("Key figure"), 1.7),
        _column(speaker.say("Site"), 1.2),
        _column(speaker.say("Before"), 0.8, is_number=True),
        _column(speaker.say("After"), 0.8, is_number=True),
        _column(speaker.say("Rows behind it"), 3),
    ]


def _moves(moves: Iterable[Any], kpis: Kpis, speaker: Speaker) -> list[list[Cell]]:
    """Rows of what moved: of `Change` or `Restated`, which are alike."""
    rows: list[list[Cell]] = []
    for move in moves:
        if move.kpi not in kpis:
            continue
        kpi = kpis[move.kpi]
        named = ", ".join(plain(row) for row in move.rows[:_NAMED])
        if (more := len(move.rows) - _NAMED) > 0:
            named += speaker.count(" and {number} more", " and {number} more", more)
        rows.append(
            [
                speaker.say(kpi.label),
                plain(move.site) if move.site else speaker.say("all sites"),
                _bare(move.before, kpi, speaker),
                _bare(move.after, kpi, speaker),
                named or NONE,
            ]
        )
    return rows


def _shadow(card: Card, speaker: Speaker) -> Part | None:
    if not card.shadow:
        return None
    lines = []
    for one in card.shadow:
        examples = ", ".join(plain(example) for example in one.examples[:_NAMED])
        line = sentences.shadow_line(one, speaker)
        lines.append(f"{line} " + speaker.say("Among them: {examples}.", examples=examples) if examples else line)
    return _part(speaker.say("What a greater plan would have sent"), paragraphs=lines)


def _predictions(card: Card, speaker: Speaker) -> Part | None:
    if not card.predictions:
        return None
    lines = [sentences.predicted_line(one, speaker) for one in card.predictions]
    return _part(speaker.say("How good predictions were"), paragraphs=lines)


def _vendors(card: Card, speaker: Speaker) -> Part | None:
    if not card.vendors:
        return None
    rows = [
        [
            plain(one.name),
            plain(one.trade) if one.trade else NONE,
            one.grade or NONE,
            NONE if one.score is None else speaker.number(one.score, 1),
            NONE if one.low is None or one.high is None else speaker.interval(one.low, one.high),
            speaker.number(Decimal(one.jobs)),
        ]
        for one in card.vendors
    ]
    columns = [
        _column(speaker.say("Vendor"), 2.4),
        _column(speaker.say("Trade"), 1.2),
        _column(speaker.say("Grade"), 0.6),
        _column(speaker.say("Score"), 0.7, is_number=True),
        _column(speaker.say("95 % interval"), 1),
        _column(speaker.say("Jobs"), 0.7, is_number=True),
    ]
    return _part(speaker.say("Vendors of all clients"), table=_table(columns, rows))


def _definitions(card: Card, kpis: Kpis, speaker: Speaker) -> Part | None:
    shown = [kpis[one.kpi] for one in card.measures if one.kpi in kpis]
    if not shown:
        return None
    rows = [[speaker.say(kpi.label), definition(kpi, speaker)] for kpi in shown]
    columns = [_column(speaker.say("Key figure"), 1), _column(speaker.say("How it is computed"), 4.4)]
    return _part(speaker.say("Definitions"), table=_table(columns, rows))


def definition(kpi: Kpi, speaker: Speaker) -> str:
    """All that the registry says of a key figure, in one paragraph."""
    said = (
        ("{text}", kpi.formula),
        ("Counted: {text}", kpi.population),
        ("In the month: {text}", kpi.membership),
        ("Left out: {text}", kpi.exclusions),
        ("No data: {text}", kpi.no_data),
        ("Source: {text}", kpi.source),
    )
    return " ".join(_stopped(speaker.say(frame, text=speaker.say(text))) for frame, text in said if text)


def _stopped(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _origin(card: Card, speaker: Speaker) -> Part:
    origin = card.origin
    lines = [
        speaker.say(
            "Made by OpsGuard {code} of what was recorded up to {recorded}; what is open or likely is of {as_of}.",
            code=origin.code,
            recorded=speaker.instant(origin.recorded_upto),
            as_of=speaker.instant(origin.as_of),
        )
    ]
    if origin.models:
        models = ", ".join(f"{name} {version}" for name, version in origin.models.items())
        lines.append(speaker.say("Models at the end of the month: {models}.", models=models))
    if origin.versions:
        versions = ", ".join(f"{name} {version}" for name, version in origin.versions.items())
        lines.append(speaker.say("Versions of tables: {versions}.", versions=versions))
    lines.append(
        speaker.say(
            "The book and the figures are attached to this document. The SHA-256 of the attached figures is the one in "
            "the foot of each page."
        )
    )
    return _part(speaker.say("Of what this was made"), paragraphs=lines)
