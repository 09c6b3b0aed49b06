"""The contract of the effects engine, kept by every adapter that there is, and by two kinds that are to come."""

from datetime import timedelta

import pytest

from opsguard_assets.effects.machine import Policy
from tests.effects.contract import Contract, mortals  # noqa: F401 - a fixture
from tests.effects.outside import KEYED, OPENED, PLAIN, RECORDED, opened
from tests.effects.trials import ColdMortals, drained, rows
from tests.long import long


class TestSql(Contract):
    """The database of a helpdesk: it keeps the keys, so that it can be asked."""

    @pytest.fixture
    def outside(self, server):
        with opened("sql", server) as system:
            yield system


class TestWebhook(Contract):
    """A helpdesk that takes signed requests: it knows keys again, but nobody can ask it."""

    @pytest.fixture
    def outside(self, server):
        with opened("webhook", server) as system:
            yield system

    def test_a_wait_that_is_asked_for_is_kept_and_by_everything_that_goes_there(self, database, outside, clock):
        self.plan(database, clock, outside, 1, 2)
        outside._receiver.orders.append((429, {"Retry-After": "600"}))
        assert drained(database, outside.adapter, clock) == {"planned": 2}
        clock.passes(seconds=599)
        assert drained(database, outside.adapter, clock) == {"planned": 1}
        assert len(outside._receiver.requests) == 1
        clock.passes(seconds=1)
        assert drained(database, outside.adapter, clock) == {"done": 2}

    @pytest.mark.parametrize("asked", ["9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
    def test_a_wait_beyond_all_dates_is_cut_to_the_longest(self, database, outside, clock, asked):
        self.plan(database, clock, outside, 1)
        outside._receiver.orders.append((429, {"Retry-After": asked}))
        drained(database, outside.adapter, clock, Policy(longest_wait=timedelta(hours=1)))
        assert rows(database)[0]["due_at"] == clock() + timedelta(hours=1)


class TestReadablePostbox(Contract):
    """It keeps everything twice that it is sent twice, and can be read back, as a chat."""

    @pytest.fixture
    def outside(self, server):
        with opened("readable postbox", server) as system:
            yield system

    def test_what_was_asked_about_and_did_not_happen_is_sent(self, database, outside, clock, mortals):  # noqa: F811
        self.plan(database, clock, outside, 1)
        assert mortals.drain(database, outside, "before adapter.send")
        assert mortals.drain(database, outside, "after store.renew")
        assert outside.happened(1) == 0
        assert drained(database, outside.adapter, clock) == {"done": 1}
        assert (outside.happened(1), rows(database)[0]["attempts"]) == (1, 3)


class TestPostbox(Contract):
    """The same where nobody can read back, as mail."""

    @pytest.fixture
    def outside(self, server):
        with opened("postbox", server) as system:
            yield system


@long
class TestKeyedHook(Contract):
    """An address that playbooks call, whose receiver compares keys: to the engine it is a helpdesk's webhook."""

    @pytest.fixture
    def outside(self, server):
        with opened(KEYED, server) as system:
            yield system


class TestHook(Contract):
    """An address that playbooks call, of which nobody knows whether it compares keys: doubt stays doubt."""

    @pytest.fixture
    def outside(self, server):
        with opened(PLAIN, server) as system:
            yield system


@long
class TestNewTickets(Contract):
    """Tickets that playbooks open in the database of a helpdesk: to the engine they are what changes there are."""

    @pytest.fixture
    def outside(self, server):
        with opened(OPENED, server) as system:
            yield system


@long
class TestRecords(Contract):
    """Records of the lake: what is there already changes nothing."""

    @pytest.fixture
    def mortals(self):
        return ColdMortals()

    @pytest.fixture
    def outside(self, server):
        with opened(RECORDED, server) as system:
            yield system
