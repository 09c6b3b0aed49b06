"""A process that forks another for every order, and says its number and how it ended.

Here: forking, and lives that import the sender themselves. Not here: what a life does (`lives`).

A forked process has none of the threads of the one that forked it. Polars begins its threads when the tables of
OpsGuard are described, and some queries of a process that was forked later wait for them for ever: joins, and many
rows. A few messages about nothing in particular ask no such query. Whoever sends many forks before Polars begins
(`serve_cold`), and pays for imports in every life. No process of OpsGuard itself forks.
"""

import gc
import json
import os
import sys
import traceback

BEGUN = "begun"


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
        _say(number)
        _say(os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]))


def serve_cold(orders):
    """The same with processes that import the sender, and say when they have."""
    # Most of what the sender imports; none of it begins threads of Polars.
    import deltalake  # noqa: F401
    import jinja2  # noqa: F401
    import psycopg  # noqa: F401
    import slack_sdk.web  # noqa: F401
    import sqlalchemy.dialects.postgresql  # noqa: F401

    serve(orders, _cold)


def _cold(*order):
    from tests.delivery.lives import live

    _say(BEGUN)
    live(*order)


def _say(words):
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()
