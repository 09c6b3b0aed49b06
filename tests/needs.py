"""What a test needs of the world, read from its source: the mark `fast` is on those that need nothing of it.

A test is fast that computes on frames and text alone. One that reads a lake or a database, runs Dagster, a process or
a server, simulates a provider, or trains a model imports something of `WORLD`, in its module or in a helper that the
module imports, or it uses a fixture of a conftest: all of these hold something of the world.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WORLD = (
    "dagster", "deltalake", "dlt", "duckdb", "http", "lightgbm", "mlflow", "multiprocessing", "psutil", "requests",
    "sklearn", "socket", "sqlalchemy", "sqlite3", "subprocess",
    "ml.tracking.registry", "ml.tracking.tracking", "ml.training", "resources.database", "resources.delta",
    "resources.installation", "resources.lake", "resources.postgres", "resources.servers",
    "opsguard_assets.build", "opsguard_assets.cli", "opsguard_assets.commands", "opsguard_assets.simulator",
)  # fmt: skip


def is_fast(item: pytest.Function) -> bool:
    """Whether a test needs nothing of the world."""
    fixtures = item._fixtureinfo.name2fixturedefs.values()
    if any(found.func.__module__.endswith("conftest") for several in fixtures for found in several):
        return False
    return not needs_the_world(item.path)


@cache
def needs_the_world(file: Path) -> bool:
    """Whether a module of the tests, or one of the tests that it imports, imports something of the world."""
    imported = set(_imports(file))
    if any(_below(name, place) for name in imported for place in WORLD):
        return True
    helpers = {ROOT / f"{name.replace('.', '/')}.py" for name in imported if name.startswith("tests.")}
    return any(needs_the_world(helper) for helper in helpers if helper.exists())


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _below(name: str, place: str) -> bool:
    return name == place or name.startswith(f"{place}.")
