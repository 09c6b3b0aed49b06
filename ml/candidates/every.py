"""All candidates, the simplest first. Not here: the rule, which learns nothing."""

from ml.candidates.candidate import Candidate
from ml.candidates.hazard import hazard
from ml.candidates.labels import hist_gradient_boosting, lightgbm, logistic_regression


def candidates() -> tuple[Candidate, ...]:
    """All learned candidates."""
    return (logistic_regression(), hist_gradient_boosting(), lightgbm(), hazard())
