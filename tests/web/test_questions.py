"""Pages of approvals, offers and executions over HTTP: GET decides nothing, POST once, each client by itself."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from opsguard_assets.web import tokens
from tests.alerts.given import NOON
from tests.long import chosen
from tests.remediation.questions import ASSIGN, RESTART, approval, execution_about, offer
from tests.remediation.recorded import executed, known, playbook
from tests.web.browser import browser, needs_chromium

PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
HOSTILE = "<script>alert(1)</script>\u202egnp.exe " + "W" * 3_000


def now():
    return datetime.now(UTC)


def question(site, number, *, recipient="P1", lasts=timedelta(days=1), at=None):
    return site.link(number, tokens.purposes_of(number), recipient=recipient, lasts=lasts, at=at)


def votes(site, number):
    return site.rows(
        "SELECT person_id, vote, surface, note FROM approval_votes WHERE approval_id = :n ORDER BY at", n=number
    )


def decision(site, number):
    ((found,),) = site.rows("SELECT decision FROM approvals WHERE approval_id = :n", n=number)
    return found


@pytest.fixture(scope="module")
def run(site):
    """An execution about an alert of C1, with steps, an attachment and a history."""
    _, (alert,) = site.incident("D7 is silent")
    number = execution_about(site.database, alert, "Restart the silent device")
    site.rows(
        "INSERT INTO execution_steps VALUES (:n, 'steps', 0, 'look', 'collect_diagnostics', 'done', 'k1', NULL, 1, "
        "'{\"hours\": 24}', CAST(:out AS jsonb), 'attached what is known', now(), NULL, now()) RETURNING 1",
        n=number,
        out=json.dumps({"rows": {"telemetry": 9}, "changes": ASSIGN["changes"], "said": HOSTILE}),
    )
    content = {"telemetry": [{"at": f"2026-03-02T0{hour}:00:00Z", "battery_pct": 50.0 + hour} for hour in range(9)]}
    site.rows(
        "INSERT INTO alert_attachments (alert_id, execution_id, step, kind, at, content, plot) VALUES "
        "(:a, :n, 0, 'diagnostics', now(), CAST(:c AS jsonb), '<svg/>') RETURNING 1",
        a=alert,
        n=number,
        c=json.dumps(content),
    )
    return number, alert


def test_looking_decides_nothing_and_says_everything(site, run):
    number, _ = run
    one = approval(site.database, number, now())
    link = question(site, f"approval/{one}")
    for _ in range(2):
        answer = site.asked.get(link)
        assert answer.status_code == 200
        assert site.asked.head(link).status_code == 200
        assert site.asked.get(f"{link}/answer").status_code == 405
    for words in ("Restart the silent device", "Restart device D1 by the command restart",
                  "device D1, power: on → off and on again", "Nothing takes this back",
                  "Without an answer it is not done",
                  "One person of noc", "Undone: the former assignee has it again",
                  "Telemetry", "charge, %"):  # fmt: skip
        assert words in answer.text, words
    assert (decision(site, one), votes(site, one)) == (None, [])


def test_the_page_of_one_execution_has_its_steps_with_times_input_and_output(site, run):
    number, alert = run
    link = site.link(f"alert/{alert}")
    answer = site.asked.get(link)
    assert answer.status_code == 200, site.log.read_text()[-3000:]
    assert f"/executions/{number}" in answer.text
    page = site.asked.get(f"{link}/executions/{number}").text
    for words in ("look</b>", "Attached what is known", "hours", "24", "ticket T-17, assignee: nothing → Bo",
                  "took 0.0 s", "Alone: it acts by itself"):  # fmt: skip
        assert words in page, words
    assert "<script>" not in page
    assert "\u202e" not in page
    newest = site.asked.get(f"{link}/executions").text
    assert "Restart the silent device" in newest


def test_people_are_shown_by_name_where_it_is_known_and_what_is_stored_keeps_identifiers(site):
    _, (alert,) = site.incident("D11 is silent")
    number = execution_about(site.database, alert)
    change = {"what": "incident 9", "attribute": "owner", "before": "P77", "after": "P1"}
    other = {"what": "ticket P1", "attribute": "priority", "before": "P1", "after": "P2"}
    site.rows(
        "INSERT INTO execution_steps VALUES (:n, 'steps', 0, 'give', 'assign', 'done', 'k2', NULL, 1, '{}', "
        "CAST(:out AS jsonb), 'given to P1, not P12', now(), NULL, now()) RETURNING 1",
        n=number, out=json.dumps({"person_id": "P1", "changes": [change, other]}),
    )  # fmt: skip
    site.rows(
        "INSERT INTO execution_transitions (execution_id, at, actor, to_state, detail) "
        "VALUES (:n, now(), 'P9', 'cancelled', 'cancelled by P9: no') RETURNING 1", n=number,
    )  # fmt: skip
    one = approval(site.database, number, now(), plan=[{**ASSIGN, "words": "give it to P1", "changes": [change]}])
    page = site.asked.get(f"{site.link(f'alert/{alert}')}/executions/{number}").text
    for words in ("incident 9, owner: P77 → Ada Byron", "ticket P1, priority: P1 → P2", "iven to Ada Byron, not P12",
                  "ancelled by Cy Left: no"):  # fmt: skip
        assert words in page, words
    asked = site.asked.get(question(site, f"approval/{one}")).text
    assert "ive it to Ada Byron" in asked
    assert "incident 9, owner: P77 → Ada Byron" in asked
    assert site.rows("SELECT plan -> 0 -> 'changes' -> 0 ->> 'after' FROM approvals WHERE approval_id = :n", n=one) == [
        ("P1",)
    ]


def test_the_ladder_of_autonomy_says_how_each_playbook_stands_and_why(site):
    _, (alert,) = site.incident("D13 is silent")
    minute = (now() - NOON) / timedelta(minutes=1)
    known(site.database, playbook("door-watch", title="<b>Doors</b>"), mode="approval", minutes=minute - 60)
    executed(site.database, alert, "door-watch", decision="approved", minutes=minute - 30)
    link = site.link(f"alert/{alert}")
    assert f'href="{link}/autonomy"' in site.asked.get(f"{link}/executions").text
    page = site.asked.get(f"{link}/autonomy").text
    for words in (
        "door-watch", "&lt;b&gt;Doors", "<td>approval</td>", "1 of 1 (≥ ", ": read first. ",
        "Stays: it has the greatest mode that its text and the settings allow.",
    ):  # fmt: skip
        assert words in page, words


def test_of_a_long_history_and_many_messages_the_newest_are_shown(site):
    _, (alert,) = site.incident("D10 is silent")
    number = execution_about(site.database, alert)
    many = "FROM generate_series(1, 201) AS each (i) RETURNING 1"
    site.rows(
        "INSERT INTO execution_transitions (execution_id, at, actor, to_state, detail) "
        f"SELECT :n, now(), 'a test', 'waiting', 'looked for the ' || i || 'th time' {many}", n=number,
    )  # fmt: skip
    site.rows(
        "INSERT INTO notices (execution_id, kind, audience, channel, address, decision, reason, rule, urgency, "
        "decided_at, due_at) SELECT :n, 'playbook', 'team', 'slack', 'reader ' || i, 'told', 'why', 'r', 'now', now(), "
        f"now() {many}", n=number,
    )  # fmt: skip
    page = site.asked.get(f"{site.link(f'alert/{alert}')}/executions/{number}").text
    for one in ("ooked for the {}th time", "reader {}<"):
        shown = [one.format(place) in page for place in (1, 2, 201)]
        assert shown == [False, True, True], one


def test_plots_are_pictures_that_run_nothing(site, run):
    _, alert = run
    link = site.link(f"alert/{alert}")
    ((attachment,),) = site.rows("SELECT attachment_id FROM alert_attachments WHERE alert_id = :a", a=alert)
    picture = site.asked.get(f"{link}/alerts/{alert}/plots/{attachment}")
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/svg+xml")
    assert "default-src 'none'" in picture.headers["content-security-policy"]
    assert picture.headers.get_list("content-security-policy") == [PICTURE_POLICY]
    assert picture.headers["x-content-type-options"] == "nosniff"
    assert site.asked.get(f"{link}/alerts/{alert + 1}/plots/{attachment}").status_code == 410


def test_a_client_sees_no_execution_of_another_one(site, run):
    number, _ = run
    _, (theirs,) = site.incident("D8 is silent", client="C2")
    other = execution_about(site.database, theirs)
    link = site.link(f"alert/{theirs}")
    assert site.asked.get(f"{link}/executions/{number}").status_code == 410
    assert f"executions/{number}" not in site.asked.get(f"{link}/executions").text
    assert site.asked.get(f"{link}/executions/{other}").status_code == 200


@pytest.mark.parametrize("reader", ["C0123456789", "chief@acme.example", "a webhook", "P9"])
def test_who_does_not_work_for_the_provider_sees_the_incident_and_nothing_inside(site, run, reader):
    number, alert = run
    ((incident,),) = site.rows("SELECT incident_id FROM incident_alerts WHERE alert_id = :a", a=alert)
    site.rows(
        "UPDATE alerts SET evidence = evidence || CAST(:p AS jsonb), "
        "reason = 'nobody came; Bo the substitute could come: near' WHERE alert_id = :a RETURNING 1",
        a=alert, p=json.dumps({"proposals": [{"name": "Bo the substitute", "reason": "near"}]}),
    )  # fmt: skip
    ((attachment,),) = site.rows("SELECT attachment_id FROM alert_attachments WHERE alert_id = :a", a=alert)
    ((title,),) = site.rows("SELECT title FROM alerts WHERE alert_id = :a", a=alert)
    mine, theirs = (site.link(f"incident/{incident}", recipient=who) for who in ("P1", reader))
    inside = ("executions", "autonomy", f"executions/{number}", f"alerts/{alert}/plots/{attachment}")
    assert [site.asked.get(f"{mine}/{path}").status_code for path in inside] == [200] * 4
    assert [site.asked.get(f"{theirs}/{path}").status_code for path in inside] == [410] * 4
    own = site.link(f"alert/{alert}", recipient=reader)
    words = ("Restart the silent device", "/executions", "Telemetry", "Bo the substitute", "<h2>Messages")
    for link in (theirs, own, f"{theirs}/alerts/{alert}"):
        page = site.asked.get(link)
        assert (page.status_code, title in page.text) == (200, True)
        assert [word for word in words if word in page.text] == []
    seen = site.asked.get(mine).text + site.asked.get(f"{mine}/alerts/{alert}").text
    assert [word for word in words[:-1] if word not in seen] == []


def test_the_link_of_an_offer_reaches_the_offer_alone(site, run):
    number, alert = run
    link = question(site, f"offer/{offer(site.database, number, now())}")
    assert site.asked.get(link).status_code == 200
    for path in ("executions", "autonomy", f"executions/{number}", f"alerts/{alert}"):
        assert site.asked.get(f"{link}/{path}").status_code == 410


def test_an_approval_that_is_over_says_how_it_ended_and_what_to_do(site):
    _, (alert,) = site.incident("D9 is silent")
    late = approval(site.database, execution_about(site.database, alert), now() - timedelta(hours=2))
    page = site.asked.get(question(site, f"approval/{late}")).text
    assert "Nobody decided in time, which counts as denied." in page
    assert "Next: act by hand, or run it again: opsguard playbook run quick-fix" in page
    assert 'name="answer"' not in page
    site.rows(
        "UPDATE approvals SET decision = 'expired', decided_at = now() WHERE approval_id = :n RETURNING 1", n=late
    )


def test_a_link_that_has_expired_or_is_forged_says_so_with_the_next_step(site):
    gone = question(site, "approval/1", at=now() - timedelta(days=9))
    for link in (gone, "/a/forged"):
        for answer in (site.asked.get(link), site.asked.post(f"{link}/answer", data={"answer": "approve"})):
            assert answer.status_code == 410
            assert "Open the link of a newer message" in answer.text


def test_hostile_words_are_harmless_on_every_page(site):
    _, (alert,) = site.incident(HOSTILE)
    number = execution_about(site.database, alert, HOSTILE)
    change = {"what": HOSTILE, "attribute": HOSTILE, "before": HOSTILE, "after": HOSTILE}
    one = approval(
        site.database, number, now(), plan=[{**RESTART, "words": HOSTILE, "changes": [change]}], team=HOSTILE
    )
    page = site.asked.get(question(site, f"approval/{one}")).text
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    assert "\u202e" not in page


@needs_chromium
@pytest.mark.parametrize("width", chosen([360, 800]))
def test_no_page_of_a_playbook_is_wider_than_the_screen(site, run, width):
    number, alert = run
    _, (hostile,) = site.incident(HOSTILE)
    other = execution_about(site.database, hostile, HOSTILE)
    one = approval(site.database, other, now(), plan=[{**RESTART, "words": "W" * 3_000}])
    link = site.url + site.link(f"alert/{alert}")
    with browser(width=width) as page:
        for address in (
            site.url + question(site, f"approval/{one}"),
            site.url + question(site, f"offer/{offer(site.database, other, now())}"),
            link, f"{link}/executions", f"{link}/executions/{number}", f"{link}/autonomy",
        ):  # fmt: skip
            page.open(address)
            assert page.width() == width, address
