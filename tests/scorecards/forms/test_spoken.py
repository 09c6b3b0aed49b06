"""Figures, money and dates as readers of each country write them, rounded once and half up."""

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsguard_assets.scorecards.forms.language import plain
from opsguard_assets.scorecards.forms.spoken import digits, rounded, speaker
from tests.properties import examples
from tests.scorecards.forms.cards import card

D = Decimal
NARROW, SPACE, APART = "\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}", "\N{RIGHT SINGLE QUOTATION MARK}"


def of(locale, currency="EUR", language="en", zone="Europe/Berlin"):
    return speaker(card(locale=locale, currency=currency, language=language, timezone=zone))


def test_a_tie_is_rounded_away_from_zero_as_spreadsheets_do():
    shown = [of("en_US").figure(D(value), "percent") for value in ("93.45", "0.25", "-0.25", "93.55", "-0.04")]
    assert shown == ["93.5%", "0.3%", "-0.3%", "93.6%", "0.0%"]


@settings(max_examples=examples(200))
@given(value=st.decimals(-(10**9), 10**9, places=6), unit=st.sampled_from(["percent", "count", "minutes", "tone"]))
def test_what_is_shown_is_the_rounded_figure_and_nothing_else(value, unit):
    places = digits(value, unit)
    shown = of("en_US").figure(value, unit).replace(",", "").removesuffix("%").removesuffix(" min")
    assert D(shown) == value.quantize(D(1).scaleb(-places), rounding=ROUND_HALF_UP) == rounded(value, places)


def test_a_figure_that_misses_its_target_never_looks_like_it():
    assert of("en_US").figure(D("94.96"), "percent", D(95)) == "94.96%"
    assert of("en_US").figure(D("94.999999"), "percent", D(95)) == "94.999999%"
    assert of("en_US").figure(D(95), "percent", D(95)) == "95.0%"


@pytest.mark.parametrize(
    ("locale", "currency", "shown"),
    [
        ("en_US", "USD", ("1,234,567.5", "$1,234,567.13", "93.5%")),
        ("de_DE", "EUR", ("1.234.567,5", f"1.234.567,13{SPACE}€", f"93,5{SPACE}%")),
        # Babel drops two apostrophes as quotation marks, so a million would have no groups.
        ("de_CH", "CHF", (f"1{APART}234{APART}567.5", f"CHF{SPACE}1{APART}234{APART}567.13", "93.5%")),
        ("fr_FR", "EUR", (f"1{NARROW}234{NARROW}567,5", f"1{NARROW}234{NARROW}567,13{SPACE}€", f"93,5{SPACE}%")),
        ("hi_IN", "INR", ("12,34,567.5", "₹12,34,567.13", "93.5%")),
        ("ja_JP", "JPY", ("1,234,567.5", "¥1,234,567", "93.5%")),
        ("en_GB", "KWD", ("1,234,567.5", f"KWD{SPACE}1,234,567.125", "93.5%")),
    ],
)
def test_numbers_and_money_follow_the_locale_and_the_currency(locale, currency, shown):
    by = of(locale, currency)
    said = (by.number(D("1234567.45"), 1), by.money(D("1234567.125")), by.figure(D("93.45"), "percent"))
    assert tuple(text.replace("￥", "¥") for text in said) == shown


def test_estimates_have_two_digits_and_whole_prices_no_cents():
    by = of("en_US", "USD")
    assert [by.about(D(amount)) for amount in ("53958.33", "-53", "5.4", "0")] == ["$54,000", "-$53", "$5", "$0"]
    assert [by.price(D(amount)) for amount in ("2500", "6.25")] == ["$2,500", "$6.25"]


def test_words_in_dates_follow_the_language_and_their_order_the_country():
    assert [of(*about).month(date(2026, 10, 1)) for about in (("de_CH",), ("de_DE", "EUR", "de"))] == [
        "October 2026",
        "Oktober 2026",
    ]
    assert of("en_US").day(date(2026, 10, 5)) == "Oct 5, 2026"
    assert of("de_CH").day(date(2026, 10, 5)) == "5 Oct 2026"


def test_an_instant_says_its_zone_also_in_the_hour_that_is_there_twice():
    by = of("en_GB")
    twice = [by.instant(datetime(2026, 10, 25, hour, 30, tzinfo=UTC)) for hour in (0, 1)]
    assert twice == [f"25 Oct 2026, 02:30 (UTC+0{offset}:00, Europe/Berlin)" for offset in (2, 1)]
    assert of("en_GB", zone="UTC").instant(datetime(2026, 1, 1, tzinfo=UTC)).endswith("00:00 (UTC+00:00, UTC)")


def test_changes_have_signs_and_small_ones_do_not_vanish():
    by = of("en_US")
    assert by.difference(D("93.45"), D("91.2"), "percent") == "+2.3 points"
    assert by.difference(D("94.96"), D(95), "percent") == "\N{MINUS SIGN}0.04 points"
    assert by.difference(D(3), D(3), "count") == "±0"
    assert by.interval(D(-4), D(19)) == "\N{MINUS SIGN}4 to 19"


def test_durations_take_the_largest_unit_of_which_there_are_two():
    assert [of("en_US").duration(D(minutes)) for minutes in (90, 150, 3000)] == ["90 min", "2.5 hr", "2.1 days"]


def test_a_locale_that_does_not_exist_is_named():
    with pytest.raises(ValueError, match="'xx_YY' is no locale"):
        of("xx_YY")


def test_received_text_is_bounded_composed_and_turns_no_line():
    said = plain("Cafe\u0301 \u202eevil\x00\nnext " + "W" * 500)
    assert said.startswith("Café")
    assert len(said) == 120
    assert not {"\u202e", "\x00", "\n"} & set(said)
    assert plain("\ud800") == "?"


def test_values_that_look_like_texts_with_names_stay_text():
    assert of("en_US").say("{name} per {per}", name="{per.__class__}", per="1") == "{per.__class__} per 1"
