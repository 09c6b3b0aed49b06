"""What the pages show works: their YAML is read, their links lead somewhere, their commands exist."""

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

from opsguard_assets.build import build_defs
from opsguard_assets.cli import COMMANDS
from opsguard_assets.config.load import parse_settings

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])
YAML = [
    (page.name, number, block)
    for page in PAGES
    for number, block in enumerate(re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL))
    if block.startswith("sources:")
]
PYTHON = [
    (page.name, block)
    for page in PAGES
    for block in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
]
OURS = ("opsguard_assets", "ml", "resources", "sensors")


def test_there_are_pages_with_examples():
    assert len(PAGES) > 8
    assert YAML
    assert PYTHON


def test_names_that_python_examples_import_from_us_exist():
    imported = [
        (page, node.module, alias.name)
        for page, block in PYTHON
        for node in ast.walk(ast.parse(block))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(OURS)
        for alias in node.names
    ]
    assert imported
    assert [each for each in imported if not hasattr(import_module(each[1]), each[2])] == []


@pytest.mark.parametrize(("page", "number", "block"), YAML, ids=lambda value: str(value)[:20])
def test_every_example_of_sources_is_read_and_becomes_assets(page, number, block):
    variables = dict.fromkeys(re.findall(r"\$\{(\w+)", block), "somewhere")
    build_defs(settings=parse_settings(block, name=page, variables=variables)).resolve_asset_graph()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_to_it(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_names_exists(page):
    text = page.read_text(encoding="utf-8")
    assert set(re.findall(r"`(?:\.venv/bin/)?opsguard ([a-z]+)", text)) <= set(COMMANDS)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    assert set(re.findall(r"(?:`|    )make ([a-z]+)", text)) <= targets
