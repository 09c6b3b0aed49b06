"""Progress of long commands: a bar on a terminal, a line every few seconds elsewhere. Not here: the work."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

from opsguard_assets.commands.session import console
from resources.progress import Advance, Progress

_EVERY_SECONDS = 10.0


class Bars:
    """Draws a bar for the current task on standard error; tasks follow each other."""

    def __init__(self, rich: RichProgress) -> None:
        self._rich = rich

    def begin(self, task: str, total: int | None = None) -> Advance:
        """Replaces the bar by a new one; it pulses while the total is unknown."""
        for before in self._rich.task_ids:
            self._rich.remove_task(before)
        bar = self._rich.add_task(task, total=total, done=_done(0, total))
        done = 0

        def advance(count: int) -> None:
            nonlocal done
            done += count
            if bar in self._rich.task_ids:
                self._rich.update(bar, advance=count, done=_done(done, total))

        return advance


@dataclass
class Lines:
    """Prints the progress of the current task every few seconds, for logs and pipes.

    Attributes:
        shown: The console.
        every_seconds: Seconds between two lines; shorter tasks print none.
    """

    shown: Console
    every_seconds: float = _EVERY_SECONDS
    _task: str | None = None
    _total: int | None = None
    _done: int = 0
    _began: float = 0.0
    _ends: threading.Event = field(default_factory=threading.Event)

    def begin(self, task: str, total: int | None = None) -> Advance:
        """Replaces the current task."""
        self._task, self._total, self._done, self._began = task, total, 0, time.monotonic()

        def advance(count: int) -> None:
            if self._task == task:
                self._done += count

        return advance

    @contextmanager
    def speaking(self) -> Iterator["Lines"]:
        """Prints lines until the block ends."""
        speaker = threading.Thread(target=self._speak, daemon=True)
        speaker.start()
        try:
            yield self
        finally:
            self._ends.set()
            speaker.join()

    def _speak(self) -> None:
        while not self._ends.wait(self.every_seconds):
            if self._task is not None:
                seconds = time.monotonic() - self._began
                self.shown.print(f"{self._task}: {_done(self._done, self._total)}, {seconds:.0f} s", markup=False)


@contextmanager
def bars() -> Iterator[Progress]:
    """Shows progress while the block runs; the bar is removed afterwards."""
    if not console.is_terminal:
        with Lines(console).speaking() as lines:
            yield lines
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[done]}"), TimeElapsedColumn())
    with RichProgress(*columns, console=console, transient=True) as rich:
        yield Bars(rich)


@contextmanager
def steps(work: str) -> Iterator[Callable[[str, int, int], None]]:
    """Progress of work in steps; yields a function that is called at the start of each: name, number, total."""
    with bars() as shown:

        def tell(what: str, number: int, of: int) -> None:
            shown.begin(f"{work}: {what}, steps done", of)(number - 1)

        yield tell


def _done(done: int, total: int | None) -> str:
    return f"{done:,}" if total is None else f"{done:,} of {total:,}"
