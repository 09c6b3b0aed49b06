"""Addresses that playbooks call, as opsguard.yaml writes them, and what is certain after a call."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from opsguard_assets.commands.playbooks_found import found_addresses
from opsguard_assets.config.load import ConfigError, parse_settings
from opsguard_assets.effects.machine import Effect, State
from opsguard_assets.remediation.actions.adapters_io import (
    AddressAdapter,
    RecordsAdapter,
    TicketAdapter,
    adapters_of,
    addresses_of,
)
from opsguard_assets.tables.registry import SUBSTITUTIONS
from resources.answers import Outcome
from resources.database import Database
from resources.lake import Lake
from tests.effects.hook import SECRET, Hook

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOWHERE = Database(SecretStr("postgresql://nobody@nowhere/nothing"))
PAGE = """
remediation:
  webhooks:
    plain: https://crm.example/${TOKEN}
    crm: {url: "http://127.0.0.1:8/hook", signing_secret: "${SECRET}", timeout_seconds: 3, knows_keys: true}
  commands: {restart: https://iot.example/restart}
  work_orders: https://vendors.example/orders
"""
CALL = Effect(
    effect_id=1, kind="remediation", key="k", idempotency_key="key-1", target="webhook:crm",
    payload={"type": "opsguard.trial", "data": {"of": "1"}}, found_in=State.PLANNED, attempts=1, planned_at=NOW,
    answer=None, lease="",
)  # fmt: skip
DOUBTED = replace(CALL, found_in=State.SENDING)


def parsed(text=PAGE):
    return parse_settings(text, name="opsguard.yaml", variables={})


def address(hook, **more):
    text = f'remediation: {{webhooks: {{crm: {{url: "{hook.url}", signing_secret: "${{SECRET}}"}}}}}}'
    crm = parsed(text).remediation.webhooks["crm"]
    return AddressAdapter("webhook:crm", crm.model_copy(update=more), {"SECRET": SECRET})


@pytest.mark.parametrize(
    ("variables", "troubles"),
    [
        ({"TOKEN": "t", "SECRET": SECRET}, {}),
        ({"SECRET": SECRET}, {"webhook:plain": "TOKEN"}),
        ({"TOKEN": "t"}, {"webhook:crm": "SECRET"}),
        ({"TOKEN": "t", "SECRET": "whsec_%"}, {"webhook:crm": "whsec_"}),
    ],
)
def test_what_an_address_lacks_is_found_before_anything_is_sent(variables, troubles):
    found = {what: words for what, is_sound, words, _ in found_addresses(parsed(), variables) if not is_sound}
    assert set(found) == {f"address {target}" for target in troubles}
    assert all(part in found[f"address {target}"] for target, part in troubles.items())
    assert not any(value in words for value in variables.values() for words in found.values() if len(value) > 8)


def test_an_address_is_its_url_alone_or_has_what_belongs_to_it_and_shows_no_secret():
    known = dict(addresses_of(parsed().remediation))
    assert list(known) == ["webhook:plain", "webhook:crm", "command:restart", "work_orders"]
    plain, crm = known["webhook:plain"], known["webhook:crm"]
    assert (plain.signing_secret, plain.timeout_seconds, plain.knows_keys) == (None, 10, False)
    assert (crm.signing_secret.get_secret_value(), crm.timeout_seconds, crm.knows_keys) == ("${SECRET}", 3, True)
    assert "crm.example" not in repr(known)


def test_the_example_of_the_page_is_read():
    page = (Path(__file__).parents[2] / "docs/playbooks.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(remediation:.*?)```", page, re.DOTALL)
    assert [target for target, _ in addresses_of(parsed(example).remediation)] == [
        "webhook:crm", "command:restart", "work_orders",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("http://crm.example/x", "must be https://"),
        ("{url: https://crm.example, signing_secret: hunter2}", "never written down"),
        ("{url: https://crm.example, secret: x}", "secret"),
    ],
)
def test_an_address_that_would_be_read_on_the_way_or_is_not_understood_is_refused(written, words):
    with pytest.raises(ConfigError) as error:
        parsed(f"remediation: {{webhooks: {{crm: {written}}}}}")
    assert words in str(error.value)
    assert "hunter2" not in str(error.value)


def test_there_is_one_adapter_per_target_and_no_two_share_one(tmp_path):
    adapters = adapters_of(parsed(), {}, Lake(str(tmp_path)), NOWHERE)
    targets = [target for adapter in adapters for target in adapter.targets]
    assert targets == ["record", "webhook:plain", "webhook:crm", "command:restart", "work_orders", "records"]
    assert [adapter.can_tell for adapter in adapters] == [True, False, True, False, False, True]


def test_a_call_is_signed_where_a_secret_is_known_and_always_says_the_same():
    with Hook() as hook:
        called = address(hook)
        assert [called.send(CALL).outcome for _ in range(2)] == [Outcome.DONE] * 2
        assert called.send(replace(CALL, idempotency_key="key-2")).outcome is Outcome.DONE
        (headers, first), (_, again), _ = hook.requests
        assert (headers["webhook-id"], first) == ("key-1", again)
        hook.secret = None
        assert address(hook, signing_secret=None).send(CALL).outcome is Outcome.DONE
        assert "webhook-signature" not in {name.lower() for name in hook.requests[-1][0]}
        hook.secret = "another"
        assert address(hook).send(CALL).words == "HTTP 401"


@pytest.mark.parametrize(
    ("order", "fresh", "doubted"),
    [
        ("cut", Outcome.UNKNOWN, Outcome.UNKNOWN),
        (503, Outcome.NOT_REACHED, Outcome.UNKNOWN),
        (422, Outcome.FAILED, Outcome.UNKNOWN),
        (409, Outcome.SUPERSEDED, Outcome.UNKNOWN),
        ("ok", Outcome.DONE, Outcome.DONE),
    ],
)
def test_an_answer_claims_what_is_certain_also_of_an_earlier_call(order, fresh, doubted):
    with Hook() as hook:
        for effect, outcome in ((CALL, fresh), (DOUBTED, doubted)):
            hook.orders.append(order)
            answer = address(hook).send(effect)
            assert answer.outcome is outcome
            assert hook.url not in answer.words


def test_a_secret_that_is_not_set_stops_its_own_target_and_is_said(tmp_path):
    adapters = adapters_of(parsed(), {}, Lake(str(tmp_path)), NOWHERE)
    plain, crm = adapters[1], adapters[2]
    for adapter, name in ((plain, "TOKEN"), (crm, "SECRET")):
        assert adapter.send(CALL).outcome is Outcome.NOT_REACHED
        assert f"the variable {name} is not set" in adapter.send(CALL).words
        assert adapter.send(DOUBTED).outcome is Outcome.UNKNOWN
    broken = AddressAdapter("webhook:crm", crm.address, {"SECRET": "whsec_no base64"})
    assert "goes on in base64" in broken.send(CALL).words


def test_a_ticket_system_that_cannot_be_opened_is_not_reached():
    def shut():
        raise ConfigError("the variable DESK is not set")

    answer = TicketAdapter("sql", shut, tells=True).send(CALL)
    assert (answer.outcome, answer.words) == (Outcome.NOT_REACHED, "the variable DESK is not set")


def test_a_record_that_is_there_changes_nothing_and_one_that_is_not_believed_goes(tmp_path):
    lake = Lake(str(tmp_path))
    row = {"roster_id": "R1", "on": "2026-03-02", "person_id": "gus", "substitute_id": "bo"}
    for withdrawn in (False, True):
        payload = {"table": "substitutions", "row": row, "is_withdrawn": withdrawn}
        at = NOW.replace(hour=13) if withdrawn else NOW
        effect = replace(CALL, payload=payload, planned_at=at)
        for _ in range(2):
            assert RecordsAdapter(lake, now=lambda: NOW.replace(hour=14)).send(effect).outcome is Outcome.DONE
        assert len(lake.known(SUBSTITUTIONS).collect()) == (0 if withdrawn else 1)
    assert len(lake.versions(SUBSTITUTIONS).collect()) == 2
