"""The month in one sentence, and what to do, from a card by rules.

Here: which figures are named and which advice follows. Not here: words for single figures (`figures`).
"""

from collections.abc import Callable, Mapping
from decimal import Decimal

from opsguard_assets.scorecards.card.card import Card, Measure, Risk
from opsguard_assets.scorecards.forms import figures
from opsguard_assets.scorecards.forms.figures import Kpis
from opsguard_assets.scorecards.forms.language import msgid
from opsguard_assets.scorecards.forms.spoken import Speaker
from opsguard_assets.scorecards.forms.terms import ACTIONS
from opsguard_assets.scorecards.kpis.kpi import Kpi

# The key figures of the first page, and how many pieces of advice.
ANSWERS = (
    "sla_performance", "attendance_compliance", "tour_coverage", "work_order_backlog", "helpdesk_sentiment",
    "auto_resolution", "device_uptime", "incident_response", "geofence_violations", "tickets_at_risk",
    "critical_security_events", "planned_maintenance",
)  # fmt: skip
MOST = 4
# What to do about a key figure that misses its target, by section.
ADVICE = {
    "operations": msgid("agree with the site managers which work comes first"),
    "quality": msgid("go through the worst cases with the client"),
    "risk": msgid("look at the rows behind it this week"),
    "shifts": msgid("check rosters and substitutes of the posts concerned"),
    "devices": msgid("have the devices that are silent most inspected"),
    "vendors": msgid("take it up with the vendors concerned"),
    "remediation": msgid("check which playbooks wait for approval"),
    "predictions": msgid("treat announcements with care until they are reliable again"),
}


def first(card: Card, kpis: Kpis) -> tuple[Measure, ...]:
    """The key figures of the first page: ANSWERS, then others of the card while there is room for them."""
    known = {one.kpi: one for one in card.measures if one.kpi in kpis}
    chosen = [name for name in ANSWERS if name in known]
    others = [name for name in known if name not in ANSWERS]
    return tuple(known[name] for name in [*chosen, *others][: len(ANSWERS)])


def headline(card: Card, kpis: Kpis, speaker: Speaker) -> str:
    """The month in one sentence: how many figures are on target, and which one is furthest off."""
    judged = [one for one in card.measures if one.band and one.value is not None and one.kpi in kpis]
    if not judged:
        return speaker.say("No key figure can be judged: there are no data, or no targets.")
    good = sum(one.band == "good" for one in judged)
    if good == len(judged):
        return speaker.count(
            "The one key figure with data is on target.", "All {number} key figures are on target.", good
        )
    worst = furthest_first(card, kpis)[0]
    shown = {
        "good": speaker.number(Decimal(good)),
        "label": figures.label(worst, kpis[worst.kpi], speaker),
        "value": figures.value(worst, kpis[worst.kpi], speaker),
        "target": figures.target(worst, kpis[worst.kpi], speaker) or "",
    }
    if worst.band == "bad":
        return speaker.count(
            "The one key figure with data is off target: {label}, {value}; target {target}.",
            "{good} of {number} key figures are on target; furthest off: {label}, {value}; target {target}.",
            len(judged),
            **shown,
        )
    return speaker.count(
        "The one key figure with data needs watching: {label}, {value}; target {target}.",
        "{good} of {number} key figures are on target, none is far off; to watch: {label}, {value}; target {target}.",
        len(judged),
        **shown,
    )


def furthest_first(card: Card, kpis: Kpis) -> tuple[Measure, ...]:
    """The figures that miss their targets: bad ones first, then by how far; of equal ones in the card's order."""
    missed = [one for one in card.measures if one.band in ("bad", "warning") and one.kpi in kpis]
    return tuple(sorted(missed, key=lambda one: (one.band == "bad", gap(one, kpis[one.kpi])), reverse=True))


def gap(measure: Measure, kpi: Kpi) -> Decimal:
    """How far a figure misses its target, in widths of its warning band; 0 without a figure or a target."""
    if measure.value is None or measure.target is None:
        return Decimal(0)
    missed = measure.target - measure.value if kpi.is_better == "higher" else measure.value - measure.target
    width = abs(kpi.band.good - kpi.band.warning) if kpi.band else abs(measure.target)
    return max(missed, Decimal(0)) / (width or Decimal(1))


def advice(card: Card, kpis: Kpis, speaker: Speaker) -> tuple[str, ...]:
    """What to do: about what is likely next, then about the figures that miss their targets most."""
    found = [
        _of_kind(kind, [risk for risk in card.likely if risk.kind == kind], speaker)
        for kind in dict.fromkeys(risk.kind for risk in card.likely)
        if kind in LIKELY
    ]
    for one in furthest_first(card, kpis):
        kpi = kpis[one.kpi]
        text = speaker.say(ADVICE[kpi.section])
        found.append(
            speaker.say(
                "{label} ({value}): {advice}.",
                label=figures.label(one, kpi, speaker),
                value=figures.value(one, kpi, speaker),
                advice=text,
            )
        )
    return tuple(found[:MOST])


def _of_kind(kind: str, risks: list[Risk], speaker: Speaker) -> str:
    whole = LIKELY[kind](speaker, len(risks))
    if due := [risk.by for risk in risks if risk.by]:
        first_one = speaker.say(", the first by {when}", when=speaker.clock(min(due)))
        whole += first_one if len(risks) > 1 else speaker.say(" by {when}", when=speaker.clock(due[0]))
    actions = list(dict.fromkeys(risk.action for risk in risks if risk.action in ACTIONS))
    if not actions:
        return f"{whole}."
    return f"{whole}: {speaker.say(ACTIONS[actions[0]])}."


LIKELY: Mapping[str, Callable[[Speaker, int], str]] = {
    "ticket": lambda speaker, number: speaker.count(
        "{number} ticket is likely to miss its deadline", "{number} tickets are likely to miss their deadlines", number
    ),
    "device": lambda speaker, number: speaker.count(
        "{number} device is likely to fail", "{number} devices are likely to fail", number
    ),
    "shift": lambda speaker, number: speaker.count(
        "{number} shift is likely to stay empty", "{number} shifts are likely to stay empty", number
    ),
    "work_order": lambda speaker, number: speaker.count(
        "{number} work order is likely to be late", "{number} work orders are likely to be late", number
    ),
    "alert": lambda speaker, number: speaker.count("{number} alert is open", "{number} alerts are open", number),
}
