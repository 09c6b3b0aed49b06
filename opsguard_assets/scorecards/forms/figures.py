"""One key figure of a card as words: its value, of how many, its band, how it moved.

Here: texts of a `Measure`, the same in every form. Not here: whole sentences about the card (`headline`, `sentences`).
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from opsguard_assets.scorecards.card.card import Measure
from opsguard_assets.scorecards.forms.spoken import Speaker
from opsguard_assets.scorecards.forms.terms import BANDS, MISSING, NO_DATA, REASONS, term
from opsguard_assets.scorecards.kpis.kpi import Kpi
from opsguard_assets.tables.months import month_after, months_to

Kpis = Mapping[str, Kpi]


def label(measure: Measure, kpi: Kpi, speaker: Speaker) -> str:
    """What it is called; with its own month where it is complete later than the card, with `per` where it has one."""
    name = speaker.say(kpi.label)
    return speaker.say("{name} per {per}", name=name, per=speaker.number(Decimal(measure.per))) if measure.per else name


def value(measure: Measure, kpi: Kpi, speaker: Speaker) -> str:
    """The figure, or "no data"."""
    if measure.value is None:
        return speaker.say(NO_DATA)
    return speaker.figure(measure.value, kpi.unit, measure.target)


def target(measure: Measure, kpi: Kpi, speaker: Speaker) -> str | None:
    """The target with its direction: at least or at most."""
    if measure.target is None:
        return None
    return f"{'≥' if kpi.is_better == 'higher' else '≤'}\N{NO-BREAK SPACE}{_bare(measure.target, kpi, speaker)}"


def _bare(figure: Decimal, kpi: Kpi, speaker: Speaker) -> str:
    return speaker.figure(figure, kpi.unit)


def band(measure: Measure, speaker: Speaker) -> str | None:
    """The band in words; None where the figure is not judged."""
    if measure.value is None:
        return speaker.say(NO_DATA)
    return speaker.say(BANDS[measure.band]) if measure.band else None


def basis(measure: Measure, kpi: Kpi, speaker: Speaker) -> str:
    """Of how many it is: "84 of 90" or "12 devices" for shares, "of 90" for counts, else "n = 90"."""
    total = speaker.number(measure.denominator)
    if kpi.aggregate == "share":
        # Minutes tell no reader how much there is behind a figure; devices do.
        if measure.clusters is not None:
            return speaker.count("{number} device", "{number} devices", measure.clusters)
        return speaker.say("{part} of {total}", part=speaker.number(measure.numerator), total=total)
    return speaker.say("of {total}", total=total) if kpi.aggregate == "count" else f"n = {total}"


def interval(measure: Measure, kpi: Kpi, speaker: Speaker) -> str | None:
    """The 95 % interval of a share."""
    if measure.low is None or measure.high is None:
        return None
    return speaker.interval(measure.low, measure.high, kpi.unit)


def why_missing(measure: Measure, speaker: Speaker) -> str | None:
    """Why there is no figure."""
    return term(speaker.words, MISSING, measure.missing) if measure.value is None and measure.missing else None


def excluded(measure: Measure, speaker: Speaker) -> str | None:
    """What is not counted, by reason."""
    parts = [
        f"{speaker.number(Decimal(one.rows))} {term(speaker.words, REASONS, one.reason)}" for one in measure.excluded
    ]
    return ", ".join(parts) or None


def moved(measure: Measure, before: Decimal | None, kpi: Kpi, speaker: Speaker) -> str | None:
    """The change since an earlier month; None where one of both has no figure."""
    if measure.value is None or before is None:
        return None
    return speaker.difference(measure.value, before, kpi.unit)


def direction(measure: Measure, before: Decimal | None, kpi: Kpi, speaker: Speaker) -> str | None:
    """Whether it got better or worse since an earlier month."""
    if measure.value is None or before is None:
        return None
    if measure.value == before:
        return speaker.say("unchanged")
    is_better = (measure.value > before) == (kpi.is_better == "higher")
    return speaker.say("better") if is_better else speaker.say("worse")


def months(last: date, number: int) -> list[date]:
    """So many months to the last one, oldest first."""
    return months_to(month_after(last, 1 - number), last)


def trend(measure: Measure, kpi: Kpi, speaker: Speaker) -> str:
    """A trend in words, for those who do not see its picture."""
    known = [one for one in measure.trend if one is not None]
    name = label(measure, kpi, speaker)
    if not known:
        return speaker.say("{name}: no data in these months", name=name)
    shown = months(measure.month, len(measure.trend))
    text = speaker.say(
        "{name} from {first} to {last}: least {least}, most {most}",
        name=name,
        first=speaker.month(shown[0]),
        last=speaker.month(shown[-1]),
        least=speaker.figure(min(known), kpi.unit, measure.target),
        most=speaker.figure(max(known), kpi.unit, measure.target),
    )
    if measure.target is not None:
        text += speaker.say(", target {target}", target=_bare(measure.target, kpi, speaker))
    if gaps := len(measure.trend) - len(known):
        text += speaker.count(", {number} month without data", ", {number} months without data", gaps)
    return text
