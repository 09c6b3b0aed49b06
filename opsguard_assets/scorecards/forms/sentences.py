"""What a card says in whole sentences: what acting was worth, how good predictions were, what greater plans had sent.

Here: the sentences and when each is used. Not here: the headline (`headline`), words for one figure (`figures`).

A count is never said without how it is known. An interval that holds 0 is said to be one; a figure of a window is never
booked on one month.
"""

from dataclasses import replace
from decimal import Decimal

from opsguard_assets.scorecards.card.card import Card, Predicted, Return, Shadow, Value
from opsguard_assets.scorecards.card.returns import counts_in_total, holds_zero, months_of, returned
from opsguard_assets.scorecards.forms.language import msgid
from opsguard_assets.scorecards.forms.spoken import MINUS, Speaker
from opsguard_assets.scorecards.forms.terms import FEATURES, ITEMS, PLANS, PROBLEMS, term

CAVEAT = msgid(
    "Tickets that were held back share their assignees with those that were not: help for one may delay the other, so "
    "that the effect comes out somewhat too great."
)
# What acting makes fewer, by item.
_FEWER = {
    "breaches": msgid("late tickets"),
    "penalties": msgid("late tickets"),
    "device_failures": msgid("device failures"),
    "no_shows": msgid("no-shows"),
}


def value_line(value: Value, card: Card, speaker: Speaker) -> str:
    """What acting was worth, in the sentence that belongs to how it is known."""
    if value.method == "measured" and value.count is not None and value.low is not None and value.high is not None:
        return _measured(value, card, speaker)
    if value.method in ("too_few", "provider"):
        return _too_few(value, speaker)
    if value.method == "estimated":
        return _estimated(value, card, speaker)
    return _counted(value, card, speaker)


def value_lines(card: Card, speaker: Speaker) -> tuple[tuple[str, bool], ...]:
    """What acting was worth, a sentence per item with whether it is bold; items that were counted to none in one."""
    none = [one for one in card.value if one.method == "counted" and one.count == 0]
    lines = [(value_line(one, card, speaker), counts_in_total(one)) for one in card.value if one not in none]
    if none:
        items = ", ".join(term(speaker.words, ITEMS, one.item) for one in none)
        text = speaker.say("{window} none of these: {items}.", window=window(none[0], card, speaker), items=items)
        lines.append((text, False))
    return tuple(lines)


def returns_of(card: Card) -> Return:
    """What acting was worth in an average month; cards of older versions do not hold it."""
    if card.returns is not None:
        return card.returns
    return returned(card.value, card.month, card.price, card.currency, card.price_currency)


def return_lines(card: Card, speaker: Speaker) -> tuple[str, ...]:
    """What acting was worth in an average month, and how many times the plan's price that is, or why nobody tells."""
    if not card.value:
        return ()
    found = returns_of(card)
    if found.worth is None:
        if not card.price:
            return ()
        return (
            speaker.say(
                "The plan costs {price} a month. Its return is not told: nothing that acting was worth is measured, or "
                "counted, in money.",
                price=price(card, speaker),
            ),
        )
    worth = speaker.about(found.worth)
    if found.low is not None and found.high is not None:
        ends = {"low": _amount(found.low, speaker), "high": _amount(found.high, speaker)}
        line = speaker.say(
            "Worth in an average month, measured and counted items only: {total} (95 %: {low} to {high}).",
            total=worth,
            **ends,
        )
    else:
        line = speaker.say("Worth in an average month, measured and counted items only: {total}.", total=worth)
    return (line, *_return(card, found, speaker), *_left_out(found, speaker))


def _return(card: Card, found: Return, speaker: Speaker) -> tuple[str, ...]:
    if card.price is None:
        return ()
    cost = price(card, speaker)
    if found.times is None:
        if not card.price:
            return (speaker.say("The plan is tried and costs nothing: there is no return yet."),)
        text = msgid("The plan costs {price} a month, in another currency: its return is not told.")
        return (speaker.say(text, price=cost),)
    times = times_of(found.times, speaker)
    if found.times_low is None or found.times_high is None:
        return (speaker.say("The plan costs {price} a month: {times} times that.", price=cost, times=times),)
    text = msgid("The plan costs {price} a month: {times} times that ({low} to {high}).")
    low, high = (times_of(end, speaker) for end in (found.times_low, found.times_high))
    return (speaker.say(text, price=cost, times=times, low=low, high=high),)


