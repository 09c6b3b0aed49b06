"""The monthly question: mailed once to each contact, answered once by a press and never by a look, added up."""

import re
from datetime import date, timedelta
from statistics import fmean

import dagster as dg
import polars as pl
import pytest

from opsguard_assets.config.settings import Settings
from opsguard_assets.delivery.links_io import links_of
from opsguard_assets.moment import moment_config
from opsguard_assets.satisfaction.answers_io import answer, questions_between
from opsguard_assets.satisfaction.asking_io import AskingError, ask
from opsguard_assets.satisfaction.assets import SATISFACTION_KEY, satisfaction_asset
from opsguard_assets.satisfaction.rating import QUESTION, ratings, standing
from opsguard_assets.web.service import Service
from resources.lake import Lake
from tests.delivery.given import Clock, mail_transport, rows, sent
from tests.remediation.given import record
from tests.resources.channels.mail_server import MailServer
from tests.web.browser import browser, needs_axe, needs_chromium
from tests.web.sites import site_here

MONTH, BASE = date(2026, 10, 1), "https://ops.example.org"
HOSTILE = "<script>alert(1)</script>\u202eevil & sons"
CONTACTS = {
    "C1": {"contacts": ["ann@one.example", "Ann@One.example", "bob@one.example"]},
    "C2": {"contacts": ["eve@two.example"]},
    "C3": {"contacts": ["kim@three.example"]},
    "C9": {"contacts": ["nobody@nine.example"]},
}
SETTINGS = Settings.model_validate(
    {
        "web": {"base_url": BASE},
        "satisfaction": {"clients": CONTACTS},
        "plans": {"clients": {"C3": {"ends_on": "2020-01-31"}}},
        "scorecards": {"clients": {"C2": {"language": "de"}}},
    }
)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def lake(tmp_path, clock):
    made, before = Lake(str(tmp_path / "a lake")), clock() - timedelta(days=40)
    for client, name in (("C1", HOSTILE), ("C2", "Zwei"), ("C3", "Three")):
        record(
            made, "clients", {"client_id": client, "name": name, "plan": "silver", "timezone": "UTC"}, loaded_at=before
        )
    return made


@pytest.fixture
def asked(lake, database, clock):
    """Questions that were asked, and the mails and addresses of pages that they came with."""
    ask(lake, database, SETTINGS, MONTH, at=clock(), by="test")
    return round_of_mail(lake, database, clock)


def round_of_mail(lake, database, clock):
    """The mails of a round, and the path of the page in each, by recipient."""
    link_of = links_of(database, BASE, timedelta(hours=168))
    with MailServer() as server:
        sent(database, lake.uri, clock, {"mail": mail_transport(server)}, link_of=link_of)
    mails = {mail["To"]: mail for _, mail in server.mails}
    body = {to: mail.get_body(["plain"]).get_content() for to, mail in mails.items()}
    return mails, {to: re.search(rf"{BASE}(/a/\S+)", text)[1] for to, text in body.items()}


@pytest.fixture
def site(lake, database, asked, clock):
    with site_here(Service(database, lake, SETTINGS, now=clock)) as running:
        yield running


def scores(database):
    return [(row["address"], row["score"]) for row in rows(database, "satisfaction_questions", "question_id")]


def test_each_contact_is_mailed_once_a_month_however_often_it_is_asked(lake, database, clock, asked):
    mails, pages = asked
    assert sorted(mails) == ["ann@one.example", "bob@one.example", "eve@two.example"]
    assert len(set(pages.values())) == 3
    again = ask(lake, database, SETTINGS, MONTH, at=clock(), by="test")
    assert {each.client_id: (each.contacts, each.planned) for each in again} == {
        "C1": (2, 0), "C2": (1, 0), "C3": (1, 0), "C9": (1, 0),
    }  # fmt: skip
    notes = {each.client_id: each.note for each in again}
    assert (notes["C1"], notes["C2"]) == (None, None)
    assert "plan" in notes["C3"]
    assert "no source knows" in notes["C9"]
    assert round_of_mail(lake, database, clock) == ({}, {})
    following = ask(lake, database, SETTINGS, date(2026, 11, 1), at=clock(), by="test")
    assert sum(each.planned for each in following) == 3


def test_two_runs_at_once_and_another_spelling_ask_nobody_twice(lake, database, clock):
    shouted = SETTINGS.model_copy(
        update={
            "satisfaction": SETTINGS.satisfaction.model_validate({"clients": {"C2": {"contacts": ["EVE@two.example"]}}})
        }
    )
    ask(lake, database, SETTINGS, MONTH, at=clock(), by="one")
    assert [each.planned for each in ask(lake, database, shouted, MONTH, at=clock(), by="two")] == [0]
    assert len(rows(database, "effects", "effect_id")) == len(scores(database)) == 3


def test_a_mail_says_what_is_asked_in_the_readers_language_and_hostile_names_stay_text(asked):
    mails, _ = asked
    english, german = (mails[to].get_body(["html"]).get_content() for to in ("ann@one.example", "eve@two.example"))
    assert "How satisfied were you with our service in October 2026?" in english
    assert "&lt;script&gt;" in english
    assert "<script" not in english
    assert "\u202e" not in english
    assert "Wie zufrieden waren Sie im Oktober 2026" in german
    assert ">Antworten</a>" in german
    assert mails["eve@two.example"]["Subject"] == "Eine Frage zum Oktober 2026"


