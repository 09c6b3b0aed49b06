"""Storage that refuses to take anything: a full disk, a quota, too many open files. Told as what it is, from wherever.

Here: recognising it in errors of any library, and one message. Not here: who asks. A full disk looks like a damaged
file to who reads and like a lost server to who connects; nobody must be blamed for it.
"""

import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_FULL = (
    r"no space left on device|\[errno 28\]|os error 28\b|could not extend file|could not write to file .*no space|"
    r"database or disk is full|not enough space on the disk|failed to offload data block|disk full"
)
_KINDS: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (
        re.compile(_FULL, re.IGNORECASE),
        "the disk is full",
        "Free some space, or set OPSGUARD_HOME, OPSGUARD_LAKE or TMPDIR to a folder on a larger disk",
    ),
    (
        re.compile(r"disk quota exceeded|\[errno 122\]|os error 122\b", re.IGNORECASE),
        "the disk quota of this user is used up",
        "Free some space, or let the quota be raised",
    ),
    (
        re.compile(r"too many open files|\[errno 2[34]\]|os error 2[34]\b", re.IGNORECASE),
        "this process may not open more files",
        "Raise the limit (`ulimit -n`, or LimitNOFILE of the service)",
    ),
    (
        re.compile(r"file too large|\[errno 27\]|os error 27\b", re.IGNORECASE),
        "files of this size may not be written",
        "Raise the limit (`ulimit -f`, or LimitFSIZE of the service)",
    ),
    (
        re.compile(r"read-only file system|\[errno 30\]|os error 30\b", re.IGNORECASE),
        "the disk can only be read",
        "Mount it for writing, or set OPSGUARD_HOME to another folder",
    ),
)
_DENIED = re.compile(r"permission denied|\[errno 13\]|os error 13\b", re.IGNORECASE)
# A PostgreSQL that cannot write its log stops, and its clients only hear that it is gone.
_LOST = re.compile(
    r"closed the connection unexpectedly|terminating connection|did not answer|shutting down", re.IGNORECASE
)
_LITTLE_BYTES, _NOTHING_BYTES = 50_000_000, 20_000_000


class StorageError(RuntimeError):
    """Nothing more can be written; the message says where, how much is free and what to do. It is no fault of data."""


def storage_words(texts: Iterable[str], places: Sequence[Path]) -> str | None:
    """What is wrong with the storage, where and what to do; None where these errors are about something else.

    Args:
        texts: An error and those that it came from, in the words of any library.
        places: Our own folders that may be meant.
    """
    said = "\n".join(texts)
    known = next(((what, remedy) for kind, what, remedy in _KINDS if kind.search(said)), None)
    if known is None and _LOST.search(said) and any(usage.free < _NOTHING_BYTES for _, usage in _usages(places)):
        known = _KINDS[0][1:]
    if known is None:
        if not (_DENIED.search(said) and any(f"{place}" in said for place in places)):
            return None
        known = ("this user may not write there", "Give this user the folder, or set OPSGUARD_HOME to another one")
    what, remedy = known
    free = _free([*places, Path(tempfile.gettempdir())])
    return f"Nothing more can be stored: {what} ({free}). {remedy}; then run it again: nothing is lost."


def _free(places: Sequence[Path]) -> str:
    """How much is free where: only where there is little, if there is little anywhere."""
    found = _usages(places)
    short = [(place, usage) for place, usage in found if usage.free < _LITTLE_BYTES]
    return ", ".join(
        f"{place}: {u.free / 1e6:,.0f} MB of {u.total / 1e6:,.0f} MB free now" for place, u in short or found
    )


def _usages(places: Sequence[Path]) -> list[tuple[Path, Any]]:
    return [(place, shutil.disk_usage(there)) for place in places if (there := _existing(place)) is not None]


def _existing(place: Path) -> Path | None:
    return next((folder for folder in (place, *place.parents) if folder.exists()), None)


def texts_of(error: BaseException) -> Iterator[str]:
    """An error and those that it came from, in the words of libraries: our own may quote what was received."""
    waiting: list[BaseException | None] = [error]
    seen = set[int]()
    while waiting:
        layer = waiting.pop(0)
        if layer is None or id(layer) in seen:
            continue
        seen.add(id(layer))
        if not type(layer).__module__.startswith("opsguard_assets"):
            yield str(layer)
        waiting += [layer.__cause__, layer.__context__]


@contextmanager
def stored_in(*places: Path) -> Iterator[None]:
    """Errors inside that are about storage become a `StorageError`.

    Args:
        places: The folders that are written inside.
    """
    try:
        yield
    except StorageError:
        raise
    except Exception as error:
        words = storage_words(texts_of(error), places)
        if words is None:
            raise
        raise StorageError(words) from error
