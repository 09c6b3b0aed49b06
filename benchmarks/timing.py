"""Runs the sides of a comparison in turn, each in a fresh process, and keeps times and peak memory.

Here: processes and medians. Not here: what is measured (`sides`) and what is made of it (`report`).
"""

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Measured:
    """One side of a comparison: seconds of every repetition, and the greatest resident memory of its processes."""

    name: str
    seconds: list[float]
    peak_bytes: int

    @property
    def median(self) -> float:
        """The usual time, seconds."""
        return statistics.median(self.seconds)


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
    peaks = dict.fromkeys(sides, 0)
    for number in range(rounds):
        order: Sequence[str] = list(sides) if number % 2 == 0 else list(reversed(sides))
        for name in order:
            result = _child(name, sides[name], repeats)
            seconds[name] += result["seconds"]
            peaks[name] = max(peaks[name], result["peak_bytes"])
            done(name)
    return {name: Measured(name, seconds[name], peaks[name]) for name in sides}


def _child(name: str, arguments: Mapping[str, Any], repeats: int) -> dict[str, Any]:
    request = json.dumps({"side": name, "arguments": dict(arguments), "repeats": repeats})
    command = [sys.executable, "-m", "benchmarks.sides", request]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    if result.returncode:
        raise RuntimeError(f"{name} failed: {result.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return answer