def _left_out(found: Return, speaker: Speaker) -> tuple[str, ...]:
    if not found.left_out:
        return ()
    items = ", ".join(term(speaker.words, ITEMS, item) for item in found.left_out)
    return (speaker.say("Not in it, because not measured: {items}.", items=items),)


def price(card: Card, speaker: Speaker) -> str:
    """What the plan costs in a month, in the currency of plans."""
    own = replace(speaker, currency=card.price_currency) if card.price_currency else speaker
    return own.price(card.price or Decimal(0))


def times_of(times: Decimal, speaker: Speaker) -> str:
    """How many times a price something is: one digit below ten."""
    return speaker.number(times, 1 if abs(times) < 10 else 0).replace("-", MINUS)  # noqa: PLR2004 - digits


def _amount(amount: Decimal, speaker: Speaker) -> str:
    return speaker.about(amount).replace("-", MINUS)


def window(value: Value, card: Card, speaker: Speaker) -> str:
    """The months that a count is of."""
    number = months_of(value, card.month)
    last = speaker.month(card.month)
    return speaker.count("In {last}", "In the {number} months to {last}", number, last=last)


def period(value: Value, card: Card, speaker: Speaker) -> str:
    """The same as a label."""
    number, last = months_of(value, card.month), speaker.month(card.month)
    return last if number == 1 else speaker.say("{number} months to {last}", number=number, last=last)


def _measured(value: Value, card: Card, speaker: Speaker) -> str:
    assert value.count is not None  # noqa: S101 - `value_line` looked
    low, high = _whole(value.low, speaker), _whole(value.high, speaker)
    start = window(value, card, speaker)
    if holds_zero(value):
        return speaker.say(
            "{window}: {item} not yet distinguishable from zero ({low} to {high}).",
            window=start,
            item=term(speaker.words, ITEMS, value.item),
            low=low,
            high=high,
        )
    kept = _kept(value, abs(value.count), speaker)
    if value.count < 0:
        return speaker.say(
            "{window} more went wrong with alerts than without: {count} (95 %: {low} to {high}).",
            window=start,
            count=_whole(value.count, speaker),
            low=low,
            high=high,
        )
    whole = speaker.say("{window} alerts {kept} (95 %: {low} to {high})", window=start, kept=kept, low=low, high=high)
    if value.monthly is not None:
        whole += speaker.say(", {monthly} a month", monthly=_whole(value.monthly, speaker))
    if value.money is not None and value.unit_value is not None:
        money, unit = speaker.about(value.money / months_of(value, card.month)), speaker.price(value.unit_value)
        whole += speaker.say("; worth {money} a month at {unit} each", money=money, unit=unit)
    return f"{whole}."


def _kept(value: Value, count: Decimal, speaker: Speaker) -> str:
    number = int(count)
    if value.item == "breaches":
        return speaker.count("kept {number} deadline", "kept {number} deadlines", number)
    if value.item == "penalties":
        return speaker.count("avoided {number} penalty", "avoided {number} penalties", number)
    if value.item == "device_failures":
        return speaker.count("averted {number} device failure", "averted {number} device failures", number)
    if value.item == "no_shows":
        return speaker.count("averted {number} no-show", "averted {number} no-shows", number)
    return speaker.say("prevented {number}: {item}", number=number, item=term(speaker.words, ITEMS, value.item))


def _too_few(value: Value, speaker: Speaker) -> str:
    parts = []
    if value.held_back is not None and value.needed is not None:
        held, needed = (speaker.number(Decimal(number)) for number in (value.held_back, value.needed))
        item = term(speaker.words, ITEMS, value.item)
        parts.append(
            speaker.say("{item}: {held} held back so far; {needed} are needed.", item=item, held=held, needed=needed)
        )
    if value.provider_low is not None and value.provider_high is not None:
        low, high = speaker.number(value.provider_low * 100), speaker.share(value.provider_high)
        fewer = term(speaker.words, _FEWER, value.item)
        parts.append(
            speaker.say("All clients together: {low} to {high} fewer {things}.", low=low, high=high, things=fewer)
        )
    if parts:
        return " ".join(parts)
    item = term(speaker.words, ITEMS, value.item)
    return speaker.say("{item}: not measured, because alerts of this kind are never held back.", item=item)


