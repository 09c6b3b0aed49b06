"""Files arrive once: again, changed, out of order, after a lost working folder, after a kill in the middle."""

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap

import polars as pl
import pytest

from opsguard_assets.intake.raw.drift import Drift
from opsguard_assets.intake.raw.received import SourceError
from resources import delta
from tests.intake.hostile import csv, parquet, record, row
from tests.intake.receive.inboxes import Mailbox, files
from tests.long import chosen


@pytest.fixture
def mailbox(tmp_path):
    (tmp_path / "in").mkdir()
    return Mailbox(tmp_path)


@pytest.fixture
def folder(mailbox):
    return mailbox.home / "in"


def test_a_file_arrives_once_and_again_only_when_it_changes(mailbox, folder):
    (folder / "a.csv").write_bytes(csv(row("T1")))
    source = files(folder)
    assert mailbox.receive(source).rows == 1
    assert mailbox.receive(source).rows == 0
    (folder / "a.csv").write_bytes(csv(row("T1"), row("T2")))
    again = mailbox.receive(source)
    assert (again.rows, again.origins) == (2, ("a.csv",))
    assert mailbox.raw("helpdesk")["_load_id"].n_unique() == 2


def test_a_column_that_was_away_for_a_load_is_missed_once_and_not_new_when_it_is_back(mailbox, folder):
    result = []
    for number, columns in enumerate(["id,title", "id", "id", "id,title"]):
        (folder / f"{number}.csv").write_text(f"{columns}\n{columns}\n")
        result.append([change.words for change in mailbox.receive(files(folder)).drift])
    assert result == [[], ["missing column: title"], [], []]


def test_a_file_older_than_those_before_it_is_new_all_the_same(mailbox, folder):
    (folder / "b.csv").write_bytes(csv(row("T2")))
    mailbox.receive(files(folder))
    (folder / "a.csv").write_bytes(csv(row("T1")))
    os.utime(folder / "a.csv", (0, 0))
    assert mailbox.receive(files(folder)).origins == ("a.csv",)


def test_who_loses_the_working_folder_continues_from_the_lake(mailbox, folder):
    (folder / "a.csv").write_bytes(csv(row("T1")))
    mailbox.receive(files(folder))
    shutil.rmtree(mailbox.work_dir)
    (folder / "b.csv").write_bytes(csv(row("T2")))
    assert mailbox.receive(files(folder)).origins == ("b.csv",)


def test_records_arrive_although_the_clock_was_set_back_since_the_load_before(mailbox, folder):
    (folder / "a.csv").write_bytes(csv(row("T1")))
    mailbox.receive(files(folder))
    uri = f"{mailbox.lake_uri}/raw/helpdesk"
    in_a_thousand_years = 32_000_000_000_000_000
    delta.write(
        uri,
        mailbox.raw("helpdesk").clear(),
        {},
        mode="append",
        commit_properties=delta.once("dlt", in_a_thousand_years),
    )
    (folder / "b.csv").write_bytes(csv(row("T2")))
    assert mailbox.receive(files(folder)).rows == 1
    assert sorted(mailbox.raw("helpdesk")["id"]) == ["T1", "T2"]


def test_formats_and_folders_mix_in_one_source(mailbox, folder):
    (folder / "deep").mkdir()
    (folder / "deep/a.csv.gz").write_bytes(gzip.compress(csv(row("T1"))))
    (folder / "b.jsonl").write_text(record("T2"))
    (folder / "c.parquet").write_bytes(parquet(1))
    (folder / ".hidden.csv").write_bytes(csv(row("T9")))
    (folder / "d.csv.part").write_bytes(csv(row("T9")))
    (folder / "readme.txt").write_text("nothing to load")
    assert set(mailbox.receive(files(folder)).origins) == {"deep/a.csv.gz", "b.jsonl", "c.parquet"}


