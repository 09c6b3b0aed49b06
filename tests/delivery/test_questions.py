"""Approvals, offers and words of playbooks over a real Slack API and a real mail server: what readers see, and when."""

import json
from collections import Counter
from email import message_from_bytes, policy

import pytest
from sqlalchemy import text

from opsguard_assets.delivery.mails import Envelope, mail_of
from opsguard_assets.delivery.plain import plain_text
from opsguard_assets.delivery.question_wording import approval_letter, offer_letter
from opsguard_assets.delivery.slack_blocks import slack_message
from opsguard_assets.delivery.wording import Reader
from opsguard_assets.remediation.engine.approvals_io import decide
from opsguard_assets.views.questions import approval_of, offer_of
from resources.lake import Lake
from tests.delivery.given import HOSTILE, NAMES, Clock, mail_transport, plan, rows, sent, slack_transport
from tests.remediation import given
from tests.remediation.engines import NOTE as ENGINE_NOTE
from tests.remediation.engines import Engine, lake_of
from tests.remediation.given import record
from tests.remediation.questions import (
    ASSIGN,
    RESTART,
    approval,
    asked,
    ended,
    execution,
    execution_about,
    offer,
    reader,
)
from tests.resources.channels.mail_server import MailServer
from tests.resources.channels.slack_server import SlackServer
from tests.views.given import NOW, alert, minutes

BERLIN = Reader(zone="Europe/Berlin", why="on duty in noc", link="https://ops.example.org/a/t")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def lake(tmp_path):
    return tmp_path / "a lake"


def approval_row(**more):
    return {
        "approval_id": 7, "execution_id": 3, "plan": [RESTART, ASSIGN], "team": "noc", "needed": 1,
        "requester": "trigger", "requester_may_approve": False, "asked_at": NOW, "expires_at": minutes(60),
        "decision": None, "decided_at": None, "decided_by": None, "reason": None, "playbook": "quick-fix",
        "alert_id": 1, "title": "Restart the device", **more,
    }  # fmt: skip


def letter_of(row=None, votes=(), reader=BERLIN, **more):
    view = approval_of(row or approval_row(), list(votes), alert(**{"due": minutes(45), **more}), NAMES, NOW)
    return approval_letter(view, reader, NOW)


def buttons(message):
    blocks = [block for block in message["blocks"] if block["type"] == "actions"]
    return [element["action_id"] for block in blocks for element in block["elements"]]


def vote(person="P1", word="approve"):
    return {"person_id": person, "vote": word, "at": NOW, "note": None}


def test_an_approval_says_what_where_why_by_when_the_changes_and_what_undoing_would_do():
    letter = letter_of()
    assert letter.subject == "Approval needed, 1 h 0 min left: Restart the device (Acme, Harbour)"
    facts = {fact.label: fact.value for fact in letter.facts}
    assert facts["Where"] == "Acme, Harbour"
    assert facts["Answer by"] == "today 14:00 CET (1 h 0 min left)"
    assert facts["Deadline of the alert"] == "today 13:45 CET (45 min left)"
    assert facts["Who has to agree"] == "one person of noc"
    assert facts["Next"] == "approve or deny"
    assert letter.notes == (
        "Without an answer by today 14:00 CET it is not done.",
        "Nothing takes this back. Look twice.",
    )
    done, undone = letter.sections
    assert done.lines == [
        "1. restart device D1 by the command restart", "   device D1, power: on → off and on again",
        "2. give ticket T-17 to Bo", "   ticket T-17, assignee: nothing → Bo",
    ]  # fmt: skip
    assert undone.lines == ["1. Nothing takes this back.", "2. the former assignee has it again"]
    assert letter.reasons == ("nobody has it; 40 min of working time left",)


def test_two_persons_are_named_as_they_agree():
    row = approval_row(needed=2)
    first = {fact.label: fact.value for fact in letter_of(row).facts}
    second = {fact.label: fact.value for fact in letter_of(row, [vote()]).facts}
    by_hand = {fact.label: fact.value for fact in letter_of(approval_row(requester="P1")).facts}
    assert by_hand["Who has to agree"] == "one person of noc; not Ada Byron, who started it"
    assert "nobody has agreed yet" in first["Who has to agree"]
    assert "Ada Byron agreed; 1 more is needed" in second["Who has to agree"]


@pytest.mark.parametrize(
    ("decision", "words", "next_step"),
    [
        ("approved", "Approved by Ada Byron. The playbook goes on.", "nothing"),
        (
            "denied",
            "Denied by Ada Byron: too risky. It is not done.",
            "act by hand, or run it again: opsguard playbook",
        ),
        ("expired", "Nobody decided in time, which counts as denied. It is not done.", "act by hand"),
        ("void", "Void: too risky. What was asked is no longer what would be done.", "look for the newer approval"),
        ("cancelled", "Cancelled: too risky. It is not done.", "act by hand"),
    ],
)
def test_after_a_decision_the_letter_says_which_and_has_no_buttons(decision, words, next_step):
    row = approval_row(decision=decision, decided_at=NOW, decided_by="P1", reason="too risky")
    letter = letter_of(row)
    assert letter.notes == (words,)
    assert (letter.is_over, letter.choices, letter.about) == (True, (), None)
    assert next(fact.value for fact in letter.facts if fact.label == "Next").startswith(next_step)
    assert not buttons({"blocks": slack_message(letter).blocks})


