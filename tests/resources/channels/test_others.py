"""Signed requests to any receiver, apprise, and a folder in place of a channel."""

import base64
import hashlib
import hmac
import json
import sys

import pytest

from resources.answers import Outcome
from resources.channels.apprise import AppriseChannel
from resources.channels.folder import FolderChannel
from resources.channels.handed_over import ChannelError
from resources.channels.webhook import WebhookChannel
from resources.ticket_system.signature import standard_headers
from tests.effects.postbox import Postbox

# The example of the specification (github.com/standard-webhooks/standard-webhooks, and svix's documentation).
SECRET, ID, AT = "whsec_plJ3nmyCDGBKInavdOK15jsl", "msg_loFOjxBNrRLzqYUf", 1731705121
BODY = b'{"event_type":"ping","data":{"success":true}}'


class Receiver(Postbox):
    """Keeps what it is sent, and the headers."""


def test_a_signature_is_the_one_that_receivers_compute():
    expected = base64.b64encode(
        hmac.new(base64.b64decode("plJ3nmyCDGBKInavdOK15jsl"), f"{ID}.{AT}.".encode() + BODY, hashlib.sha256).digest()
    ).decode()
    assert expected == "rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="
    assert standard_headers(SECRET, ID, AT, BODY) == {
        "webhook-id": ID, "webhook-timestamp": str(AT), "webhook-signature": f"v1,{expected}",
    }  # fmt: skip
    with pytest.raises(ValueError, match="goes on in base64"):
        standard_headers("whsec_no base64", ID, AT, BODY)


@pytest.mark.parametrize(
    ("order", "outcome", "copies"),
    [("ok", Outcome.DONE, 1), ("cut", Outcome.UNKNOWN, 1), (503, Outcome.NOT_REACHED, 0), (400, Outcome.FAILED, 0)],
)
def test_an_answer_to_a_request_claims_what_is_certain(order, outcome, copies):
    with Receiver() as box:
        box.orders.append(order)
        sent = WebhookChannel(url=box.url, signing_secret=SECRET).post("k1", b'{"of": 1}')
        assert (sent.answer.outcome, len(box.kept)) == (outcome, copies)
        assert box.url not in sent.answer.words


# It imports a module of Python that later versions do not have.
@pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")
def test_apprise_says_whether_a_service_took_a_message():
    pytest.importorskip("apprise", reason="the extra is not installed: pip install '.[apprise]'")
    with Receiver() as box:
        box.orders.extend(["ok", 503])
        service = AppriseChannel(url=box.url.replace("http://", "json://"))
        sent = [service.notify("A device is silent", "<b>See to it</b>") for _ in range(2)]
        assert [one.answer.outcome for one in sent] == [Outcome.DONE, Outcome.NOT_REACHED]
        assert box.kept[0]["message"] == "<b>See to it</b>"


def test_without_the_extra_a_channel_of_apprise_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)  # as Python keeps a module that cannot be imported
    with pytest.raises(ChannelError, match=r"install opsguard\[apprise\]"):
        AppriseChannel(url="json://localhost").notify("A device is silent", "See to it")


def test_a_folder_keeps_a_file_whole_under_its_name_and_says_that_nothing_was_sent(tmp_path):
    place = FolderChannel(folder=tmp_path / "mail box")
    for words in (b"one", b"two"):
        written = place.write("ada/k1.eml", words)
        assert written.answer.outcome is Outcome.DONE
        assert written.answer.words.startswith("not sent: ")
    assert (tmp_path / "mail box" / "ada" / "k1.eml").read_bytes() == b"two"
    assert json.dumps([path.name for path in (tmp_path / "mail box" / "ada").iterdir()]) == '["k1.eml"]'
    (tmp_path / "file").write_text("")
    assert FolderChannel(folder=tmp_path / "file").write("k1.eml", b"").answer.outcome is Outcome.NOT_REACHED
