"""Recurring revenue: every month closes, movements are told from each other, and the past stays as it was."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsguard_assets.finance.revenue.announced import announced
from opsguard_assets.finance.revenue.figures_io import arr_of, moved_since, mrr_of
from opsguard_assets.finance.revenue.movements import broken_identities, by_plan, cohorts
from opsguard_assets.tables.months import month_after, months_to
from tests.finance import given as make
from tests.properties import examples

END = date(2026, 7, 10)


def moved(people, places, *, until=END, **plans):
    return mrr_of(make.known(people, places), make.settings(**plans), make.noon(until))


def story(rows, client="C"):
    """(month, movement, amount, mrr) of a client."""
    mine = rows.filter(pl.col("client_id") == client)
    return [
        (m.month, kind, float(a), float(mrr))
        for m, kind, a, mrr in mine.select("month", "movement", "amount", "mrr").iter_rows()
    ]


def test_a_client_comes_grows_shrinks_goes_and_comes_back():
    day = date
    clients = [
        ("C", "bronze", day(2026, 1, 15), day(2026, 2, 10)), ("C", "gold", day(2026, 2, 10), day(2026, 4, 2)),
        ("C", "silver", day(2026, 5, 20), None),
    ]  # fmt: skip
    sites = [
        ("S1", "C", day(2026, 1, 15), None), ("S2", "C", day(2026, 1, 15), day(2026, 3, 31)),
        ("S3", "C", day(2026, 6, 1), None),
    ]  # fmt: skip
    assert story(moved(clients, sites)) == [
        (1, "new", 200, 200), (2, "expansion", 800, 1000), (3, "contraction", 500, 500), (4, "churn", 500, 0),
        (5, "reactivation", 300, 300), (6, "expansion", 300, 600), (7, None, 0, 600),
    ]  # fmt: skip


def test_a_greater_plan_and_fewer_sites_are_one_movement_and_its_parts_explain_it():
    clients = [("C", "bronze", date(2026, 1, 5), date(2026, 2, 5)), ("C", "gold", date(2026, 2, 5), None)]
    sites = [(f"S{n}", "C", date(2026, 1, 5), date(2026, 2, 9) if n else None) for n in range(3)]
    (row,) = moved(clients, sites).filter(pl.col("month") == date(2026, 2, 1)).to_dicts()
    assert (row["movement"], row["amount"]) == ("expansion", Decimal(200))
    assert (row["by_sites"], row["by_price"]) == (Decimal(-200), Decimal(400))


def test_what_begins_and_ends_within_a_month_is_no_movement_and_a_trial_pays_nothing():
    short = moved([("C", "gold", date(2026, 2, 3), date(2026, 2, 20))], [("S", "C", date(2026, 2, 3), None)])
    assert {kind for _, kind, _, _ in story(short)} <= {None}
    trial = {"clients": {"C": {"trial": {"plan": "gold", "starts_on": "2026-01-01", "ends_on": "2026-03-31"}}}}
    tried = moved([("C", "silver", date(2026, 1, 3), None)], [("S", "C", date(2026, 1, 3), None)], **trial)
    assert story(tried)[:4] == [(1, None, 0, 0), (2, None, 0, 0), (3, None, 0, 0), (4, "new", 300, 300)]


def test_churn_counts_when_service_ends_and_is_listed_before():
    terms = {"clients": {"C": {"ends_on": "2026-05-31"}, "D": {"trial": {"plan": "gold", "ends_on": "2026-04-30"}}}}
    rows = moved([("C", "gold", date(2026, 1, 3), None)], [("S", "C", date(2026, 1, 3), None)], **terms)
    # The last day of service is that of a month: at its end the service is still there.
    assert [month for month, kind, _, _ in story(rows) if kind == "churn"] == [6]
    plans = make.settings(**terms).plans
    assert announced(plans, date(2026, 4, 1))["what"].to_list() == ["trial of gold", "service"]
    assert announced(plans, date(2026, 5, 31))["client_id"].to_list() == ["C"]
    assert announced(plans, date(2026, 6, 1)).is_empty()


def test_retention_leaves_out_new_clients_and_has_no_data_where_nothing_was_paid():
    clients = [("A", "gold", date(2026, 1, 3), None), ("B", "silver", date(2026, 1, 3), date(2026, 2, 5))]
    clients += [("C", "bronze", date(2026, 2, 3), None)]
    sites = [
        ("SA", "A", date(2026, 1, 3), None),
        ("SB", "B", date(2026, 1, 3), None),
        ("SC", "C", date(2026, 2, 3), None),
    ]
    months = arr_of(moved(clients, [*sites, ("SA2", "A", date(2026, 2, 8), None)])).to_dicts()
    assert months[0]["gross_retention"] is None
    assert months[1]["gross_retention"] == pytest.approx(500 / 800)
    assert months[1]["net_retention"] == pytest.approx(1000 / 800)
    assert (months[1]["end"], months[1]["arr"]) == (Decimal(1100), Decimal(13200))
    plans = by_plan(moved(clients, sites), date(2026, 2, 1))
    assert dict(plans.select("plan", "mrr").iter_rows()) == {"bronze": Decimal(100), "gold": Decimal(500)}


def test_a_month_ends_in_the_zone_of_operations():
    late = [("C", "gold", date(2026, 1, 3), None)]
    tokyo = make.settings().model_copy(
        update={"operations": make.settings().operations.model_copy(update={"timezone": "Asia/Tokyo"})}
    )
    seen = make.known(late, [("S", "C", date(2026, 1, 3), None), ("S2", "C", date(2026, 1, 31), None)])
    # Noon of the 31st is that day in both; 16:00 is the first of February in Tokyo.
    evening = seen.sites.with_columns(since=pl.col("since") + timedelta(hours=4))
    shifted = type(seen)(seen.clients, evening, seen.devices)
    ends = {
        zone.operations.timezone: mrr_of(shifted, zone, make.noon(END))
        .filter(pl.col("month") == make.JANUARY)["mrr"]
        .item()
        for zone in (make.settings(), tokyo)
    }
    assert ends == {"UTC": Decimal(1000), "Asia/Tokyo": Decimal(500)}


DAYS = st.dates(date(2026, 1, 1), date(2026, 6, 30))


@st.composite
def worlds(draw):
    """Clients with changes, gaps, trials and ends, and sites that come and go."""
    clients, sites, terms = [], [], {}
    for name in ("A", "B", "C"):
        cuts = sorted(draw(st.sets(DAYS, min_size=1, max_size=5)))
        for since, until in pairwise([*cuts, None]):
            if draw(st.integers(0, 3)):
                clients.append((name, draw(st.sampled_from(["bronze", "silver", "gold", None])), since, until))
        for number in range(draw(st.integers(0, 3))):
            since = draw(DAYS)
            until = draw(
                st.one_of(
                    st.none(),
                    DAYS.filter(lambda day, since=since: day > since) if since < date(2026, 6, 30) else st.none(),
                )
            )
            sites.append((f"{name}{number}", name, since, until))
        own = {}
        if draw(st.booleans()):
            own["price"] = str(draw(st.decimals(0, 500, places=2)))
        if draw(st.booleans()):
            begin = draw(DAYS)
            own["trial"] = {
                "plan": "gold",
                "starts_on": str(begin),
                "ends_on": str(begin + timedelta(days=draw(st.integers(0, 60)))),
            }
        if draw(st.booleans()):
            own["discounts"] = [{"share": str(draw(st.decimals(0, 1, places=3))), "starts_on": str(draw(DAYS))}]
        if draw(st.integers(0, 3)) == 0:
            own["ends_on"] = str(draw(DAYS))
        terms[name] = own
    return clients, sites, {"clients": terms}


@settings(max_examples=examples(150, quick=25))
@given(world=worlds())
def test_every_month_closes_and_each_client_moves_once(world):
    clients, sites, terms = world
    rows = moved(clients, sites, **terms)
    months = arr_of(rows)
    assert broken_identities(months).is_empty()
    assert rows.select("client_id", "month").is_unique().all()
    assert rows.filter(pl.col("movement").is_null() & (pl.col("start") != pl.col("mrr"))).is_empty()
    if len(rows):
        assert months["month"].to_list() == months_to(months["month"].min(), date(2026, 7, 1))
    assert cohorts(rows).filter(pl.col("age") == 0)["share"].to_list() == [1.0] * cohorts(rows)["cohort"].n_unique()


@settings(max_examples=examples(60, quick=12))
@given(world=worlds(), number=st.integers(2, 6))
def test_a_new_price_list_moves_no_past_month(world, number):
    clients, sites, terms = world
    day = month_after(make.JANUARY, number)
    old = moved(clients, sites, **terms)
    risen = [{"amount": 300}, {"valid_from": str(day), "amount": 999}]
    new = moved(clients, sites, silver={"price": risen}, **terms)
    before = pl.col("month") < day
    assert new.filter(before).equals(old.filter(before))


def test_a_broken_identity_and_a_changed_past_are_found():
    rows = moved([("C", "gold", date(2026, 1, 3), None)], [("S", "C", date(2026, 1, 3), None)])
    months = arr_of(rows)
    bent = months.with_columns(new=pl.when(pl.col("month") == make.JANUARY).then(Decimal("499.99")).otherwise("new"))
    assert broken_identities(bent)["month"].to_list() == [make.JANUARY]
    cheaper = moved([("C", "gold", date(2026, 1, 3), None)], [("S", "C", date(2026, 1, 3), None)], gold={"price": 499})
    assert len(moved_since(rows, cheaper)) == 6, "the provisional month may change"
    assert moved_since(rows, rows).is_empty()
