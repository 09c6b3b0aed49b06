"""Files that are kept for good under their own SHA-256, below the lake, where no housekeeping looks.

Here: keeping and reading them. Not here: what they are of, and which there are (the database knows).

A file is written beside its place, flushed, and renamed: it is there whole or not at all, and is written once. What is
read is compared with its name.
"""

import hashlib
import os
import re
import uuid
from dataclasses import dataclass
from pathlib import Path

from resources.lake import Lake

FOLDER = "scorecards/files"
_DIGEST = re.compile(r"[0-9a-f]{64}")


class KeptFileError(RuntimeError):
    """A kept file is missing or is not what it was; the message says which."""


@dataclass(frozen=True)
class KeptFiles:
    """A folder of files by their digests.

    Attributes:
        folder: Where they lie.
    """

    folder: Path

    def keep(self, content: bytes) -> str:
        """Keeps a file, once; returns its digest."""
        name = digest_of(content)
        place = self.folder / name
        # One whose bytes were damaged since is written anew.
        if place.exists() and place.read_bytes() == content:
            return name
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = self.folder / f".{name}.{uuid.uuid4().hex}"
        try:
            with draft.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(place)
        finally:
            draft.unlink(missing_ok=True)
        _flushed(self.folder)
        return name

    def read(self, digest: str) -> bytes:
        """A file by its digest.

        Raises:
            KeptFileError: When it is not there, or its bytes are not those that were kept.
        """
        if not _DIGEST.fullmatch(digest):
            raise KeptFileError(f"{digest!r} is not the digest of a file")
        try:
            content = (self.folder / digest).read_bytes()
        except OSError as error:
            raise KeptFileError(f"{self.folder / digest} cannot be read: {error.strerror}") from None
        if digest_of(content) != digest:
            raise KeptFileError(f"{self.folder / digest} is not what was kept: its bytes have changed")
        return content


def digest_of(content: bytes) -> str:
    """The name that a file has: its SHA-256 as hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def kept_files(lake: Lake) -> KeptFiles:
    """The files that are kept below a lake."""
    return KeptFiles(Path(lake.uri) / FOLDER)


def _flushed(folder: Path) -> None:
    """Makes sure that the names in a folder survive a loss of power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
