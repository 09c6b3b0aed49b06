"""Progress without a terminal: a line now and then, about the task that runs."""

import io
import time

from rich.console import Console

from opsguard_assets.commands.progress import Lines


def said(work):
    out = io.StringIO()
    with Lines(Console(file=out, width=200), every_seconds=0.02).speaking() as lines:
        work(lines)
    return out.getvalue()


def test_a_log_hears_how_far_the_task_is_that_runs():
    def work(lines):
        advance = lines.begin("fitting", 12)
        advance(3)
        time.sleep(0.2)

    assert "fitting: 3 of 12" in said(work)


def test_of_a_task_that_is_over_nothing_is_said():
    def work(lines):
        lines.begin("first", 2)(2)
        second = lines.begin("second")
        second(1_000)
        time.sleep(0.2)

    result = said(work)
    assert "second: 1,000," in result
    assert "first" not in result