def test_the_offer_of_a_shift_says_where_and_when_on_the_clock_of_the_site_and_not_whose_it_was():
    row = {
        "offer_id": 4, "execution_id": 3, "playbook": "no-show", "alert_id": 1, "shift_id": "SH1", "person_id": "P1",
        "asked_at": NOW, "expires_at": minutes(10), "answer": None, "answered_at": None,
    }  # fmt: skip
    evidence = {
        "person_id": "P9", "post": "Gate 2", "expected_from": "2026-03-02 21:00 UTC",
        "expected_until": "2026-03-03 05:00 UTC",
    }  # fmt: skip
    absent = alert(entity_type="shift", entity_id="SH1", alert_type="no_show", evidence=evidence, reason="Bo Absent")
    view = offer_of(row, absent, NAMES, NOW)
    letter = offer_letter(view, Reader(zone="Asia/Kolkata"), NOW)
    assert letter.subject == "Can you take a shift? Harbour, today 22:00 CET to tomorrow 06:00 CET"
    assert {fact.label: fact.value for fact in letter.facts}["Post"] == "Gate 2"
    assert not {"Bo Absent", "P9"} & set(plain_text(letter).split())
    assert buttons({"blocks": slack_message(letter).blocks}) == ["yes", "no"]
    over = offer_letter(offer_of({**row, "answer": "too late", "answered_at": NOW}, absent, NAMES, NOW), BERLIN, NOW)
    assert (over.choices, over.notes) == ((), ("Somebody else has the shift already. Thank you.",))


def test_hostile_words_in_plans_names_and_reasons_are_harmless_everywhere():
    change = {"what": HOSTILE, "attribute": HOSTILE, "before": HOSTILE, "after": "W" * 5_000}
    row = approval_row(
        title=HOSTILE, requester=HOSTILE, team=HOSTILE, playbook="quick-fix",
        plan=[{**RESTART, "words": HOSTILE, "changes": [change] * 60}] * 20,
    )  # fmt: skip
    letter = letter_of(row, title=HOSTILE, reason=HOSTILE)
    said = slack_message(letter)
    for block in said.blocks:
        kinds = json.dumps(block)
        assert "mrkdwn" not in kinds or "Open in OpsGuard" in kinds
    assert "<!channel>" not in said.text
    mail = mail_of(letter, Envelope(sender="OpsGuard <desk@ops.test>", to="ada@ops.test", key="k", at=NOW))
    parsed = message_from_bytes(mail.as_bytes(), policy=policy.default)
    assert parsed["Bcc"] is None
    html = parsed.get_body(("html",)).get_content()
    assert "<b>x</b>" not in html
    assert "&lt;b&gt;" in html
    shown = html + parsed.get_body(("plain",)).get_content() + json.dumps(said.blocks, ensure_ascii=False)
    assert not {"\u202e", "\x1b", "\x00"} & set(shown)


def test_an_approval_in_slack_loses_its_buttons_when_it_was_decided_elsewhere_and_a_mail_is_left(database, lake, clock):
    one = approval(database, execution(database), clock())
    asked(database, f"approval/{one}", clock(), reader(), reader("P2", "mail", "bo@ops.test"))
    with SlackServer() as slack, MailServer() as mail:
        channels = lambda: {"slack": slack_transport(slack), "mail": mail_transport(mail)}  # noqa: E731
        assert sent(database, lake, clock, channels()) == {"done": 2}
        assert buttons(slack.messages["D1"][0]) == ["approve", "deny"]
        clock.passes(minutes=5)
        ended(database, one, "approved", clock(), by="P2")
        assert sent(database, lake, clock, channels()) == {"done": 1}
        (message,) = slack.messages["D1"]
        assert (message["edits"], buttons(message)) == (1, [])
        assert message["text"].startswith("Over: Restart the device")
        assert len(mail.mails) == 1
        assert sent(database, lake, clock, channels()) == {}


def test_a_decision_while_the_message_is_handed_over_is_caught_up(database, lake, clock):
    one = approval(database, execution(database), clock())
    asked(database, f"approval/{one}", clock())
    with SlackServer() as slack:
        transport = slack_transport(slack)
        post = transport.channel.post

        def decided_meanwhile(*given):
            handed = post(*given)
            ended(database, one, "denied", clock())
            return handed

        object.__setattr__(transport.channel, "post", decided_meanwhile)
        assert sent(database, lake, clock, {"slack": transport})["done"] >= 1
        sent(database, lake, clock, {"slack": slack_transport(slack)})
        (message,) = slack.messages["D1"]
        assert (message["edits"], buttons(message)) == (1, [])
    assert {row["state"] for row in rows(database, "effects", "effect_id")} == {"done"}


