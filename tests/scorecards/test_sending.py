"""A scorecard reaches each of its readers once, as what it is; who cannot be reached is named."""

from datetime import timedelta
from hashlib import sha256

import pytest
from sqlalchemy import text

from opsguard_assets.config.delivery import Delivery
from opsguard_assets.delivery.deliver_io import messages as all_messages
from opsguard_assets.delivery.transports_io import FolderTransport
from opsguard_assets.scorecards.signing import sending_io
from opsguard_assets.scorecards.signing.build_io import restate
from opsguard_assets.scorecards.signing.preview_io import preview
from opsguard_assets.scorecards.signing.sending_io import messages, send
from opsguard_assets.scorecards.signing.signing_io import sign
from opsguard_assets.scorecards.signing.store_io import kept, newest
from resources.channels.folder import FolderChannel
from tests.commands.test_alerts import record
from tests.delivery.given import mail_transport, sent, slack_transport
from tests.resources.channels.mail_server import MailServer
from tests.resources.channels.slack_server import SlackServer
from tests.scorecards.cards import AS_OF, MONTH
from tests.scorecards.houses import built, house_of
from tests.scorecards.makers import SmallMaker

HOSTILE = "<script>alert(1)</script> <!channel> \u202eevil\u202c\r\nBcc: all@evil.test"


def client(house, number, **more):
    row = {"client_id": number, "name": f"Client {number}", "timezone": "UTC", "currency": "EUR", **more}
    record(house.lake, "clients", row, AS_OF - timedelta(days=9))


@pytest.fixture
def house(database, tmp_path):
    house = house_of(database, tmp_path / "a lake", recipients=["cfo@ops.example"])
    client(house, "C1", executive_emails=["boss@one.example", "cfo@one.example"], slack_channel="#one")
    client(house, "C2")
    return house


def sending(house, **more):
    return send(house, Delivery(), MONTH, by="job", **more)


def rounds(house, **transports):
    return sent(house.database, house.lake.uri, house.now, transports)


def readers(mails):
    return sorted(mail["To"] for _, mail in mails)


def test_a_signed_scorecard_goes_to_each_reader_once_with_its_files(house):
    built(house)
    sign(house, "C1", MONTH, who="ada")
    one, other = sending(house)
    assert (one.planned, one.note) == (4, None)
    assert (other.planned, other.note) == (0, "nobody has signed it (scorecards.sign_off: required)")
    with MailServer() as server, SlackServer() as slack:
        assert rounds(house, mail=mail_transport(server), slack=slack_transport(slack)) == {"done": 4}
        assert sending(house, clients=["C1"])[0].planned == 0
        assert rounds(house, mail=mail_transport(server), slack=slack_transport(slack)) == {}
        (posted,) = slack.messages["#one"]
    assert readers(server.mails) == ["boss@one.example", "cfo@one.example", "cfo@ops.example"]
    mail, link = server.mails[0][1], newest(house.database, "C1", MONTH).link
    files = {each.get_filename(): each.get_content() for each in mail.iter_attachments()}
    assert list(files) == [f"Client-C1-2026-10.{end}" for end in ("pdf", "xlsx", "json", "json.minisig")]
    assert files["Client-C1-2026-10.pdf"].startswith(b"%PDF")
    body = {kind: mail.get_body([kind]).get_content() for kind in ("plain", "html")}
    assert all(link in each and "Signed by ada" in each for each in body.values())
    assert len(body["html"].encode()) < 60_000
    assert (mail["Subject"], mail["Auto-Submitted"]) == ("Client C1: scorecard of October 2026", "auto-generated")
    assert "SLA performance" in str(posted["blocks"])
    assert {row["state"] for row in messages(house.database, client_id="C1")} == {"done"}
    assert newest(house.database, "C1", MONTH).status == "sent"
    assert {row["kind"] for row in all_messages(house.database, ["done"], 9)} == {"scorecard"}


def test_without_a_sign_off_it_goes_as_unsigned_and_stays_as_it_was_sent(house):
    house = house_of(house.database, house.lake.uri, sign_off="optional", recipients=["cfo@ops.example"])
    built(house)
    sending(house)
    with MailServer() as server:
        rounds(house, mail=mail_transport(server))
    assert all("Unsigned" in mail.get_body(["plain"]).get_content() for _, mail in server.mails)
    one = newest(house.database, "C2", MONTH)
    assert (one.status, one.sent_unsigned, one.card.seal.status) == ("sent", True, "unsigned")
    SmallMaker(house.lake).write(C1=[True], C2=[False])
    assert built(house).results == {"C1": "frozen", "C2": "frozen"}
    sign(house, "C2", MONTH, who="ada")
    assert sending(house, clients=["C2"])[0].planned == 1


def test_who_cannot_be_reached_is_named(house):
    built(house)
    sign(house, "C2", MONTH, who="ada")
    (one,) = sending(house, clients=["C2"])
    assert one.planned == 1
    assert one.note == newest(house.database, "C2", MONTH).send_note
    assert "executive_emails" in one.note
    assert "slack_channel" in one.note


def test_a_plan_without_the_scorecard_keeps_it_back(house):
    house.maker.more["features"] = ("triage",)
    built(house)
    sign(house, "C2", MONTH, who="ada")
    (one,) = sending(house, clients=["C2"])
    assert (one.planned, one.note) == (0, "the client's plan (gold) holds no scorecard")
    assert messages(house.database) == []


