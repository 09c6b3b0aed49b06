"""What a client pays for a month: the list of the day, exceptions before plans, each line rounded once."""

from datetime import date
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from opsguard_assets.config.plans import Plans
from opsguard_assets.entitlements.prices import STATE, lines
from tests.properties import examples

ON = date(2026, 3, 31)


def paid(plans, *, on=ON, plan="silver", sites=3, devices=40, is_trial=False, is_ended=False):
    """Lines as {item: amount}; that of the plan itself is called plan."""
    row = {
        "client_id": "C", "on": on, "plan": plan, "is_trial": is_trial, "is_ended": is_ended, "sites": sites,
        "devices": devices,
    }  # fmt: skip
    found = lines(pl.DataFrame([row], schema=STATE), Plans.model_validate(plans))
    return {"plan" if item == plan else item: amount for item, amount in found.select("item", "amount").iter_rows()}


def client(**terms):
    return {"clients": {"C": terms}}


def test_a_plan_costs_its_price_per_site_and_month():
    assert {plan: paid({}, plan=plan)["plan"] for plan in ("bronze", "silver", "gold")} == {
        "bronze": Decimal("300.00"), "silver": Decimal("900.00"), "gold": Decimal("1500.00"),
    }  # fmt: skip
    assert paid({}, plan=None) == {}
    assert paid({}, sites=0) == {}
    assert paid({}, is_trial=True) == paid({}, is_ended=True) == {}


def test_a_new_price_list_moves_no_earlier_day():
    listed = {
        "silver": {"price": [{"valid_from": "2026-04-01", "amount": 320}, {"valid_from": "2026-01-01", "amount": 300}]}
    }
    days = (date(2025, 6, 1), date(2026, 3, 31), date(2026, 4, 1))
    assert [paid(listed, on=day)["plan"] for day in days] == [Decimal(900), Decimal(900), Decimal(960)]


def test_the_price_of_a_client_comes_before_the_list_from_its_first_day_on():
    own = client(price=[{"valid_from": "2026-03-01", "amount": "250.50"}])
    assert paid(own, on=date(2026, 2, 28))["plan"] == Decimal(900)
    assert paid(own)["plan"] == Decimal("751.50")


def test_of_an_annual_price_a_twelfth_counts_and_the_line_is_rounded_once():
    yearly = client(price=[{"amount": 1000, "per": "year"}])
    assert paid(yearly)["plan"] == Decimal("250.00")  # and not three times 83.33
    assert paid(client(price="0.335"), sites=1)["plan"] == Decimal("0.34")


def test_an_add_on_is_paid_beside_a_plan_that_does_not_hold_it_by_its_own_measure():
    added = client(add=["remediation", "device_health", "scorecard"])
    assert paid(added, plan="bronze") == {
        "plan": Decimal(300), "remediation": Decimal(150), "device_health": Decimal(80),
    }  # fmt: skip
    alone = {"bronze": {"features": ["triage"]}, **added}
    assert paid(alone, plan="bronze")["scorecard"] == Decimal(200)
    dated = client(add=[{"feature": "remediation", "starts_on": "2026-03-01", "ends_on": "2026-03-30"}])
    assert "remediation" not in paid(dated)
    assert paid(dated, on=date(2026, 3, 30))["remediation"] == Decimal(150)
    assert "remediation" not in paid(client(add=["remediation"], remove=["remediation"]))


def test_add_ons_that_a_file_does_not_name_keep_their_price():
    assert paid({"add_ons": {"remediation": {"price": 99}}, **client(add=["remediation"])})["remediation"] == Decimal(
        297
    )
    assert Plans.model_validate({"add_ons": {"remediation": {"price": 99}}}).add_ons["triage"].price[0].amount == 150


def test_discounts_are_one_line_that_takes_no_more_than_everything():
    both = client(discounts=[{"share": "0.1"}, {"amount": 50, "ends_on": "2026-03-31"}])
    assert paid(both)["discount"] == Decimal(-140)
    assert paid(both, on=date(2026, 4, 1))["discount"] == Decimal(-90)
    assert paid(client(discounts=[{"share": 1}, {"amount": 50}]))["discount"] == Decimal(-900)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"silver": {"price": [{"amount": 1}, {"amount": 2}]}}, "two prices are valid from"),
        ({"clients": {"C": {"discounts": [{"starts_on": "2026-03-02", "ends_on": "2026-03-01"}]}}}, "before it starts"),
        ({"clients": {"C": {"add": ["remedation"]}}}, "remediation"),
        ({"silver": {"price": -1}}, "greater than or equal to 0"),
        ({"currency": "dollars"}, "pattern"),
    ],
)
def test_what_cannot_be_meant_is_refused(wrong, said):
    with pytest.raises(ValidationError, match=said):
        Plans.model_validate(wrong)


@settings(max_examples=examples(60))
@given(
    price=st.decimals(0, 1000, places=4), sites=st.integers(0, 500), share=st.decimals(0, 1, places=4),
    off=st.decimals(0, 100, places=2),
)  # fmt: skip
def test_money_is_what_python_computes_with_decimals(price, sites, share, off):
    found = paid(client(price=str(price), discounts=[{"share": str(share), "amount": str(off)}]), sites=sites)
    cent = Decimal("0.01")
    whole = (price * sites).quantize(cent, "ROUND_HALF_UP")
    less = min(whole * share + off, whole).quantize(cent, "ROUND_HALF_UP")
    assert found.get("plan", Decimal(0)) == whole
    assert found.get("discount", Decimal(0)) == (-less if sites and whole else 0)
