"""The ticket system as opsguard.yaml describes it: unsafe descriptions are told, secrets stay out of what is loaded."""

import re
import time
from pathlib import Path

import pytest

from opsguard_assets.config.load import ConfigError, parse_settings
from opsguard_assets.tickets.escalation.helpdesk import ticket_system_of
from resources.ticket_system.change import TicketSystemError
from resources.ticket_system.signature import sign

PAGE = (Path(__file__).parents[2] / "docs/escalation.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
SECRETS = {"HELPDESK_PASSWORD": "hunter2", "HELPDESK_SIGNING_SECRET": "hunter3", "HELPDESK_TOKEN": "hunter4"}
SQL = "ticket_system: {{kind: sql, url: 'sqlite://', update: \"{}\"}}\n"
GOOD = "UPDATE t SET p = :priority WHERE id = :ticket_id AND p = :expected_priority"
HOOK = "ticket_system: {{kind: webhook, url: '{}', signing_secret: '{}'}}\n"


def parse(text):
    return parse_settings(text, name="opsguard.yaml", variables={})


def complaint(text):
    with pytest.raises(ConfigError) as error:
        parse(text)
    return str(error.value)


def test_without_a_ticket_system_escalations_are_records():
    assert ticket_system_of(parse("").ticket_system, {}).kind == "record"


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_of_the_page_are_read_and_show_no_secret(example):
    settings = parse(example)
    system = ticket_system_of(settings.ticket_system, SECRETS)
    assert system.kind in {"sql", "webhook"}
    assert "hunter" in str(vars(system))
    assert "hunter" not in repr(system) + repr(settings)
    with pytest.raises(ConfigError, match="HELPDESK_"):
        ticket_system_of(settings.ticket_system, {})


def test_the_page_checks_a_signature_as_it_is_made():
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    known = {}
    exec(program, known)  # noqa: S102 - the example of our own page
    now = int(time.time())
    headers = {"OpsGuard-Timestamp": str(now), "OpsGuard-Signature": sign("s", now, b"{}")}
    assert known["is_genuine"]("s", headers, b"{}")
    assert not known["is_genuine"]("s", headers, b"[]")


def test_casts_are_no_parameters():
    assert parse(SQL.format(GOOD + " AND x = CAST(:step AS int)::text")).ticket_system.kind == "sql"


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE t SET p = :prio WHERE id = :ticket_id AND p = :expected_priority", "there is no parameter :prio"),
        ("UPDATE t SET p = :priority WHERE id = :ticket_id", "compare with at least one :expected_"),
        ("UPDATE t SET p = :priority WHERE p = :expected_priority", "must name :ticket_id"),
    ],
)
def test_statements_that_would_overwrite_people_or_name_nothing_are_refused(statement, words):
    assert words in complaint(SQL.format(statement))


def test_a_memory_that_does_not_name_the_key_is_refused():
    text = SQL.format(GOOD).replace("}\n", ", recall: 'SELECT 1'}\n")
    assert "must name :key" in complaint(text)


@pytest.mark.parametrize(
    "url", ["http://helpdesk.example/x", "ftp://helpdesk.example", "helpdesk", "http://127.0.0.1.evil/"]
)
def test_requests_are_not_sent_in_the_clear(url):
    assert "must be https://" in complaint(HOOK.format(url, "${NAME}"))
    settings = parse(HOOK.format("${URL}", "${NAME}"))
    with pytest.raises(TicketSystemError, match="must be https://"):
        ticket_system_of(settings.ticket_system, {"URL": url, "NAME": "x"})


@pytest.mark.parametrize("url", ["https://helpdesk.example/x", "http://localhost:8080/x", "http://[::1]/x"])
def test_requests_may_stay_on_this_machine(url):
    assert parse(HOOK.format(url, "${NAME}")).ticket_system.kind == "webhook"


def test_a_secret_that_is_written_down_is_refused_without_being_repeated():
    message = complaint(HOOK.format("https://h/x", "hunter2"))
    assert "never written down" in message
    assert "hunter2" not in message
