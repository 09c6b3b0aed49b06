"""What a file is that is none of the formats that are read: a workbook, an archive, a page; and what to do instead.

Here: recognising by content first, then by name. Not here: opening (`opening`).
"""

import codecs
import re

_WORKBOOK = "a workbook; export it as CSV UTF-8 (in Excel: Save As, CSV UTF-8) and deliver that"
_UNPACK = "unpack it and deliver the files inside"
_EXPORT = "export its records as CSV UTF-8"
_ZIP = b"PK\x03\x04"
# What lies inside of a ZIP archive that is a document.
_INSIDE = (
    (re.compile(rb"xl/(workbook|worksheets|sharedStrings|styles)"), _WORKBOOK),
    (re.compile(rb"opendocument\.spreadsheet"), _WORKBOOK),
    (re.compile(rb"Index/(Document|Tables/)"), _WORKBOOK),
    (re.compile(rb"word/document|opendocument\.text"), f"a text document; {_EXPORT}"),
    (re.compile(rb"ppt/presentation|opendocument\.presentation"), f"a presentation; {_EXPORT}"),
)
_MAGIC = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", f"{_WORKBOOK} (or another document of an old Office)"),
    (b"%PDF", f"a PDF document; {_EXPORT} where it was made"),
    (b"SQLite format 3\x00", "an SQLite database; read it with `kind: sql` and `url: sqlite:///…`"),
    (b"\x28\xb5\x2f\xfd", f"packed with Zstandard; {_UNPACK}, or pack it with gzip"),
    (b"BZh", f"packed with bzip2; {_UNPACK}, or pack it with gzip"),
    (b"\xfd7zXZ\x00", f"packed with xz; {_UNPACK}, or pack it with gzip"),
    (b"7z\xbc\xaf\x27\x1c", f"a 7-Zip archive; {_UNPACK}"),
    (b"Rar!\x1a\x07", f"a RAR archive; {_UNPACK}"),
    (b"\x04\x22\x4d\x18", f"packed with LZ4; {_UNPACK}, or pack it with gzip"),
    (b"ARROW1\x00\x00", "an Arrow (Feather) file; write it as Parquet"),
    (b"ORC", "an ORC file; write it as Parquet"),
    (b"Obj\x01", "an Avro file; write it as Parquet"),
    (b"\x89HDF\r\n", "an HDF5 file; write it as Parquet or CSV"),
    (b"\x93NUMPY", "a NumPy array; write it as Parquet or CSV"),
    (b"\x00\x01\x00\x00Standard ", f"an Access database; {_EXPORT}"),
    (b"\x89PNG", f"a picture; {_EXPORT} where it was made"),
    (b"\xff\xd8\xff", f"a picture; {_EXPORT} where it was made"),
    (b"GIF8", f"a picture; {_EXPORT} where it was made"),
    (b"{\\rtf", f"a text document (RTF); {_EXPORT}"),
    (b"\x7fELF", "a program"),
)
_PICKLE = re.compile(rb"\x80[\x02-\x05][\x00-\xff]")
_TAR_AT, _TAR = 257, b"ustar"
_WORKBOOK_NAMES = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".numbers")
_ARCHIVE_NAMES = (".zip", ".7z", ".rar", ".zst", ".bz2", ".xz", ".lz4")
_PAGE = (b"<!doctype", b"<html", b"<?xml", b"<head", b"<table", b"<script")


def is_handed_in(name: str) -> bool:
    """Whether a file of this name is meant as records although nobody can read it: told, and not passed over."""
    return name.lower().endswith((*_WORKBOOK_NAMES, *_ARCHIVE_NAMES))


def foreign_kind(head: bytes, tail: bytes, name: str) -> str | None:
    """What a file is and what to do instead; None where it may be text or Parquet.

    Args:
        head: Its first bytes, some hundred at least.
        tail: Its last bytes: the names inside of an archive stand there.
        name: Its name.
    """
    if head.startswith(_ZIP):
        inside = next((words for pattern, words in _INSIDE if pattern.search(head) or pattern.search(tail)), None)
        return inside or f"a ZIP archive; {_UNPACK}"
    known = next((words for magic, words in _MAGIC if head.startswith(magic)), None)
    if head[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        known = f"a tar archive; {_UNPACK}, or name them with `member`"
    if _PICKLE.match(head) and b"\x00" in head:
        known = "a Python pickle, which is never opened; write it as Parquet or CSV"
    return known or _page(head) or _by_name(name)


def _page(head: bytes) -> str | None:
    start = head.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    if not start.startswith(_PAGE):
        return None
    if b"urn:schemas-microsoft-com:office:spreadsheet" in start or b"x:excelworkbook" in start:
        return _WORKBOOK
    page = "an HTML or XML document (often the login page of the system that it came from)"
    return f"{page}; {_EXPORT}"


def _by_name(name: str) -> str | None:
    if name.lower().endswith(_WORKBOOK_NAMES):
        return "a workbook by its name and not by its content; name it .csv if it is CSV"
    return None
