"""What holds of the tests themselves: each can fail, and how many examples a property draws is said in one way."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.needs import needs_the_world
from tests.order import Together

TESTS = Path(__file__).parent
DEEP = 4
# Where the profiles are made.
PROFILES = TESTS / "properties.py"


@cache
def trees() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(TESTS.rglob("*.py"))}


@cache
def helpers() -> dict[str, list[ast.FunctionDef]]:
    """Functions of the tests that are no tests, by name: where they are defined does not matter."""
    found: dict[str, list[ast.FunctionDef]] = {}
    for tree in trees().values():
        for function in functions(tree):
            if not function.name.startswith("test_"):
                found.setdefault(function.name, []).append(function)
    return found


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def asserts(function: ast.FunctionDef, deep: int = DEEP) -> bool:
    """Whether a function asserts something: itself, by pytest or a library, or by a helper that it calls."""
    if any(isinstance(node, ast.Assert) for node in ast.walk(function)):
        return True
    called = {name_of(node) for node in ast.walk(function) if isinstance(node, ast.Call)}
    if any(name in {"raises", "warns", "fail"} or name.startswith("assert_") for name in called):
        return True
    below = (helper for name in called for helper in helpers().get(name, ()) if helper is not function)
    return deep > 0 and any(asserts(helper, deep - 1) for helper in below)


def name_of(call: ast.Call) -> str:
    return getattr(call.func, "id", "") or getattr(call.func, "attr", "")


def test_every_test_asserts_something():
    tests = [
        (path, function)
        for path, tree in trees().items()
        for function in functions(tree)
        if path.name.startswith("test_") and function.name.startswith("test_")
    ]
    assert len(tests) > 1_000
    assert [f"{path.name}::{function.name}" for path, function in tests if not asserts(function)] == []


def test_a_test_without_an_assertion_is_found():
    (silent,) = functions(ast.parse("def test_it(page):\n    for row in page:\n        print(row)\n"))
    assert not asserts(silent)


def test_properties_draw_as_many_examples_as_the_profile_allows():
    own = re.compile(r"max_examples\s*=\s*(?!examples\()")
    texts = {path: path.read_text(encoding="utf-8") for path in trees() if path not in {Path(__file__), PROFILES}}
    assert [path.name for path, text in texts.items() if own.search(text)] == []


def test_tests_of_one_module_go_to_one_worker():
    nodes = ["tests/a/test_b.py::test_c[x::y]", "tests/a/test_b.py::TestD::test_c"]
    assert {Together._split_scope(None, node) for node in nodes} == {"tests/a/test_b.py"}


def test_what_opens_a_store_itself_or_by_a_helper_is_not_fast():
    assert needs_the_world(TESTS / "resources/test_database.py")
    assert needs_the_world(TESTS / "commands/test_alerts.py")
    assert not needs_the_world(TESTS / "tables/test_registry.py")
