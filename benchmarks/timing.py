"""Runs the sides of a comparison in turn, each in a fresh process, and keeps times and peak memory.

Here: processes, medians, and what else kept the machine busy. Not here: what is measured (`sides`) and what is made of
it (`report`).
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_STAT = Path("/proc/stat")


@dataclass(frozen=True)
class Measured:
    """One side of a comparison.

    Attributes:
        name: The side.
        seconds: Of every repetition, by the clock on the wall.
        peak_bytes: The greatest resident memory of its processes; 0: not measured.
        cpu: Seconds of processors of every repetition, in the process of the side alone; empty: not measured.
        others: How many processors everything else kept busy meanwhile; None: the system does not say.
    """

    name: str
    seconds: list[float]
    peak_bytes: int
    cpu: list[float] = field(default_factory=list)
    others: float | None = None

    @property
    def median(self) -> float:
        """The usual time, seconds."""
        return statistics.median(self.seconds)

    @property
    def usual_cpu(self) -> float | None:
        """The usual time of processors, seconds."""
        return statistics.median(self.cpu) if self.cpu else None


def measure(
    sides: Mapping[str, Mapping[str, Any]], *, rounds: int, repeats: int, done: Callable[[str], None]
) -> dict[str, Measured]:
    """Measures the sides in turn: a slow minute of the machine hits all of them.

    Args:
        sides: Name of a function of `sides` to its arguments.
        rounds: How often each side gets a fresh process.
        repeats: Repetitions within a process, after one that is not counted where there are several.
        done: Told after every process.
    """
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    cpu: dict[str, list[float]] = {name: [] for name in sides}
    peaks, load = dict.fromkeys(sides, 0), Load()
    for number in range(rounds):
        order: Sequence[str] = list(sides) if number % 2 == 0 else list(reversed(sides))
        for name in order:
            result = child(name, sides[name], repeats)
            seconds[name] += result["seconds"]
            cpu[name] += result["cpu"]
            peaks[name] = max(peaks[name], result["peak_bytes"])
            done(name)
    others = load.others()
    return {name: Measured(name, seconds[name], peaks[name], cpu[name], others) for name in sides}


class Load:
    """What kept the machine busy since it was made, besides this process and the children that it waited for."""

    def __init__(self) -> None:
        self._began, self._busy, self._own = time.monotonic(), _busy(), _own()

    def others(self) -> float | None:
        """How many processors; None where the system does not say."""
        busy = _busy()
        if busy is None or self._busy is None:
            return None
        passed = time.monotonic() - self._began
        return max((busy - self._busy) - (_own() - self._own), 0.0) / passed


def _busy() -> float | None:
    """Seconds for which processors worked since the system began."""
    if not _STAT.exists():
        return None
    user, nice, system, _idle, _waiting, irq, softirq, *_ = map(
        int, _STAT.read_text(encoding="ascii").splitlines()[0].split()[1:]
    )
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def _own() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def child(name: str, arguments: Mapping[str, Any], repeats: int) -> dict[str, Any]:
    """What a side says that runs in a process of its own: `seconds`, `cpu`, `peak_bytes`.

    Raises:
        RuntimeError: When it failed.
    """
    request = json.dumps({"side": name, "arguments": dict(arguments), "repeats": repeats})
    command = [sys.executable, "-m", "benchmarks.sides", request]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(f"{name} failed: {result.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return answer
