"""Statements lie in named files: each opens with a comment, has its caller, and is part of the wheel."""

import ast
import re
import subprocess
import sys
import zipfile
from functools import cache

import pytest

from resources.sql import statement
from tests.house import ROOMS, ROOT

FILES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.sql"))
NAMES = [path.relative_to(ROOT).as_posix() for path in FILES]


def package_of(path):
    """The folder whose modules may run a file, and its name for them."""
    folder = next(parent for parent in path.parents if parent.name == "sql")
    return folder.parent, path.relative_to(folder).with_suffix("").as_posix()


@cache
def texts_of(folder):
    return {
        node.value
        for module in folder.glob("*.py")
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_a_statement_is_read_without_its_comments():
    read = statement("resources.ticks", "last_ticks")
    assert read.text.startswith("SELECT DISTINCT ON (job)")
    assert "--" not in read.text


def test_a_module_that_asks_for_a_file_that_is_not_there_is_told_its_name():
    with pytest.raises(FileNotFoundError, match=re.escape("no_such_statement.sql")):
        statement("resources.ticks", "no_such_statement")


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_a_file_of_sql_says_what_it_does_and_has_a_caller(path):
    folder, name = package_of(path)
    package = ".".join(folder.relative_to(ROOT).parts)
    assert statement(package, name).text
    assert {name, path.stem} & texts_of(folder), f"no module of {package} runs {name}: delete it"


def test_the_wheel_holds_every_statement(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name for name in names if name.endswith(".sql")} == set(NAMES) != set()
    ready = "opsguard_assets/remediation/playbook/ready"
    shipped = {path.relative_to(ROOT).as_posix() for path in (ROOT / ready).glob("*.yaml")}
    assert {name for name in names if name.startswith(ready)} == shipped != set()
