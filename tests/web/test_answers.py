"""Answers over HTTP decide once, by people who may, whatever surface they come from; the engine is the real one."""

import threading
import time
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from opsguard_assets.config.settings import Settings
from opsguard_assets.web import tokens
from opsguard_assets.web.service import Service
from tests.remediation.engines import CLIENT, PEOPLE, Engine
from tests.remediation.given import record
from tests.remediation.questions import offer
from tests.web.sites import LONG_AGO, site_here
from tests.web.test_slack import SECRET, Answers, answers, clicked, payload, told  # noqa: F401 - a fixture

RESOLVE = {"do": "resolve_alert", "unseen": True, "note": "false alarm"}
LIMITS = {"at_once_per_site": 100, "per_hour": 100}
ENTITIES = [f"D{number}" for number in range(1, 12)]


@pytest.fixture(scope="module")
def site(databases, tmp_path_factory, answers):  # noqa: F811
    from resources.lake import Lake

    lake = Lake(str(tmp_path_factory.mktemp("answers") / "lake"))
    record(lake, "clients", CLIENT | {"name": "Acme"}, loaded_at=LONG_AGO)
    record(lake, "groups", {"group_id": "G1", "name": "iot-specialists", "lead_id": "lea"}, loaded_at=LONG_AGO)
    record(lake, "memberships", *PEOPLE, loaded_at=LONG_AGO)
    people = [{"person_id": name, "name": name.title(), "slack_user_id": f"U{name}"} for name in ("ada", "ben", "eve")]
    people += [{"person_id": name, "name": "Two", "slack_user_id": "Utwo"} for name in ("ada2", "ben2")]
    record(lake, "people", *people, loaded_at=LONG_AGO)
    engine = Engine(databases.migrated(), lake)
    chosen = {"web": {"requests_per_minute": 100_000}, "remediation": {"max_autonomy": "alone"}}
    settings = Settings.model_validate(chosen)
    service = Service(engine.database, lake, settings, SecretStr(SECRET), slack_answers=(answers,), now=engine.clock)
    engine.use(RESOLVE, approval={"required": "one", "team": "G1"}, limits=LIMITS)
    engine.goes(*ENTITIES)
    with site_here(service) as running:
        running.engine = engine
        yield running


def approval_of(site, entity):
    asked = "SELECT approval_id FROM approvals JOIN executions USING (execution_id) WHERE entity_id = :e"
    ((number,),) = site.rows(asked, e=entity)
    return number


def link_of(site, about, person="ada"):
    return site.link(about, tokens.purposes_of(about), recipient=person, at=site.engine.clock())


def says(site, link, answer, **more):
    return site.asked.post(f"{link}/answer", data={"answer": answer, **more}, follow_redirects=True)


def decision(site, number):
    return site.rows("SELECT decision, decided_by, reason FROM approvals WHERE approval_id = :n", n=number)[0]


def test_an_answer_decides_once_and_a_second_one_shows_the_first_result(site):
    number = approval_of(site, "D1")
    link = link_of(site, f"approval/{number}")
    first = says(site, link, "approve", note="seen on site")
    assert first.status_code == 200
    for page in (first.text, says(site, link, "deny").text):
        assert "Approved by Ada. The playbook goes on." in page
        assert "By this link you answered “approve”" in page
    assert decision(site, number)[0] == "approved"
    votes = "SELECT person_id, vote, surface, note FROM approval_votes WHERE approval_id = :n"
    assert site.rows(votes, n=number) == [("ada", "approve", "web", "seen on site")]
    second = link_of(site, f"approval/{number}")
    assert "You answered “approve”" in says(site, second, "deny").text, "what counts, not what was pressed"
    kept = "SELECT result ->> 'action' FROM link_tokens WHERE subject = :s AND used_at IS NOT NULL"
    assert site.rows(kept, s=f"approval/{number}") == [("approve",), ("approve",)]
    site.engine.advanced()
    assert site.rows("SELECT state FROM alerts WHERE entity_id = 'D1'") == [("resolved",)]


def test_whoever_answers_later_by_another_link_reads_what_was_decided(site):
    number = approval_of(site, "D2")
    mine, later = (link_of(site, f"approval/{number}", who) for who in ("ada", "ben"))
    says(site, mine, "deny", note="not at night")
    page = says(site, later, "approve").text
    assert "Denied by Ada: not at night. It is not done." in page
    assert 'name="answer"' not in page
    assert decision(site, number) == ("denied", "ada", "not at night")


@pytest.fixture(params=["the same link", "another link", "Slack"])
def denied_after_all(site, answers, request):  # noqa: F811
    """An approval that two have to agree to; Ada agreed by a link, and then denied. Gives it and the link."""
    entity = {"the same link": "D8", "another link": "D10", "Slack": "D11"}[request.param]
    number = approval_of(site, entity)
    site.rows("UPDATE approvals SET needed = 2 WHERE approval_id = :n RETURNING 1", n=number)
    link = link_of(site, f"approval/{number}")
    assert "Your answer counts" in says(site, link, "approve").text
    assert "You agreed, and may still deny." in site.asked.get(link).text
    if request.param == "Slack":
        clicked(site, payload("deny", f"approval/{number}", user="Uada", answer_to=answers))
        assert told()["text"] == "Denied by Ada: no reason given. It is not done."
    else:
        other = link if request.param == "the same link" else link_of(site, f"approval/{number}")
        assert "Denied by Ada" in says(site, other, "deny").text
    return number, link


def test_who_agreed_may_still_deny_while_nothing_is_decided_and_pages_say_what_counts(site, denied_after_all):
    number, link = denied_after_all
    assert "Denied by Ada" in says(site, link_of(site, f"approval/{number}", "ben"), "approve").text
    assert "You answered “deny”" in site.asked.get(link).text
    assert decision(site, number)[:2] == ("denied", "ada")
    assert site.rows("SELECT vote FROM approval_votes WHERE approval_id = :n", n=number) == [("deny",)]


