"""The parts of a card as a page shows them: every figure already in words.

Here: which texts stand together. Not here: their place and look (templates), single figures (`figures`), sentences.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from opsguard_assets.scorecards.card.card import Card, Change, Measure, Restated, Risk, Shadow, Value, Vendor
from opsguard_assets.scorecards.card.returns import counts_in_total
from opsguard_assets.scorecards.forms import figures, sentences
from opsguard_assets.scorecards.forms.figures import Kpis
from opsguard_assets.scorecards.forms.headline import furthest_first
from opsguard_assets.scorecards.forms.language import plain
from opsguard_assets.scorecards.forms.spark import plot, spark
from opsguard_assets.scorecards.forms.spoken import Speaker
from opsguard_assets.scorecards.forms.terms import ITEMS, KINDS, MARKS, METHODS, NO_DATA, NOTHING, SECTIONS, term
from opsguard_assets.scorecards.kpis.kpi import Kpi

# Rows that are shown of a change, and examples of what a greater plan had sent.
_ROWS = 5
_PLOTS = 3
# Minutes that nobody reads as such: those of two hours and more.
_LONG = 120


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A key figure in words.

    Attributes:
        name: In the registry.
        label: What it is called.
        value: With its unit, or "no data".
        look: good, warning, bad, none (no data) or unjudged.
        mark: The shape of its band.
        band: Its band in words; None where it is not judged.
        target: With its direction.
        basis: Of how many.
        interval: 95 %, of shares.
        before: The month before.
        moved: The change since then, and whether that is better.
        year_before: The same month a year before.
        notes: What else has to be said: why there is no figure, its own month, that it is provisional.
        excluded: What is not counted.
        picture: The last twelve months as SVG.
        months: The same as texts, oldest first.
    """

    name: str
    label: str
    value: str
    look: str
    mark: str
    band: str | None
    target: str | None
    basis: str
    interval: str | None
    before: str
    moved: str | None
    year_before: str
    notes: tuple[str, ...]
    excluded: str | None
    picture: str
    months: tuple[str, ...]


def plots(card: Card, kpis: Kpis, speaker: Speaker) -> tuple[str, ...]:
    """The trends of the figures that miss their targets most, as pictures."""
    shown = [one for one in furthest_first(card, kpis) if sum(value is not None for value in one.trend) > 1]
    return tuple(_plot(one, kpis[one.kpi], speaker) for one in shown[:_PLOTS])


def _plot(measure: Measure, kpi: Kpi, speaker: Speaker) -> str:
    known = [one for one in (*measure.trend, measure.target) if one is not None]
    return plot(
        measure.trend,
        figures.trend(measure, kpi, speaker),
        heading=figures.label(measure, kpi, speaker),
        names=[speaker.short_month(one) for one in figures.months(measure.month, len(measure.trend))],
        ends=(speaker.figure(min(known), kpi.unit), speaker.figure(max(known), kpi.unit)),
        target=measure.target,
    )


@dataclass(frozen=True)
class Group:
    """The key figures of one section."""

    title: str
    figures: tuple[Figure, ...]


def figure(measure: Measure, card: Card, kpi: Kpi, speaker: Speaker) -> Figure:
    """One key figure in words."""
    moved = [
        text
        for tell in (figures.moved, figures.direction)
        if (text := tell(measure, measure.before, kpi, speaker)) is not None
    ]
    return Figure(
        name=measure.kpi,
        label=figures.label(measure, kpi, speaker),
        value=figures.value(measure, kpi, speaker),
        look=_look(measure),
        mark=_mark(measure),
        band=figures.band(measure, speaker),
        target=figures.target(measure, kpi, speaker),
        basis=figures.basis(measure, kpi, speaker),
        interval=figures.interval(measure, kpi, speaker),
        before=_shown(measure.before, measure, kpi, speaker) or speaker.say(NO_DATA),
        moved=", ".join(moved) or None,
        year_before=_shown(measure.year_before, measure, kpi, speaker) or speaker.say(NO_DATA),
        notes=_notes(measure, card, kpi, speaker),
        excluded=figures.excluded(measure, speaker),
        picture=spark(measure.trend, figures.trend(measure, kpi, speaker), target=measure.target),
        months=tuple(
            _shown(one, measure, kpi, speaker) or NOTHING
            for one in (None,) * (12 - len(measure.trend)) + measure.trend[-12:]
        ),
    )


