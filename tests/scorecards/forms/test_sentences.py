"""What a card says is true of it: the headline, what acting was worth, how good predictions were."""

from datetime import date
from decimal import Decimal

import pytest

from opsguard_assets.scorecards.card.card import Predicted, Restated, Seal, Value
from opsguard_assets.scorecards.forms.headline import advice, first, furthest_first, headline
from opsguard_assets.scorecards.forms.seal import marks, standing
from opsguard_assets.scorecards.forms.sentences import predicted_line, return_lines, returns_of, value_line, value_lines
from opsguard_assets.scorecards.forms.spoken import speaker
from tests.scorecards.forms.cards import KPIS, MEASURES, MONTH, card, measure

D = Decimal
YEAR = date(2025, 11, 1)


def said(value, **more):
    made = card(currency="USD", locale="en_US", value=(value,), **more)
    return value_line(value, made, speaker(made))


def worth(method, item="breaches", since=YEAR, **more):
    return Value(item=item, method=method, window_starts=since, **more)


MEASURED = {"count": D(259), "low": D(177), "high": D(342), "monthly": D("21.6"), "unit_value": D(2500)}


def test_a_measured_effect_is_said_of_its_window_with_its_interval_and_its_money_by_month():
    assert said(worth("measured", **MEASURED, money=D(647500))) == (
        "In the 12 months to October 2026 alerts kept 259 deadlines (95 %: 177 to 342), 22 a month; worth $54,000 a "
        "month at $2,500 each."
    )


def test_an_effect_that_may_be_none_is_said_to_be_so_and_has_no_money():
    line = said(
        worth("measured", count=D(8), low=D(-4), high=D(19), monthly=D("0.7"), unit_value=D(2500), money=D(20000))
    )
    assert (
        line == "In the 12 months to October 2026: Deadlines kept not yet distinguishable from zero "
        "(\N{MINUS SIGN}4 to 19)."
    )


def test_harm_is_not_cut_at_zero():
    line = said(worth("measured", count=D(-12), low=D(-20), high=D(-4)))
    assert "more went wrong with alerts than without: \N{MINUS SIGN}12 (95 %: \N{MINUS SIGN}20 to" in line


def test_with_too_few_held_back_there_is_no_figure_of_the_client():
    line = said(worth("too_few", held_back=17, needed=30, provider_low=D("0.24"), provider_high=D("0.36")))
    assert (
        line
        == "Deadlines kept: 17 held back so far; 30 are needed. All clients together: 24 to 36% fewer late tickets."
    )


def test_an_estimate_says_that_it_is_one():
    line = said(worth("estimated", announced=120, happened=84, expected=D(110), count=D(26), low=D(17), high=D(35)))
    assert line == (
        "Estimate, not measured: of 120 announced deadlines 84 were missed; without alerts the model had expected "
        "110 ± 9."
    )


@pytest.mark.parametrize(
    ("item", "number", "line"),
    [
        ("alerts_resolved", 1, "In October 2026 1 alert cleared after a playbook acted."),
        ("no_shows", 3, "In October 2026 3 posts were filled by proposed substitutes."),
        ("late_orders", 2, "In October 2026 2 orders were late by contract. Worth $250 at $125 each."),
        ("hours_saved", D("7.5"), "In October 2026: Hours saved 7.5, counted one by one."),
    ],
)
def test_what_is_counted_has_no_interval(item, number, line):
    money = {"unit_value": D(125), "money": D(250)} if item == "late_orders" else {}
    assert said(worth("counted", item, MONTH, count=D(number), **money)) == line


def test_the_total_leaves_out_what_may_be_nothing_and_what_is_estimated():
    measured = worth("measured", **MEASURED, money=D(1200))
    unclear = worth("measured", count=D(8), low=D(-4), high=D(19), money=D(999))
    estimated = worth("estimated", count=D(8), money=D(999))
    counted = worth("counted", "late_orders", MONTH, count=D(2), money=D(250))
    assert returns_of(card(value=(measured, unclear, estimated, counted))).worth == 350
    assert returns_of(card(value=(unclear, estimated))).worth is None


def test_items_that_were_counted_to_none_are_one_sentence():
    value = (
        worth("counted", "late_orders", MONTH, count=D(2)),
        worth("counted", "no_shows", MONTH, count=D(0)),
        worth("counted", "hours_saved", MONTH, count=D(0)),
    )
    made = card(value=value)
    assert value_lines(made, speaker(made)) == (
        ("In October 2026 2 orders were late by contract.", False),
        ("In October 2026 none of these: No-shows averted, Hours saved.", False),
    )


def returns(*value, **more):
    made = card(value=value, locale="en_US", currency="USD", **more)
    return " ".join(return_lines(made, speaker(made)))


LATE = worth("counted", "late_orders", MONTH, count=D(2), unit_value=D(300), money=D(600))


