"""What an error was made of, however libraries wrapped it."""

import pytest

from opsguard_assets.intake.raw.received import SourceError, cause_of
from resources.room import texts_of


def test_errors_that_are_made_of_one_another_end_the_search():
    first, second = ValueError("first"), KeyError("second")
    first.__context__, second.__context__ = second, first
    assert cause_of(first, SourceError) is None
    assert list(texts_of(first)) == ["first", "'second'"]


@pytest.mark.parametrize("link", ["__cause__", "__context__"])
def test_an_error_is_found_behind_causes_and_contexts(link):
    ours, outer, outermost = SourceError("ours"), ValueError("outer"), KeyError("outermost")
    setattr(outer, link, ours)
    outermost.__cause__, outermost.__context__ = ValueError("another"), outer
    assert cause_of(outermost, SourceError) is ours
