"""What a pilot says: every number, reason and sentence in the reader's language, the same for every form.

Here: values to texts. Not here: definitions (`definitions`), forms (`page`, `paper`, `book`).

Names that are received (clients, people) are cleaned here, and are text in every form.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from opsguard_assets.finance.pilot.definitions import DEFINITIONS, SECTIONS
from opsguard_assets.finance.pilot.pilot import Compared, How, Number, Pilot, Reason, Section, Waiting
from opsguard_assets.scorecards.forms import figures
from opsguard_assets.scorecards.forms.language import msgid, plain
from opsguard_assets.scorecards.forms.spoken import MINUS, Speaker, speaker_of
from opsguard_assets.scorecards.forms.terms import FEATURES, NO_DATA, NOTHING, PLANS, PROBLEMS, term
from opsguard_assets.scorecards.forms.terms import MISSING as REASONS_OF_KPIS
from opsguard_assets.scorecards.kpis.kpi import Kpi

HOW: Final[Mapping[How, str]] = {
    "counted": msgid("counted one by one"),
    "measured": msgid("measured and counted"),
    "estimated": msgid("estimate, not measured"),
    "answered": msgid("answered by contacts"),
    "priced": msgid("by the list"),
    "none": msgid("not known"),
}
MISSING: Final = {
    "nothing": msgid("nothing of this kind was there"),
    "too_few": msgid("too few were held back to say"),
    "never_held_back": msgid("not measured: alerts of this kind are never held back"),
    "no_tick": msgid("OpsGuard did not look on any of these days"),
    "no_playbook": msgid("no playbook had acted"),
    "not_checked": msgid("not checked: fewer than 30 predictions of the base line had an outcome that nobody changed"),
    "few_announced": msgid("fewer than 30 were announced and acted on"),
    "acted_before": msgid(
        "not checked: people acted on predictions in the base line, so what was left alone is no fair sample"
    ),
    "not_calibrated": msgid("none: in the base line the probabilities did not fit what happened"),
    "nobody_asked": msgid("nobody was asked (satisfaction.clients)"),
    "no_answer": msgid("nobody has answered"),
    "not_measured": msgid("nothing was measured that is told from none"),
    "no_price": msgid("the plan has no known price"),
    "other_currency": msgid("worth and price are in two currencies, so there is no ratio"),
}
REASONS: Final = {
    "no_plan": msgid("No plan of the client is known, or no price of it: nothing can be compared."),
    "other_currency": msgid("Worth ({worth}) and price ({price}) are in two currencies: decide by your own rate."),
    "pays": msgid(
        "{plan} was worth {worth} in these days, measured and counted, less what false alarms cost; "
        "it costs {price} for "
        "them."
    ),
    "unused": msgid("Nothing of the plan was used: nothing speaks for one."),
    "does_not_pay": msgid("{plan} was worth {worth} in these days, measured and counted; it costs {price} for them."),
    "worth_unknown": msgid("What {plan} was worth is not known in money: nothing was measured that is told from none."),
    "used": msgid("{plan} is the smallest plan that holds what was used: {features}."),
}
_HELD_BACK: Final = ("breaches", "penalties")


@dataclass(frozen=True)
class Row:
    """A number as a line of a table.

    Attributes:
        number: The number itself.
        label: What it is.
        value: With its unit, or "no data".
        interval: 95 %; a dash where it has none.
        basis: Of how many.
        how: How it is known, or why it is not.
        worth: In money; a dash where it is worth none.
    """

    number: Number
    label: str
    value: str
    interval: str
    basis: str
    how: str
    worth: str


@dataclass(frozen=True)
class Part:
    """A section: its title and its lines."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Pair:
    """A key figure before and during, as a line of a table."""

    compared: Compared
    label: str
    before: str
    during: str
    change: str
    interval: str
    basis: str
    band: str


