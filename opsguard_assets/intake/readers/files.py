"""Which files a file source has: listing by file, folder or glob, formats by name, and what tells versions apart.

Here: names, sizes and times, never contents; cheap enough for a sensor. Not here: opening (`opening`) and reading.
"""

import glob
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from opsguard_assets.config.sources import FileSource
from opsguard_assets.intake.raw.received import SourceError
from opsguard_assets.intake.readers.file_kinds import is_handed_in

Format = Literal["csv", "parquet", "jsonl"]
_FORMATS: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
}
_UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".filepart", ".swp")


# What of a source decides what is made of its records, and not whether a file can be read.
_OF_MAPPING = {"name", "path", "feeds", "timezone", "null_values", "max_rejected_share"}


@dataclass(frozen=True, order=True)
class File:
    """One version of a file.

    Attributes:
        modified_ns: When it was written, nanoseconds since 1970.
        origin: Its name relative to the source, with `/` between folders.
        size: Bytes.
        path: Where it is.
        format: How it is written; None when neither its name nor the source says it.
    """

    modified_ns: int
    origin: str
    size: int
    path: Path
    format: Format | None

    @property
    def version(self) -> list[int]:
        """What changes when the file changes. A file with an older time than others is new all the same."""
        return [self.size, self.modified_ns]


def list_files(source: FileSource) -> list[File]:
    """The files of a source, oldest first.

    A folder stands for all files below it with a known suffix (all, where the source names its format), and those that
    somebody handed in as records although they cannot be read, such as workbooks. Hidden files
    and unfinished uploads (`.part`, `.tmp`, …) are left alone.

    Raises:
        SourceError: When the path, or the folder that a glob starts from, does not exist or cannot be listed.
    """
    root = _root(source)
    found = []
    for path in _candidates(source, root):
        name = path.relative_to(root).as_posix()
        if any(part.startswith(".") for part in name.split("/")) or path.suffix.lower() in _UNFINISHED:
            continue
        file_format = source.format or format_of(path)
        # A workbook among CSV files is told; a picture or a note is left alone.
        if file_format is None and _is_folder(source) and not is_handed_in(name):
            continue
        try:
            stat = path.stat()
        except FileNotFoundError:  # moved away since it was listed
            continue
        found.append(File(stat.st_mtime_ns, name, stat.st_size, path, file_format))
    return sorted(found)


def format_of(path: Path) -> Format | None:
    """The format that a file name says, `.gz` aside."""
    return _FORMATS.get(Path(path.name.lower().removesuffix(".gz")).suffix)


def reading_digest(source: FileSource) -> str:
    """What a refusal depends on beside the file: the settings that concern reading, and who reads."""
    settings = source.model_dump(mode="json", by_alias=True, exclude=_OF_MAPPING)
    text = json.dumps([settings, source.brings_lists, version("opsguard")], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _is_folder(source: FileSource) -> bool:
    return not glob.has_magic(source.path) and Path(source.path).expanduser().is_dir()


def _root(source: FileSource) -> Path:
    """The folder that origins are relative to."""
    path = Path(source.path).expanduser()
    if not glob.has_magic(source.path):
        root = path if path.is_dir() else path.parent
        missing = not path.exists()
    else:
        fixed = [part for i, part in enumerate(path.parts) if not glob.has_magic("".join(path.parts[: i + 1]))]
        root = Path(*fixed) if fixed else Path()
        missing = not root.is_dir()
    if missing:
        raise SourceError(
            f"Source {source.name}: {path} does not exist. Correct `path` in opsguard.yaml, or create the folder that "
            f"files will arrive in. Relative paths start at {Path.cwd()}."
        )
    return root


def _candidates(source: FileSource, root: Path) -> Iterator[Path]:
    path = Path(source.path).expanduser()
    if glob.has_magic(source.path):
        names = glob.iglob(str(path), recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
        yield from (Path(name) for name in names if Path(name).is_file())
    elif path.is_dir():
        for folder, _, names_there in os.walk(root, onerror=_raise(source)):
            yield from (Path(folder) / name for name in names_there)
    else:
        yield path


def _raise(source: FileSource) -> Callable[[OSError], None]:
    def unreadable(error: OSError) -> None:
        raise SourceError(
            f"Source {source.name}: {error.filename} cannot be listed ({error.strerror}). Give this user read access."
        )

    return unreadable
