"""What messages say, and that nothing which was received acts in them: in Slack, in mail, as data."""

import json
import re
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from opsguard_assets.delivery.letter import POSSIBLY_REPEATED, Fact, Letter
from opsguard_assets.delivery.letters_io import OUTSIDE
from opsguard_assets.delivery.mails import Envelope, mail_of
from opsguard_assets.delivery.plain import document, plain_text
from opsguard_assets.delivery.slack_blocks import escaped, slack_message
from opsguard_assets.delivery.wording import (
    SUBJECT,
    Reader,
    digest_letter,
    escalation_letter,
    escalations_letter,
    incident_letter,
)
from opsguard_assets.routing.addresses import CLIENT, EXECUTIVE
from opsguard_assets.views.incidents import composed
from opsguard_assets.views.names import Names
from tests.delivery.given import HOSTILE, NAMES, view_of
from tests.properties import examples
from tests.views.given import NOW, alert, incident, minutes

READER = Reader(zone="Europe/Berlin", why="on duty for the helpdesk")
ENVELOPE = Envelope(sender="OpsGuard <desk@ops.test>", to="ada@ops.test", key="k1", at=NOW)
DANGEROUS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def letter_of(kind="raised", reader=READER, **more):
    view = view_of(alert(1, due=minutes(25), priority=82), now=NOW, owner_id="P1", **more)
    return incident_letter(view, kind, reader, NOW)


def hostile():
    rows = [alert(1, title=HOSTILE, reason=HOSTILE, entity_id=HOSTILE, due=minutes(25))]
    view = view_of(*rows, now=NOW, title=HOSTILE, cause=HOSTILE, team=HOSTILE, acknowledged_by=HOSTILE)
    return incident_letter(view, "raised", Reader(zone="UTC", why=HOSTILE), NOW)


def texts_of(blocks):
    """Every text of some blocks with the kind of its element."""
    if isinstance(blocks, dict):
        if "text" in blocks and isinstance(blocks["text"], str):
            yield blocks["type"], blocks["text"]
        for value in blocks.values():
            yield from texts_of(value)
    elif isinstance(blocks, list | tuple):
        for value in blocks:
            yield from texts_of(value)


def test_a_subject_says_on_a_phone_how_bad_how_long_what_and_where():
    letter = letter_of()
    assert letter.subject == ("HIGH, 25 min left: 2 tickets at Harbour will probably miss their deadline (Acme)")
    assert [letter_of(state="acknowledged", acknowledged_by="ada").subject.partition(":")[0]] == ["ada has it"]
    assert letter_of(state="resolved", resolved_at=NOW).subject.startswith("Resolved: ")
    assert letter_of("chain").subject.startswith("Reminder: HIGH")


def test_a_letter_says_what_where_why_by_when_who_has_it_and_what_next():
    letter = letter_of()
    facts = {fact.label: fact.value for fact in letter.facts}
    assert facts == {
        "What": "1 sla breach risk",
        "Where": "Acme, Harbour",
        "By when": "today 13:25 CET (25 min left)",
        "Who has it": "Ada Byron (owner of the incident)",
        "Next": "give it to somebody",
    }
    assert letter.reasons == ("nobody has it; 40 min of working time left",)
    assert letter.footer == "Why you: on duty for the helpdesk"
    assert letter.command == "opsguard incidents show 1"


def test_a_subject_keeps_how_much_more_there_is_and_where_and_shortens_what():
    tickets = {"T1": {"title": "access control, please check " * 4, "category": None, "assignee_id": None}}
    names = NAMES.with_others(Names(tickets=tickets))
    row = alert(1, due=minutes(25), title="Ticket T1 is likely to miss its deadline")
    view = composed(incident(title=row["title"]), [row, alert(2)], [], names, NOW)
    subject = incident_letter(view, "raised", READER, NOW).subject
    assert subject.startswith("HIGH, 25 min left: “access control, please check access")
    assert subject.endswith("… (and 1 more) at Acme, Harbour")
    assert len(subject) <= SUBJECT


def test_a_reader_of_the_client_gets_neither_buttons_nor_commands():
    letter = letter_of(reader=Reader(zone="UTC", why="the client's own channel", is_inside=False))
    assert (letter.about, letter.command) == (None, None)
    said = json.dumps(slack_message(letter).blocks, default=str)
    assert "button" not in said
    assert "opsguard incidents" not in said
    assert {CLIENT, EXECUTIVE} == set(OUTSIDE)


