"""A card has one canonical form: what is signed is the same for equal cards, and gives the card back."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsguard_assets.scorecards.card.card import Card, Measure, Value
from opsguard_assets.scorecards.card.digest import canonical, canonical_json, digest, parsed
from tests.properties import examples
from tests.scorecards.forms.cards import MEASURES, card, provider, restated

DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**15), max_value=10**15)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
INSTANTS = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
MEASURED = st.builds(
    Measure,
    kpi=TEXTS,
    month=st.dates(),
    value=st.none() | DECIMALS,
    numerator=DECIMALS,
    denominator=DECIMALS,
    per=st.none() | st.integers(1, 10**6),
    low=st.none() | DECIMALS,
    band=st.sampled_from(["good", "warning", "bad", None]),
    trend=st.lists(st.none() | DECIMALS, max_size=3).map(tuple),
    missing=st.none() | TEXTS,
    data_through=st.none() | INSTANTS,
)
VALUED = st.builds(Value, item=TEXTS, method=st.just("counted"), window_starts=st.dates(), count=st.none() | DECIMALS)
CARDS = st.builds(
    lambda measures, value, name, through, number: card(
        measures=tuple(measures), value=tuple(value), client_name=name, data_through=through, number=number
    ),
    st.lists(MEASURED, max_size=2),
    st.lists(VALUED, max_size=2),
    TEXTS,
    st.none() | INSTANTS,
    st.integers(0, 99),
)


@settings(max_examples=examples(200))
@given(made=CARDS)
def test_a_card_comes_back_equal_from_its_canonical_bytes(made):
    written = canonical(made)
    assert parsed(written) == made
    assert canonical(parsed(written)) == written


@pytest.mark.parametrize("made", [card(), restated(), provider()])
def test_a_whole_card_comes_back_too(made):
    assert parsed(canonical(made)) == made


def test_equal_cards_have_equal_digests_however_they_were_written():
    other = MEASURES[0].model_copy(update={"numerator": Decimal("841.000"), "denominator": Decimal("9E+2")})
    moved = card().data_through.astimezone(timezone(timedelta(hours=5)))
    assert canonical(card(measures=(other, *MEASURES[1:]), data_through=moved)) == canonical(card())
    assert digest(canonical(restated())) != digest(canonical(card()))


def test_the_bytes_are_json_with_decimals_as_text_and_instants_in_utc():
    held = json.loads(canonical(card()))
    assert (held["measures"][1]["value"], held["data_through"]) == ("97.123456", "2026-11-01T02:00:00Z")
    assert list(held) == sorted(held)
    assert (held["format"], held["number"], held["measures"][5]["value"]) == (1, 0, None)


def test_a_field_that_holds_its_empty_default_is_left_out_so_that_later_fields_change_no_digest():
    assert "restated" not in json.loads(canonical(card()))
    assert "per" not in json.loads(canonical(card()))["measures"][0]


NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001 - what is refused


@pytest.mark.parametrize("bad", [Decimal("NaN"), Decimal("Infinity"), float("nan"), NAIVE, "\ud800", 2**60])
def test_what_has_no_canonical_form_is_refused(bad):
    with pytest.raises(ValueError, match=r"."):
        canonical_json({"value": bad})


def test_a_figure_that_is_no_number_is_refused():
    broken = Measure.model_construct(**{**dict(MEASURES[0]), "value": Decimal("NaN")})
    with pytest.raises(ValueError, match="no figure"):
        canonical(Card.model_construct(**{**dict(card()), "measures": (broken,)}))
