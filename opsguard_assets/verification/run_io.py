"""Runs verifications, each on its copy of the world, and times them.

Here: one result per verification, whatever happens in it. Not here: verifications, and showing results (`report`).
"""

import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from opsguard_assets.verification.result import Result, Wrong
from opsguard_assets.verification.verification import Verification
from opsguard_assets.verification.world_io import Prepared

_ROOT = Path(__file__).parents[2]


def run(
    prepared: Prepared, wanted: Iterable[Verification], began: Callable[[Verification], None] = lambda _: None
) -> Iterator[Result]:
    """The results, one after the other. What a verification raises is its failure, and stops no other one.

    Args:
        prepared: The world.
        wanted: Which verifications.
        began: Hears which one begins.
    """
    for each in wanted:
        began(each)
        start = time.perf_counter()
        figures, claims = "", 0
        try:
            with prepared.copy(each.name) as world:
                found = each.check(world)
            figures, claims, wrong = "; ".join(found.figures), found.claims, tuple(found.wrong)
        except Exception as error:  # noqa: BLE001 - whatever it is, the capability did not do what it should
            wrong = (_raised(each, error),)
        yield Result(each.name, each.asks, each.planted, figures, claims, wrong, time.perf_counter() - start)


def _raised(verification: Verification, error: Exception) -> Wrong:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(_ROOT) and ".venv" not in frame.filename]
    last = (ours or frames)[-1]
    place = Path(last.filename)
    name = place.relative_to(_ROOT) if place.is_relative_to(_ROOT) else place
    words = " ".join(str(error).split())
    return Wrong(
        f"{type(error).__name__}: {words}",
        f"{name}:{last.lineno} in {last.name}",
        f"`opsguard verify --only {verification.name}` runs it alone; this error is a fault of OpsGuard",
    )