def test_what_is_over_or_has_somebody_shows_no_buttons():
    assert letter_of().about == "incident/1"
    for state in ({"state": "acknowledged", "acknowledged_by": "ada"}, {"state": "resolved", "resolved_at": NOW}):
        assert letter_of(**state).about is None
        assert not any(block["type"] == "actions" for block in slack_message(letter_of(**state)).blocks)


def test_the_buttons_of_slack_have_ids_of_their_own_and_name_the_incident():
    (actions,) = [block for block in slack_message(letter_of()).blocks if block["type"] == "actions"]
    ids = [one["action_id"] for one in actions["elements"]]
    assert len(ids) == len(set(ids)) == 4
    assert {one["value"] for one in actions["elements"]} == {"incident/1"}


def test_what_was_received_is_shown_and_does_nothing_in_slack():
    message = slack_message(hostile())
    assert "<!channel>" not in message.text
    assert "&lt;!channel&gt;" in message.text
    for kind, words in texts_of(list(message.blocks)):
        assert not DANGEROUS.search(words), words
        assert kind == "plain_text" or "channel" not in words


def test_what_was_received_is_shown_and_does_nothing_in_mail():
    raw = mail_of(hostile(), ENVELOPE).as_bytes(policy=policy.SMTP)
    mail = message_from_bytes(raw, policy=policy.default)
    assert mail["Bcc"] is None
    assert set(mail.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress", "MIME-Version",
        "Content-Type",
    }  # fmt: skip
    assert "Bcc: all@evil.test" in mail["Subject"]
    plain, html = (part.get_content() for part in mail.iter_parts())
    for words in (str(mail["Subject"]), plain.replace("\r\n", "\n"), html.replace("\r\n", "\n")):
        assert not DANGEROUS.search(words)
    assert "<b>x</b>" not in html
    assert "<script" not in html.lower()
    assert "&lt;b&gt;x&lt;/b&gt;" in html


def test_mails_of_an_incident_are_one_conversation_and_no_machine_answers_them():
    first = mail_of(letter_of(), ENVELOPE)
    assert (first["Message-ID"], first["In-Reply-To"]) == ("<k1@ops.test>", None)
    assert first["Auto-Submitted"] == "auto-generated"
    later = mail_of(letter_of("resolved"), Envelope(**{**vars(ENVELOPE), "key": "k2", "follows": "<k1@ops.test>"}))
    assert (later["In-Reply-To"], later["References"]) == ("<k1@ops.test>", "<k1@ops.test>")
    assert first["List-Unsubscribe"] is None


def test_a_recipient_with_a_line_break_adds_no_header():
    with pytest.raises(ValueError, match="linefeed"):
        mail_of(letter_of(), Envelope(**{**vars(ENVELOPE), "to": "a@b.c\r\nBcc: all@evil.test"}))


def test_a_digest_tells_the_most_urgent_first_and_can_be_cancelled():
    views = [
        view_of(now=NOW, incident_id=1, priority=40, severity="low", title="A"),
        view_of(now=NOW, incident_id=2, priority=95, severity="critical", title="B"),
        view_of(now=NOW, incident_id=3, priority=99, severity="high", title="C", state="resolved", resolved_at=NOW),
    ]
    letter = digest_letter(views, READER, NOW)
    assert letter.subject == "OpsGuard digest: 3 incidents, 2 still open"
    assert [item.title[:12] for item in letter.items] == ["Critical: B ", "Low: A at Ac", "High: C at A"]
    assert mail_of(letter, ENVELOPE)["List-Unsubscribe"] == "<mailto:desk@ops.test?subject=unsubscribe>"
    web = Envelope(**{**vars(ENVELOPE), "unsubscribe": "https://ops.test/me"})
    assert mail_of(letter, web)["List-Unsubscribe"] == "<https://ops.test/me>"


def test_a_digest_of_a_storm_stays_within_the_limits_of_slack():
    views = [view_of(now=NOW, incident_id=number, title="x" * 5_000) for number in range(1, 200)]
    message = slack_message(digest_letter(views, READER, NOW))
    assert len(message.blocks) <= 50
    assert any(
        "180 more are not shown here" in words or "179 more" in words for _, words in texts_of(list(message.blocks))
    )


