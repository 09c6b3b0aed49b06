"""Invoices close to the cent, with and without proration, whatever changes within the month."""

import csv
import io
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import openpyxl
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsguard_assets.entitlements.prices import AMOUNT, UNIT
from opsguard_assets.finance.invoices.files import as_csv, as_workbook
from opsguard_assets.finance.invoices.lines import largest_remainder
from opsguard_assets.finance.invoices.month import invoices_of
from opsguard_assets.finance.revenue.figures_io import mrr_of
from tests.finance import given as make
from tests.finance.test_revenue import worlds
from tests.properties import examples

MARCH, CENT = date(2026, 3, 1), Decimal("0.01")
UPGRADED = [("C", "silver", date(2026, 1, 5), date(2026, 3, 11)), ("C", "gold", date(2026, 3, 11), None)]
SITES = [("S1", "C", date(2026, 1, 5), None), ("S2", "C", date(2026, 3, 21), None)]


def invoiced(people, places, changes, month=MARCH, **terms):
    return invoices_of(make.known(people, places), make.settings(changes, **terms), month)


def test_by_default_what_is_in_force_on_the_first_is_billed_for_the_month():
    found = invoiced(UPGRADED, SITES, "next_month")
    assert found.lines.select("item", "quantity", "amount").rows() == [("silver", 1, Decimal(300))]
    assert invoiced(UPGRADED, SITES, "next_month", date(2026, 4, 1)).lines["amount"].sum() == Decimal(1000)


def test_by_day_a_change_counts_from_its_own_day_over_the_days_of_its_month():
    found = invoiced(UPGRADED, SITES, "daily")
    stretches = found.lines.select("item", "quantity", "first_day", "last_day", "days", "of_days", "amount").rows()
    assert [(row[0], row[1], row[2].day, row[3].day, row[4], row[5]) for row in stretches] == [
        ("silver", 1, 1, 10, 10, 31), ("gold", 1, 11, 20, 10, 31), ("gold", 2, 21, 31, 11, 31),
    ]  # fmt: skip
    exact = (Decimal(300) * 10 + Decimal(500) * 10 + Decimal(1000) * 11) / 31
    assert found.lines["amount"].sum() == exact.quantize(CENT, ROUND_HALF_UP)
    (row,) = found.reconciliation.to_dicts()
    assert (row["mrr"], row["proration"], row["open"]) == (Decimal(300), found.lines["amount"].sum() - 300, 0)


def test_a_single_credit_is_on_one_invoice_and_in_no_recurring_revenue():
    terms = {"clients": {"C": {"credits": [{"on": "2026-03-05", "amount": 25, "reason": "outage"}]}}}
    for changes in ("next_month", "daily"):
        found = invoiced(UPGRADED, SITES, changes, **terms)
        assert found.lines.filter(pl.col("item") == "credit").select("amount", "text").rows() == [
            (Decimal(-25), "outage")
        ]
        assert found.open.is_empty()
        assert invoiced(UPGRADED, SITES, changes, date(2026, 4, 1), **terms).reconciliation["credits"].sum() == 0
    rows = mrr_of(make.known(UPGRADED, SITES), make.settings(**terms), make.noon(date(2026, 5, 5)))
    assert rows.filter(pl.col("month") == MARCH)["mrr"].item() == Decimal(1000)


def test_a_month_that_does_not_close_is_found():
    found = invoiced(UPGRADED, SITES, "daily")
    lost = type(found)(found.month, found.lines, found.reconciliation.with_columns(open=pl.lit(CENT, AMOUNT)))
    assert lost.open["client_id"].to_list() == ["C"]


@settings(max_examples=examples(120, quick=20))
@given(world=worlds(), month=st.integers(1, 6), changes=st.sampled_from(["next_month", "daily"]))
def test_invoices_of_any_month_close_to_the_cent(world, month, changes):
    clients, sites, terms = world
    chosen = date(2026, month, 1)
    found = invoiced(clients, sites, changes, chosen, **terms)
    assert found.open.is_empty()
    sums = found.lines.group_by("client_id").agg(pl.col("amount").sum())
    expected = _by_hand(clients, sites, changes, chosen, terms)
    billed = dict(sums.iter_rows())
    assert {name: total for name, total in billed.items() if total} == {
        name: total for name, total in expected.items() if total
    }


