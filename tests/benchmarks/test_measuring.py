"""What benchmarks say of memory is that of the side itself; what they keep of an earlier run stays."""

from pathlib import Path

import pytest

from benchmarks.report import Row, keep, page
from benchmarks.timing import Measured, child
from tests.long import long

_MEBIBYTE = 1 << 20


@long
def test_a_side_of_a_hundred_mebibytes_says_so_whatever_ran_before():
    little = child("memory", {"mebibytes": 1}, 1)["peak_bytes"]
    # What measures is greater than any side: a child is forked of it.
    held = b"x" * (little + 400 * _MEBIBYTE)
    found = [child("memory", {"mebibytes": size}, 1)["peak_bytes"] for size in (101, 1, 101)]
    assert len(held) > max(found)
    assert [(one - little) / _MEBIBYTE for one in found] == pytest.approx([100, 0, 100], abs=20)


def row(what: str, seconds: float, cpu: list[float]) -> Row:
    return Row(what, "a floor", "3", Measured("ours", [seconds], 0, cpu, 1.5), Measured("theirs", [1.0], 0, cpu))


def test_a_run_of_some_letters_leaves_the_rows_of_others_as_they_are(tmp_path: Path):
    kept = tmp_path / "kept.json"
    keep([row("(b) second", 4.0, []), row("(c) third", 5.0, []), row("(c) fourth", 6.0, [])], kept)
    every = keep([row("(c) third", 7.0, [0.25]), row("(a) first", 8.0, [])], kept)
    assert [(one.what, one.seconds) for one in every] == [("(a) first", 8.0), ("(b) second", 4.0), ("(c) third", 7.0)]
    assert keep([], kept) == every
    shown = [line.split(" | ") for line in page(every).splitlines() if line.startswith("| (c)")]
    assert [(one[2], one[6], one[8]) for one in shown] == [("**7.0×**", "0.25 of 0.25", "1.5")]  # noqa: RUF001