def speaker(pilot: Pilot) -> Speaker:
    """The one who writes for the readers of a pilot."""
    return speaker_of(pilot.language, pilot.locale, zone=pilot.timezone, currency=pilot.currency)


def title(pilot: Pilot, by: Speaker) -> str:
    """Its days."""
    return by.say("Pilot from {first} to {last}", first=by.day(pilot.first), last=by.day(pilot.last))


def label(number: Number, by: Speaker) -> str:
    """What a number is called."""
    said = DEFINITIONS[number.code].label
    if number.of is None:
        return by.say(said)
    of = _of(number, by)
    if "{of}" not in said:
        return f"{by.say(said)}: {of}"
    # Names of people stay as they are written.
    return by.say(said, of=of[:1].upper() + of[1:] if number.of in (*PROBLEMS, *FEATURES) else of)


def _of(number: Number, by: Speaker) -> str:
    of = number.of or ""
    if of in PROBLEMS:
        return term(by.words, PROBLEMS, of)
    if of in FEATURES:
        return term(by.words, FEATURES, of)
    return plain(of if number.section == "adoption" else of.replace("_", " "))


def figure(amount: Decimal, unit: str, by: Speaker) -> str:
    """A value in its unit."""
    if unit == "percent":
        return by.figure(amount, "percent")
    if unit == "money":
        return by.money(amount)
    if unit == "score":
        return by.number(amount, 2)
    if unit == "times":
        return by.say("{number} times", number=by.number(amount, 1))
    if unit == "hours":
        return by.say("{number} h", number=by.number(amount, 1))
    return by.number(amount, 0 if amount == amount.to_integral_value() else 1)


def value(number: Number, by: Speaker) -> str:
    """The value, or "no data"; the price is in the currency of prices."""
    return by.say(NO_DATA) if number.value is None else figure(number.value, number.unit, by)


def interval(number: Number, by: Speaker) -> str:
    """The 95 % interval; a dash where there is none."""
    if number.low is None or number.high is None:
        return NOTHING
    low, high = (figure(end, number.unit, by) for end in (number.low, number.high))
    return by.say("{low} to {high}", low=low, high=high)


def basis(number: Number, by: Speaker) -> str:
    """Of how many."""
    if number.n is None:
        return NOTHING
    total = by.number(Decimal(number.n))
    if number.part is None:
        return f"n = {total}"
    return by.say("{part} of {total}", part=by.number(Decimal(number.part)), total=total)


def _how(number: Number, by: Speaker) -> str:
    if number.missing is not None:
        return term(by.words, MISSING, number.missing)
    if number.code in _HELD_BACK and number.low is not None and number.low <= 0:
        return by.say("measured against a hold-out: not told from none yet")
    if number.code in (*_HELD_BACK, "prevention_rate"):
        return by.say("measured against a hold-out")
    return by.say(HOW[number.how])


def row(number: Number, pilot: Pilot, by: Speaker) -> Row:
    """A number as a line."""
    prices = speaker_of(pilot.language, pilot.locale, zone=pilot.timezone, currency=pilot.prices_in)
    teller = prices if number.code == "price" else by
    return Row(
        number=number,
        label=label(number, by),
        value=value(number, teller),
        interval=interval(number, by),
        basis=basis(number, by),
        how=_how(number, by),
        worth=by.money(number.money) if number.money else NOTHING,
    )


def parts(pilot: Pilot, by: Speaker) -> tuple[Part, ...]:
    """All sections with their lines."""
    rows: dict[Section, list[Row]] = {name: [] for name in SECTIONS}
    for number in pilot.numbers:
        rows[number.section].append(row(number, pilot, by))
    return tuple(Part(by.say(SECTIONS[name]), tuple(found)) for name, found in rows.items())


def pairs(pilot: Pilot, kpis: Mapping[str, Kpi], by: Speaker) -> tuple[Pair, ...]:
    """Key figures before and during."""
    return tuple(_pair(each, kpis[each.during.kpi], by) for each in pilot.compared if each.during.kpi in kpis)