def _look(measure: Measure) -> str:
    return "none" if measure.value is None else measure.band or "unjudged"


def _mark(measure: Measure) -> str:
    return "" if measure.value is not None and measure.band is None else MARKS[measure.band]


def _shown(value: Decimal | None, measure: Measure, kpi: Kpi, speaker: Speaker) -> str | None:
    """A figure of another month, against the same target."""
    return None if value is None else speaker.figure(value, kpi.unit, measure.target)


def _notes(measure: Measure, card: Card, kpi: Kpi, speaker: Speaker) -> tuple[str, ...]:
    found = [why] if (why := figures.why_missing(measure, speaker)) else []
    if kpi.unit == "minutes" and measure.value is not None and measure.value >= _LONG:
        found.append(speaker.say("that is {duration}", duration=speaker.duration(measure.value)))
    if measure.month != card.month:
        found.append(speaker.say("of {month}", month=speaker.month(measure.month)))
    if measure.is_provisional and not card.is_provisional:
        found.append(speaker.say("provisional"))
    return tuple(found)


def every_figure(card: Card, kpis: Kpis, speaker: Speaker) -> Mapping[str, Figure]:
    """All key figures of the card in words, by name, in its order."""
    return {one.kpi: figure(one, card, kpis[one.kpi], speaker) for one in card.measures if one.kpi in kpis}


def groups(said: Mapping[str, Figure], kpis: Kpis, speaker: Speaker) -> tuple[Group, ...]:
    """The key figures by section, in the order of sections."""
    return tuple(
        Group(speaker.say(title), held)
        for section, title in SECTIONS.items()
        if (held := tuple(one for name, one in said.items() if kpis[name].section == section))
    )


@dataclass(frozen=True, kw_only=True)
class Worth:
    """Something that acting was worth, in words."""

    item: str
    method: str
    window: str
    count: str
    interval: str
    monthly: str
    money: str
    is_bold: bool


def worth(value: Value, card: Card, speaker: Speaker) -> Worth:
    """One line of value."""
    is_counted = counts_in_total(value)
    has_ends = value.low is not None and value.high is not None
    return Worth(
        item=term(speaker.words, ITEMS, value.item),
        method=term(speaker.words, METHODS, value.method),
        window=sentences.period(value, card, speaker),
        count=_number(value.count, speaker),
        interval=speaker.interval(value.low or Decimal(0), value.high or Decimal(0)) if has_ends else NOTHING,
        monthly=_number(value.monthly, speaker),
        money=speaker.money(value.money) if value.money is not None and is_counted else NOTHING,
        is_bold=is_counted,
    )


def _number(number: Decimal | None, speaker: Speaker) -> str:
    if number is None:
        return NOTHING
    return speaker.number(number, 0 if number == number.to_integral_value() else 1)


@dataclass(frozen=True, kw_only=True)
class Likely:
    """Something that is likely to go wrong next, in words."""

    kind: str
    name: str
    site: str
    chance: str
    by: str


def likely(risk: Risk, speaker: Speaker) -> Likely:
    """One risk."""
    return Likely(
        kind=term(speaker.words, KINDS, risk.kind),
        name=plain(risk.name),
        site=plain(risk.site) if risk.site else NOTHING,
        chance=speaker.share(risk.probability) if risk.probability is not None else speaker.say("known"),
        by=speaker.clock(risk.by) if risk.by else NOTHING,
    )


@dataclass(frozen=True, kw_only=True)
class Moved:
    """A figure that changed, with the rows that changed it."""

    label: str
    site: str | None
    before: str
    after: str
    change: str | None
    rows: tuple[str, ...]
    more: str | None


