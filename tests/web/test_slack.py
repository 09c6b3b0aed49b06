"""Slack's clicks over HTTP, signed as Slack signs: one acts once, is answered in time; forged ones do nothing."""

import hashlib
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import urlencode

import pytest
from pydantic import SecretStr

from opsguard_assets.alerts.lifecycle import lock_alerts
from opsguard_assets.config.settings import Settings
from opsguard_assets.views.actions import VERDICTS
from opsguard_assets.web.service import Service
from opsguard_assets.web.slack import message
from resources.lake import Lake
from tests.web.sites import furnished, site_here

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
PATH = "/slack/interactivity"


class Answers(BaseHTTPRequestHandler):
    """Takes what Slack's `response_url` takes."""

    taken: ClassVar[list[dict]] = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.taken.append(json.loads(body))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def answers():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/answer"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def site(databases, tmp_path_factory, answers):
    lake = Lake(str(tmp_path_factory.mktemp("slack") / "lake"))
    furnished(lake)
    settings = Settings.model_validate({"web": {"requests_per_minute": 100_000}})
    service = Service(databases.migrated(), lake, settings, SecretStr(SECRET), slack_answers=(answers,))
    with site_here(service) as running:
        yield running


def payload(action="acknowledge", value="incident/1", *, user="U1", answer_to=None, **more):
    return {
        "type": "block_actions",
        "user": {"id": user, "username": "ada", "name": "ada.b", "team_id": "T1"},
        "container": {"type": "message", "channel_id": "C9", "message_ts": "1.2"},
        "actions": [{"type": "button", "action_id": action, "value": value, "action_ts": "1.3"}],
        "response_url": answer_to,
        **more,
    }


def signed(body, *, at=None, secret=SECRET):
    stamp = str(int(at if at is not None else time.time()))
    digest = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}


def clicked(site, document, **how):
    body = urlencode({"payload": json.dumps(document)}).encode()
    return sent(site, body, signed(body, **how))


def sent(site, body, headers):
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return site.asked.post(PATH, content=body, headers={**kind, **headers})


def acknowledged(site, alerts):
    asked = "SELECT acknowledged_by FROM alerts WHERE alert_id = ANY (:n) AND acknowledged_by IS NOT NULL"
    return [row[0] for row in site.rows(asked, n=alerts)]


def told():
    """The next answer that arrives."""
    deadline = time.monotonic() + 20
    while not Answers.taken and time.monotonic() < deadline:
        time.sleep(0.02)
    return Answers.taken.pop()


def test_a_click_acknowledges_under_the_name_of_the_person(site, answers):
    number, alerts = site.incident("Lift", "Door")
    answer = clicked(site, payload(value=f"incident/{number}", answer_to=answers))
    assert (answer.status_code, answer.content) == (200, b"")
    assert told()["text"] == "Ada Byron acknowledged it."
    assert acknowledged(site, alerts) == ["Ada Byron"] * 2


@pytest.mark.parametrize("verdict", VERDICTS)
def test_a_click_says_whether_it_was_useful_by_whoever_it_was(site, answers, verdict):
    _, (alert,) = site.incident("Lift")
    assert clicked(site, payload(verdict, f"alert/{alert}", user="U77", answer_to=answers)).status_code == 200
    assert told()["text"] == f"ada.b (Slack) said that it was {verdict}."
    noted = site.rows("SELECT verdict, actor, surface FROM alert_feedback WHERE alert_id = :a", a=alert)
    assert noted == [(verdict, "ada.b (Slack)", "slack")]


def test_explain_tells_whoever_asks_and_changes_nothing(site, answers):
    number, alerts = site.incident("Lift <!channel> *x*", title="<!channel> *2 tickets*", owner_id="P1")
    insert = (
        "INSERT INTO notices (incident_id, incident_version, kind, audience, channel, address, decision, reason, rule, "
        "urgency, decided_at, due_at) VALUES (:i, 1, 'raised', 'owner', 'slack', 'C9', 'told', 'fewest incidents', "
        "'default', 'now', now(), now()) RETURNING notice_id"
    )
    site.rows(insert, i=number)
    clicked(site, payload("explain", f"incident/{number}", answer_to=answers))
    said = told()
    assert said["response_type"] == "ephemeral"
    (block,) = said["blocks"]
    assert block["text"]["type"] == "plain_text"
    for words in ("*2 tickets*", "Why: little time left", "Who has it: Ada Byron", "Next: give it to somebody",
                  "Told here because: fewest incidents (default)"):  # fmt: skip
        assert words in block["text"]["text"]
    assert "<!channel>" not in said["text"]
    assert acknowledged(site, alerts) == []


