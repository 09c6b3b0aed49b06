"""Lives that import the sender themselves, forked before Polars begins its threads (`tests.forks`)."""

from tests import forks
from tests.forks import BEGUN


def serve(orders):
    """Forks a process per order, which says when it has imported the sender."""
    # Most of what the sender imports; none of it begins threads of Polars.
    import deltalake  # noqa: F401
    import jinja2  # noqa: F401
    import psycopg  # noqa: F401
    import slack_sdk.web  # noqa: F401
    import sqlalchemy.dialects.postgresql  # noqa: F401

    forks.serve(orders, _live)


def _live(*order):
    from tests.delivery.lives import live

    forks.say(BEGUN)
    live(*order)
