"""What tests of playbooks share: an engine on a lake with people, and a provider whose records lie beside alerts."""

import pytest

from tests.remediation.desk import provider, raised, records
from tests.remediation.engines import Engine, lake_of


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """A lake with a client and a team."""
    return lake_of(tmp_path_factory.mktemp("people"))


@pytest.fixture
def engine(database, lake):
    """Playbooks that run on a database of their own."""
    return Engine(database, lake)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Records of a provider."""
    return records(tmp_path_factory.mktemp("provider"))


@pytest.fixture
def at(database, server, folder):
    """The provider, where a device, a site, a ticket and a shift have alerts."""
    with provider(database, server, folder) as opened:
        opened.alerts = raised(database)
        yield opened