def test_the_same_request_again_does_nothing(site, answers):
    _, (alert,) = site.incident("Lift")
    body = urlencode({"payload": json.dumps(payload("noise", f"alert/{alert}", answer_to=answers))}).encode()
    headers = signed(body)
    assert [sent(site, body, headers).status_code for _ in range(3)] == [200] * 3
    told()
    time.sleep(0.3)
    assert Answers.taken == []
    assert site.rows("SELECT count(*) FROM alert_feedback WHERE alert_id = :a", a=alert) == [(1,)]


BODY = urlencode({"payload": json.dumps(payload("noise", "alert/1"))}).encode()
GOOD = {"X-Slack-Request-Timestamp": "0", "X-Slack-Signature": "v0=0"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        signed(BODY, secret="another"),
        signed(BODY + b"x"),
        {**GOOD, "X-Slack-Request-Timestamp": "soon"},
        {**GOOD, "X-Slack-Request-Timestamp": "nan"},
        {**GOOD, "X-Slack-Request-Timestamp": "9" * 5_000},
        {**GOOD, "X-Slack-Signature": ""},
        {**GOOD, "X-Slack-Request-Timestamp": ""},
    ],
    ids=range(8),
)
def test_what_slack_did_not_sign_is_refused(site, headers):
    assert sent(site, BODY, headers).status_code == 401


@pytest.mark.parametrize("seconds", [-301, -3_600, 301])
def test_a_signature_holds_for_five_minutes(site, seconds):
    assert sent(site, BODY, signed(BODY, at=time.time() + seconds)).status_code == 401


def test_a_signature_beyond_ascii_and_a_body_that_is_no_text_are_refused(site):
    stamp = str(int(time.time()))
    headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": "v0=é".encode()}
    assert sent(site, BODY, headers).status_code == 401
    assert sent(site, b"payload=\xff\xfe", signed(b"payload=\xff\xfe")).status_code == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"payload=", 400),
        (b"payload={", 400),
        (b"payload=[]", 400),
        (b"payload=" + b"[" * 100_000, 400),
        (urlencode({"payload": json.dumps(payload(value="incident/0"))}).encode(), 400),
        (urlencode({"payload": json.dumps(payload(value="incident/1; DROP TABLE alerts"))}).encode(), 400),
        (urlencode({"payload": json.dumps(payload(value=None))}).encode(), 400),
        (urlencode({"payload": json.dumps(payload("open_link"))}).encode(), 200),
        (urlencode({"payload": json.dumps(payload(type="view_submission"))}).encode(), 200),
    ],
    ids=range(10),
)
def test_what_cannot_be_read_is_said_and_what_is_not_ours_is_let_be(site, body, status):
    assert sent(site, body, signed(body)).status_code == status


def test_an_alert_that_there_is_not_is_said_to_whoever_clicked(site, answers):
    assert clicked(site, payload(value="alert/999999", answer_to=answers)).status_code == 200
    assert "There is no alert 999999" in told()["text"]


def test_an_answer_goes_to_slack_and_nowhere_else(site):
    _, (alert,) = site.incident("Lift")
    assert clicked(site, payload("useful", f"alert/{alert}", answer_to="http://169.254.1.1/meta")).status_code == 200
    time.sleep(0.2)
    assert Answers.taken == []
    assert site.rows("SELECT verdict FROM alert_feedback WHERE alert_id = :a", a=alert) == [("useful",)]


def test_slack_is_answered_within_three_seconds_while_a_tick_holds_the_alerts(site, answers):
    number, alerts = site.incident("Lift")
    with site.database.begin() as connection:
        lock_alerts(connection)
        begun = time.monotonic()
        assert clicked(site, payload(value=f"incident/{number}", answer_to=answers)).status_code == 200
        assert time.monotonic() - begun < 3
        assert acknowledged(site, alerts) == []
    assert told()["text"] == "Ada Byron acknowledged it."
    assert acknowledged(site, alerts) == ["Ada Byron"]


def test_without_a_secret_there_is_no_endpoint(site):
    with site_here(Service(site.database, site.lake, Settings())) as silent:
        assert clicked(silent, payload()).status_code == 404


def test_an_answer_is_as_long_as_slack_takes_it():
    said = message("<&> " + "x" * 10_000 + "\u202e")
    assert len(said["blocks"][0]["text"]["text"]) < 3_000
    assert said["text"].startswith("&lt;&amp;&gt; ")
