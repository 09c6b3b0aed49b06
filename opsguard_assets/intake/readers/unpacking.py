"""Unpacks gzip, bzip2 and xz within limits: a small file must not fill the disk.

Here: one stream to one file. Not here: which files are packed (`opening`), members of archives (`archive`).
"""

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from opsguard_assets.config.sources import FileLimits
from opsguard_assets.intake.raw.received import SourceError
from opsguard_assets.intake.readers.files import File

# Whatever unpacks to less is not an attack, however well it is packed.
LEAST_LIMIT = 64 * 1024 * 1024
CHUNK = 1 << 20
GZIP = b"\x1f\x8b"
_PACKERS: dict[bytes, tuple[str, Callable[[Path], IO[bytes]]]] = {
    GZIP: ("gzip", lambda path: _opened(gzip, path)),
    b"BZh": ("bzip2", lambda path: _opened(bz2, path)),
    b"\xfd7zXZ\x00": ("xz", lambda path: _opened(lzma, path)),
}


def _opened(library: Any, path: Path) -> IO[bytes]:
    stream: IO[bytes] = library.open(path, "rb")
    return stream


def packer_of(head: bytes) -> str | None:
    """What a file is packed with, by its first bytes."""
    return next((name for magic, (name, _) in _PACKERS.items() if head.startswith(magic)), None)


def limit_of(file: File, limits: FileLimits) -> int:
    """How many bytes a packed file may become."""
    return int(min(max(file.size * limits.ratio, LEAST_LIMIT), limits.unpacked_bytes))


def grown(file: File, limits: FileLimits) -> SourceError:
    """The refusal of a file that grows beyond its limit."""
    by = "ratio" if limit_of(file, limits) < limits.unpacked_bytes else "unpacked_bytes"
    much = f"{limits.ratio:g} times its size" if by == "ratio" else f"{limits.unpacked_bytes:,} bytes"
    return SourceError(
        f"{file.origin}: it unpacks to more than {much}; nothing of it is read. If that is as it should be, raise "
        f"`limits: {{{by}: …}}` at the source, or deliver it unpacked."
    )


def unpack(file: File, packer: str, target: Path, limits: FileLimits) -> Path:
    """Writes the plain bytes of a packed file.

    Args:
        file: The packed file.
        packer: What `packer_of` said.
        target: Where they are written.
        limits: What the file may become.

    Raises:
        SourceError: When it is damaged, cut off, or grows beyond the limits.
    """
    left = limit_of(file, limits)
    open_packed = next(opener for name, opener in _PACKERS.values() if name == packer)
    try:
        with open_packed(file.path) as packed, target.open("wb") as plain:
            while chunk := packed.read(CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise grown(file, limits)
                plain.write(chunk)
    except EOFError:
        raise SourceError(
            f"{file.origin}: the {packer} file is cut off before its end. Deliver it again, whole."
        ) from None
    except (zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
        raise _damaged(file, packer, error) from None
    except OSError as error:
        if error.errno is None:  # bzip2's own
            raise _damaged(file, packer, error) from None
        raise
    return target


def _damaged(file: File, packer: str, error: Exception) -> SourceError:
    return SourceError(f"{file.origin}: the {packer} file is damaged ({error}). Deliver it again, whole.")
