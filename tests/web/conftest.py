"""A web service per module, as a process of its own on a database of its own."""

import pytest

from tests.web.sites import site_process

SETTINGS = """
operations: {timezone: Asia/Kolkata}
web: {base_url: "https://ops.example.org", requests_per_minute: 100000}
"""


@pytest.fixture(scope="module")
def site(databases, tmp_path_factory):
    with site_process(tmp_path_factory.mktemp("web"), databases.migrated(), SETTINGS) as running:
        yield running
