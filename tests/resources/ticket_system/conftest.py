"""A helpdesk of another house: a PostgreSQL database of its own, with people who change tickets in it."""

import pytest

from tests.resources.ticket_system.desk import DeskDatabase, Link, created


@pytest.fixture
def desk(server) -> DeskDatabase:
    return created(server)


@pytest.fixture
def link(desk):
    """A connection to the helpdesk that can be cut."""
    with Link(desk.url) as opened:
        yield opened
