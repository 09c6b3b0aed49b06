"""Homes with an embedded server of their own."""

import shutil

import pytest

from resources.postgres import stop_embedded
from tests.resources.embedded import at_work, joining
from tests.resources.processes import finished, wait_for


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A home whose data folder is made; tests work on copies of it, because initdb takes a second."""
    home = tmp_path_factory.mktemp("made")
    finished(joining(home / "postgres"))
    return home


@pytest.fixture
def bare(tmp_path):
    """The data folder of a home that does not exist yet, by a path with a space and an umlaut."""
    folder = tmp_path / "Häuser und Höfe" / "postgres"
    yield folder
    if folder.parent.exists():
        stop_embedded(folder)
    wait_for(lambda: at_work(folder) == [], seconds=30)


@pytest.fixture
def folder(bare, made):
    """The data folder of a home that was used before."""
    shutil.copytree(made, bare.parent)
    return bare