def _pair(each: Compared, kpi: Kpi, by: Speaker) -> Pair:
    moved = [
        text
        for tell in (figures.moved, figures.direction)
        if (text := tell(each.during, each.before.value, kpi, by)) is not None
    ]
    ends = NOTHING
    if each.low is not None and each.high is not None:
        low, high = (by.number(end, 1).replace("-", MINUS) for end in (each.low, each.high))
        ends = by.say("{change} points", change=by.say("{low} to {high}", low=low, high=high))
    return Pair(
        compared=each,
        label=figures.label(each.during, kpi, by),
        before=figures.value(each.before, kpi, by),
        during=figures.value(each.during, kpi, by),
        change=", ".join(moved) or _why(each, by) or NOTHING,
        interval=ends,
        basis=f"{figures.basis(each.before, kpi, by)} → {figures.basis(each.during, kpi, by)}",
        band=figures.band(each.during, by) or NOTHING,
    )


def _why(each: Compared, by: Speaker) -> str | None:
    """Which of both has no figure, and why."""
    for name, measure in ((by.say("base line"), each.before), (by.say("pilot"), each.during)):
        if measure.value is None and measure.missing is not None:
            why = term(by.words, {**REASONS_OF_KPIS, "nothing": MISSING["nothing"]}, measure.missing)
            return f"{name}: {why}"
    return None


def waits(waiting: Waiting, by: Speaker) -> str:
    """What cannot be said yet, and when it can."""
    what = by.say(DEFINITIONS[waiting.what].label)
    have, needed = (by.number(Decimal(number)) for number in (waiting.have, waiting.needed))
    if waiting.weeks is not None:
        return by.count(
            "{what}: not enough yet, {number} more week ({have} so far, {needed} are needed).",
            "{what}: not enough yet, {number} more weeks ({have} so far, {needed} are needed).",
            waiting.weeks,
            what=what,
            have=have,
            needed=needed,
        )
    if waiting.why == "no_holdout":
        return by.say(
            "{what}: never at this pace. No ticket is held back, so nothing is measured: set "
            "sla.holdout_share to 0.2 for "
            "the weeks of the pilot ({needed} held back are needed).",
            what=what,
            needed=needed,
        )
    if waiting.why == "no_effect":
        return by.say("{what}: not told from none, and no more weeks would tell what was measured so far.", what=what)
    return by.say(
        "{what}: nothing of this kind has happened yet, so nobody can say when ({needed} are needed).",
        what=what,
        needed=needed,
    )


def reason(one: Reason, pilot: Pilot, by: Speaker) -> str:
    """Why a plan is recommended, or none."""
    prices = speaker_of(pilot.language, pilot.locale, zone=pilot.timezone, currency=pilot.prices_in)
    plan = term(by.words, PLANS, one.plan) if one.plan else ""
    worth = by.price(one.worth) if one.worth is not None else by.say(NO_DATA)
    price = prices.price(one.price) if one.price is not None else by.say(NO_DATA)
    features = ", ".join(term(by.words, FEATURES, name) for name in one.features)
    if one.code == "not_enough":
        if one.count is None:
            return by.say(
                "There is no recommendation yet, because at this pace the pilot never tells what it prevents."
            )
        return by.count(
            "There is no recommendation yet: {number} more week is needed to tell what the pilot prevents.",
            "There is no recommendation yet: {number} more weeks are needed to tell what the pilot prevents.",
            one.count,
        )
    if one.code == "shadow":
        return by.count(
            "{plan} would have sent {number} alert more, of {features}. Such troubles cost {worth} "
            "if each comes true, which "
            "is no saving; {plan} costs {price} for these days. Worth a trial, no proof.",
            "{plan} would have sent {number} alerts more, of {features}. Such troubles cost {worth} "
            "if each comes true, which "
            "is no saving; {plan} costs {price} for these days. Worth a trial, no proof.",
            one.count or 0, plan=plan, features=features, worth=worth, price=price,
        )  # fmt: skip
    return by.say(REASONS[one.code], plan=plan, worth=worth, price=price, features=features)


