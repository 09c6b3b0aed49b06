"""Members of a tar archive as one text: what is wanted is copied out, nothing is unpacked by name.

Here: choosing members, limits against hostile archives. Not here: compression of single files and formats (`opening`).

Only the bytes of regular files are read, one after the other; names decide which, and never where anything is written.
So an archive with `../`, absolute names, links or devices can do nothing: only regular files are read.
"""

import fnmatch
import tarfile
import zlib
from pathlib import Path
from typing import IO, Self

from opsguard_assets.config.sources import FileLimits
from opsguard_assets.intake.raw.received import SourceError
from opsguard_assets.intake.readers.files import File
from opsguard_assets.intake.readers.unpacking import CHUNK, grown, limit_of, packer_of, unpack

MOST_MEMBERS = 100_000
_LONGEST_HEADER = 1 << 20
_HEADERS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)


class _Member(tarfile.TarInfo):
    """A member whose header is no larger than names and dates need: the library reads headers into memory."""

    def _proc_member(self, archive: tarfile.TarFile) -> Self:
        if self.type in _HEADERS and self.size > _LONGEST_HEADER:
            raise tarfile.ReadError(f"a header of {self.size:,} bytes")
        return super()._proc_member(archive)  # type: ignore[misc,no-any-return]


def joined(file: File, pattern: str, folder: Path, limits: FileLimits | None = None) -> Path:
    """The members of an archive whose names match a pattern, in order of their names, as one file.

    Args:
        file: A tar archive, plain or packed with gzip, bzip2 or xz.
        pattern: A glob over the names inside, such as `*/R*.txt`.
        folder: Where the text is written.
        limits: What the archive, and the text, may become.

    Raises:
        SourceError: When it is not an archive, damaged, holds no such member, or grows beyond all measure.
    """
    limits = limits or FileLimits()
    target, left = folder / "members", limit_of(file, limits)
    with file.path.open("rb") as stream:
        packer = packer_of(stream.read(16))
    plain = unpack(file, packer, folder / "archive", limits) if packer else file.path
    try:
        # `r:`: the library would unpack by itself, and without limits.
        with tarfile.open(plain, "r:", tarinfo=_Member) as archive, target.open("wb") as text:
            for member in _wanted(archive, pattern, file):
                stream_of = archive.extractfile(member)
                if stream_of is not None:
                    left -= _copied(stream_of, text, left, file, limits)
    except (tarfile.TarError, EOFError, zlib.error, ValueError, OverflowError) as error:
        raise SourceError(f"{file.origin}: this is not a complete tar archive ({error}). Deliver it again.") from error
    if packer:
        plain.unlink()
    return target


def _wanted(archive: tarfile.TarFile, pattern: str, file: File) -> list[tarfile.TarInfo]:
    wanted = []
    for number, member in enumerate(archive):
        if number >= MOST_MEMBERS:
            raise SourceError(
                f"{file.origin}: the archive holds more than {MOST_MEMBERS:,} files; nothing of it is read. Deliver it "
                "in parts."
            )
        if member.isreg() and fnmatch.fnmatchcase(member.name, pattern):
            wanted.append(member)
    if not wanted:
        raise SourceError(f"{file.origin}: no file in the archive is named like {pattern!r}. Correct `member`.")
    return sorted(wanted, key=lambda member: member.name)


def _copied(source: IO[bytes], target: IO[bytes], left: int, file: File, limits: FileLimits) -> int:
    """Copies a member, which ends in a line end afterwards; how many bytes that were."""
    copied, last = 0, b"\n"
    while chunk := source.read(CHUNK):
        copied, last = copied + len(chunk), chunk
        if copied > left:
            raise grown(file, limits)
        target.write(chunk)
    if not last.endswith(b"\n"):
        target.write(b"\n")
    return copied