def test_what_a_server_refused_for_good_is_sent_again_when_somebody_asks_and_once(house):
    built(house)
    sign(house, "C2", MONTH, who="ada")
    sending(house, clients=["C2"])
    with MailServer(("RCPT", 550)) as server:
        assert rounds(house, mail=mail_transport(server)) == {"failed": 1}
        assert "550" in messages(house.database)[0]["answer"]
        assert sending(house, clients=["C2"])[0].planned == 1
        assert rounds(house, mail=mail_transport(server)) == {"done": 1}
        assert sending(house, clients=["C2"])[0].planned == 0
    assert readers(server.mails) == ["cfo@ops.example"]


def test_a_mail_in_doubt_is_not_sent_again_by_itself(house):
    built(house)
    sign(house, "C2", MONTH, who="ada")
    sending(house, clients=["C2"])
    with MailServer("dies") as server:
        assert rounds(house, mail=mail_transport(server, 2)) == {"unknown": 1}
        assert sending(house, clients=["C2"])[0].planned == 0
        assert rounds(house, mail=mail_transport(server)) == {}
    assert len(server.mails) == 1


def test_a_sender_that_dies_before_its_note_has_planned_nothing_and_the_next_one_plans_all(house, monkeypatch):
    built(house)
    sign(house, "C1", MONTH, who="ada")

    def dying(*_given, **_more):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(sending_io.effects_io, "plan", dying)
        with pytest.raises(KeyboardInterrupt):
            sending(house, clients=["C1"])
    assert messages(house.database) == []
    assert newest(house.database, "C1", MONTH).status == "signed"
    assert sending(house, clients=["C1"])[0].planned == 4


def test_a_restatement_that_is_signed_takes_back_what_was_not_sent_yet_and_says_what_it_replaces(house):
    built(house)
    sign(house, "C2", MONTH, who="ada")
    sending(house, clients=["C2"])
    house.maker.write(C1=[True], C2=[True, False])
    restate(house, "C2", MONTH, reason="a ticket came late", as_of=AS_OF, by="bob")
    sign(house, "C2", MONTH, who="ada")
    sending(house, clients=["C2"])
    with MailServer() as server:
        assert rounds(house, mail=mail_transport(server)) == {"done": 1}
    assert [row["state"] for row in messages(house.database)] == ["superseded", "done"]
    body = server.mails[0][1].get_body(["plain"]).get_content()
    assert "Restatement 1: replaces what was sent before" in body
    assert "Why: a ticket came late" in body


def test_hostile_names_stay_text_in_subject_files_and_pages(house, tmp_path):
    house.maker.more = {"client_name": HOSTILE}
    built(house)
    sign(house, "C2", MONTH, who="ada")
    sending(house, clients=["C2"])
    with MailServer() as server:
        assert rounds(house, mail=mail_transport(server)) == {"done": 1}
    ((_, mail),) = server.mails
    assert mail["Bcc"] is None
    assert "\u202e" not in mail["Subject"]
    assert "<script>" not in mail.get_body(["html"]).get_content()
    assert next(mail.iter_attachments()).get_filename().startswith("script-alert-1-script-channel")


def test_a_message_links_to_the_page_as_it_was_kept_where_the_web_service_has_an_address(house):
    house.maker.pages = {"html": b"<p>the page</p>"}
    built(house)
    sign(house, "C1", MONTH, who="ada")
    sending(house, clients=["C1"])
    asked = []

    def link_of(subject, recipient, _at, may_act):
        asked.append((subject, recipient, may_act))
        return f"https://ops.example/a/{len(asked)}"

    with MailServer() as server, SlackServer() as slack:
        transports = {"mail": mail_transport(server), "slack": slack_transport(slack)}
        sent(house.database, house.lake.uri, house.now, transports, link_of=link_of)
    subject = f"document/{sha256(b'<p>the page</p>').hexdigest()}"
    assert {each[0] for each in asked} == {subject}
    assert sorted(each[1] for each in asked) == ["#one", "boss@one.example", "cfo@one.example", "cfo@ops.example"]
    assert not any(each[2] for each in asked), "there is nothing to press"
    for _, mail in server.mails:
        assert 'href="https://ops.example/a/' in mail.get_body(["html"]).get_content()
        assert "Open the scorecard: https://ops.example/a/" in mail.get_body(["plain"]).get_content()
    assert "|Open the scorecard>" in str(slack.messages["#one"])


def test_what_is_not_sent_anywhere_lies_in_a_folder_with_its_files(house, tmp_path):
    built(house)
    sign(house, "C2", MONTH, who="ada")
    sending(house, clients=["C2"])
    assert rounds(house, mail=FolderTransport(FolderChannel(folder=tmp_path / "box"), "mail", "mail")) == {"done": 1}
    (file,) = (tmp_path / "box/mail").glob("*-scorecard.eml")
    assert b"Client-C2-2026-10.xlsx" in file.read_bytes()


def test_a_file_that_is_not_what_was_kept_is_not_sent(house):
    built(house)
    sign(house, "C2", MONTH, who="ada")
    sending(house, clients=["C2"])
    for file in house.files.folder.iterdir():
        file.write_bytes(b"forged")
    with MailServer() as server:
        assert rounds(house, mail=mail_transport(server)) == {"failed": 1}
    assert server.mails == []
    with house.database.begin() as connection:
        answer = connection.execute(text("SELECT answer FROM effects")).scalar_one()
    assert "KeptFileError" in answer


def test_a_preview_writes_what_a_client_would_get_and_keeps_and_sends_nothing(house, tmp_path):
    files = preview(house, "C1", MONTH, tmp_path / "a folder", as_of=AS_OF)
    assert [file.name for file in files] == [f"Client-C1-2026-10.{end}" for end in ("pdf", "txt", "xlsx")]
    assert "SLA performance | 50.0%" in files[1].read_text(encoding="utf-8")
    assert kept(house.database) == messages(house.database) == []
