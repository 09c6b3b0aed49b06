"""What receiving tells its caller: what arrived, what could not be read, and why.

Here: results and errors. Not here: how they come about (`receive` and the readers).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from opsguard_assets.intake.raw.drift import Drift

LONGEST_TEXT = 2_000
_E = TypeVar("_E", bound=BaseException)


class SourceError(RuntimeError):
    """A source or one of its files cannot be read; the message names source or file, what is wrong, and a remedy."""


class RawTableError(RuntimeError):
    """Raw records that lie in the lake cannot be read; the message names the command that mends them."""

    def __init__(self, source: str, reason: object) -> None:
        said = str(reason).strip().splitlines() or [type(reason).__name__]
        super().__init__(
            f"raw/{source} cannot be read ({said[0][:300]}). Run `opsguard raw repair {source}`: it sets apart what "
            "cannot be read and keeps the rest."
        )


@dataclass(frozen=True)
class FileFailure:
    """A file that cannot be read at all. It is tried again when it, or how it is to be read, changes.

    Attributes:
        origin: The file, relative to its source.
        reason: What is wrong, where, and a remedy.
    """

    origin: str
    reason: str


@dataclass(frozen=True)
class Received:
    """What one call brought to the lake.

    Attributes:
        load_ids: The loads that arrived: usually none or one; two when a load that a crash interrupted was finished.
        rows: Raw rows that arrived, damaged ones included.
        origins: The files, relations or resources that rows came from.
        drift: How the columns differ from those of the loads before.
        failures: Files that cannot be read, those known from earlier calls included.
        damaged: How many of `rows` could not be split into columns; `_damage` says why.
    """

    load_ids: tuple[str, ...] = ()
    rows: int = 0
    origins: tuple[str, ...] = ()
    drift: tuple[Drift, ...] = ()
    failures: tuple[FileFailure, ...] = ()
    damaged: int = 0


@dataclass(frozen=True)
class Opened:
    """A file ready to be read: plain, not empty, of the format that its name promises.

    Attributes:
        origin: Its name relative to the source.
        path: Where its plain bytes are; a temporary file where the original was compressed.
        folder: Where further temporary copies may be written.
    """

    origin: str
    path: Path
    folder: Path


def cause_of(error: BaseException, kind: type[_E]) -> _E | None:
    """The error of this kind that `error` was made of: dlt wraps what its sources raise in several layers."""
    waiting: list[BaseException | None] = [error]
    seen = set[int]()
    while waiting:
        layer = waiting.pop(0)
        # Errors that are raised again while another one is handled may be made of one another, in a circle.
        if layer is None or id(layer) in seen:
            continue
        if isinstance(layer, kind):
            return layer
        seen.add(id(layer))
        waiting += [layer.__cause__, layer.__context__]
    return None
