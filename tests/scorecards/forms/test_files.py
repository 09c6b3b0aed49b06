"""The files of a card for machines: JSON that is checked by its digest, CSV that no spreadsheet runs."""

import csv as reader
import hashlib
import json as reading

import pytest

from opsguard_assets.scorecards.card.card import Seal
from opsguard_assets.scorecards.card.digest import canonical_json, parsed
from opsguard_assets.scorecards.forms.csv import COLUMNS, csv, safe
from opsguard_assets.scorecards.forms.json import json
from tests.scorecards.forms.cards import HOSTILE, KPIS, MEASURES, card, measure

WIDE = "\N{FULLWIDTH EQUALS SIGN}"


def test_a_reader_of_the_json_finds_its_digest_again():
    sealed = card(seal=Seal(status="draft", digest=reading.loads(json(card()))["digest"]))
    held = reading.loads(json(sealed))
    assert hashlib.sha256(canonical_json(held["card"])).hexdigest() == held["digest"]
    assert held["seal"]["status"] == "draft"
    assert parsed(canonical_json(held["card"])) == card()
    assert json(sealed) == canonical_json(held)


def lines(made):
    return list(reader.DictReader(csv(made, KPIS).decode().splitlines()))


def test_the_csv_has_a_line_per_figure_of_the_client_and_of_each_site():
    *found, worth, price, times = lines(card())
    assert len(found) == len(MEASURES) + 4 + 3
    assert [line["site_id"] for line in found] == [""] * len(MEASURES) + ["S-1"] * 4 + ["S-2"] * 3
    assert tuple(found[0]) == COLUMNS
    sla, attendance, resolved = found[0], found[1], found[5]
    assert (sla["value"], sla["unit"], sla["numerator"], sla["denominator"]) == ("93.45", "percent", "841", "900")
    assert (attendance["value"], attendance["before"]) == ("97.123456", "96.8")
    assert (resolved["value"], resolved["missing"]) == ("", "nothing")
    assert [line["kpi"] for line in (worth, price, times)] == ["worth_a_month", "plan_price", "return_on_price"]
    assert (price["value"], price["unit"], price["digest"]) == ("200", "EUR", sla["digest"])
    assert float(times["value"]) == pytest.approx(float(worth["value"]) / 200)
    assert float(worth["low"]) < float(worth["value"]) < float(worth["high"])
    assert sla["excluded"] == "cancelled: 12; odd_code: 1"
    assert (sla["timezone"], sla["currency"], sla["status"]) == ("Europe/Berlin", "EUR", "preview")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r\n=1", "\u200b=1", f"{WIDE}1", " =1"])
def test_no_cell_is_a_formula(text):
    assert safe(text)[0] not in f"=+-@\t\r\n{WIDE}"
    assert lines(card(client_name=text))[0]["client"] == safe(text)


def test_numbers_stay_numbers_and_text_that_is_none_stays_as_it_is():
    made = card(client_name="Smith, Jones & Co", measures=(measure("helpdesk_sentiment", "-0.25"),))
    assert (lines(made)[0]["value"], lines(made)[0]["client"]) == ("-0.25", "Smith, Jones & Co")
    assert safe(HOSTILE).startswith("<script>")
