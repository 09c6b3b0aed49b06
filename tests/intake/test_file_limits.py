"""Small files that become large, and files that are no records: refused with what they are and what to do."""

import bz2
import gzip
import io
import lzma
import pickle
import resource
import sqlite3
import tarfile
import zipfile
import zlib

import pytest

from opsguard_assets.config.sources import FileLimits
from opsguard_assets.intake.raw.received import SourceError
from opsguard_assets.intake.readers import unpacking
from opsguard_assets.intake.readers.archive import joined
from opsguard_assets.intake.readers.files import File
from opsguard_assets.intake.readers.opening import open_file
from tests.intake.hostile import csv, parquet, row
from tests.intake.receive.inboxes import Mailbox, files
from tests.long import long

MIB = 1 << 20


def zeros(mebibytes):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(bytes(MIB)) for _ in range(mebibytes)) + packer.flush()


def file_at(path, written="csv"):
    return File(0, path.name, path.stat().st_size, path, written)


def header_bomb(kind, mebibytes):
    """A tar archive whose first header claims to be that long."""
    info = tarfile.TarInfo("././@PaxHeader")
    info.type, info.size = kind, mebibytes * MIB
    return gzip.compress(info.tobuf(tarfile.USTAR_FORMAT)) + zeros(mebibytes) + gzip.compress(bytes(1024))


def test_a_gzip_file_that_grows_beyond_its_ratio_is_refused_before_the_disk_is_full(tmp_path):
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"id\n") + zeros(200))
    with pytest.raises(
        SourceError, match=r"t.csv.gz: it unpacks to more than 200 times its size.*`limits: {ratio: …}`"
    ):
        open_file(file_at(tmp_path / "t.csv.gz"), tmp_path)
    assert (tmp_path / "unpacked").stat().st_size <= unpacking.LEAST_LIMIT


def test_limits_are_settings_of_the_source(tmp_path):
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"id\n" * 1_000_000))
    file = file_at(tmp_path / "t.csv.gz")
    with pytest.raises(SourceError, match=r"more than 1,000 bytes.*`limits: {unpacked_bytes: …}`"):
        open_file(file, tmp_path, limits=FileLimits(unpacked_bytes=1_000))
    assert open_file(file, tmp_path, limits=FileLimits(ratio=5_000)).path.stat().st_size == 3_000_000