def headline(pilot: Pilot, by: Speaker) -> str:
    """The pilot in one sentence."""
    times, rate = pilot.number("times"), pilot.number("breaches")
    start = by.count("In {number} day", "In {number} days", pilot.days)
    if times is not None and times.value is not None:
        worth, price = pilot.number("net_worth"), pilot.number("price")
        if worth and worth.value is not None and price and price.value is not None:
            return by.say(
                "{start} the pilot was worth {worth} against a price of {price}: {times}.",
                start=start, worth=by.price(worth.value), price=by.price(price.value), times=value(times, by),
            )  # fmt: skip
    for waiting in pilot.waiting:
        if waiting.what == "breaches":
            return _untold(waiting, start, by)
    if rate is not None and rate.value is not None:
        return by.say(
            "{start} alerts kept {count} deadlines (95 %: {interval}).",
            start=start,
            count=value(rate, by),
            interval=interval(rate, by),
        )
    return by.say("{start} nothing was measured that is told from none.", start=start)


def _untold(waiting: Waiting, start: str, by: Speaker) -> str:
    """That what alerts prevent cannot be told yet, in one sentence."""
    if waiting.why == "no_holdout":
        return by.say("{start} it was not measured what alerts prevent: no ticket is held back.", start=start)
    if waiting.weeks is None:
        return by.say("{start} it cannot be told what alerts prevent, and nobody can say when it will.", start=start)
    return by.count(
        "{start} it cannot be told yet what alerts prevent: {number} more week.",
        "{start} it cannot be told yet what alerts prevent: {number} more weeks.",
        waiting.weeks,
        start=start,
    )


def recommendation(pilot: Pilot, by: Speaker) -> str:
    """The plan in one sentence."""
    if pilot.recommended is None:
        return by.say("No plan can be recommended yet.")
    return by.say("Recommended: {plan}.", plan=term(by.words, PLANS, pilot.recommended))


def notes(pilot: Pilot, by: Speaker) -> list[str]:
    """What has to be seen first."""
    found = []
    if pilot.is_running:
        found.append(by.say("The pilot runs: these are its days up to {day}.", day=by.day(pilot.through)))
    if pilot.days % 7:
        found.append(by.say("The days are no whole weeks: base line and pilot hold different weekdays."))
    if not pilot.holdout_share and not any(
        each.how == "measured" and each.code == "breaches" for each in pilot.numbers
    ):
        found.append(by.say("Nothing is held back: what was prevented is an estimate at best, not measured."))
    return found


def facts(pilot: Pilot, by: Speaker) -> list[str]:
    """Plan, base line and age of the data."""
    plan = term(by.words, PLANS, pilot.plan) if pilot.plan else by.say("unknown")
    tried = by.say("Plan {plan}, tried", plan=plan) if pilot.is_trial else by.say("Plan {plan}", plan=plan)
    found = [tried, by.say("Base line from {first}, as many days", first=by.day(pilot.before))]
    if pilot.data_through is not None:
        found.append(by.say("Data complete to {instant}", instant=by.clock(pilot.data_through)))
    found.append(by.say("Times in {zone}, money in {currency}", zone=pilot.timezone, currency=pilot.currency))
    return found


def tiles(pilot: Pilot, by: Speaker) -> tuple[Row, ...]:
    """The numbers that a reader looks at first."""
    wanted = (("prevention_rate", None), ("came_true", "sla_breach"), ("warned", None), ("auto_resolution", None),
              ("satisfaction", None), ("times", None))  # fmt: skip
    found = (pilot.number(code, of) for code, of in wanted)
    return tuple(row(each, pilot, by) for each in found if each is not None)


CAVEAT = msgid(
    "What differs between base line and pilot may have other causes: season, staff, what people "
    "asked for. Only the hold-out "
    "tells what alerts did."
)