def _by_hand(clients, sites, changes, month, terms):
    """Each day on its own, in plain Python: what is in force, at which price; rounded once at the end."""
    days = ((month + timedelta(days=32)).replace(day=1) - month).days
    whole = {}
    for name, own in terms["clients"].items():
        total = Decimal(0)
        for number in range(days):
            day = month + timedelta(days=number)
            # Changes are known at noon: at the end of a day it counts, when the month begins it does not.
            seen = day if changes == "daily" else month - timedelta(days=1)
            on = day if changes == "daily" else month
            plan = next(
                (
                    p
                    for c, p, since, until in clients
                    if c == name and since <= seen and (until is None or seen < until)
                ),
                None,
            )
            known = any(
                c == name and since <= seen and (until is None or seen < until) for c, _, since, until in clients
            )
            count = sum(c == name and since <= seen and (until is None or seen < until) for _, c, since, until in sites)
            trial, ends = own.get("trial"), own.get("ends_on")
            if (
                not known
                or plan is None
                or (trial and trial["starts_on"] <= str(on) <= trial["ends_on"])
                or (ends and ends < str(on))
            ):
                continue
            price = Decimal(own.get("price", {"bronze": 100, "silver": 300, "gold": 500}[plan]))
            gross = (price * count).quantize(CENT, ROUND_HALF_UP)
            shares = [Decimal(each["share"]) for each in own.get("discounts", []) if each["starts_on"] <= str(on)]
            total += gross - min((gross * sum(shares)).quantize(CENT, ROUND_HALF_UP), gross)
        whole[name] = (total / days).quantize(CENT, ROUND_HALF_UP)
    return whole


@settings(max_examples=examples(150, quick=30))
@given(parts=st.lists(st.decimals(-500, 500, places=6), min_size=1, max_size=12))
def test_the_largest_remainder_shares_out_every_cent_and_moves_no_part_by_one(parts):
    rows = pl.DataFrame({"g": ["x"] * len(parts), "_exact": parts}, schema={"g": pl.String, "_exact": UNIT})
    amounts = largest_remainder(rows, ["g"])["amount"].to_list()
    assert sum(amounts) == sum(parts).quantize(CENT, ROUND_HALF_UP)
    assert all(abs(amount - exact) < CENT for amount, exact in zip(amounts, parts, strict=True))


def test_the_files_hold_the_same_lines_and_a_hostile_name_stays_text():
    hostile = '=HYPERLINK("http://evil")'
    clients = [(hostile, "gold", date(2026, 1, 5), None), ("C", "silver", date(2026, 1, 5), None)]
    sites = [("S1", hostile, date(2026, 1, 5), None), ("S2", "C", date(2026, 1, 5), None)]
    found = invoiced(clients, sites, "next_month")
    rows = list(csv.DictReader(io.StringIO(as_csv(found.lines).decode())))
    assert sum(Decimal(row["amount"]) for row in rows) == found.lines["amount"].sum() == Decimal(800)
    assert {row["client_id"] for row in rows} == {"'" + hostile, "C"}
    made = as_workbook(found.sheets, created=make.noon(MARCH), currency="USD")
    assert made == as_workbook(found.sheets, created=make.noon(MARCH), currency="USD")
    sheet = openpyxl.load_workbook(io.BytesIO(made))["Invoice lines"]
    names = [cell.value for cell in sheet[1]]
    amount, client = names.index("amount") + 1, names.index("client id") + 1
    assert {sheet.cell(row, client).value for row in (2, 3)} == {hostile, "C"}
    assert all(sheet.cell(row, client).data_type == "s" for row in (2, 3))
    assert sheet.cell(4, amount).value == "=SUM(L2:L3)"
    shown = openpyxl.load_workbook(io.BytesIO(made), data_only=True)["Invoice lines"]
    assert shown.cell(4, amount).value == pytest.approx(800)