@pytest.mark.parametrize(
    "kind",
    [
        tarfile.XHDTYPE,
        pytest.param(tarfile.XGLTYPE, marks=long),
        pytest.param(tarfile.GNUTYPE_LONGNAME, marks=long),
    ],
)
def test_a_header_of_an_archive_is_never_read_into_memory_whole(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(unpacking, "LEAST_LIMIT", 1 << 40)
    (tmp_path / "a.tgz").write_bytes(header_bomb(kind, 300))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(SourceError, match="not a complete tar archive"):
        joined(file_at(tmp_path / "a.tgz"), "*", tmp_path, FileLimits(ratio=1_000_000))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


@pytest.mark.parametrize("packer", [gzip, bz2, lzma])
def test_an_archive_that_unpacks_without_end_is_refused_whatever_packs_it(tmp_path, monkeypatch, packer):
    monkeypatch.setattr(unpacking, "LEAST_LIMIT", MIB)
    text = io.BytesIO()
    with tarfile.open(fileobj=text, mode="w") as archive:
        info = tarfile.TarInfo("a.txt")
        info.size = 30 * MIB
        archive.addfile(info, io.BytesIO(bytes(30 * MIB)))
    (tmp_path / "a.tar").write_bytes(packer.compress(text.getvalue()))
    with pytest.raises(SourceError, match="unpacks to more than"):
        joined(file_at(tmp_path / "a.tar"), "*", tmp_path)


def workbook(name="xl/workbook.xml", before=()):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for other in (*before, name):
            archive.writestr(other, "x" * 3_000)
    return target.getvalue()


def database():
    connection = sqlite3.connect(":memory:")
    connection.execute("create table a (b)")
    return connection.serialize()


FOREIGN = {
    "orders.xlsx": (workbook(before=("[Content_Types].xml", "docProps/app.xml")), "a workbook; export it as CSV UTF-8"),
    "orders.csv": (workbook(), "a workbook; export it as CSV UTF-8"),
    "macros.xlsm": (workbook("xl/worksheets/sheet1.xml"), "a workbook"),
    "orders.ods": (workbook("mimetypeapplication/vnd.oasis.opendocument.spreadsheet"), "a workbook"),
    "old.xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "a workbook"),
    "report.xls": (b"<html xmlns:x='urn:schemas-microsoft-com:office:excel'><x:ExcelWorkbook>", "a workbook"),
    "named.xlsx": (csv(row("T1")), "a workbook by its name"),
    "exports.zip": (workbook("t.csv"), "a ZIP archive; unpack it"),
    "letter.docx": (workbook("word/document.xml"), "a text document"),
    "page.csv": (b"\xef\xbb\xbf\n <!DOCTYPE html><html>login", "often the login page"),
    "paper.pdf": (b"%PDF-1.7\n", "a PDF document"),
    "lite.db": (database(), "`kind: sql`"),
    "t.csv.zst": (b"\x28\xb5\x2f\xfd" + bytes(50), "Zstandard"),
    "t.csv.bz2": (bz2.compress(csv(row("T1"))), "bzip2"),
    "t.csv.xz": (lzma.compress(csv(row("T1"))), "packed with xz"),
    "t.7z": (b"7z\xbc\xaf\x27\x1c" + bytes(50), "7-Zip"),
    "t.rar": (b"Rar!\x1a\x07\x01\x00", "RAR"),
    "t.tar": (b"t.csv" + bytes(252) + b"ustar\x0000" + bytes(300), "a tar archive"),
    "t.feather": (b"ARROW1\x00\x00" + bytes(50), "write it as Parquet"),
    "t.pkl": (pickle.dumps({"a": list(range(300))}), "a Python pickle, which is never opened"),
    "photo.jpg": (b"\xff\xd8\xff\xe0" + bytes(50), "a picture"),
    "unknown": (csv(row("T1")), "Set `format: csv`"),
}


@pytest.mark.parametrize(
    ("name", "written"),
    [(name, written) for name in FOREIGN for written in (None, "csv", "parquet") if name != "unknown" or not written],
)
def test_a_file_that_is_no_records_says_what_it_is_and_what_to_do(tmp_path, name, written):
    content, message = FOREIGN[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=message) as refused:
        open_file(file_at(tmp_path / name, written), tmp_path)
    assert str(refused.value).startswith(f"{name}: ")
    assert name == "unknown" or "`format" not in str(refused.value)


@pytest.mark.parametrize("content", [csv(row("T1")), parquet(), b"PK;name\n1;2\n", b"BZ,h\n1,2\n", b"GIF,x\n1,2\n"])
def test_records_are_no_foreign_files(tmp_path, content):
    (tmp_path / "t.csv").write_bytes(content)
    file = file_at(tmp_path / "t.csv", "parquet" if content.startswith(b"PAR1") else "csv")
    assert open_file(file, tmp_path).origin == "t.csv"


def test_a_workbook_in_a_folder_of_exports_is_told_and_the_others_arrive(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "orders.xlsx").write_bytes(workbook())
    (folder / "note.pdf").write_bytes(b"%PDF-1.7\n")
    (folder / "t.csv").write_bytes(csv(row("T1")))
    received = Mailbox(tmp_path).receive(files(folder))
    assert received.rows == 1
    ((origin, reason),) = [(failure.origin, failure.reason) for failure in received.failures]
    assert origin == "orders.xlsx"
    assert reason.startswith("this is a workbook; export it as CSV UTF-8")


def test_a_refused_file_is_tried_again_when_the_settings_of_reading_change(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "t.csv").write_bytes(csv(row("T1")).replace(b",", b";"))
    mailbox = Mailbox(tmp_path)
    for _ in range(2):
        received = mailbox.receive(files(folder, null_values=["?"]))
        assert (received.rows, len(received.failures)) == (0, 1)
    received = mailbox.receive(files(folder, csv={"delimiter": ";"}))
    assert (received.rows, received.failures) == (1, ())
    assert mailbox.receive(files(folder)).rows == 0
