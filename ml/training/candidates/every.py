"""All candidates, the simplest first. Not here: the rule, which learns nothing."""

from ml.training.candidates.candidate import Candidate
from ml.training.candidates.hazard import hazard
from ml.training.candidates.labels import hist_gradient_boosting, lightgbm, logistic_regression


def candidates() -> tuple[Candidate, ...]:
    """All learned candidates."""
    return (logistic_regression(), hist_gradient_boosting(), lightgbm(), hazard())
