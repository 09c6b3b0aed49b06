"""`opsguard finance` as people in finance use it: on the screen, as JSON, and as files that they open and add up."""

import csv
import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from resources.lake import Lake
from tests.alerts.given import NOON
from tests.remediation.given import record

HOSTILE = "=One <b>"
TERMS = """
plans:
  currency: EUR
  clients:
    C2:
      ends_on: 2026-12-31
      discounts: [{share: 0.10}]
      credits: [{on: 2026-02-10, amount: 20, reason: outage}]
    c3: {price: 5}
"""
AT = ("--as-of", "2026-03-02T12:00Z")
FEBRUARY = ("--month", "2026-02", *AT)


@pytest.fixture
def command(command_on, database, database_url, tmp_path):
    """Two clients with two sites each since December; one bought more in February. Of a third no plan is known."""
    lake = Lake(str(tmp_path / "lake"))
    before = NOON - timedelta(days=80)
    sites = [{"site_id": f"S{n}", "client_id": f"C{1 + n % 2}", "name": "x", "timezone": "UTC"} for n in range(4)]
    first, *others = [
        {"client_id": name, "name": called, "plan": plan, "timezone": "UTC"}
        for name, called, plan in (("C1", HOSTILE, "bronze"), ("C2", "Two", "silver"), ("C3", "Three", None))
    ]
    record(lake, "clients", first, *others, loaded_at=before)
    record(lake, "clients", {**first, "plan": "silver"}, loaded_at=NOON - timedelta(days=20))
    record(lake, "sites", *sites, loaded_at=before)
    return command_on("finance", tmp_path / "lake", database_url, settings=TERMS)


def cells(path, sheet):
    """The rows of a sheet, its head first."""
    return [list(row) for row in openpyxl.load_workbook(path, data_only=True)[sheet].iter_rows(values_only=True)]


def test_recurring_revenue_is_shown_with_who_moved_and_who_pays_nothing(command):
    code, out, err = command("mrr", *AT)
    assert code == 0, err
    assert out.startswith("February 2026 ended at 1,140.00 EUR a month from 2 clients, 400.00 more;")
    running, february = [line.split() for line in out.splitlines() if line.startswith("2026-0")][:2]
    assert (running[-1], february[-1]) == ("yes", "154.1%"), "the month that runs says so"
    assert "plans.clients` names clients that no source knows: c3 (did you mean C3?)." in err
    assert "No plan is known of C3: nothing is charged." in err

    told = json.loads(command("mrr", *FEBRUARY, "--json")[1])
    (month,), (moved,) = told["months"], told["movements"]
    assert (month["start"], month["expansion"], month["end"], month["arr"]) == (
        "740.00",
        "400.00",
        "1140.00",
        "13680.00",
    )
    assert (moved["client_id"], moved["movement"], moved["by_sites"], moved["by_price"]) == (
        "C1", "expansion", "0.00", "400.00",
    )  # fmt: skip
    assert {row["client_id"]: row["mrr"] for row in told["subscriptions"]} == {
        "C1": "600.00", "C2": "540.00", "C3": "0.00",
    }  # fmt: skip
    assert (told["currency"], told["unknown_clients"], told["clients_without_plan"]) == ("EUR", ["c3"], ["C3"])
    assert command("mrr", "--month", "2026-03", *AT)[1].startswith("March 2026 stands at 1,140.00 EUR")


def test_invoices_close_on_the_screen_and_in_files_that_add_up(command, tmp_path):
    folder = tmp_path / "for finance"
    code, out, err = command("invoices", *FEBRUARY, "--out", str(folder))
    assert code == 0, err
    assert out.startswith("Invoices of February 2026: 720.00 EUR")
    assert f"4 lines are written to {folder / 'invoices-2026-02'}.csv and .xlsx" in out
    with (folder / "invoices-2026-02.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [(row["client_id"], row["line"], row["text"], row["amount"]) for row in lines] == [
        ("C1", "1", "bronze, 2 sites, 28 of 28 days", "200.00"),
        ("C2", "1", "silver, 2 sites, 28 of 28 days", "600.00"),
        ("C2", "2", "discount, 28 of 28 days", "-60.00"),
        ("C2", "3", "outage", "-20.00"),
    ]
    head, *rows, total = cells(folder / "invoices-2026-02.xlsx", "Invoice lines")
    amount = head.index("amount")
    assert [Decimal(str(row[amount])) for row in rows] == [Decimal(row["amount"]) for row in lines]
    assert total[amount] == 720
    assert total[head.index("unit price")] is None, "a sum of prices means nothing"
    assert json.loads(command("invoices", *AT, "--json")[1])["month"] == "2026-03-01"


def test_the_page_and_its_workbook_show_the_same_revenue_harmlessly(command, tmp_path):
    mine = tmp_path / "mine.yaml"
    mine.write_text("scenarios: [{name: '<i>', clients: 140, sites_per_client: 2.5, adoption: 0.35, price: 340}]")
    files = json.loads(command("page", *AT, "--scenarios", str(mine), "--json")[1])
    page = Path(files["page"]).read_text(encoding="utf-8")
    assert "1,140.00" in page
    assert "499,800.00" in page
    assert "No plan is known of Three: nothing is charged." in page
    assert "=One &lt;b&gt;" in page
    assert not any(markup in page for markup in ("One <b>", "<i>"))
    head, *months = cells(files["workbook"], "Revenue")
    assert [row[head.index("end")] for row in months] == [740, 740, 1140, 1140], "balances are not added up"
    assert cells(files["workbook"], "Subscriptions")[-1][7] == 1140
    head, *scenarios = cells(files["workbook"], "Projection")
    assert [row[head.index("arr")] for row in scenarios] == [499_800]
    assert command("page", *AT, "--out", str(tmp_path / "a folder"))[0] == 0
    assert sorted(each.name for each in (tmp_path / "a folder").iterdir()) == ["finance.html", "finance.xlsx"]


def test_projections_and_returns_are_those_of_the_plan(command):
    shown = json.loads(command("projection", "--json")[1])
    assert [row["arr"] for row in shown["scenarios"]] == ["144000.00", "336000.00", "576000.00"]
    assert "144,000.00" in command("projection")[1]
    returns = json.loads(command("roi", *AT, "--json")[1])
    assert [(row["times_from"], row["times_to"]) for row in returns["by_inputs"]] == [
        ("13", "66"), ("1.25", "2.50"), ("5", "12"), ("56", "56"),
    ]  # fmt: skip
    assert {row["basis"] for row in returns["measured"]} == {"not measured"}
    assert "By inputs, a month, in EUR" in command("roi", *AT)[1]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["mrr", "--month", "Feb"], 2, "write a month like 2026-10"),
        (["mrr", "--month", "2024-02", *AT], 1, "No client was known in February 2024"),
        (["invoices", "--month", "2026-04", *AT], 1, "the newest month is 2026-03"),
        (["projection", "--scenarios", "nowhere.yaml"], 1, "nowhere.yaml cannot be read: No such file"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_said_with_a_remedy(command, arguments, code, words):
    found, _, err = command(*arguments)
    assert found == code
    assert words in " ".join(err.split())
