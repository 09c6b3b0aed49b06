"""A real SMTP server that dies, refuses and waits: what readers have is compared with what the answer claims."""

import ssl
import subprocess
from email.message import EmailMessage

import pytest

from resources.answers import Outcome
from resources.channels import mail as channel
from resources.channels.handed_over import ChannelError
from tests.resources.channels.mail_server import MailServer, eventually


def mail(number=1, body="A device is silent.\n.\n..\nSee to it."):
    one = EmailMessage()
    one["From"], one["To"], one["Subject"] = "OpsGuard <desk@ops.test>", "ada@ops.test", "Device silent at Süd"
    one["Message-ID"] = f"<key-{number}@ops.test>"
    one.set_content(body)
    return one


def opened(server, **changes):
    wanted = {"host": "127.0.0.1", "port": server.port, "security": "none", "sender": "OpsGuard <desk@ops.test>"}
    return channel.MailServer(**{**wanted, "answer_seconds": 3, **changes})


def test_mails_go_over_one_session_and_arrive_as_they_were_written():
    with MailServer() as server:
        with opened(server) as session:
            for number in range(3):
                sent = session.send(mail(number), "ada@ops.test")
                assert sent.answer.outcome is Outcome.DONE
                assert sent.reference == {"message_id": f"<key-{number}@ops.test>"}
        assert (server.ids(), server.sessions) == (["<key-0@ops.test>", "<key-1@ops.test>", "<key-2@ops.test>"], 1)
        to, arrived = server.mails[0]
    assert to == "ada@ops.test"
    assert arrived["Subject"] == "Device silent at Süd"
    assert arrived.get_content().replace("\r\n", "\n") == "A device is silent.\n.\n..\nSee to it.\n"


@pytest.mark.parametrize(
    ("order", "outcome", "copies"),
    [
        ("dies", Outcome.UNKNOWN, 1),
        (("DATA", 451), Outcome.NOT_REACHED, 0),
        (("DATA", 554), Outcome.FAILED, 0),
        (("RCPT", 450), Outcome.NOT_REACHED, 0),
        (("RCPT", 550), Outcome.FAILED, 0),
        (("MAIL", 421), Outcome.NOT_REACHED, 0),
        ("hangs up", Outcome.NOT_REACHED, 0),
        ("cut", Outcome.NOT_REACHED, 0),
        ("slow", Outcome.DONE, 1),
    ],
    ids=str,
)
def test_an_answer_claims_what_is_certain_and_the_next_mail_goes_through(order, outcome, copies):
    with MailServer(order) as server, opened(server) as session:
        # A mail larger than what a connection holds by itself, so that "cut" cuts it.
        sent = session.send(mail(1, "x\n" * (2_000_000 if order == "cut" else 10)), "ada@ops.test")
        assert sent.answer.outcome is outcome, sent.answer.words
        assert (sent.reference is None) == (outcome is not Outcome.DONE)
        assert session.send(mail(2), "ada@ops.test").answer.outcome is Outcome.DONE
        assert server.ids() == ["<key-1@ops.test>"] * copies + ["<key-2@ops.test>"]


def test_a_dot_that_is_answered_too_late_is_in_doubt():
    with MailServer("slow", slow_seconds=1) as server, opened(server, answer_seconds=0.2) as session:
        sent = session.send(mail(), "ada@ops.test")
        assert (sent.answer.outcome, server.ids()) == (Outcome.UNKNOWN, ["<key-1@ops.test>"])
        assert "had the whole mail and did not say whether it took it" in sent.answer.words


def test_a_session_that_the_server_closed_between_two_mails_is_opened_again():
    with MailServer("ok", "hangs up") as server, opened(server) as session:
        assert session.send(mail(1), "ada@ops.test").answer.outcome is Outcome.DONE
        assert session.send(mail(2), "ada@ops.test").answer.outcome is Outcome.DONE
        assert (len(server.ids()), server.sessions) == (2, 2)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificate")
    key, crt = folder / "key.pem", folder / "crt.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    named = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(crt)]
    try:
        subprocess.run([*made, *named], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl makes the certificate of the test, and is not installed")
    return key, crt


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_credentials_go_over_an_encrypted_connection_only(certificate, security):
    key, crt = certificate
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    served.load_cert_chain(crt, key)
    trusted = ssl.create_default_context(cafile=str(crt))
    login = {"security": security, "user": "ops", "password": "s3cr3t"}
    with MailServer(users={"ops": "s3cr3t"}, context=served, is_tls=security == "tls") as server:
        with opened(server, **login, context=trusted) as session:
            assert session.send(mail(), "ada@ops.test").answer.outcome is Outcome.DONE
        assert (server.logins, len(server.ids())) == (["ops"], 1)
        with opened(server, **login) as session:  # nobody vouches for the certificate
            sent = session.send(mail(), "ada@ops.test")
        assert (sent.answer.outcome, server.logins) == (Outcome.NOT_REACHED, ["ops"])
        with opened(server, **{**login, "password": "wr0ng"}, context=trusted) as session:
            sent = session.send(mail(), "ada@ops.test")
            assert (sent.answer.outcome, "refuses the login" in sent.answer.words) == (Outcome.NOT_REACHED, True)
        assert "wr0ng" not in repr(session) + str(sent)


def test_a_server_without_starttls_gets_no_credentials():
    with MailServer() as server, opened(server, security="starttls", user="ops", password="s3cr3t") as session:
        sent = session.send(mail(), "ada@ops.test")
        assert "nothing is sent to it unencrypted" in sent.answer.words
        with pytest.raises(ChannelError, match="offers no STARTTLS"):
            session.check()
        assert (server.logins, server.mails) == ([], [])


@pytest.mark.parametrize(
    "address", ["", "nobody", "a@b\r\nBcc: all@ops.test", "two@ops.test, three@ops.test", "a b@c.d"]
)
def test_what_is_no_address_is_refused_before_anything_is_sent(address):
    with MailServer() as server, opened(server) as session:
        assert session.send(mail(), address).answer.outcome is Outcome.FAILED
        assert (server.mails, server.sessions) == ([], 0)


def test_an_address_with_umlauts_goes_out_where_the_server_takes_it():
    with MailServer() as server, opened(server) as session:
        assert session.send(mail(), "jürgen@ops.test").answer.outcome is Outcome.DONE
        assert eventually(lambda: [to for to, _ in server.mails] == ["jürgen@ops.test"])