def test_looking_answers_nothing_and_a_press_answers_once(site, database, asked):
    page = asked[1]["ann@one.example"]
    for _ in range(2):
        assert site.asked.get(page).status_code == 200
        assert site.asked.head(page).status_code == 200
        assert site.asked.get(f"{page}/satisfaction?score=1").status_code == 405
    assert scores(database)[0] == ("ann@one.example", None)
    first = site.asked.post(f"{page}/satisfaction", data={"score": "4"}, follow_redirects=True)
    assert "You answered 4 of 5: satisfied." in first.text
    second = site.asked.post(f"{page}/satisfaction", data={"score": "1"}, follow_redirects=True)
    assert "You answered 4 of 5: satisfied." in second.text
    assert "<form" not in second.text
    assert scores(database)[0] == ("ann@one.example", 4)
    assert scores(database)[1] == ("bob@one.example", None)


@pytest.mark.parametrize("score", ["0", "6", "4.5", "x", ""])
def test_what_is_no_answer_uses_nothing_up(site, database, asked, score):
    page = asked[1]["bob@one.example"]
    assert site.asked.post(f"{page}/satisfaction", data={"score": score}).status_code == 400
    assert site.asked.post(f"{page}/satisfaction", data={"score": "5"}).status_code == 303
    assert scores(database)[1] == ("bob@one.example", 5)


def test_a_link_ends_and_serves_no_other_purpose(site, database, asked, clock):
    page = asked[1]["eve@two.example"]
    for path in ("acknowledge", "answer", "feedback"):
        assert site.asked.post(f"{page}/{path}", data={"answer": "yes", "verdict": "noise"}).status_code in (
            400,
            410,
        ), path
    assert site.asked.get(f"{page}/executions").status_code == 410
    assert 'lang="de"' in site.asked.get(page).text
    clock.passes(hours=169)
    assert site.asked.get(page).status_code == 410
    assert site.asked.post(f"{page}/satisfaction", data={"score": "5"}).status_code == 410
    assert {score for _, score in scores(database)} == {None}


def test_a_second_link_to_an_answered_question_changes_nothing(site, database, asked):
    again = site.link("satisfaction/1", ("view", "satisfaction"), recipient="ann@one.example")
    site.asked.post(f"{asked[1]['ann@one.example']}/satisfaction", data={"score": "2"})
    assert (
        "You answered 2 of 5"
        in site.asked.post(f"{again}/satisfaction", data={"score": "5"}, follow_redirects=True).text
    )
    assert scores(database)[0] == ("ann@one.example", 2)


@needs_chromium
@needs_axe
def test_the_page_breaks_no_rule_of_accessibility(site, asked):
    with browser() as page:
        page.call("Emulation.setScriptExecutionDisabled", value=False)
        for scheme in ("light", "dark"):
            page.shown_as(width=360, scheme=scheme)
            page.open(f"{site.url}{asked[1]['ann@one.example']}")
            assert page.violations() == []
            assert page.width() <= 360


def test_answers_add_up_by_client_and_the_interval_holds_the_mean(database, lake, clock, asked):
    with database.begin() as connection:
        assert [answer(connection, number, score, clock()) for number, score in ((1, 5), (2, 4), (3, 1))] == [5, 4, 1]
    clock.passes(seconds=1)
    found = ratings(questions_between(database, MONTH, MONTH, clock()), "client_id").to_dicts()
    assert [(row["client_id"], row["asked"], row["answered"], row["mean"]) for row in found] == [
        ("C1", 2, 2, fmean([5, 4])), ("C2", 1, 1, 1.0),
    ]  # fmt: skip
    for row in found:
        assert 1 <= row["low"] <= row["mean"] <= row["high"] <= 5
    # By hand: (0.875 + 3.8415 / 4) / (1 + 3.8415 / 2) = 0.6284, less 0.3644, of four steps above 1.
    assert found[0]["low"] == pytest.approx(1 + 4 * (0.6284 - 0.3644), abs=1e-3)


def test_mails_that_were_not_sent_are_in_no_rate_and_without_answers_there_is_no_mean():
    rows_of = [("C", MONTH, None, False, None), ("C", MONTH, None, True, None)]
    (row,) = ratings(pl.DataFrame(rows_of, schema=QUESTION, orient="row"), "client_id").to_dicts()
    assert (row["asked"], row["answered"], row["share"], row["mean"], row["low"]) == (1, 0, 0.0, None, None)
    assert [standing(*ends, 4.5) for ends in ((4.5, 5), (4, 4.4), (4, 4.5), (None, None))] == [
        "above", "below", "open", None,
    ]  # fmt: skip
    (none,) = ratings(QUESTION.to_frame()).to_dicts()
    assert (none["asked"], none["share"]) == (0, None)


def test_the_job_asks_about_its_month_and_nobody_unless_settings_name_them(lake, database, clock):
    def run(settings):
        done = dg.materialize(
            [satisfaction_asset(settings, [])],
            resources={"lake": lake, "database": database},
            run_config=moment_config(clock(), SATISFACTION_KEY),
            partition_key="2026-10-01",
        )
        (made,) = done.asset_materializations_for_node(SATISFACTION_KEY.to_python_identifier())
        return made.metadata

    assert "nobody is to be asked" in run(Settings())["headline"].value
    assert run(SETTINGS)["planned"].value == 3
    assert run(SETTINGS)["planned"].value == 0


def test_contacts_without_an_address_of_the_service_are_an_error_and_not_a_silence(lake, database, clock):
    without = SETTINGS.model_copy(update={"web": Settings().web})
    with pytest.raises(AskingError, match=r"set `web.base_url`"):
        ask(lake, database, without, MONTH, at=clock(), by="test")
    assert scores(database) == []
    assert ask(lake, database, Settings(), MONTH, at=clock(), by="test") == []