def _estimated(value: Value, card: Card, speaker: Speaker) -> str:
    if value.announced is None or value.happened is None or value.expected is None:
        if value.count is None:
            return speaker.say("Estimate, not measured: no figure.")
        return speaker.say("Estimate, not measured: {count}.", count=_whole(value.count, speaker))
    expected = speaker.number(value.expected)
    if value.low is not None and value.high is not None:
        expected += f" ± {speaker.number((value.high - value.low) / 2)}"
    announced, happened = (speaker.number(Decimal(number)) for number in (value.announced, value.happened))
    if value.item == "breaches":
        text = msgid(
            "Estimate, not measured: of {announced} announced deadlines {happened} were missed; without alerts the "
            "model had expected {expected}."
        )
    else:
        text = msgid(
            "Estimate, not measured: of {announced} announced {things} {happened} happened; without alerts the model "
            "had expected {expected}."
        )
    things = term(speaker.words, _FEWER, value.item)
    whole = speaker.say(text, announced=announced, happened=happened, expected=expected, things=things)
    if value.checked_on is None:
        return whole
    return f"{whole} " + speaker.count(
        "{window} the model's odds agreed with the {number} announced outcome that nobody was told of.",
        "{window} the model's odds agreed with the {number} announced outcomes that nobody was told of.",
        value.checked_on,
        window=window(value, card, speaker),
    )


def _counted(value: Value, card: Card, speaker: Speaker) -> str:
    if value.count is None:
        return speaker.say("No figure.")
    number, start = int(value.count), window(value, card, speaker)
    if value.item == "alerts_resolved":
        whole = speaker.count(
            "{window} {number} alert cleared after a playbook acted.",
            "{window} {number} alerts cleared after playbooks acted.",
            number,
            window=start,
        )
    elif value.item == "no_shows":
        whole = speaker.count(
            "{window} {number} post was filled by a proposed substitute.",
            "{window} {number} posts were filled by proposed substitutes.",
            number,
            window=start,
        )
    elif value.item == "late_orders":
        whole = speaker.count(
            "{window} {number} order was late by contract.",
            "{window} {number} orders were late by contract.",
            number,
            window=start,
        )
    else:
        item = term(speaker.words, ITEMS, value.item)
        count = speaker.number(value.count, 0 if value.count == number else 1)
        whole = speaker.say("{window}: {item} {count}, counted one by one.", window=start, item=item, count=count)
    if not value.money or value.unit_value is None:
        return whole
    money, unit = speaker.price(value.money), speaker.price(value.unit_value)
    return f"{whole} " + speaker.say("Worth {money} at {unit} each.", money=money, unit=unit)


def _whole(number: Decimal | None, speaker: Speaker) -> str:
    return speaker.number(number or Decimal(0)).replace("-", MINUS)


def predicted_line(predicted: Predicted, speaker: Speaker) -> str:
    """How good predictions were: what came true, and whether their odds say more than the average."""
    things = _capital(term(speaker.words, PROBLEMS, predicted.problem))
    if not predicted.announced:
        return speaker.say("{things}: none was announced whose outcome is known.", things=things)
    announced, came, expected = (
        speaker.number(Decimal(number)) for number in (predicted.announced, predicted.came_true, predicted.expected)
    )
    whole = speaker.say(
        "{things}: of {announced} announced {came} came true; {expected} were to be expected by the odds announced.",
        announced=announced,
        things=things,
        came=came,
        expected=expected,
    )
    if predicted.scored_by == "rule":
        whole += " " + speaker.say("They came from a fixed rule.")
    if predicted.brier is None or predicted.brier_base is None:
        return whole
    errors = {"brier": speaker.number(predicted.brier, 3), "base": speaker.number(predicted.brier_base, 3)}
    if predicted.brier < predicted.brier_base:
        return f"{whole} " + speaker.say(
            "The odds were better than the average alone (Brier score {brier} against {base}).", **errors
        )
    return f"{whole} " + speaker.say(
        "The odds were no better than the average alone (Brier score {brier} against {base}).", **errors
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def shadow_line(shadow: Shadow, speaker: Speaker) -> str:
    """What a greater plan would have sent."""
    plan, feature = (
        term(speaker.words, names, code) for names, code in ((PLANS, shadow.plan), (FEATURES, shadow.feature))
    )
    return speaker.count(
        "{plan} would have sent {number} alert of {feature}.",
        "{plan} would have sent {number} alerts of {feature}.",
        shadow.count,
        plan=plan,
        feature=feature,
    )
