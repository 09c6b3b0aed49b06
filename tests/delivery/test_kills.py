"""A sender that dies anywhere: per message the reader holds exactly one, or the row says that nobody knows."""

import random
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import text

from opsguard_assets.delivery.adapter_io import KIND
from opsguard_assets.effects import io as effects_io
from tests.delivery.given import Clock, mail_transport, plan, put, rows, sent, slack_transport, states
from tests.delivery.lives import Lives, points
from tests.forks import LONGEST_SECONDS, kill
from tests.long import drawn, long
from tests.resources.channels.mail_server import MailServer
from tests.resources.channels.slack_server import SlackServer

# A long run's clock passes hours; the age limit has tests of its own.
LONG = timedelta(days=2)
# Points that only a sender reaches which finds a message in doubt, that a channel has, or that repeats one.
ROUNDS = 7


@pytest.fixture(scope="module")
def lives():
    with Lives() as opened:
        yield opened


@pytest.fixture(scope="module")
def cold_lives():
    with Lives(is_cold=True) as opened:
        yield opened


@pytest.fixture
def clock():
    return Clock()


def test_the_points_are_those_of_a_sender_that_claims_writes_sends_looks_and_settles():
    names = {point.partition(" ")[2] for point in points()}
    assert names >= {
        "store.claim", "store.renew", "store.settle_and_claim", "store.end_leases", "store.give_up",
        "self.letters.write", "self.letters.thread_of", "self.transport.hand_over", "self.transport.look_for",
        "self.channel.post", "self.channel.update", "self.channel.read", "self.server.send", "note_done", "send_again",
        "_catch_up", "_plan",
    }  # fmt: skip


def again_and_again(lives, database, lake, clock, ports, rounds=ROUNDS):
    """Rounds in processes that live, a minute and a second apart, until everything has ended that can."""
    for _ in range(rounds):
        clock.passes(seconds=61)
        assert not lives.send(database, lake, clock, **ports)


@pytest.mark.parametrize("point", drawn(points()))
def test_a_sender_that_is_killed_at_any_point_leaves_each_reader_of_slack_with_one_message(
    database, tmp_path, clock, lives, point
):
    with SlackServer("lost", "deaf", now=lambda: clock().timestamp()) as slack:
        numbers = [put(database, title=title) for title in "abc"]
        for number in numbers:
            plan(database, clock, number)
        ports = {"slack": slack.url}
        # Killed in the first round; then when there is doubt; then when that was looked for; then at an edit.
        lives.send(database, tmp_path, clock, point, **ports)
        for _ in range(2):
            clock.passes(seconds=61)
            lives.send(database, tmp_path, clock, point, **ports)
        again_and_again(lives, database, tmp_path, clock, ports)
        with database.begin() as connection:
            taken = "state = 'acknowledged', acknowledged_by = 'ada', acknowledged_at = :at, version = 2"
            connection.execute(text(f"UPDATE incidents SET {taken}"), {"at": clock()})
        for number in numbers:
            plan(database, clock, number, kind="update", version=2)
        lives.send(database, tmp_path, clock, point, **ports)
        again_and_again(lives, database, tmp_path, clock, ports, rounds=3)
        assert sorted(Counter(slack.keys()).values()) == [1, 1, 1]
        assert all(message["text"].startswith("ada has it") for message in slack.messages["C1"])
    assert set(states(database).values()) == {"done"}
    assert len(rows(database, "message_threads", "incident_id")) == 3


@pytest.mark.parametrize("point", drawn(points()))
def test_a_sender_that_is_killed_at_any_point_leaves_a_mail_once_or_unknown_and_a_critical_one_arrived(
    database, tmp_path, clock, lives, point
):
    with MailServer("dies") as server:
        for title, is_critical in (("a", True), ("b", False), ("c", True)):
            plan(
                database, clock, put(database, title=title), channel="mail", address=f"{title}@ops.test",
                is_critical=is_critical,
            )  # fmt: skip
        ports = {"mail": server.port}
        for _ in range(2):
            lives.send(database, tmp_path, clock, point, **ports)
            clock.passes(seconds=61)
        again_and_again(lives, database, tmp_path, clock, ports, rounds=4)
        copies = Counter(to for to, _ in server.mails)
        ids = {to: {str(mail["Message-ID"]) for other, mail in server.mails if other == to} for to in copies}
    for row in rows(database, "effects", "effect_id"):
        to, is_first = row["payload"]["address"], not row["payload"].get("is_repeat")
        assert row["state"] in {"done", "unknown"}
        assert copies[to] <= 2
        if is_first and row["state"] == "done":
            assert copies[to] == 1
        if is_first and row["payload"]["is_critical"]:
            # Killed at the same point twice, a critical one may not have arrived; then both rows say unknown.
            assert copies[to] >= 1 or states(database)[f"{row['key']}/again"] == "unknown"
            assert len(ids.get(to, set())) <= 1


