"""Members of tar archives: the wanted ones are one text, hostile archives can do nothing."""

import io
import os
import tarfile

import pytest
from pydantic import ValidationError

from opsguard_assets.config.sources import FileSource
from opsguard_assets.intake.raw.received import SourceError
from opsguard_assets.intake.readers import unpacking
from opsguard_assets.intake.readers.archive import joined
from opsguard_assets.intake.readers.files import list_files

OPTIONS = {"format": "csv", "csv": {"delimiter": " ", "columns": ["at", "mote"]}}


def packed(path, members, mode="w:gz"):
    with tarfile.open(path, mode) as target:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                info.size = len(content)
                target.addfile(info, io.BytesIO(content))
            else:
                info.type, info.linkname = content
                target.addfile(info)
    return path


def file_of(path):
    source = FileSource.model_validate(
        {"name": "motes", "kind": "files", "path": str(path), "member": "*", **OPTIONS,
         "feeds": [{"table": "devices", "same_names": True}]}
    )  # fmt: skip
    (file,) = list_files(source)
    return file


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_the_members_that_match_are_one_text_in_the_order_of_their_names(tmp_path, mode):
    path = packed(tmp_path / "a.tgz", [("x/R2.txt", b"3 c"), ("x/R1.txt", b"1 a\n2 b\n"), ("x/Map.jpg", b"\xff")], mode)
    out = tmp_path / "out"
    out.mkdir()
    assert joined(file_of(path), "*/R[0-9].txt", out).read_bytes() == b"1 a\n2 b\n3 c\n"


def test_names_that_climb_links_and_devices_write_nothing_and_read_nothing(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("password")
    members = [
        ("../../escaped.txt", b"1 a\n"),
        ("/absolute.txt", b"2 b\n"),
        ("link.txt", (tarfile.SYMTYPE, str(secret))),
        ("hard.txt", (tarfile.LNKTYPE, str(secret))),
        ("pipe.txt", (tarfile.FIFOTYPE, "")),
    ]
    out = tmp_path / "in" / "out"
    out.mkdir(parents=True)
    text = joined(file_of(packed(tmp_path / "a.tgz", members)), "*", out).read_bytes()
    assert text == b"1 a\n2 b\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tgz", "in", "secret.txt"]
    assert not (tmp_path / "in" / "escaped.txt").exists()


def test_an_archive_that_grows_beyond_measure_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "LEAST_LIMIT", 1_000)
    path = packed(tmp_path / "bomb.tgz", [("zeros.txt", b"0" * 5_000_000)])
    with pytest.raises(SourceError, match="unpacks to more than 200 times its size"):
        joined(file_of(path), "*", tmp_path)


def test_what_is_no_archive_cut_off_or_without_such_a_member_is_told(tmp_path):
    (tmp_path / "a.tgz").write_bytes(b"at,mote\n1,a\n")
    with pytest.raises(SourceError, match="not a complete tar archive"):
        joined(file_of(tmp_path / "a.tgz"), "*", tmp_path)
    whole = packed(tmp_path / "a.tgz", [("R1.txt", os.urandom(200_000))]).read_bytes()
    (tmp_path / "a.tgz").write_bytes(whole[:60_000])
    with pytest.raises(SourceError, match="the gzip file is cut off"):
        joined(file_of(tmp_path / "a.tgz"), "*", tmp_path)
    packed(tmp_path / "a.tgz", [("R1.txt", b"1 a\n")])
    with pytest.raises(SourceError, match="Correct `member`"):
        joined(file_of(tmp_path / "a.tgz"), "N*", tmp_path)


def test_members_with_a_header_are_refused_where_they_are_configured():
    with pytest.raises(ValidationError, match="members of archives need"):
        FileSource.model_validate(
            {"name": "motes", "kind": "files", "path": "a.tgz", "member": "*", "format": "csv",
             "feeds": [{"table": "devices", "same_names": True}]}
        )  # fmt: skip
