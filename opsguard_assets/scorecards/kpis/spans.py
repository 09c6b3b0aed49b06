"""How much of a stretch of time is covered by spans, for many things and stretches at once.

Here: arithmetic on whole numbers (microseconds). Not here: what spans mean (`device_spans`).

All spans of all things lie on one axis, each thing on a stretch of its own. Then one search answers for all of them
how much was covered before an instant, and a stretch is the difference of two answers.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Whole = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Spans:
    """Spans of things that neither overlap nor touch, in order.

    Attributes:
        begins: Where each begins on the axis.
        ends: Where it ends.
        before: What all spans before it cover.
    """

    begins: Whole
    ends: Whole
    before: Whole

    @classmethod
    def of(cls, begins: Whole, ends: Whole) -> "Spans":
        """The union of some spans, in any order; those that end where they begin, or before, cover nothing."""
        real = ends > begins
        order = np.argsort(begins[real], kind="stable")
        first, last = begins[real][order], ends[real][order]
        reach = np.maximum.accumulate(last) if len(last) else last
        is_new = np.ones(len(first), dtype=bool)
        is_new[1:] = first[1:] > reach[:-1]
        starts = first[is_new]
        # Each union ends with what reaches farthest before the next one begins.
        stops = reach[np.append(np.flatnonzero(is_new)[1:] - 1, len(reach) - 1)] if len(reach) else reach
        lengths = stops - starts
        return cls(starts, stops, np.cumsum(lengths) - lengths)

    def upto(self, points: Whole) -> Whole:
        """What is covered before each point of the axis."""
        if not len(self.begins):
            return np.zeros(len(points), dtype=np.int64)
        place = np.searchsorted(self.begins, points, side="right") - 1
        at = np.maximum(place, 0)
        within = np.minimum(points, self.ends[at]) - self.begins[at]
        return np.where(place < 0, 0, self.before[at] + within)
