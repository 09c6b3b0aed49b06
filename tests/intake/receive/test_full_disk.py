"""A disk that is full: said as what it is, no file is blamed, and everything arrives once there is room."""

import errno
import os
import subprocess
from pathlib import Path

import duckdb
import polars as pl
import pytest
from deltalake import write_deltalake
from sqlalchemy.exc import OperationalError

from opsguard_assets.intake.raw.received import SourceError
from resources.room import StorageError, storage_words, stored_in, texts_of
from tests.intake.hostile import csv, lines, record, row
from tests.intake.receive.inboxes import Mailbox, files
from tests.long import chosen


@pytest.fixture
def small(tmp_path):
    """A disk of 4 MB; called with a number of megabytes, it grows."""
    disk = tmp_path / "small disk"
    disk.mkdir()

    def mount(options):
        return subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", disk], capture_output=True, check=False)

    if os.geteuid() != 0 or mount("size=4m").returncode != 0:
        pytest.skip("only root may mount a small disk")
    yield disk, lambda megabytes: mount(f"remount,size={megabytes}m").check_returncode()
    subprocess.run(["umount", "-l", disk], check=True)


def frame(rows):
    noise = [os.urandom(30).hex() for _ in range(rows)]
    return pl.DataFrame([pl.Series("id", [f"T{i}" for i in range(rows)]), pl.Series("title", noise)])


FILES = ["t.csv", "t.parquet", "t.jsonl", "t.csv.gz"]


@pytest.mark.parametrize(
    ("full", "name"), chosen([(full, name) for name in FILES for full in ("work", "lake")], number=2)
)
def test_a_full_disk_blames_no_file_and_everything_arrives_when_there_is_room(tmp_path, small, name, full):
    disk, grow = small
    folder = tmp_path / "files"
    folder.mkdir()
    rows = frame(120_000)
    if name == "t.parquet":
        rows.write_parquet(folder / name)
    elif name == "t.jsonl":
        rows.write_ndjson(folder / name)
    else:
        rows.write_csv(folder / name, compression="gzip" if name.endswith("gz") else "uncompressed")
    mailbox = Elsewhere(tmp_path, **{full: disk})
    with pytest.raises(StorageError, match=r"the disk is full \(.*MB free now\)\. Free some space") as told:
        mailbox.receive(files(folder))
    assert full == "lake" or str(disk) in str(told.value)
    grow(200)
    received = mailbox.receive(files(folder))
    assert (received.rows, received.failures) == (120_000, ())
    assert len(mailbox.raw("helpdesk")) == 120_000
    assert mailbox.receive(files(folder)).rows == 0


class Elsewhere(Mailbox):
    """A mailbox whose lake or working folder is on another disk."""

    def __init__(self, home, *, work=None, lake=None):
        super().__init__(home)
        self._work, self._lake = work, lake

    @property
    def lake_uri(self):
        return str((self._lake or self.home) / "lake")

    @property
    def work_dir(self):
        return (self._work or self.home) / "work"


def test_libraries_say_it_in_their_own_words_and_are_understood(small):
    disk, _ = small
    rows = frame(200_000)
    said = {}

    def met(library, call):
        try:
            call()
        except Exception as error:  # noqa: BLE001 - whatever it is, it must be understood
            said[library] = storage_words(texts_of(error), [disk])
        else:
            said[library] = "no error"
        for path in disk.rglob("*"):
            if path.is_file():
                path.unlink()

    def spill():
        with duckdb.connect(config={"memory_limit": "60MB", "temp_directory": str(disk / "spill")}) as connection:
            connection.execute("select * from range(20000000) t(a) order by hash(a)").fetchone()

    met("delta", lambda: write_deltalake(str(disk / "table"), rows))
    met("polars", lambda: rows.write_parquet(disk / "t.parquet"))
    met("python", lambda: (disk / "t").write_bytes(bytes(5_000_000)))
    met("duckdb", spill)
    assert {library: (words or "unknown")[:46] for library, words in said.items()} == dict.fromkeys(
        said, "Nothing more can be stored: the disk is full ("
    )


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "the disk quota of this user is used up"),
        (errno.EMFILE, "may not open more files"),
        (errno.EFBIG, "files of this size may not be written"),
        (errno.EROFS, "the disk can only be read"),
    ],
)
def test_what_storage_refuses_is_told_by_its_number(tmp_path, number, words):
    with pytest.raises(StorageError, match=words), stored_in(tmp_path):
        raise OSError(number, os.strerror(number), str(tmp_path))


def test_a_folder_of_ours_that_may_not_be_written_is_told_and_a_file_of_the_source_is_not_ours(tmp_path):
    with pytest.raises(StorageError, match="may not write there"), stored_in(tmp_path):
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "x"))
    with pytest.raises(PermissionError), stored_in(tmp_path):
        raise PermissionError(errno.EACCES, "Permission denied", "/elsewhere/orders.csv")


def test_records_that_speak_of_full_disks_fill_none(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    words = "No space left on device (os error 28)"
    (folder / "a.csv").write_bytes(csv(row("T1", title=words)))
    (folder / "b.jsonl").write_bytes(lines(record("T2", title=words)))
    (folder / f"{words}.csv").write_bytes(f"{words};id\n1;2\n".encode())
    received = Mailbox(tmp_path).receive(files(folder))
    assert received.rows == 2
    ((origin, reason),) = [(failure.origin, failure.reason) for failure in received.failures]
    assert origin.startswith("No space")
    assert "delimiter" in reason
    with pytest.raises(SourceError), stored_in(tmp_path):
        raise SourceError(words)


def test_a_full_disk_of_postgresql_is_no_lost_server():
    error = OperationalError("insert", {}, Exception('could not extend file "base/1": No space left on device'))
    assert "the disk is full" in (storage_words(texts_of(error), [Path()]) or "")


def test_a_postgresql_that_stopped_because_its_disk_is_full_is_no_lost_server_either(small, tmp_path):
    disk, _ = small
    words = "server closed the connection unexpectedly"
    assert storage_words([words], [tmp_path]) is None
    (disk / "fill").write_bytes(bytes(3_900_000))
    assert "the disk is full" in (storage_words([words], [tmp_path, disk]) or "")