def moved(changes: Sequence[Change | Restated], kpis: Kpis, speaker: Speaker) -> tuple[Moved, ...]:
    """Changes in words; those of figures that nobody knows any longer are named by their code."""
    return tuple(_moved(one, kpis.get(one.kpi), speaker) for one in changes)


def _moved(change: Change | Restated, kpi: Kpi | None, speaker: Speaker) -> Moved:
    before, after = (
        speaker.say(NO_DATA) if one is None else speaker.figure(one, kpi.unit) if kpi else str(one)
        for one in (change.before, change.after)
    )
    has_both = kpi is not None and change.before is not None and change.after is not None
    more = len(change.rows) - _ROWS
    return Moved(
        label=speaker.say(kpi.label) if kpi else plain(change.kpi),
        site=plain(change.site) if change.site else None,
        before=before,
        after=after,
        change=speaker.difference(change.after, change.before, kpi.unit) if has_both else None,  # type: ignore[union-attr,arg-type]
        rows=tuple(plain(row) for row in change.rows[:_ROWS]),
        more=speaker.count("{number} more", "{number} more", more) if more > 0 else None,
    )


@dataclass(frozen=True)
class Cell:
    """A key figure of a site: its value, and its band in words, by its mark and by its look."""

    value: str
    band: str
    mark: str
    look: str


@dataclass(frozen=True)
class Site:
    """The key figures of one site, one per column; None where it has none."""

    name: str
    cells: tuple[Cell | None, ...]


def sites(card: Card, kpis: Kpis, speaker: Speaker) -> tuple[tuple[str, ...], tuple[Site, ...]]:
    """The labels of the figures that any site has, and the sites with theirs."""
    held = {one.kpi for site in card.sites for one in site.measures}
    columns = [one for one in card.measures if one.kpi in held and one.kpi in kpis]
    found = []
    for site in card.sites:
        cells = {one.kpi: _cell(one, kpis[one.kpi], speaker) for one in site.measures if one.kpi in kpis}
        found.append(Site(plain(site.name), tuple(cells.get(column.kpi) for column in columns)))
    return tuple(figures.label(one, kpis[one.kpi], speaker) for one in columns), tuple(found)


def _cell(measure: Measure, kpi: Kpi, speaker: Speaker) -> Cell:
    return Cell(
        figures.value(measure, kpi, speaker),
        figures.band(measure, speaker) or speaker.say("not judged"),
        _mark(measure),
        _look(measure),
    )


def shadow(one: Shadow, speaker: Speaker) -> tuple[str, tuple[str, ...]]:
    """What a greater plan had sent, and examples."""
    return sentences.shadow_line(one, speaker), tuple(plain(example) for example in one.examples[:_ROWS])


@dataclass(frozen=True)
class Supplier:
    """A vendor on the provider's own card, in words."""

    name: str
    trade: str
    grade: str
    score: str
    jobs: str


def vendor(one: Vendor, speaker: Speaker) -> Supplier:
    """One vendor; without a score where it had too few jobs."""
    score = NOTHING if one.score is None else speaker.number(one.score)
    if one.low is not None and one.high is not None:
        score += f" ({speaker.interval(one.low, one.high)})"
    return Supplier(
        plain(one.name), plain(one.trade or NOTHING), one.grade or NOTHING, score, speaker.number(Decimal(one.jobs))
    )


def definition(kpi: Kpi, speaker: Speaker) -> tuple[tuple[str, str], ...]:
    """How a key figure is defined: what each part is called, and its text."""
    return (
        (speaker.say("Formula"), kpi.formula),
        (speaker.say("Counted"), kpi.population),
        (speaker.say("In the month by"), kpi.membership),
        (speaker.say("Left out"), kpi.exclusions),
        (speaker.say("No data"), kpi.no_data),
        (speaker.say("Source"), kpi.source),
    )
