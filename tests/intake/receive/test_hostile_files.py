"""Seventy-odd hostile files in one folder: the good rows arrive, the bad ones have a reason, nothing is lost."""

import re

import polars as pl
import pytest

from opsguard_assets.intake.accepting.accept import accept
from opsguard_assets.tables.registry import TABLES
from resources.lake import Lake
from tests.intake.hostile import HOSTILE
from tests.intake.receive.inboxes import Mailbox, files

NAMES = {case.name: f"{i:03}/{case.filename}" for i, case in enumerate(HOSTILE)}
READABLE = [case for case in HOSTILE if case.error is None]
UNREADABLE = [case for case in HOSTILE if case.error is not None]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """One load of all hostile files at once, received and accepted."""
    home = tmp_path_factory.mktemp("hostile")
    for case in HOSTILE:
        path = home / "files" / NAMES[case.name]
        path.parent.mkdir(parents=True)
        path.write_bytes(case.content)
    mailbox, source = Mailbox(home), files(home / "files")
    received = mailbox.receive(source)
    lake = Lake(mailbox.lake_uri)
    (load,) = accept(lake, source, TABLES)
    return received, mailbox.raw("helpdesk"), lake, load


def test_there_are_enough_hostile_files():
    assert len(HOSTILE) >= 40
    assert len(NAMES) == len(HOSTILE)


@pytest.mark.parametrize("case", UNREADABLE, ids=lambda case: case.name)
def test_a_file_that_cannot_be_read_is_named_with_reason_and_remedy(case, outcome):
    received, raw, _, _ = outcome
    reasons = {failure.origin: failure.reason for failure in received.failures}
    assert re.search(case.error, reasons[NAMES[case.name]])
    assert NAMES[case.name] not in set(raw["_origin"])


def test_no_other_file_is_refused(outcome):
    received, _, _, _ = outcome
    assert {failure.origin for failure in received.failures} == {NAMES[case.name] for case in UNREADABLE}


@pytest.mark.parametrize("case", [c for c in READABLE if c.stage == "receive"], ids=lambda case: case.name)
def test_sound_rows_arrive_and_damaged_ones_keep_their_reason(case, outcome):
    _, raw, _, _ = outcome
    rows = raw.filter(pl.col("_origin") == NAMES[case.name])
    sound, damaged = rows.filter(pl.col("_damage").is_null()), rows.filter(pl.col("_damage").is_not_null())
    assert set(sound["id"]) == case.expect_good
    assert len(damaged) == case.expect_rejected
    assert damaged["_damage"].str.contains(case.reason).all()
    assert rows["_position"].is_unique().all()


@pytest.mark.parametrize("case", READABLE, ids=lambda case: case.name)
def test_what_cannot_be_accepted_is_in_quarantine_with_rule_source_and_position(case, outcome):
    _, raw, lake, _ = outcome
    rejected = lake.scan("quarantine/tickets").filter(pl.col("origin") == NAMES[case.name]).collect()
    assert rejected.select("position").n_unique() == case.expect_rejected
    assert rejected.select(pl.col("rule", "source", "position", "record").is_not_null().all()).row(0) == (True,) * 4
    received = raw.filter(pl.col("_origin") == NAMES[case.name])
    assert len(received) == len(case.expect_good) + case.expect_rejected


def test_every_row_received_is_accounted_for(outcome):
    received, raw, lake, load = outcome
    assert received.rows == len(raw) == load.received == load.accepted + load.rejected + load.unchanged
    assert load.rejected == sum(case.expect_rejected for case in READABLE)
    assert lake.known(TABLES["tickets"]).select(pl.len()).collect().item() > 0