def killed_at_random(lives, database, lake, clock, messages, kills, longest, seed):
    """Sends many messages over channels that fail, in processes that are killed whenever luck wants it.

    How many kills there were, how many of them met a process at work, and what readers have.
    """
    luck = random.Random(seed)  # noqa: S311 - a test
    many(database, clock, messages)
    with (
        SlackServer(faults=0.4, seed=seed, lag_seconds=20, now=lambda: clock().timestamp()) as slack,
        MailServer(faults=0.15, seed=seed) as server,
    ):
        ports = {"slack": slack.url, "mail": server.port}
        done = met = 0
        while done < kills and unsettled(database):
            number = lives.begin(database, lake, clock, **ports)
            # Most are killed at work, however slow the machine is; some while they begin.
            is_at_work = luck.random() < 0.8 and wait_until_it_sends(database, number)
            time.sleep(luck.uniform(0.02, longest))
            kill(number)
            done += lives.end()
            met += is_at_work
            clock.passes(seconds=luck.choice([1, 31, 61]))
        # Slack fails so often that its circuit opens after some messages: a round sends about ten of them.
        for _ in range(200 + messages // 5):
            sent(database, lake, clock, transports_of(slack, server), give_up=LONG)
            clock.passes(seconds=61)
            if not unsettled(database):
                break
        return done, met, Counter(slack.keys()), Counter(server.ids())


def wait_until_it_sends(database, number):
    """Whether a process has claimed a message; False where it ended before."""
    asked = text("SELECT count(*) FROM effects WHERE state = 'sending' AND split_part(worker, '/', 5) = :number")
    deadline = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < deadline and Path(f"/proc/{number}").exists():
        with database.begin() as connection:
            if connection.execute(asked, {"number": str(number)}).scalar_one():
                return True
        time.sleep(0.01)
    return False


def transports_of(slack, server):
    return {"slack": slack_transport(slack), "mail": mail_transport(server)}


def unsettled(database):
    asked = (
        "SELECT count(*) FROM effects WHERE state IN ('planned', 'sending') OR (state = 'unknown' AND target = 'slack')"
    )
    with database.begin() as connection:
        return connection.execute(text(asked)).scalar_one()


def many(database, clock, messages):
    """Plans messages about as many incidents, by turns over Slack and by mail, every tenth critical."""
    insert = (
        "INSERT INTO incidents (group_key, cause, title, state, severity, priority, alerts, unresolved, opened_at, "
        "updated_at) SELECT 'g' || n, 'tickets', 'Incident ' || n, 'open', 'high', 80, 1, 1, :at, :at "
        "FROM generate_series(1, :messages) AS n RETURNING incident_id"
    )
    with database.begin() as connection:
        numbers = connection.execute(text(insert), {"at": clock(), "messages": messages}).scalars().all()
        frame = pl.DataFrame([_message(place, number) for place, number in enumerate(numbers)])
        effects_io.plan(connection, KIND, frame, at=clock(), actor="test")


def _message(place, number):
    channel, address = (("slack", f"C{place % 5}"), ("mail", f"p{place}@ops.test"))[place % 2]
    payload = {
        "notice_id": None, "kind": "raised", "channel": channel, "address": address, "incident_id": number,
        "version": 1, "is_critical": place % 10 == 0 or place % 10 == 1,
    }  # fmt: skip
    return {"key": f"incident/{number}/{channel}/{address}/raised", "target": channel, "rank": 1.0, "payload": payload}


def judge(database, on_slack, by_mail):
    """Per message the reader holds exactly one, or its row says that nobody knows; none is lost."""
    found = rows(database, "effects", "effect_id")
    others = [(row["key"], row["state"], row["answer"]) for row in found if row["state"] not in {"done", "unknown"}]
    assert others == []
    for row in found:
        key, is_repeat = row["idempotency_key"], bool(row["payload"].get("is_repeat"))
        if row["target"] == "slack":
            assert (row["state"], on_slack[key]) == ("done", 1)
        elif not is_repeat:
            copies, again = by_mail[f"<{key}@ops.test>"], bool(row["payload"]["is_critical"])
            if row["state"] == "done":
                assert copies == 1
            else:  # it may have arrived; a critical one was sent once more under the same Message-ID
                assert copies <= 1 + again
    repeats = [row for row in found if row["payload"].get("is_repeat") and row["state"] == "done"]
    assert all(by_mail[f"<{row['payload']['first_key']}@ops.test>"] >= 1 for row in repeats)
    return Counter((row["target"], row["state"]) for row in found)


@long
@pytest.mark.timeout(900)
def test_many_messages_over_channels_that_fail_and_senders_that_are_killed_at_random(
    database, tmp_path, clock, cold_lives
):
    done, met, on_slack, by_mail = killed_at_random(
        cold_lives, database, tmp_path, clock, messages=120, kills=15, longest=0.4, seed=3
    )
    counted = judge(database, on_slack, by_mail)
    assert counted["slack", "done"] == 60
    assert done >= 5
    assert met >= 3


@pytest.mark.load
@pytest.mark.timeout(7200)
def test_ten_thousand_messages_and_two_hundred_kills(database, tmp_path, clock, cold_lives):
    done, met, on_slack, by_mail = killed_at_random(
        cold_lives, database, tmp_path, clock, messages=10_000, kills=200, longest=1.5, seed=7
    )
    counted = judge(database, on_slack, by_mail)
    assert (done, counted["slack", "done"]) == (200, 5_000)
    assert met >= 100
