"""What every candidate offers: a way to learn, its parameters, and what tuning may change of them.

Here: the declaration. Not here: any candidate, and tuning (`ml.training.tuning`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ml.dataset.examples import Examples
from ml.models.learned import Scorer

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Fitted:
    """What ranks, and the parameters that it was fitted with, rounds found by early stopping included."""

    scorer: Scorer
    parameters: Parameters


class Fit(Protocol):
    """Learns from examples."""

    def __call__(self, examples: Examples, parameters: Parameters, seed: int, later: Examples | None = None) -> Fitted:
        """Fits; where `later` examples are given, rounds end when these get no better."""
        ...


@dataclass(frozen=True)
class Candidate:
    """A way to learn.

    Attributes:
        name: What it is called in comparisons.
        parameters: What it is set to where nothing was tuned.
        space: Values that tuning may choose, by parameter.
        fit: Learns.
        needs_durations: True for survival models, which learn from problems that tell how long entities were watched.
    """

    name: str
    parameters: Parameters
    space: Mapping[str, Sequence[Any]]
    fit: Fit
    needs_durations: bool = False
