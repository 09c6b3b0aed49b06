"""The bytes that are signed say the same card, in one way, whatever wrote it."""

from datetime import timedelta, timezone
from decimal import Decimal

import pytest

from opsguard_assets.scorecards.card.card import Seal
from opsguard_assets.scorecards.card.digest import canonical, digest, parsed
from tests.scorecards.cards import AS_OF, card, measure


def test_a_card_is_read_back_as_it_was_written():
    given = card(measures=(measure(value="93.450000"), measure("mttr", None, missing="too_few")))
    assert parsed(canonical(given)) == given
    assert canonical(parsed(canonical(given))) == canonical(given)


def test_the_same_figures_in_another_notation_are_the_same_bytes():
    berlin = timezone(timedelta(hours=1))
    other = card(measures=(measure(value="93.450"), measure("security_incidents", "4.0", band=None)))
    assert canonical(other.model_copy(update={"data_through": AS_OF.astimezone(berlin)})) == canonical(card())
    assert b'"93.45"' in canonical(card())
    assert b'"2026-11-01T02:00:00Z"' in canonical(card())


@pytest.mark.parametrize("value", ["93.46", "-93.45", "0"])
def test_another_figure_has_another_digest(value):
    assert digest(canonical(card(measures=(measure(value=value),)))) != digest(canonical(card(measures=(measure(),))))


def test_the_seal_is_no_part_of_what_is_signed():
    figures = canonical(card())
    sealed = card(seal=Seal(status="signed", digest=digest(figures), link="0" * 64, signed_by="ada"))
    assert canonical(sealed) == figures


def test_a_negative_nothing_is_nothing():
    assert canonical(card(measures=(measure(value="-0.0"),))) == canonical(card(measures=(measure(value="0"),)))
    assert Decimal(parsed(canonical(card(measures=(measure(value="-0.0"),)))).measures[0].value) == 0
