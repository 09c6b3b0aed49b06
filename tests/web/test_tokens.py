"""Tokens of links on a real database: looking consumes nothing, and of many uses one acts."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from opsguard_assets.web.tokens import (
    ACKNOWLEDGE,
    FEEDBACK,
    PURPOSES,
    VIEW,
    TokenError,
    forget_used,
    issue,
    peek,
    use,
)
from tests.properties import examples

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def issued(database, purposes=PURPOSES, subject="incident/3", recipient="P1", at=NOW):
    with database.begin() as connection:
        return issue(connection, purposes, subject, recipient, at=at, lasts=DAY)


def used(database, token, purpose=ACKNOWLEDGE, at=NOW, act=lambda token: {"words": f"by {token.recipient}"}):
    with database.begin() as connection:
        return use(connection, token, purpose, at=at, act=act)


def looked(database, token, purpose=ACKNOWLEDGE, at=NOW):
    with database.begin() as connection:
        return peek(connection, token, purpose, at=at)


def test_a_token_is_used_once_and_a_second_use_shows_what_the_first_one_did(database):
    token = issued(database)
    first = used(database, token)
    second = used(database, token, at=NOW + timedelta(hours=1), act=lambda _: pytest.fail("it acted twice"))
    assert (first.is_first, second.is_first) == (True, False)
    assert first.result == second.result == {"words": "by P1"}
    assert second.token.used_at == NOW


def test_looking_consumes_nothing_however_often(database):
    token = issued(database)
    assert {looked(database, token).used_at for _ in range(5)} == {None}
    assert used(database, token).is_first


def test_acknowledging_does_not_use_up_the_feedback_of_the_same_link(database):
    token = issued(database)
    assert used(database, token, ACKNOWLEDGE).is_first
    assert used(database, token, FEEDBACK).is_first
    assert looked(database, token, VIEW).used_at is None


def test_a_link_for_looking_cannot_acknowledge(database):
    token = issued(database, (VIEW,))
    assert looked(database, token, VIEW).subject == "incident/3"
    with pytest.raises(TokenError):
        used(database, token, ACKNOWLEDGE, act=lambda _: pytest.fail("it acted"))


@pytest.mark.parametrize("at", [NOW + DAY, NOW + 2 * DAY])
def test_an_expired_token_does_nothing_and_looks_like_one_that_never_was(database, at):
    token = issued(database)
    assert looked(database, token, at=at) is None
    with pytest.raises(TokenError) as expired:
        used(database, token, at=at)
    with pytest.raises(TokenError) as forged:
        used(database, "x" * 43, at=at)
    assert str(expired.value) == str(forged.value)


def test_an_action_that_fails_leaves_the_token_for_another_try(database):
    token = issued(database)

    def fail(_):
        raise RuntimeError("the database went away")

    with pytest.raises(RuntimeError):
        used(database, token, act=fail)
    assert used(database, token).is_first


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(max_size=300))
def test_no_text_that_was_not_issued_is_a_token(database, text_):
    assert looked(database, text_, VIEW) is None


def test_only_digests_are_kept(database):
    token = issued(database)
    with database.begin() as connection:
        rows = connection.execute(text("SELECT token_sha256, CAST(l AS text) FROM link_tokens AS l")).all()
    assert len(rows) == len(PURPOSES)
    assert all(token not in words and token.encode() not in bytes(digest) for digest, words in rows)


@pytest.mark.parametrize("round_", range(5))
def test_of_two_uses_at_once_one_acts_and_both_tell_the_same(database, round_):
    token, acted, results = issued(database), [], []
    ready = threading.Barrier(4)

    def press(number):
        ready.wait()
        results.append(used(database, token, act=lambda _: acted.append(number) or {"by": number}))

    threads = [threading.Thread(target=press, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(acted) == 1
    assert [result.result for result in results] == [{"by": acted[0]}] * 4
    assert sum(result.is_first for result in results) == 1


@pytest.mark.parametrize(
    ("purposes", "subject", "recipient"),
    [((), "a/1", "P"), (("pay",), "a/1", "P"), ((VIEW,), "", "P"), ((VIEW,), "a/1", "")],
)  # fmt: skip
def test_a_link_needs_purpose_subject_and_recipient(database, purposes, subject, recipient):
    with pytest.raises(ValueError, match="a link"):
        issued(database, purposes, subject, recipient)


def test_expired_tokens_are_forgotten_and_others_kept(database):
    old, new = issued(database), issued(database, at=NOW + DAY)
    later = NOW + DAY + timedelta(minutes=1)
    assert forget_used(database, links_before=later, clicks_before=later) == len(PURPOSES)
    assert looked(database, old, VIEW) is None
    assert looked(database, new, VIEW, at=NOW + DAY) is not None
