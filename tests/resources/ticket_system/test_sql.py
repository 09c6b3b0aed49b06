"""A real helpdesk database: a change happens once or not at all, and a person who was faster wins."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine, text

from resources.answers import Outcome
from resources.ticket_system.change import Cancellation, TicketSystemError
from tests.resources.processes import wait_for
from tests.resources.ticket_system.desk import COMMENT, ESCALATED, OPENING, UNTOUCHED, UPDATE, change, system


def test_a_change_is_applied_with_everything_that_belongs_to_it(desk):
    answer = system(desk.url).apply(change())
    assert (answer.outcome, answer.words) == (Outcome.DONE, "applied")
    assert desk.state() == ESCALATED
    assert desk.rows("SELECT said FROM comments") == [("90 % likely",)]


def test_the_same_key_again_is_done_and_does_nothing(desk):
    first = system(desk.url).apply(change())
    again = system(desk.url).apply(change(was_sent=True))
    assert first.outcome is again.outcome is Outcome.DONE
    assert again.words == "it had been applied before"
    assert desk.state() == ESCALATED


@pytest.mark.parametrize("changed", ["priority = 'P1'", "assignee = 'bob'", "status = 'resolved'"])
def test_what_a_person_changed_meanwhile_stays_and_no_key_is_kept(desk, changed):
    desk.do(f"UPDATE tickets SET {changed} WHERE id = 1")
    before = desk.state()
    answer = system(desk.url).apply(change())
    assert answer.outcome is Outcome.SUPERSEDED
    assert "somebody has changed it" in answer.words
    assert desk.state() == before


@pytest.mark.parametrize(("ends", "outcome"), [("commit", Outcome.SUPERSEDED), ("rollback", Outcome.DONE)])
def test_a_person_in_the_middle_of_a_change_is_waited_for(desk, ends, outcome):
    with desk.engine.connect() as person, ThreadPoolExecutor(1) as pool:
        person.execute(text("UPDATE tickets SET priority = 'P1' WHERE id = 1"))
        running = pool.submit(system(desk.url).apply, change())
        wait_for(lambda: desk.waiting() == 1)
        getattr(person, ends)()
        assert running.result(20).outcome is outcome
    assert desk.state() == (("P1", None, 0, 0) if ends == "commit" else ESCALATED)


def test_a_person_who_takes_long_is_not_waited_for_endlessly(desk):
    with desk.engine.connect() as person:
        person.execute(text("UPDATE tickets SET priority = 'P1' WHERE id = 1"))
        answer = system(desk.url, timeout_seconds=0.3).apply(change())
    assert answer.outcome is Outcome.NOT_REACHED
    assert "statement timeout" in answer.words
    assert desk.state() == UNTOUCHED


def test_a_statement_that_meets_several_tickets_is_undone(desk):
    loose = "UPDATE tickets SET priority = :priority WHERE status = :expected_status AND :ticket_id = :ticket_id"
    answer = system(desk.url, update=loose).apply(change())
    assert answer.outcome is Outcome.FAILED
    assert "affected 9 rows instead of one" in answer.words
    assert desk.state() == UNTOUCHED


def test_cancelling_that_would_change_other_tickets_changes_none(desk):
    loose = "UPDATE tickets SET status = 'cancelled' WHERE :ticket_id = :ticket_id"
    desk.do("INSERT INTO opsguard_applied (idempotency_key, ticket_id, applied_at) VALUES ('opened', '1', now())")
    moment = change().as_of
    asked = Cancellation(key="k9", created_key="opened", reason="undone", as_of=moment)
    answer = system(desk.url, **{**OPENING, "cancel_by": loose}).cancel(asked)
    assert (answer.outcome, "rows instead of one" in answer.words) == (Outcome.FAILED, True)
    assert desk.rows("SELECT count(*) FROM tickets WHERE status = 'cancelled'") == [(0,)]


def test_where_it_cannot_be_asked_who_wrote_the_key_it_is_handed_over_again_later(desk):
    desk.do("INSERT INTO opsguard_applied (idempotency_key, ticket_id, applied_at) VALUES ('k1', '1', now())")
    desk.do("CREATE SEQUENCE once START 2 MAXVALUE 2")
    answer = system(desk.url, recall="SELECT 1 WHERE nextval('once') > 2").apply(change("k1"))
    assert (answer.outcome, "did not say what it knows" in answer.words) == (Outcome.NOT_REACHED, True)


@pytest.mark.parametrize("wrong", ["INSERT INTO nowhere VALUES (1)", "INSERT INTO comments (ticket) VALUES ('x')"])
def test_when_a_further_statement_is_refused_nothing_has_happened(desk, wrong):
    answer = system(desk.url, further=(COMMENT, wrong)).apply(change())
    assert answer.outcome is Outcome.FAILED
    assert "refused a statement" in answer.words
    assert desk.state() == UNTOUCHED


def test_a_commit_whose_answer_is_lost_is_found_to_have_happened(desk, link):
    link.cut(b"COMMIT", after_passing=True)
    answer = system(link.url).apply(change())
    assert (answer.outcome, answer.words) == (Outcome.DONE, "it had been applied before")
    assert desk.state() == ESCALATED


def test_a_commit_that_was_never_heard_is_made_again(desk, link):
    link.cut(b"COMMIT", after_passing=False)
    answer = system(link.url).apply(change())
    assert (answer.outcome, answer.words) == (Outcome.DONE, "applied")
    assert desk.state() == ESCALATED


def test_when_nobody_can_be_asked_about_a_commit_it_is_unknown_until_somebody_can(desk, link):
    link.cut(b"COMMIT", after_passing=False, times=3)
    assert system(link.url).apply(change()).outcome is Outcome.UNKNOWN
    unreachable = system("postgresql+psycopg://opsguard@127.0.0.1:1/helpdesk")
    assert unreachable.apply(change(was_sent=True)).outcome is Outcome.UNKNOWN
    assert system(link.url).apply(change(was_sent=True)).outcome is Outcome.DONE
    assert desk.state() == ESCALATED


def test_a_connection_that_breaks_before_the_commit_has_changed_nothing(desk, link):
    link.cut(b"UPDATE tickets", after_passing=True)
    answer = system(link.url).apply(change())
    assert answer.outcome is Outcome.NOT_REACHED
    wait_for(lambda: desk.state() == UNTOUCHED)


def test_two_that_hand_over_the_same_change_at_once_apply_it_once(desk):
    with desk.engine.connect() as person, ThreadPoolExecutor(2) as pool:
        person.execute(text("SELECT * FROM tickets WHERE id = 1 FOR UPDATE"))
        both = [pool.submit(system(desk.url).apply, change()) for _ in range(2)]
        wait_for(lambda: desk.waiting() == 2)
        person.rollback()
        assert [one.result(20).outcome for one in both] == [Outcome.DONE] * 2
    assert desk.state() == ESCALATED


def test_an_unreachable_database_is_told_without_its_password():
    unreachable = system("postgresql+psycopg://opsguard:hunter2@127.0.0.1:1/helpdesk")
    answer = unreachable.apply(change())
    assert answer.outcome is Outcome.NOT_REACHED
    assert "hunter2" not in answer.words + repr(unreachable) + str(vars(unreachable).get("_engine"))


@pytest.mark.parametrize("url", ["nonsense://hunter2@x/y", "postgresql+psycopg://u:hunter2:5x/y", "hunter2"])
def test_an_address_that_is_none_is_told_at_once_without_its_password(url):
    with pytest.raises(TicketSystemError, match="not an address that SQLAlchemy can use") as error:
        system(url).check()
    assert "hunter2" not in str(error.value)


def test_any_database_will_do_and_times_can_be_compared(tmp_path):
    url = f"sqlite:///{tmp_path / 'desk.db'}"
    with create_engine(url).begin() as connection:
        connection.execute(text("CREATE TABLE tickets (id text, priority text, changed timestamp)"))
        connection.execute(text("CREATE TABLE opsguard_applied (idempotency_key text UNIQUE, ticket_id, applied_at)"))
        connection.execute(text("INSERT INTO tickets VALUES ('1', 'medium', '2026-03-02 09:00:00.000000')"))
    update = (
        UPDATE.split(" SET ")[0] + " SET priority = :priority WHERE id = :ticket_id AND changed = :expected_updated_at"
    )
    one = system(url, update=update, further=(), priorities={})
    assert [one.apply(change()).words for _ in range(2)] == ["applied", "it had been applied before"]
    assert one.apply(change("k2", expected_updated_at=change().as_of.replace(hour=8))).outcome is Outcome.SUPERSEDED
