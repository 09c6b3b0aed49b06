"""Results as CI servers and programs read them."""

from xml.etree import ElementTree as ET

from opsguard_assets.verification.report import document, junit
from opsguard_assets.verification.result import Found, Result, Wrong

WRONG = Wrong("2 alerts <b>\x00 & 'more'", "alerts", "look there")


def result(*wrong, claims=3):
    return Result("sla", "asks", "planted", "found", claims, wrong, 1.25)


def test_a_failure_has_its_message_place_and_remedy():
    read = ET.fromstring(junit([result(), result(WRONG)], 4.5))
    assert (read.get("tests"), read.get("failures"), read.get("time")) == ("2", "1", "4.500")
    first, second = read.iter("testcase")
    assert (first.get("name"), first.find("failure")) == ("sla", None)
    failure = second.find("failure")
    assert failure.get("message") == "2 alerts <b>\N{REPLACEMENT CHARACTER} & 'more'"
    assert failure.text.endswith("where: alerts\nnext: look there")


def test_what_claims_nothing_has_not_passed():
    assert not result(claims=0).passed
    assert document([result(), result(claims=0)], 1)["passed"] is False
    assert 'message="nothing was claimed"' in junit([result(claims=0)], 1).decode()


def test_a_claim_that_does_not_hold_names_what_was_found_and_what_was_planted():
    found = Found("alerts", "look there")
    assert found.equal("alerts", ["a"], ["a"])
    assert not found.equal("alerts", [], ["a", "b"], where="triage")
    assert not found.holds(False, "x" * 3)
    assert [(each.what, each.where) for each in found.wrong] == [
        ("alerts: found nothing, planted a, b", "triage"), ("xxx", "alerts"),
    ]  # fmt: skip
    assert found.claims == 3
