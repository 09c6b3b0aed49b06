"""Messages over a real Slack API and a real mail server: once for the reader, or honestly unknown."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from opsguard_assets.delivery import letters_io
from opsguard_assets.delivery.deliver_io import MessageError, next_due, resolve_unknown
from opsguard_assets.delivery.letter import POSSIBLY_REPEATED
from opsguard_assets.delivery.transports_io import AppriseTransport
from resources.channels.apprise import AppriseChannel
from resources.lake import Lake
from resources.processes import this_mark
from tests.commands.test_alerts import record
from tests.delivery.given import Clock, changed, mail_transport, plan, put, rows, sent, slack_transport, states, tell
from tests.effects.postbox import Postbox
from tests.resources.channels.mail_server import MailServer
from tests.resources.channels.slack_server import SlackServer
from tests.views.given import NOW


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def lake(tmp_path):
    return tmp_path / "a lake"


def settle(database, lake, clock, open_transport, rounds=8):
    """Rounds until nothing is to be done any more, a minute and a second apart."""
    for _ in range(rounds):
        sent(database, lake, clock, open_transport())
        clock.passes(seconds=61)


def test_the_first_message_is_posted_reminders_reply_and_every_later_state_is_an_edit(database, lake, clock):
    number = put(database)
    with SlackServer() as slack:
        plan(database, clock, number)
        assert sent(database, lake, clock, {"slack": slack_transport(slack)}) == {"done": 1}
        plan(database, clock, number, kind="chain")
        assert sent(database, lake, clock, {"slack": slack_transport(slack)}) == {"done": 1}
        changed(database, number, version=2, state="acknowledged", acknowledged_by="ada", acknowledged_at=clock())
        plan(database, clock, number, kind="update", version=2)
        assert sent(database, lake, clock, {"slack": slack_transport(slack)}) == {"done": 1}
        first, reminder = slack.messages["C1"]
    assert (first["edits"], reminder["thread_ts"]) == (1, first["ts"])
    assert first["text"].startswith("ada has it: ")
    assert not any(block["type"] == "actions" for block in first["blocks"])
    (thread,) = rows(database, "message_threads", "incident_id")
    assert (thread["shown_version"], thread["reference"]["ts"]) == (2, first["ts"])


@pytest.mark.parametrize("fault", ["lost", "half", "garbage", "fatal", "500 lost", "deaf", 500, (429, 1)], ids=str)
def test_whatever_happens_to_a_post_the_reader_has_one_message(database, lake, clock, fault):
    number = put(database)
    with SlackServer(fault) as slack:
        plan(database, clock, number)
        settle(database, lake, clock, lambda: {"slack": slack_transport(slack)})
        assert len(slack.keys()) == 1
    assert set(states(database).values()) == {"done"}
    assert len(rows(database, "message_threads", "incident_id")) == 1


def test_a_message_in_doubt_is_looked_for_when_slack_shows_it_and_twice(database, lake, clock):
    number = put(database)
    with SlackServer("deaf") as slack:
        plan(database, clock, number)
        open_slack = lambda: {"slack": slack_transport(slack)}  # noqa: E731 - it is opened for every round
        assert sent(database, lake, clock, open_slack()) == {"unknown": 1}
        clock.passes(seconds=59)
        assert sent(database, lake, clock, open_slack()) == {}
        clock.passes(seconds=1)
        assert sent(database, lake, clock, open_slack()) == {"unknown": 1}
        assert len(slack.called("conversations.history")) == 1
        clock.passes(seconds=60)
        assert sent(database, lake, clock, open_slack()) == {"done": 1}
        assert len(slack.called("conversations.history")) == 2
        assert len(slack.keys()) == 1


def test_one_read_serves_all_messages_in_doubt_in_a_channel(database, lake, clock):
    with SlackServer(*["lost"] * 2) as slack:
        for _ in range(2):
            plan(database, clock, put(database, title=str(_)))
        open_slack = lambda: {"slack": slack_transport(slack)}  # noqa: E731
        assert sent(database, lake, clock, open_slack()) == {"unknown": 2}
        clock.passes(seconds=60)
        assert sent(database, lake, clock, open_slack()) == {"done": 2}
        assert len(slack.called("conversations.history")) == 1


def test_doubt_about_one_message_holds_up_no_other(database, lake, clock):
    with SlackServer("lost") as slack:
        for title in "ab":
            plan(database, clock, put(database, title=title))
        assert sent(database, lake, clock, {"slack": slack_transport(slack)}) == {"unknown": 1, "done": 1}


def test_messages_share_a_connection_and_a_reminder_waits_until_its_first_message_is_written_down(
    database, lake, clock
):
    numbers = [put(database, title=title) for title in "abcd"]
    with SlackServer() as slack:
        for number in numbers:
            plan(database, clock, number)
        plan(database, clock, numbers[-1], kind="chain")  # claimed with the first message of the same incident
        assert sent(database, lake, clock, {"slack": slack_transport(slack)}) == {"done": 5}
        *_, first, reminder = slack.messages["C1"]
        assert slack.connections == 1
    assert reminder["thread_ts"] == first["ts"]
    assert len(rows(database, "message_threads", "incident_id")) == 4


def test_what_somebody_takes_while_others_are_on_their_way_is_not_sent(database, lake, clock):
    numbers = [put(database, title=title) for title in "abcdefg"]
    with SlackServer() as slack:
        for number in numbers:
            plan(database, clock, number)
        transport = slack_transport(slack)
        posting = transport.hand_over

        def slowly(message):
            if message.effect.payload["incident_id"] == numbers[3]:  # four are on their way together by then
                clock.passes(seconds=2)
                changed(database, numbers[5], version=2, state="acknowledged", acknowledged_by="ada")
            return posting(message)

        transport.hand_over = slowly
        assert sent(database, lake, clock, {"slack": transport}) == {"done": 6, "superseded": 1}
        assert len(slack.keys()) == 6
    assert states(database)[f"incident/{numbers[5]}/slack/C1/raised/1"] == "superseded"


def test_a_state_that_was_superseded_while_the_first_message_was_in_doubt_is_made_up_for(database, lake, clock):
    number = put(database)
    with SlackServer("lost") as slack:
        plan(database, clock, number)
        open_slack = lambda: {"slack": slack_transport(slack)}  # noqa: E731
        sent(database, lake, clock, open_slack())
        changed(database, number, version=2, state="acknowledged", acknowledged_by="ada", acknowledged_at=clock())
        plan(database, clock, number, kind="update", version=2)
        assert sent(database, lake, clock, open_slack()) == {"superseded": 1}
        clock.passes(seconds=61)
        settle(database, lake, clock, open_slack, rounds=2)
        ((message,),) = slack.messages.values()
    assert message["text"].startswith("ada has it: ")


@pytest.mark.parametrize(("is_critical", "copies"), [(False, 1), (True, 2)])
def test_where_slack_cannot_be_read_a_critical_message_comes_again_marked_and_another_is_unknown(
    database, lake, clock, is_critical, copies
):
    number = put(database)
    with SlackServer("lost") as slack:
        plan(database, clock, number, is_critical=is_critical)
        settle(database, lake, clock, lambda: {"slack": slack_transport(slack, reads_history=False)}, rounds=3)
        assert len(slack.keys()) == copies
        marked = [POSSIBLY_REPEATED in str(message["blocks"]) for message in slack.messages["C1"]]
    assert marked == [False, True][:copies]
    assert list(states(database).values()) == ["unknown", "done"][:copies]


def test_an_app_that_may_not_read_the_history_is_found_out_and_said(database, lake, clock):
    number = put(database)
    with SlackServer("lost") as slack:
        slack.orders["conversations.history"] = ["missing_scope"] * 5
        plan(database, clock, number, is_critical=True)
        settle(database, lake, clock, lambda: {"slack": slack_transport(slack)}, rounds=4)
        assert len(slack.keys()) == 2
    doubtful, again = rows(database, "effects", "effect_id")
    assert (doubtful["state"], again["state"]) == ("unknown", "done")
    assert "cannot be read: missing_scope" in doubtful["answer"]


@pytest.mark.parametrize(
    ("order", "is_critical", "expected", "copies"),
    [
        ("ok", False, ["done"], 1),
        ("dies", False, ["unknown"], 1),
        ("dies", True, ["unknown", "done"], 2),
        (("DATA", 451), True, ["done"], 1),
        (("RCPT", 550), True, ["failed"], 0),
        ("hangs up", False, ["done"], 1),
    ],
    ids=str,
)
def test_a_mail_is_sent_once_or_unknown_and_a_critical_one_again_under_the_same_id(
    database, lake, clock, order, is_critical, expected, copies
):
    number = put(database)
    with MailServer(order) as server:
        plan(database, clock, number, channel="mail", address="ada@ops.test", is_critical=is_critical)
        settle(database, lake, clock, lambda: {"mail": mail_transport(server)}, rounds=4)
        assert len(server.ids()) == copies
        assert len(set(server.ids())) <= 1
    assert list(states(database).values()) == expected


def test_a_server_that_takes_its_time_with_a_mail_holds_up_no_message_of_slack(database, lake, clock):
    number = put(database)
    with MailServer("slow", slow_seconds=1.5) as server, SlackServer() as slack:
        plan(database, clock, number, channel="mail", address="ada@ops.test")
        plan(database, clock, number)
        before = [len(server.ids()), len(slack.keys())]
        open_both = {"mail": mail_transport(server), "slack": slack_transport(slack)}
        assert sent(database, lake, clock, open_both) == {"done": 2}
        assert before == [0, 0]
        assert (len(server.ids()), len(slack.keys())) == (1, 1)


def test_what_has_become_pointless_is_not_sent(database, lake, clock):
    resolved = put(database, title="a", state="resolved", resolved_at=clock())
    taken = put(database, title="b", state="acknowledged", acknowledged_by="ada", acknowledged_at=clock())
    with SlackServer() as slack:
        plan(database, clock, resolved)
        plan(database, clock, taken, kind="chain")
        plan(database, clock, taken, kind="update")
        plan(database, clock, resolved, kind="resolved")
        assert sent(database, lake, clock, {"slack": slack_transport(slack)}) == {"superseded": 4}
        assert slack.keys() == []
    answers = {row["key"].split("/", 2)[2]: row["answer"] for row in rows(database, "effects", "effect_id")}
    assert answers == {
        "slack/C1/raised/1": "it is resolved meanwhile",
        "slack/C1/chain/1": "ada acknowledged it meanwhile",
        "slack/C1/update/1": "they were never told of it",
        "slack/C1/resolved/1": "they were never told of it",
    }


def test_nothing_old_is_sent(database, lake, clock):
    number = put(database)
    with SlackServer() as slack:
        plan(database, clock, number)
        clock.passes(hours=2, seconds=1)
        assert sent(database, lake, clock, {"slack": slack_transport(slack)}) == {"failed": 1}
        assert slack.keys() == []


def test_a_person_ends_doubt_and_later_mails_follow_the_first(database, lake, clock):
    number = put(database)
    with MailServer("dies") as server:
        (effect,) = plan(database, clock, number, channel="mail", address="ada@ops.test")
        assert sent(database, lake, clock, {"mail": mail_transport(server)}) == {"unknown": 1}
        said = {"happened": True, "actor": "ada", "words": "I have it"}
        resolve_unknown(database, {"mail": mail_transport(server)}, effect, **said)
        with pytest.raises(MessageError, match=f"no message {effect} in doubt"):
            resolve_unknown(database, {}, effect, **said)
        changed(database, number, state="resolved", resolved_at=clock(), version=2)
        plan(database, clock, number, channel="mail", address="ada@ops.test", kind="resolved", version=2)
        assert sent(database, lake, clock, {"mail": mail_transport(server)}) == {"done": 1}
        (_, first), (_, second) = server.mails
    assert second["In-Reply-To"] == first["Message-ID"]
    assert second["Subject"].startswith("Resolved: ")


def test_the_next_work_is_what_is_due_first_and_what_a_dead_process_left(database, lake, clock):
    due = lambda: next_due(database, ["slack"], ["slack"], clock())  # noqa: E731 - asked for again and again
    assert due() is None
    number = put(database, next_step_at=clock() + timedelta(minutes=15))
    assert due() == clock() + timedelta(minutes=15)
    plan(database, clock, number, channel="gone")
    assert due() == clock() + timedelta(minutes=15)
    (effect,) = plan(database, clock, number)
    assert due() == clock()
    with SlackServer((429, 30)) as slack:
        sent(database, lake, clock, {"slack": slack_transport(slack)})
    assert due() == clock() + timedelta(seconds=30)
    with database.begin() as connection:
        dead = "UPDATE effects SET state = 'sending', due_at = :later, worker = :worker WHERE effect_id = :effect"
        worker = this_mark().rpartition("/")[0] + "/1"
        later = clock() + timedelta(minutes=20)
        connection.execute(text(dead), {"effect": effect, "worker": worker, "later": later})
    assert due() == clock()


def test_what_somebody_took_while_it_was_posted_is_made_up_for(database, lake, clock):
    number = put(database)
    with SlackServer() as slack:
        transport = slack_transport(slack)
        post = transport.hand_over

        def taken_meanwhile(message):
            changed(database, number, version=2, state="acknowledged", acknowledged_by="ada", acknowledged_at=clock())
            transport.hand_over = post
            return post(message)

        transport.hand_over = taken_meanwhile
        plan(database, clock, number)
        assert sent(database, lake, clock, {"slack": transport}) == {"done": 2}
        ((message,),) = slack.messages.values()
    assert message["text"].startswith("ada has it: ")


def test_times_are_told_in_the_zone_of_the_reader_and_the_link_is_theirs(database, lake, clock, monkeypatch):
    opened, reads, links = Lake(str(lake)), [], []
    reading = letters_io.homes_of
    monkeypatch.setattr(letters_io, "homes_of", lambda lake, people: reads.append(people) or reading(lake, people))
    site = {"site_id": "S9", "client_id": "C1", "name": "Dock", "timezone": "Asia/Kolkata"}
    record(opened, "sites", site, NOW)
    record(opened, "people", {"person_id": "P1", "name": "Ada Byron", "home_site_id": "S9"}, NOW)
    record(opened, "people", {"person_id": "P2", "name": "Bob"}, NOW)
    number = put(database, opened_at=clock().replace(hour=0, minute=7))
    for person, address in (("P1", "ada"), ("P2", "bob"), (None, "desk")):
        tell(database, clock, number, person, address=f"{address}@ops.test")
    with MailServer() as server:
        link_of = lambda _, recipient, *__: links.append(recipient)  # noqa: E731
        assert sent(database, lake, clock, {"mail": mail_transport(server)}, link_of=link_of) == {"done": 3}
        texts = {to: mail.get_body(("plain",)).get_content() for to, mail in server.mails}
    assert "05:37" in texts["ada@ops.test"]
    assert "00:07" in texts["bob@ops.test"]
    assert "00:07" in texts["desk@ops.test"]
    assert links == ["P1", "P2", "desk@ops.test"]
    assert reads == [["P1", "P2"]]


# It imports a module of Python that later versions do not have.
@pytest.mark.filterwarnings("ignore:'imghdr':DeprecationWarning")
def test_a_service_of_apprise_gets_a_message_at_least_once_and_may_get_it_twice(database, lake, clock):
    pytest.importorskip("apprise", reason="the extra is not installed: pip install '.[apprise]'")
    plan(database, clock, put(database, title="Lift 3 stuck"), channel="teams", address="teams")
    with Postbox() as box:
        box.orders.extend([503, "cut", "ok"])
        service = AppriseTransport(AppriseChannel(url=box.url.replace("http://", "json://")))
        seen = []
        for _ in range(4):
            seen.append(sent(database, lake, clock, {"teams": service}))
            clock.passes(minutes=2)
        subjects = [message["title"] for message in box.kept]
    assert seen == [{"planned": 1}, {"planned": 1}, {"done": 1}, {}]
    assert subjects == ["HIGH: Lift 3 stuck"] * 2