def test_an_escalation_says_the_ticket_by_name_and_what_was_done():
    row = {
        "ticket_id": "T1", "state": "done", "from_priority": "medium", "to_priority": "high", "role": "assignee",
        "reason": "82 % likely to miss its deadline", "assignee": "Ada Byron", "before": None,
        "due_at": minutes(25),
    }  # fmt: skip
    letter = escalation_letter(row, "Lift stuck", "Acme, Harbour", "Europe/Berlin", NOW)
    facts = {fact.label: fact.value for fact in letter.facts}
    assert letter.subject == "HIGH, 25 min left: Lift stuck will probably miss its deadline"
    assert facts["By when"] == "today 13:25 CET (25 min left)"
    assert facts["Ticket"] == "Lift stuck (ticket T1)"
    assert facts["What was done"] == "priority raised from medium to high"
    tried = escalation_letter({**row, "state": "failed", "due_at": None}, None, None, "UTC", NOW)
    failed = {fact.label: fact.value for fact in tried.facts}
    assert failed["Next"] == "change the ticket in the helpdesk by hand, and see to it"
    assert failed["Ticket"] == "ticket T1"
    assert failed["By when"] == "no deadline"
    kept = escalation_letter({**row, "from_priority": "high"}, "Lift stuck", None, "UTC", NOW)
    assert Fact("What was done", "priority stays high") in kept.facts
    several = escalations_letter(
        [(row, "Lift stuck", None), ({**row, "due_at": minutes(5)}, "Fire door", None)], "UTC", NOW
    )
    assert several.subject == "HIGH, 5 min left: 2 tickets will probably miss their deadline"
    assert several.items[0].detail.startswith("By when: today 12:05 UTC (5 min left). Priority raised from medium")


def test_what_may_have_been_sent_before_says_so_in_every_form():
    letter = letter_of().said_again()
    assert any(POSSIBLY_REPEATED in words for _, words in texts_of(list(slack_message(letter).blocks)))
    assert POSSIBLY_REPEATED in plain_text(letter)
    assert POSSIBLY_REPEATED in mail_of(letter, ENVELOPE).get_body(("plain",)).get_content()


def test_a_request_says_the_same_however_often_it_is_sent():
    body = document(letter_of(), {"kind": "raised", "incident_id": 1, "version": 3}, NOW)
    said = json.loads(body)
    assert (said["type"], said["timestamp"]) == ("opsguard.raised", NOW.isoformat())
    assert (said["data"]["incident_id"], said["data"]["version"]) == (1, 3)
    assert body == document(letter_of(), {"kind": "raised", "incident_id": 1, "version": 3}, NOW)


@given(st.text(max_size=4_000), st.text(max_size=4_000))
@settings(max_examples=examples(60), deadline=None)
def test_whatever_is_received_gives_a_message_that_slack_takes_and_a_mail_that_can_be_read(title, reason):
    view = view_of(alert(1, reason=reason or "x", title=title), now=NOW, title=title or "x")
    letter = incident_letter(view, "raised", READER, NOW)
    message = slack_message(letter)
    assert len(message.blocks) <= 50
    for block in message.blocks:
        assert Block.parse(block).to_dict() == block
    assert escaped(message.text) == message.text.replace("&", "&amp;")
    assert len(letter.subject) <= SUBJECT
    mail = message_from_bytes(mail_of(letter, ENVELOPE).as_bytes(policy=policy.SMTP), policy=policy.default)
    assert mail["Message-ID"] == "<k1@ops.test>"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


def test_a_letter_of_many_facts_stays_within_the_fields_of_slack():
    many = [Fact(str(number), "x" * 9_000) for number in range(30)]
    letter = Letter(subject="s" * 9_000, headline="h" * 9_000, severity="low", facts=many, reasons=["r" * 9_000])
    for block in slack_message(letter).blocks:
        assert Block.parse(block).to_dict() == block


def test_time_left_is_counted_from_when_it_is_written():
    view = view_of(alert(1, due=minutes(25)), now=NOW)
    late = incident_letter(view, "raised", READER, NOW + timedelta(minutes=20))
    assert "5 min left" in late.subject


def test_readers_of_a_client_are_those_whom_routing_calls_so():
    assert set(OUTSIDE) == {CLIENT, EXECUTIVE}
