"""A process that forks another for every order, and says its number and how it ended; and deaths at a point.

Here: forking, the side that gives orders, and functions that kill their process. Not here: what a life does (`lives` of
each room).

A forked process has none of the threads of its parent. Polars starts its threads when OpsGuard's tables are described;
in a process that is forked afterwards joins and queries of many rows never end. Tests that send a few messages run no
such query. Tests that send many fork before Polars is imported (`tests.delivery.cold`) and import in every life. No
process of OpsGuard itself forks.
"""

import gc
import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[1]
BEGUN = "begun"
LONGEST_SECONDS = 120


class Forks:
    """The process that forks. Importing is paid for once.

    Attributes:
        place: The module whose function `serve` takes the orders.
        says_begun: Whether a life says when it has imported what it needs.
    """

    def __init__(self, place, *, says_begun=False):
        self.place, self.says_begun = place, says_begun

    def __enter__(self):
        program = f"import sys; from {self.place} import serve; serve(sys.stdin)"
        self._process = subprocess.Popen(
            [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_):
        self._process.communicate()

    def begin(self, *order):
        """Begins a life; gives the number of its process, once it is about to do something."""
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        said = [self._process.stdout.readline().strip() for _ in range(1 + self.says_begun)]
        assert self.says_begun == (BEGUN in said), said
        self._number = int(next(word for word in said if word != BEGUN))
        return self._number

    def end(self):
        """Waits for the end of a life; True where it was killed."""
        guard = threading.Timer(LONGEST_SECONDS, kill, [self._number])
        guard.start()
        code = int(self._process.stdout.readline())
        hung = guard.finished.is_set()
        guard.cancel()
        assert not hung, f"a life did not end within {LONGEST_SECONDS} s; see `tests.forks`"
        assert code in {0, -signal.SIGKILL}, code
        return code != 0

    def live(self, *order):
        """A whole life; True where it was killed."""
        self.begin(*order)
        return self.end()


def kill(number):
    """Ends a life that this test began; one that has ended by itself is left."""
    with suppress(ProcessLookupError):
        os.kill(number, signal.SIGKILL)


def mortal(called, when):
    """A function in whose place the process dies: before it, or after it was done."""

    def dying(*arguments, **options):
        if when == "before":
            die()
        called(*arguments, **options)
        die()

    return dying


def die():
    """Ends this process without a word."""
    os.kill(os.getpid(), signal.SIGKILL)


def serve(orders, live):
    """Forks a process per order that lives; importing was paid for once, for all of them."""
    gc.freeze()
    for line in orders:
        number = os.fork()
        if number == 0:
            code = 1
            try:
                live(*json.loads(line))
                code = 0
            except Exception:  # noqa: BLE001 - whatever it is, its words belong to the failure of the test
                traceback.print_exc()
            finally:
                os._exit(code)
        say(number)
        say(os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]))


def say(words):
    """A line for the side that gives orders."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()
