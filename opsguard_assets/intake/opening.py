"""Opens a received file: unpacked, checked that it is what its name says, before anybody parses it.

Here: compression, magic numbers, character sets. Not here: rows and columns (`csv_reader`, `jsonl_reader`,
`parquet_reader`).
"""

import codecs
import gzip
import shutil
import zlib
from pathlib import Path

from opsguard_assets.intake.archive import joined
from opsguard_assets.intake.files import File, Format
from opsguard_assets.intake.received import Opened, SourceError

CHUNK = 1 << 22
_MAGIC = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF document",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"SQLite format 3": "an SQLite database",
    b"\x28\xb5\x2f\xfd": "packed with Zstandard",
    b"BZh": "packed with bzip2",
    b"\xfd7zXZ": "packed with xz",
    b"7z\xbc\xaf": "a 7-Zip archive",
}
_NAMES: dict[Format, str] = {"csv": "CSV", "jsonl": "JSON lines", "parquet": "Parquet"}
_GZIP = b"\x1f\x8b"
_HEAD = 4_096


def open_file(file: File, folder: Path, *, encoding: str = "utf-8", member: str | None = None) -> Opened:
    """The plain bytes of a file, UTF-8 where it is text.

    Args:
        file: The file.
        folder: Where an unpacked copy may be written.
        encoding: Character set of text.
        member: Which members of a tar archive are read, one after the other; None: the file is none.

    Raises:
        SourceError: When the file is empty, cut, damaged or of another format than its name says.
    """
    path = file.path
    try:
        if member is not None:
            path = joined(file, member, folder)
        elif _head(path).startswith(_GZIP) or (file.path.name.lower().endswith(".gz") and file.size):
            path = _unpacked(file, folder)
        head = _head(path)
        _check_format(file, head)
        if file.format != "parquet":
            _check_text(file, head, encoding)
            if encoding != "utf-8":
                path = _transcoded(file, path, folder, encoding)
    except OSError as error:
        raise SourceError(
            f"{file.origin}: cannot be read ({error.strerror or error}). Give this user access."
        ) from error
    return Opened(file.origin, path, folder)


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(_HEAD)


def _unpacked(file: File, folder: Path) -> Path:
    target = folder / "unpacked"
    try:
        with gzip.open(file.path) as packed, target.open("wb") as plain:
            shutil.copyfileobj(packed, plain, CHUNK)
    except EOFError:
        raise SourceError(f"{file.origin}: the gzip file is cut off before its end. Deliver it again, whole.") from None
    except gzip.BadGzipFile as error:
        what = "is damaged" if _head(file.path).startswith(_GZIP) else "is no gzip file, although its name ends in .gz"
        raise SourceError(f"{file.origin}: {what} (gzip: {error}). Deliver it again, whole.") from None
    except zlib.error as error:
        raise SourceError(f"{file.origin}: the gzip file is damaged ({error}). Deliver it again, whole.") from None
    return target


def _check_format(file: File, head: bytes) -> None:
    if not head:
        raise SourceError(
            f"{file.origin}: the file is empty; even a {_NAMES[file.format or 'csv']} file without rows has a header. "
            "Deliver it again."
            if file.format != "jsonl"
            else f"{file.origin}: the file is empty. Deliver it again."
        )
    if file.format is None:
        raise SourceError(
            f"{file.origin}: the name does not say the format. Set `format: csv`, `parquet` or `jsonl` at the source."
        )
    if (file.format == "parquet") != head.startswith(b"PAR1"):
        what = next((words for magic, words in _MAGIC.items() if head.startswith(magic)), "no Parquet file")
        raise _other_format(file, what)
    if file.format != "parquet":
        for magic, words in _MAGIC.items():
            if head.startswith(magic):
                raise _other_format(file, words)
        start = head.removeprefix(codecs.BOM_UTF8).lstrip().lower()
        if start.startswith((b"<!doctype", b"<html", b"<?xml")):
            raise _other_format(file, "an HTML or XML document (often the login page of the system that it came from)")


def _other_format(file: File, what: str) -> SourceError:
    promised = _NAMES[file.format or "csv"]
    remedy = f"Export it as {promised}, or set `format` at the source."
    return SourceError(f"{file.origin}: this is {what}, not {promised}. {remedy}")


def _check_text(file: File, head: bytes, encoding: str) -> None:
    if encoding == "utf-16":
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
            path.open(encoding=encoding, newline="") as source,
            target.open("w", encoding="utf-8", newline="") as plain,
        ):
            shutil.copyfileobj(source, plain, CHUNK)
    except UnicodeError as error:
        raise SourceError(
            f"{file.origin}: the text is not {encoding} ({error}). Set `csv: {{encoding: …}}` at the source to the "
            "character set that it is written in."
        ) from None
    return target