def test_the_return_is_the_money_that_may_be_added_up_by_the_price_with_its_interval():
    value = (worth("measured", **{**MEASURED, "unit_value": D(100)}, money=D(25_900)), LATE)
    made = card(value=value, price=D(300))
    found = returns_of(made)
    assert found.worth == pytest.approx(D(25_900) / 12 + 600)
    # The counted part has no interval: both ends lie as far from the sum as those of the measured part.
    assert found.worth - found.low == pytest.approx(D(82) * 100 / 12)
    assert found.high - found.worth == pytest.approx(D(83) * 100 / 12)
    assert found.times == pytest.approx(found.worth / 300)
    assert returns(*value, price=D(300)) == (
        "Worth in an average month, measured and counted items only: $2,800 (95 %: $2,100 to $3,500). "
        "The plan costs $300 a month: 9.2 times that (6.9 to 12)."
    )


def test_ends_of_two_measured_items_are_not_added():
    one = worth("measured", count=D(100), low=D(70), high=D(130), unit_value=D(12), money=D(1_200))
    found = returns_of(card(value=(one, one), price=D(1)))
    assert found.worth - found.low == pytest.approx(D(30) * D(2).sqrt(), rel=D("1e-6"))


def test_no_return_is_told_where_nothing_may_be_counted():
    few = worth("too_few", held_back=3, needed=30)
    assert returns(few, price=D(300)) == (
        "The plan costs $300 a month. Its return is not told: nothing that acting was worth is measured, or counted, "
        "in money."
    )
    assert returns(few, price=None) == ""


def test_a_return_names_what_is_not_in_it():
    said_of = returns(worth("estimated", count=D(26), low=D(17), high=D(35)), LATE, price=D(300))
    assert said_of.endswith("2.0 times that. Not in it, because not measured: Deadlines kept.")


def test_no_return_is_told_across_currencies_and_of_a_plan_on_trial():
    assert returns(LATE, price=D(300), price_currency="EUR").endswith(
        "The plan costs €300 a month, in another currency: its return is not told."
    )
    assert returns(LATE, price=D(0)).endswith("The plan is tried and costs nothing: there is no return yet.")


def test_the_headline_names_the_figure_that_is_furthest_off():
    made = card()
    assert headline(made, KPIS, speaker(made)) == (
        "4 of 12 key figures are on target; furthest off: Work orders past due, 31; target ≤\N{NO-BREAK SPACE}10."
    )
    assert [one.kpi for one in furthest_first(made, KPIS)][:2] == ["work_order_backlog", "device_uptime"]


@pytest.mark.parametrize(
    ("measures", "line"),
    [
        (MEASURES[1:2], "The one key figure with data is on target."),
        ((MEASURES[1], MEASURES[8]), "All 2 key figures are on target."),
        (MEASURES[5:6], "No key figure can be judged: there are no data, or no targets."),
        ((), "No key figure can be judged: there are no data, or no targets."),
        (
            MEASURES[:2],
            "1 of 2 key figures are on target, none is far off; to watch: SLA performance, 93.5%; target ≥ 95.0%.",
        ),
    ],
)
def test_the_headline_of_quiet_months(measures, line):
    made = card(measures=measures)
    assert headline(made, KPIS, speaker(made)).replace("\N{NO-BREAK SPACE}", " ") == line


def test_advice_is_about_what_is_next_and_then_about_what_is_off():
    made = card(measures=MEASURES[:7])
    lines = advice(made, KPIS, speaker(made))
    assert lines[0].startswith("2 tickets are likely to miss their deadlines, the first by 2 Nov 2026, 10:30: escalate")
    assert lines[3].startswith("Work orders past due (31): ")
    assert advice(card(measures=MEASURES[1:2], likely=()), KPIS, speaker(made)) == ()


def test_the_first_page_has_twelve_figures_and_none_that_nobody_defined():
    made = card(measures=(measure("unheard_of", 1, band="bad"), *MEASURES))
    assert len(first(made, KPIS)) == 12
    assert first(made, KPIS)[0].kpi == "sla_performance"


def test_predictions_are_compared_with_the_average():
    by = speaker(card())
    scores = {"problem": "sla_breach", "announced": 120, "came_true": 84, "expected": D("88.4"), "scored_by": "7"}
    good = predicted_line(Predicted(**scores, brier=D("0.121"), brier_base=D("0.184")), by)
    bad = predicted_line(Predicted(**scores, brier=D("0.2"), brier_base=D("0.184")), by)
    assert good == (
        "Late tickets: of 120 announced 84 came true; 88 were to be expected by the odds announced. The odds were "
        "better than the average alone (Brier score 0.121 against 0.184)."
    )
    assert "no better than the average" in bad


def test_a_reader_sees_what_a_card_is_not():
    made = card(
        is_provisional=True, number=2, restated=(Restated(kpi="attendance_compliance", before=D(1), after=D(2)),)
    )
    by = speaker(made)
    assert [mark.partition(":")[0] for mark in marks(made, by)] == ["Preview", "Provisional", "Restatement 2"]
    seal = Seal(status="signed", digest="0" * 64, signed_by="Ada\u202e", signed_at=made.data_through)
    signed = made.model_copy(update={"is_provisional": False, "number": 0, "seal": seal})
    assert marks(signed, by) == ()
    assert standing(signed, by).startswith("Signed by Ada\N{REPLACEMENT CHARACTER} on 1 Nov 2026, 03:00")