def test_columns_that_are_called_like_the_loaders_own_are_columns_of_the_source(mailbox, folder):
    row = {"id": "T1", "_position": "x", "_damage": "y", "_load_id": "z"}
    (folder / "a.csv").write_text(f"{','.join(row)}\n{','.join(row.values())}\n")
    (folder / "b.jsonl").write_text(json.dumps(row) + "\n")
    pl.DataFrame([row]).write_parquet(folder / "c.parquet")
    assert mailbox.receive(files(folder)).failures == ()
    raw = mailbox.raw("helpdesk")
    assert raw["_position"].to_list() == [2, 1, 1]  # the line of a file, or the number of a row
    assert raw["_damage"].to_list() == [None] * 3
    assert raw.select("position", "damage", "load_id").unique().rows() == [("x", "y", "z")]


def test_a_glob_takes_what_it_names(mailbox, folder):
    for name in ("tickets_1.csv", "tickets_2.csv", "other.csv"):
        (folder / name).write_bytes(csv(row(name)))
    received = mailbox.receive(files(folder / "tickets_*.csv"))
    assert set(received.origins) == {"tickets_1.csv", "tickets_2.csv"}


def test_a_path_that_does_not_exist_says_what_to_correct(mailbox):
    with pytest.raises(SourceError, match=r"does not exist\. Correct `path`"):
        mailbox.receive(files(mailbox.home / "nowhere"))


def test_a_refused_file_is_reported_until_it_is_replaced(mailbox, folder):
    (folder / "a.csv").write_bytes(b"")
    (folder / "b.csv").write_bytes(csv(row("T1")))
    first, second = mailbox.receive(files(folder)), mailbox.receive(files(folder))
    assert first.rows == 1
    assert [f.origin for f in first.failures] == [f.origin for f in second.failures] == ["a.csv"]
    (folder / "a.csv").write_bytes(csv(row("T2")))
    mended = mailbox.receive(files(folder))
    assert (mended.rows, mended.failures) == (1, ())


def test_a_new_a_missing_and_a_retyped_column_are_reported_by_name(mailbox, folder):
    pl.DataFrame({"id": ["T1"], "cost": [1], "note": ["x"]}).write_parquet(folder / "a.parquet")
    assert mailbox.receive(files(folder)).drift == ()
    pl.DataFrame({"id": ["T2"], "cost": ["about 2"], "colour": ["red"]}).write_parquet(folder / "b.parquet")
    assert set(mailbox.receive(files(folder)).drift) == {
        Drift("new_column", "colour", None, "text"),
        Drift("missing_column", "note", "text", None),
        Drift("changed_type", "cost", "bigint", "text"),
    }
    raw = mailbox.raw("helpdesk").sort("id")
    assert raw["cost"].to_list() == [1, None]
    assert raw["cost__v_text"].to_list() == [None, "about 2"]


def test_a_key_that_json_lines_leave_out_is_no_missing_column(mailbox, folder):
    (folder / "a.jsonl").write_text(record("T1", colour="red"))
    mailbox.receive(files(folder))
    (folder / "b.jsonl").write_text(record("T2", shape="round"))
    assert mailbox.receive(files(folder)).drift == (Drift("new_column", "shape", None, "text"),)


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from opsguard_assets.intake.receiving import loader
    from tests.intake.receive.inboxes import Mailbox, files

    home, place = Path(sys.argv[1]), sys.argv[2]

    def die(*args, **kwargs):
        os.kill(os.getpid(), signal.SIGKILL)

    if place == "before the commit":
        loader.write_deltalake = die
    elif place == "after the commit":
        written = loader.write_deltalake
        loader.write_deltalake = lambda *a, **k: (written(*a, **k), die())
    else:
        from opsguard_assets.intake.raw import spool
        spool.Spool.tables = die
    Mailbox(home).receive(files(home / "in"))
"""


@pytest.mark.parametrize("place", chosen(["after the commit", "before the commit", "while reading"]))
def test_a_load_killed_anywhere_arrives_once_when_it_is_run_again(mailbox, folder, place):
    (folder / "a.csv").write_bytes(csv(*(row(f"T{i}") for i in range(1000))))
    script = [sys.executable, "-c", textwrap.dedent(KILLED), str(mailbox.home), place]
    assert subprocess.run(script, check=False).returncode == -signal.SIGKILL
    received = mailbox.receive(files(folder))
    raw = mailbox.raw("helpdesk")
    assert received.rows == len(raw) == 1000
    assert raw["_load_id"].n_unique() == 1
    assert mailbox.receive(files(folder)).rows == 0
