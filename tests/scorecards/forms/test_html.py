"""The page of a card: everything is on it, nothing comes from elsewhere, and no name becomes markup."""

import base64
import hashlib
import re
import time
from html.parser import HTMLParser

import pytest

from opsguard_assets.scorecards.card.card import Seal
from opsguard_assets.scorecards.forms.html import html
from tests.scorecards.forms.cards import HOSTILE, KPIS, card, measure, provider, restated
from tests.scorecards.messages import messages

MADE = {"a client": card(), "restated": restated(), "the provider": provider()}
VOID = {"meta", "link", "br", "img", "input", "hr"}


class Reader(HTMLParser):
    """Tags, attributes and texts; fails where a tag is not closed."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.texts = [], [], []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.open and self.open[-1] != "style" and data.strip():
            self.texts.append(" ".join(data.split()))


@pytest.fixture(scope="module", params=MADE)
def page(request):
    return html(MADE[request.param], KPIS)


def test_it_runs_nothing_and_loads_nothing(page):
    tags = Reader(page).tags
    assert {tag for tag, _ in tags}.isdisjoint({"script", "link", "img", "iframe", "object", "form", "base", "embed"})
    attributes = [(name, value or "") for _, attrs in tags for name, value in attrs.items()]
    assert not [name for name, _ in attributes if name.startswith("on") or name in {"style", "src"}]
    assert {value for name, value in attributes if name == "href"} == {"#main"}
    assert not re.search(r"url\(|@import|javascript:", page)


def test_its_policy_allows_its_own_style_sheet_and_nothing_else(page):
    policy = next(attrs["content"] for _, attrs in Reader(page).tags if "http-equiv" in attrs)
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL).group(1)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert page.count("<style") == 1


def test_hostile_names_stay_text(page):
    assert "<script>alert(1)</script>" in " ".join(Reader(page).texts)
    assert "\u202e" not in page
    assert "{number}" in page
    assert HOSTILE not in page


def test_each_picture_says_what_it_shows_and_each_table_has_heads(page):
    tags = [tag for tag, _ in Reader(page).tags]
    assert tags.count("svg") == page.count('role="img" font-family') > 10
    assert "Tour coverage from September 2026 to October 2026: least 94.96%, most 95.0%, target 95.0%" in page
    assert all("scope" in attrs for tag, attrs in Reader(page).tags if tag == "th")


def test_a_reader_finds_what_is_asked_for_on_it():
    texts = " ".join(Reader(html(card(), KPIS)).texts)
    for told in (
        "4 of 12 key figures are on target", "93.5%", "841 of 900", "▲ watch", "91.2% (+2.3 points, better)", "89.9%",
        "nothing of this kind was in the month", "alerts kept 259 deadlines", "17 held back so far",
        "12 cancelled, 1 odd code", "Silver would have sent 14 alerts", "Late tickets: of 120 announced 84 came true",
        "Door controller 7, 14 October", "€647,500.00", "How SLA performance is computed.", "271 times",
        "1 Nov 2026, 03:00 (UTC+01:00, Europe/Berlin)", "Preview: not sent to the client", "none: not signed",
    ):  # fmt: skip
        assert told in texts or told in html(card(), KPIS), told


def test_many_minutes_are_said_in_days_or_hours_too():
    assert "that is 33.9 days" in html(card(measures=(measure("incident_response", "48768.4", 0, 52),)), KPIS)
    assert "that is" not in html(card(measures=(measure("incident_response", "119", 0, 52),)), KPIS)


def test_a_signed_card_shows_by_whom_and_the_head_of_the_chain():
    seal = Seal(status="signed", digest="d" * 64, link="1" * 64, signed_by="Ada", signed_at=card().data_through)
    page = html(card(seal=seal), KPIS)
    assert "Signed by Ada on 1 Nov 2026" in page
    assert "d" * 64 in page
    assert "1" * 64 in page
    assert "Preview" not in page


def test_a_restatement_says_what_it_changes_and_why():
    texts = " ".join(Reader(html(restated(), KPIS)).texts)
    assert "Restatement 1: replaces what was sent before" in texts
    assert "Reason: Late punches of Harbour" in texts
    assert "96.9% 97.1% +0.2 points P-1" in texts


def test_the_german_page_has_no_english_text_of_the_catalogue():
    texts = set(Reader(html(card(language="de", locale="de_DE"), KPIS)).texts)
    single = {text for text in messages() if isinstance(text, str) and "{" not in text}
    same = {"Bronze", "Gold", "Name", "Scorecard", "Triage", "scorecard", "triage"}
    assert texts & single - same == set()
    assert "4 von 12 Kennzahlen sind im Ziel" in " ".join(texts)


def test_the_same_card_gives_the_same_bytes_whatever_the_machine_is_set_to(monkeypatch):
    first = html(card(), KPIS)
    for name, value in (("TZ", "Pacific/Kiritimati"), ("LANG", "ar_EG.UTF-8"), ("LC_ALL", "ar_EG.UTF-8")):
        monkeypatch.setenv(name, value)
    time.tzset()
    try:
        assert html(card(), KPIS) == first
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_card_with_nothing_in_it_is_a_page_too():
    empty = card(measures=(), sites=(), value=(), likely=(), changes=(), shadow=(), predictions=(), data_through=None)
    texts = " ".join(Reader(html(empty, KPIS)).texts)
    assert "No key figure can be judged" in texts
    assert "No data yet" in texts
