"""Reads the new files of a file source into a spool; a file that cannot be read is remembered with its reason.

Here: which files are new, and one file after the other. Not here: listing (`files`), formats (`*_reader`).
"""

import shutil
from collections.abc import Mapping
from typing import Any

from opsguard_assets.config.sources import FileSource
from opsguard_assets.intake.mapping.origin import named_columns
from opsguard_assets.intake.raw.received import SourceError
from opsguard_assets.intake.raw.spool import Part, Spool
from opsguard_assets.intake.readers.csv_reader import read_csv
from opsguard_assets.intake.readers.files import File, list_files, reading_digest
from opsguard_assets.intake.readers.jsonl_reader import read_jsonl
from opsguard_assets.intake.readers.opening import open_file
from opsguard_assets.intake.readers.parquet_reader import read_parquet


def has_news(source: FileSource, state: Mapping[str, Any]) -> bool:
    """Whether a file is new, changed, or gone that could not be read, or is to be tried again.

    Raises:
        SourceError: When the files cannot be listed.
    """
    files = list_files(source)
    gone = set(state.get("unreadable", {})) - {file.origin for file in files}
    return bool(gone) or any(_is_new(file, source, state) for file in files)


def read(source: FileSource, state: dict[str, Any], spool: Spool) -> None:
    """Reads every new file, oldest first, and notes in `state` what was read and what could not be.

    Of a source of complete lists only the oldest new file is read: each list is a load of its own.

    Raises:
        SourceError: When the files cannot be listed.
    """
    files = list_files(source)
    present = {file.origin for file in files}
    seen = state.setdefault("files", {})
    unreadable = {k: v for k, v in state.get("unreadable", {}).items() if k in present}
    for file in files:
        if not _is_new(file, source, state):
            continue
        part = spool.part(file.origin)
        try:
            _read_file(file, source, part)
            if source.brings_lists:
                _check_list(file, part, seen)
        except SourceError as error:
            part.drop()
            unreadable[file.origin] = [
                *file.version,
                str(error).removeprefix(f"{file.origin}: "),
                reading_digest(source),
            ]
            continue
        # Somebody still writes it: what was read may be half of it. The next load reads it again.
        if _changed_meanwhile(file):
            part.drop()
            continue
        spool.keep(part)
        unreadable.pop(file.origin, None)
        seen[file.origin] = file.version
        if source.brings_lists and part.rows:
            break
    state["unreadable"] = unreadable


def _check_list(file: File, part: Part, seen: Mapping[str, list[int]]) -> None:
    """Refuses a list that would take everything back, or one that a newer list has outdated.

    Raises:
        SourceError: When it is one.
    """
    if not seen:
        return
    if not part.rows:
        raise SourceError(
            "no record in a complete list would withdraw everything; nothing is withdrawn. Deliver the whole list."
        )
    newest, origin = max((version[1], origin) for origin, version in seen.items())
    if (file.modified_ns, file.origin) < (newest, origin):
        raise SourceError(
            f"this complete list is older than {origin}, which was loaded before; nothing of it is read. Remove it, or "
            "deliver it again if it is the newest."
        )


def _is_new(file: File, source: FileSource, state: Mapping[str, Any]) -> bool:
    """Whether a file was neither read nor refused as it is; a refusal holds as long as the settings do."""
    if state.get("files", {}).get(file.origin) == file.version:
        return False
    refused = state.get("unreadable", {}).get(file.origin)
    return not refused or refused[:2] != file.version or refused[3:] != [reading_digest(source)]


def _read_file(file: File, source: FileSource, part: Part) -> None:
    folder = part.folder / "opened"
    folder.mkdir()
    try:
        encoding = source.csv.encoding if file.format == "csv" else "utf-8"
        opened = open_file(file, folder, encoding=encoding, member=source.member, limits=source.limits)
        if file.format == "parquet":
            read_parquet(opened, part)
        elif file.format == "jsonl":
            read_jsonl(opened, part, longest=source.csv.max_row_bytes)
        else:
            is_tsv = file.path.name.lower().removesuffix(".gz").endswith(".tsv")
            read_csv(opened, source.csv, part, delimiter="\t" if is_tsv else None, mapped=named_columns(source))
    finally:
        shutil.rmtree(folder)


def _changed_meanwhile(file: File) -> bool:
    """Whether somebody was still writing: the file is read when it rests."""
    try:
        stat = file.path.stat()
    except FileNotFoundError:
        return False
    return [stat.st_size, stat.st_mtime_ns] != file.version