def test_who_may_not_decide_is_told_who_may_and_nothing_is_used_up(site):
    number = approval_of(site, "D3")
    link = link_of(site, f"approval/{number}", "eve")
    answer = says(site, link, "approve")
    assert answer.status_code == 409
    assert "Eve may not decide" in answer.text
    assert "Ada (ada), Ben (ben)" in answer.text
    assert decision(site, number)[0] is None
    used = "SELECT count(*) FROM link_tokens WHERE subject = :s AND used_at IS NOT NULL"
    assert site.rows(used, s=f"approval/{number}") == [(0,)]


def test_what_nothing_takes_back_needs_the_box_ticked(site):
    number = approval_of(site, "D4")
    final = "UPDATE approvals SET plan = jsonb_set(plan, '{0,is_final}', 'true') WHERE approval_id = :n RETURNING 1"
    site.rows(final, n=number)
    link = link_of(site, f"approval/{number}")
    assert "tick the box" in says(site, link, "approve").text
    assert decision(site, number)[0] is None
    assert "Approved by Ada" in says(site, link, "approve", sure="yes").text


def test_what_would_be_something_else_now_is_void_and_the_page_says_what_next(site):
    number = approval_of(site, "D5")
    site.rows("UPDATE alerts SET state = 'acknowledged' WHERE entity_id = 'D5' RETURNING 1")
    page = says(site, link_of(site, f"approval/{number}"), "approve").text
    assert "Void: the situation changed after it was asked" in page
    assert "Next: look for the newer approval" in page


def test_of_many_presses_at_once_one_decides(site):
    number = approval_of(site, "D6")
    links = [link_of(site, f"approval/{number}", who) for who in ("ada", "ben", "ada", "ben")]
    threads = [threading.Thread(target=says, args=(site, link, "approve")) for link in links]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    noted = "SELECT count(*) FROM execution_transitions WHERE detail LIKE :d"
    assert site.rows(noted, d=f"approval {number} %") == [(1,)]


@pytest.mark.parametrize("answer", ["", "yes", "acknowledge", "x" * 500])
def test_what_is_no_answer_to_an_approval_is_refused(site, answer):
    link = link_of(site, f"approval/{approval_of(site, 'D3')}")
    assert says(site, link, answer).status_code == 400


def test_a_click_in_slack_decides_in_the_name_of_the_person_and_a_stranger_learns_what_to_do(site, answers):  # noqa: F811
    number = approval_of(site, "D7")
    clicked(site, payload("approve", f"approval/{number}", user="U404", answer_to=answers))
    assert "OpsGuard does not know who you are" in told()["text"]
    clicked(site, payload("deny", f"approval/{number}", user="Utwo", answer_to=answers))
    assert "more than one person in `people` has your Slack account" in told()["text"]
    clicked(site, payload("approve", f"approval/{number}", user="Ueve", answer_to=answers))
    assert "Eve may not decide" in told()["text"]
    clicked(site, payload("deny", f"approval/{number}", user="Uben", answer_to=answers))
    assert told()["text"] == "Denied by Ben: no reason given. It is not done."
    assert decision(site, number)[:2] == ("denied", "ben")
    page = site.asked.get(link_of(site, f"approval/{number}")).text
    assert "Denied by Ben" in page


MISPLACED = [("yes", "approval"), ("acknowledge", "approval"), ("approve", "incident")]


@pytest.mark.parametrize(("action", "about"), MISPLACED)
def test_a_button_that_does_not_belong_to_its_question_does_nothing(site, answers, action, about):  # noqa: F811
    number = approval_of(site, "D3")
    assert clicked(site, payload(action, f"{about}/{number}", user="Uada", answer_to=answers)).status_code == 200
    time.sleep(0.2)
    assert (Answers.taken, decision(site, number)[0]) == ([], None)


@pytest.fixture
def offered(site):
    """A shift that ben is asked to take."""
    ((alert,),) = site.rows("SELECT alert_id FROM alerts WHERE entity_id = 'D9'")
    with site.database.begin() as connection:
        connection.execute(text("DELETE FROM shift_offers"))
    ended = "SELECT execution_id FROM executions WHERE alert_id = :a"
    number = next(iter(site.rows(ended, a=alert)))[0]
    waits = (
        "INSERT INTO execution_steps VALUES (:n, 'on_failure', 0, 'ask', 'offer_shift', 'planned', :k, NULL, 1, '{}', "
        "NULL, 'asked', now(), NULL, NULL) ON CONFLICT DO NOTHING RETURNING 1"
    )
    site.rows(waits, n=number, k=f"offer {number}")
    return offer(site.database, number, site.engine.clock(), "ben", lasts=timedelta(hours=1))


def test_the_first_yes_has_the_shift_and_nobody_answers_for_somebody_else(site, offered):
    about = f"offer/{offered}"
    assert says(site, link_of(site, about, "ada"), "yes").status_code == 409
    link = link_of(site, about, "ben")
    for said in ("yes", "no"):
        page = says(site, link, said).text
        assert "You said yes: the shift is yours." in page
        assert "By this link you answered “yes”" in page
    assert site.rows("SELECT answer FROM shift_offers") == [("yes",)]


def test_an_offer_is_answered_in_slack(site, offered, answers):  # noqa: F811
    clicked(site, payload("no", f"offer/{offered}", user="Uben", answer_to=answers))
    assert "You do not take the shift" in told()["text"]
    assert site.rows("SELECT answer FROM shift_offers") == [("no",)]
