"""Members of a tar archive as one text: what is wanted is copied out, nothing is unpacked by name.

Here: choosing members, limits against hostile archives. Not here: compression of single files and formats (`opening`).

Only the bytes of regular files are read, one after the other; names decide which, and never where anything is written.
So an archive with `../`, absolute names, links or devices can do nothing: what is no regular file is not read.
"""

import fnmatch
import tarfile
import zlib
from pathlib import Path
from typing import IO

from opsguard_assets.intake.files import File
from opsguard_assets.intake.received import SourceError

# An archive that unpacks to more than this times its size is no export but an attack, or broken.
MOST_GROWTH, LEAST_LIMIT = 200, 64 * 1024 * 1024
_CHUNK = 1 << 20


def joined(file: File, pattern: str, folder: Path) -> Path:
    """The members of an archive whose names match a pattern, in order of their names, as one file.

    Args:
        file: A tar archive, plain or packed with gzip, bzip2 or xz.
        pattern: A glob over the names inside, such as `*/R*.txt`.
        folder: Where the text is written.

    Raises:
        SourceError: When it is no archive, damaged, holds no such member, or grows beyond all measure.
    """
    target, limit = folder / "members", max(file.size * MOST_GROWTH, LEAST_LIMIT)
    try:
        with tarfile.open(file.path) as archive, target.open("wb") as text:
            wanted = sorted(
                (m for m in archive if m.isreg() and fnmatch.fnmatchcase(m.name, pattern)), key=lambda m: m.name
            )
            if not wanted:
                raise SourceError(f"{file.origin}: no file in the archive is named like {pattern!r}. Correct `member`.")
            for member in wanted:
                stream = archive.extractfile(member)
                if stream is not None:
                    limit -= _copied(stream, text, limit, file)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise SourceError(f"{file.origin}: this is no whole tar archive ({error}). Deliver it again.") from error
    return target


def _copied(source: IO[bytes], target: IO[bytes], limit: int, file: File) -> int:
    """Copies a member, which ends in a line end afterwards; how many bytes that were."""
    copied, last = 0, b"\n"
    while chunk := source.read(_CHUNK):
        copied, last = copied + len(chunk), chunk
        if copied > limit:
            raise SourceError(
                f"{file.origin}: the archive unpacks to more than {MOST_GROWTH} times its size; nothing of it is read. "
                "Deliver its files themselves if that is as it should be."
            )
        target.write(chunk)
    if not last.endswith(b"\n"):
        target.write(b"\n")
    return copied