def test_what_is_over_before_it_is_sent_is_not_sent(database, lake, clock):
    number = execution(database)
    asked(database, f"approval/{approval(database, number, clock())}", clock())
    asked(database, f"offer/{offer(database, number, clock())}", clock())
    clock.passes(minutes=61)
    with SlackServer() as slack:
        assert sent(database, lake, clock, {"slack": slack_transport(slack)}) == {"superseded": 2}
        assert slack.messages == {}
    answers = [row["answer"] for row in rows(database, "effects", "effect_id")]
    assert answers[0] == "it is over: Nobody decided in time, which counts as denied. It is not done."


def test_names_are_read_once_however_many_questions_wait(database, lake, clock, monkeypatch):
    reads, known = [], Lake.known
    monkeypatch.setattr(Lake, "known", lambda lake, table: reads.append(table.name) or known(lake, table))
    devices = [f"D{place}" for place in range(1, 5)]
    given.tick(database, 0, *map(given.found, devices))
    for device in devices:
        number = execution_about(database, given.alert(database, device)["alert_id"])
        one = approval(database, number, clock())
        asked(database, f"approval/{one}", clock(), reader(address=f"U{one}"))
        asked(database, f"offer/{offer(database, number, clock())}", clock())
    with SlackServer() as slack:
        assert sent(database, lake, clock, {"slack": slack_transport(slack)}) == {"done": 8}
    assert max(Counter(reads).values()) <= 3, "for alerts, for people, and for the zones of readers"


def test_words_of_a_playbook_stand_in_the_thread_of_the_incident_with_what_was_found(database, lake, clock):
    number = execution(database)
    content = {
        "telemetry": [{"at": f"2026-03-02T1{hour}:00:00Z", "battery_pct": 50.0 + hour} for hour in range(9, -1, -1)]
    }
    put = (
        "INSERT INTO alert_attachments (alert_id, execution_id, step, kind, at, content) "
        "SELECT alert_id, execution_id, 0, 'diagnostics', now(), CAST(:content AS jsonb) FROM executions"
    )
    notice = (
        "INSERT INTO notices (incident_id, kind, audience, channel, address, decision, reason, rule, urgency, "
        "decided_at, due_at, execution_id, words) VALUES (:incident, 'playbook', 'owner', 'slack', 'C1', 'told', "
        "'on duty', 'playbook quick-fix', 'now', now(), now(), :number, 'D1 is silent; it is waited for.') "
        "RETURNING notice_id"
    )
    incident = rows(database, "incident_alerts", "incident_id")[0]["incident_id"]
    with SlackServer() as slack:
        plan(database, clock, incident)
        sent(database, lake, clock, {"slack": slack_transport(slack)})
        with database.begin() as connection:
            connection.execute(text(put), {"content": json.dumps(content)})
            found = connection.execute(text(notice), {"incident": incident, "number": number}).scalar_one()
        plan(database, clock, incident, kind="playbook", notice_id=found, execution_id=number)
        assert sent(database, lake, clock, {"slack": slack_transport(slack)}) == {"done": 1}
        root, reply = slack.messages["C1"]
    assert reply["thread_ts"] == root["ts"]
    said = json.dumps(reply["blocks"], ensure_ascii=False)
    assert "D1 is silent; it is waited for." in said
    assert "charge, % ▁▁▂▃▄▅▆▇██ 50 to 59" in said
    assert "Diagnostics: telemetry, 3 of 10" in said


def test_an_engine_asks_two_people_and_every_message_shows_who_has_agreed_until_it_is_decided(database, tmp_path):
    people = lake_of(tmp_path)
    known = [{"person_id": name, "name": name.title(), "slack_user_id": f"U{name}"} for name in ("ada", "ben")]
    record(people, "people", *known, loaded_at=NOW)
    engine = Engine(database, people)
    engine.use(ENGINE_NOTE, approval={"required": "two", "team": "G1"})
    engine.goes("D1")
    (number,) = [row["approval_id"] for row in engine.approvals()]
    folder = tmp_path / "lake"
    with SlackServer() as slack:
        deliver = lambda: sent(database, folder, engine.clock, {"slack": slack_transport(slack)})  # noqa: E731
        assert deliver() == {"done": 2}
        assert {channel: buttons(messages[0]) for channel, messages in slack.messages.items()} == {
            "Dada": ["approve", "deny"], "Dben": ["approve", "deny"],
        }  # fmt: skip
        for person, sees, left in (
            ("ada", "Ada agreed; 1 more is needed", ["approve", "deny"]),
            ("ben", "Approved by", []),
        ):
            decide(engine.world, number, person, True, engine.clock(), surface="cli", catalog=engine.catalog)
            assert deliver() == {"done": 2}
            for messages in slack.messages.values():
                assert sees in json.dumps(messages[0]["blocks"])
                assert buttons(messages[0]) == left
    engine.advanced()
    assert engine.states() == ["succeeded"]
