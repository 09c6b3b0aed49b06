"""Opens a received file: unpacked, checked that it is what its name says, before anybody parses it.

Here: compression, magic numbers, character sets. Not here: rows and columns (`csv_reader`, `jsonl_reader`,
`parquet_reader`).
"""

import codecs
import gzip
import os
import shutil
import zlib
from pathlib import Path

from opsguard_assets.config.base import ENCODINGS
from opsguard_assets.config.sources import FileLimits
from opsguard_assets.intake.raw.received import Opened, SourceError
from opsguard_assets.intake.readers.archive import joined
from opsguard_assets.intake.readers.file_kinds import foreign_kind
from opsguard_assets.intake.readers.files import File, Format
from opsguard_assets.intake.readers.unpacking import GZIP, unpack
from resources.room import stored_in

CHUNK = 1 << 22
_PARQUET = b"PAR1"
_NAMES: dict[Format, str] = {"csv": "CSV", "jsonl": "JSON lines", "parquet": "Parquet"}
_START = 1 << 20
_WRONG_TEXT = (
    "{origin}: the text is not {encoding} ({error}). Set `csv: {{encoding: …}}` at the source: " + ENCODINGS + "."
)
# Bytes that the character set leaves open stay control characters, as in browsers.
_ERRORS = {"cp1252": "as_control"}
_HEAD, _TAIL = 4_096, 65_536


def _as_control(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error(_ERRORS["cp1252"], _as_control)


def open_file(
    file: File,
    folder: Path,
    *,
    encoding: str = "utf-8",
    member: str | None = None,
    limits: FileLimits | None = None,
) -> Opened:
    """The plain bytes of a file, UTF-8 where it is text.

    Args:
        file: The file.
        folder: Where an unpacked copy may be written.
        encoding: Character set of text.
        member: Which members of a tar archive are read, one after the other; None: the file is none.
        limits: What a packed file may become.

    Raises:
        SourceError: When the file is empty, cut, damaged or of another format than its name says.
        StorageError: When the copy cannot be written.
    """
    path, limits = file.path, limits or FileLimits()
    try:
        with stored_in(folder):
            if member is not None:
                path = joined(file, member, folder, limits)
            elif _is_packed(file):
                path = unpack(file, "gzip", folder / "unpacked", limits)
            head = _head(path)
            _check_format(file, head, _tail(path))
            if file.format != "parquet":
                _check_text(file, head, encoding)
                if encoding != "utf-8":
                    path = _transcoded(file, path, folder, encoding)
    except OSError as error:
        raise SourceError(
            f"{file.origin}: cannot be read ({error.strerror or error}). Give this user access."
        ) from error
    return Opened(file.origin, path, folder)


def open_start(file: File, folder: Path, encoding: str) -> Opened:
    """Like `open_file`, for who wants to know the header alone: the first part of a text.

    Raises:
        SourceError: Like `open_file`.
    """
    is_packed = _is_packed(file)
    try:
        with gzip.open(file.path) if is_packed else file.path.open("rb") as stream:
            start = stream.read(_START)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise SourceError(f"{file.origin}: the gzip file is damaged ({error}). Deliver it again, whole.") from None
    # The end of a packed file is known only once all of it is unpacked.
    _check_format(file, start[:_HEAD], start if is_packed else _tail(file.path))
    _check_text(file, start[:_HEAD], encoding)
    target = folder / "start"
    if encoding != "utf-8":
        # Incremental: the part may end in the middle of a character.
        decoder = codecs.getincrementaldecoder(encoding)(_ERRORS.get(encoding, "strict"))
        try:
            start = decoder.decode(start).encode()
        except UnicodeError as error:
            raise SourceError(_WRONG_TEXT.format(origin=file.origin, encoding=encoding, error=error)) from None
    target.write_bytes(start)
    return Opened(file.origin, target, folder)


def _is_packed(file: File) -> bool:
    if _head(file.path).startswith(GZIP):
        return True
    if file.path.name.lower().endswith(".gz") and file.size:
        raise SourceError(
            f"{file.origin}: is not a gzip file, although its name ends in .gz. Deliver it again, packed, or rename it."
        )
    return False


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(_HEAD)


def _tail(path: Path) -> bytes:
    with path.open("rb") as stream:
        stream.seek(0, os.SEEK_END)
        stream.seek(max(0, stream.tell() - _TAIL))
        return stream.read()


def _check_format(file: File, head: bytes, tail: bytes) -> None:
    if not head:
        raise SourceError(
            f"{file.origin}: the file is empty; even a {_NAMES[file.format or 'csv']} file without rows has a header. "
            "Deliver it again."
            if file.format != "jsonl"
            else f"{file.origin}: the file is empty. Deliver it again."
        )
    kind = foreign_kind(head, tail, file.path.name)
    if kind is not None:
        raise SourceError(f"{file.origin}: this is {kind}.")
    if file.format is None:
        raise SourceError(
            f"{file.origin}: the name does not say the format. Set `format: csv`, `parquet` or `jsonl` at the source."
        )
    is_parquet = head.startswith(_PARQUET)
    if (file.format == "parquet") != is_parquet:
        what, promised = "a Parquet file" if is_parquet else "no Parquet file", _NAMES[file.format]
        raise SourceError(
            f"{file.origin}: this is {what}, although {promised} was expected. Export it as {promised}, or set "
            "`format` at the source."
        )


def _check_text(file: File, head: bytes, encoding: str) -> None:
    if encoding.startswith(("utf-16", "utf-32")):
        return
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise SourceError(f"{file.origin}: the text is utf-16. Set `csv: {{encoding: utf-16}}` at the source.")
    first_line = head.split(b"\n", 1)[0]
    if b"\x00" in first_line:
        raise SourceError(
            f"{file.origin}: the first line holds NUL characters: a binary file, or utf-16 without a byte order mark. "
            "Export it as text, or set `csv: {encoding: utf-16}` at the source."
        )


def _transcoded(file: File, path: Path, folder: Path, encoding: str) -> Path:
    target = folder / "utf-8"
    try:
        with (
            path.open(encoding=encoding, newline="", errors=_ERRORS.get(encoding)) as source,
            target.open("w", encoding="utf-8", newline="") as plain,
        ):
            shutil.copyfileobj(source, plain, CHUNK)
    except UnicodeError as error:
        raise SourceError(_WRONG_TEXT.format(origin=file.origin, encoding=encoding, error=error)) from None
    return target
