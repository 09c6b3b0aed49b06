"""Pages behind links, asked over HTTP: they tell what to save; GET changes nothing; POST acts once."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from opsguard_assets.alerts.people import resolve
from opsguard_assets.web.tokens import VIEW, document
from resources.kept_files import kept_files

HOSTILE = "<script>alert(1)</script>\u202egnp.exe\u2066 " + "W" * 10_000


def states(site, numbers):
    return [row[0] for row in site.rows("SELECT state FROM alerts WHERE alert_id = ANY (:n) ORDER BY 1", n=numbers)]


def test_the_page_of_an_incident_says_what_where_why_who_and_what_next(site):
    number, _ = site.incident("Lift 3 stuck", title="2 tickets at Harbour", owner_id="P1")
    answer = site.asked.get(site.link(f"incident/{number}"))
    assert answer.status_code == 200
    for words in ("2 tickets at Harbour", "Acme, Harbour", "Little time left", "Ada Byron (owner of the incident)",
                  "Give it to somebody", "Lift 3 stuck", "priority 72 of 100", "No deadline", "CET"):  # fmt: skip
        assert words in answer.text, words
    assert answer.text.count('class="big"') == 1


def test_a_document_is_shown_as_it_was_kept_and_its_link_opens_nothing_else(site):
    content = b"<!doctype html><title>Scorecard</title><style>p { color: red }</style><p>October</p>"
    digest = kept_files(site.lake).keep(content)
    link = site.link(document(digest), (VIEW,), recipient="boss@one.example")
    answer = site.asked.get(link)
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"] == "no-referrer"
    for other in ("executions", "alerts/1", "autonomy"):
        assert site.asked.get(f"{link}/{other}").status_code == 410
    assert site.asked.post(f"{link}/acknowledge").status_code == 410
    for wrong in ("0" * 64, "../../opsguard.yaml"):
        assert site.asked.get(site.link(document(wrong), (VIEW,))).status_code == 410


def test_the_page_of_an_alert_has_evidence_and_history(site):
    _, (alert,) = site.incident("Lift 3 stuck")
    text = site.asked.get(site.link(f"alert/{alert}")).text
    assert "75.0%" in text
    assert "the condition holds" in text
    assert f"Alert {alert}, about ticket" in text


def test_looking_by_get_and_head_changes_nothing_and_the_button_works_afterwards(site):
    number, alerts = site.incident("Lift")
    link = site.link(f"incident/{number}")
    for _ in range(3):
        assert site.asked.get(link).status_code == 200
        assert site.asked.head(link).status_code == 200
        assert site.asked.get(f"{link}/acknowledge").status_code == 405
    assert states(site, alerts) == ["open"]
    assert site.rows("SELECT count(*) FROM link_tokens WHERE used_at IS NOT NULL AND subject = :s",
                     s=f"incident/{number}") == [(0,)]  # fmt: skip
    answer = site.asked.post(f"{link}/acknowledge", follow_redirects=True)
    assert answer.status_code == 200
    assert "Ada Byron acknowledged it." in answer.text
    assert states(site, alerts) == ["acknowledged"]


def test_a_second_press_shows_what_the_first_one_did_and_acts_no_more(site):
    number, alerts = site.incident("Lift", "Door")
    link = site.link(f"incident/{number}")
    first = site.asked.post(f"{link}/acknowledge", follow_redirects=True)
    second = site.asked.post(f"{link}/acknowledge", follow_redirects=True)
    assert "Ada Byron acknowledged it." in first.text
    assert "Ada Byron acknowledged it." in second.text
    notes = "SELECT count(*) FROM alert_transitions WHERE alert_id = ANY (:n) AND to_state = 'acknowledged'"
    assert site.rows(notes, n=alerts) == [(2,)]


def test_of_many_presses_at_once_one_acts(site):
    number, alerts = site.incident("Lift")
    link, codes = site.link(f"incident/{number}"), []

    def press():
        codes.append(site.asked.post(f"{link}/feedback", data={"verdict": "useful"}).status_code)

    threads = [threading.Thread(target=press) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [303] * 6
    assert site.rows("SELECT count(*) FROM alert_feedback WHERE alert_id = ANY (:n)", n=alerts) == [(1,)]


def test_whoever_presses_later_by_another_link_reads_who_has_it(site):
    number, _ = site.incident("Lift", next_step_at=datetime.now(UTC))
    mine, later = (site.link(f"incident/{number}", recipient=who) for who in ("P1", "bob@example.org"))
    site.asked.post(f"{mine}/acknowledge")
    kept = "SELECT state, acknowledged_by, next_step_at, version FROM incidents WHERE incident_id = :n"
    assert site.rows(kept, n=number) == [("acknowledged", "Ada Byron", None, 2)]
    page = site.asked.post(f"{later}/acknowledge", follow_redirects=True)
    assert f"Incident {number} was acknowledged by Ada Byron" in page.text
    assert 'class="big"' not in page.text
    assert site.rows(kept, n=number) == [("acknowledged", "Ada Byron", None, 2)]


def test_the_last_alert_that_is_acknowledged_by_its_own_link_acknowledges_the_incident(site):
    number, alerts = site.incident("Lift", "Door")
    kept = "SELECT state FROM incidents WHERE incident_id = :n"
    for alert, state in zip(alerts, ("open", "acknowledged"), strict=True):
        site.asked.post(f"{site.link(f'alert/{alert}')}/acknowledge")
        assert site.rows(kept, n=number) == [(state,)]


@pytest.mark.parametrize("verdict", ["useful", "noise", "wrong"])
def test_feedback_is_noted_for_every_alert_of_the_incident_with_who_and_where(site, verdict):
    number, alerts = site.incident("Lift", "Door")
    link = site.link(f"incident/{number}")
    answer = site.asked.post(f"{link}/feedback", data={"verdict": verdict}, follow_redirects=True)
    assert f"Ada Byron said that it was {verdict}." in answer.text
    noted = site.rows("SELECT alert_id, verdict, actor, surface, opening FROM alert_feedback "
                      "WHERE alert_id = ANY (:n) ORDER BY 1", n=alerts)  # fmt: skip
    assert noted == [(alert, verdict, "Ada Byron", "web", 1) for alert in alerts]
    assert "Acknowledge: I have it" in answer.text


def test_feedback_that_there_is_not_is_refused_and_uses_nothing_up(site):
    number, _ = site.incident("Lift")
    link = site.link(f"incident/{number}")
    for data in ({}, {"verdict": "great"}):
        assert site.asked.post(f"{link}/feedback", data=data).status_code == 400
    assert site.asked.post(f"{link}/feedback", data={"verdict": "noise"}).status_code == 303


def test_forged_expired_and_mistyped_links_look_alike_and_do_nothing(site):
    number, alerts = site.incident("Lift")
    old = datetime.now(UTC) - timedelta(days=3)
    expired = site.link(f"incident/{number}", at=old, lasts=timedelta(days=1))
    right = site.link(f"incident/{number}")
    pages = {site.asked.get(link).text.split("<footer>")[0] for link in (expired, "/a/forged", right[:-1], right + "A")}
    assert len(pages) == 1
    for link in (expired, "/a/forged", right[:-1]):
        assert site.asked.get(link).status_code == 410
        assert site.asked.post(f"{link}/acknowledge").status_code == 410
        assert site.asked.post(f"{link}/feedback", data={"verdict": "noise"}).status_code == 410
    assert states(site, alerts) == ["open"]


def test_a_link_for_looking_shows_no_button_and_cannot_act(site):
    number, alerts = site.incident("Lift")
    link = site.link(f"incident/{number}", (VIEW,))
    page = site.asked.get(link)
    assert page.status_code == 200
    assert "<form" not in page.text
    assert site.asked.post(f"{link}/acknowledge").status_code == 410
    assert states(site, alerts) == ["open"]


def test_the_alert_of_another_client_is_reached_by_no_link_of_this_one(site):
    mine, (own,) = site.incident("Lift", client="C1")
    _, (foreign,) = site.incident("Vault of Zenith", client="C2")
    for link in (site.link(f"incident/{mine}"), site.link(f"alert/{own}")):
        assert site.asked.get(f"{link}/alerts/{own}").status_code == 200
        refused = site.asked.get(f"{link}/alerts/{foreign}")
        assert refused.status_code == 410
        assert "Zenith" not in refused.text + site.asked.get(link).text
        for path in (f"{link}/../alert/{foreign}", f"{link}/alerts/{foreign}/acknowledge", f"{link}/alerts/x"):
            assert site.asked.get(path).status_code == 404


def test_what_was_resolved_meanwhile_is_said_and_the_link_stays_unused(site):
    _, (alert,) = site.incident("Lift")
    link = site.link(f"alert/{alert}")
    resolve(site.database, alert, at=datetime.now(UTC), actor="bob", note="reset")
    answer = site.asked.post(f"{link}/acknowledge")
    assert answer.status_code == 409
    assert f"Alert {alert} is already resolved." in answer.text
    assert "Nothing, it is resolved" in answer.text
    assert 'class="big"' not in answer.text


def test_hostile_titles_are_text_on_one_bounded_line(site):
    number, (alert,) = site.incident(HOSTILE, title=HOSTILE)
    link = site.link(f"incident/{number}", recipient="<b>eve</b>\u202e")
    site.asked.post(f"{link}/acknowledge")
    for page in (site.asked.get(link), site.asked.get(f"{link}/alerts/{alert}")):
        assert page.status_code == 200
        assert "<script" not in page.text
        assert "<b>eve" not in page.text
        assert not {"\u202e", "\u2066"} & set(page.text)
        assert "&lt;script&gt;" in page.text
        assert len(page.text) < 20_000


def test_whoever_is_not_among_the_people_acts_under_the_address_of_the_link(site):
    number, alerts = site.incident("Lift")
    site.asked.post(f"{site.link(f'incident/{number}', recipient='ops@example.org')}/acknowledge")
    asked = "SELECT DISTINCT acknowledged_by FROM alerts WHERE alert_id = ANY (:n)"
    assert site.rows(asked, n=alerts) == [("ops@example.org",)]
