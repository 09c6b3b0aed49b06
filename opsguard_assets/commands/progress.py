"""Progress bars for long commands. Not here: what is worked on."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

from opsguard_assets.commands.session import console
from resources.progress import Advance


class Bars:
    """Draws a bar per task on standard error."""

    def __init__(self, rich: RichProgress) -> None:
        self._rich = rich

    def begin(self, task: str, total: int | None = None) -> Advance:
        """Adds a bar; it pulses where the total is unknown."""
        bar = self._rich.add_task(task, total=total)

        def advance(rows: int) -> None:
            self._rich.advance(bar, rows)

        return advance


@contextmanager
def bars() -> Iterator[Bars]:
    """Bars for as long as the block runs."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("rows"),
        TimeElapsedColumn(),
    )
    with RichProgress(*columns, console=console) as rich:
        yield Bars(rich)
