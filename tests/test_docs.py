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
    graph = build_defs(settings=parse_settings(block, name=page, variables=variables)).resolve_asset_graph()
    assert graph.get_all_asset_keys()


def files_linked(page: Path) -> list[str]:
    found = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    return [target for target in found if not target.startswith("http")]


def headings_linked(page: Path) -> list[tuple[str, str]]:
    """Links to a heading: the file, empty for the page itself, and the anchor."""
    found = re.findall(r"\]\(([^)#\s]*)#([^)]+)\)", page.read_text(encoding="utf-8"))
    return [(target, anchor) for target, anchor in found if not target.startswith("http")]


def test_links_of_both_kinds_and_names_of_code_are_found_in_the_pages():
    assert any(files_linked(page) for page in PAGES)
    assert any(headings_linked(page) for page in PAGES)
    assert any(CODE.findall(page.read_text(encoding="utf-8")) for page in PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_to_it(page):
    assert [target for target in files_linked(page) if not (page.parent / target).exists()] == []


def anchors_of(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_heading_leads_to_it(page):
    linked = headings_linked(page)
    assert [each for each in linked if each[1] not in anchors_of(page.parent / each[0] if each[0] else page)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_names_exists(page):
    text = page.read_text(encoding="utf-8")
    assert set(re.findall(r"`(?:\.venv/bin/)?opsguard ([a-z]+)", text)) <= set(COMMANDS)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    assert set(re.findall(r"(?:`|    )make ([a-z]+)", text)) <= targets


def test_pages_use_the_words_of_the_glossary():
    """What the glossary avoids, as far as it is more than one word; one word has too many honest uses."""
    glossary = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
    avoided = {
        phrase
        for line in glossary.splitlines()
        if line.startswith("| ") and line.count("|") == 4
        for phrase in re.findall(r"[a-z][a-z ]+ [a-z]+", line.split("|")[3])
    } - {"held back"}  # the name of a decision
    assert "met again" in avoided
    found = [
        (page.name, phrase)
        for page in PAGES
        if page.name not in {"glossary.md", "CHANGELOG.md"}
        for phrase in avoided | {"what came of it", "told apart", "at most so", "goes on from", "looked after"}
        if phrase in " ".join(page.read_text(encoding="utf-8").split())
    ]
    assert found == []


def test_every_decision_record_is_in_the_index_and_has_the_same_parts():
    folder = ROOT / "docs/adr"
    index = (folder / "README.md").read_text(encoding="utf-8")
    records = sorted(folder.glob("0*.md"))
    assert re.findall(r"\]\((0[^)]+)\)", index) == [record.name for record in records]
    for record in records:
        parts = re.findall(r"^## (.+)$", record.read_text(encoding="utf-8"), re.MULTILINE)
        assert parts == ["Context", "Decision", "Consequences", "What would make us change it"], record.name


MAP = ROOT / "docs/code-map.md"
CODE = re.compile(r"`((?:opsguard_assets|ml|resources|sensors|tests|templates|examples)/[\w./-]+)(?:::([\w.]+))?`")


def names_in(path: Path) -> set[str]:
    """Functions, classes and methods (`Class.method`) of a module."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{part.name}" for part in node.body if isinstance(part, ast.FunctionDef)}
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_code_that_a_page_names_exists(page):
    text = page.read_text(encoding="utf-8")
    for path, name in CODE.findall(text):
        assert (ROOT / path).exists(), path
        assert not name or name in names_in(ROOT / path), f"{path}::{name}"
    for test in re.findall(r"pytest (tests/\S+\.py)", text):
        assert (ROOT / test).exists(), test


def test_assets_that_the_page_on_debugging_launches_exist():
    page = (ROOT / "docs/debugging.md").read_text(encoding="utf-8")
    launched = set(re.findall(r"--assets (\S+)", page))
    assert launched
    demo = (ROOT / "templates/opsguard.yaml").read_text(encoding="utf-8")
    settings = parse_settings(demo, name="opsguard.yaml", variables={"OPSGUARD_HOME": "somewhere"})
    graph = build_defs(settings=settings).resolve_asset_graph()
    known = {key.to_user_string() for key in graph.get_all_asset_keys()}
    assert launched <= known


def test_the_code_map_lists_every_room():
    listed = {path for path, name in CODE.findall(MAP.read_text(encoding="utf-8")) if not name}
    rooms = {
        package.parent.relative_to(ROOT).as_posix()
        for folder in OURS
        for package in (ROOT / folder).rglob("__init__.py")
        if package.parent.parent not in {ROOT, ROOT / "ml/problems", ROOT / "resources/migrations"}
    }
    assert len(rooms) > 30
    assert rooms - listed == set()


def test_the_code_map_follows_functions_that_call_each_other():
    """Each step of a way is a reference to a function, never to a file alone."""
    ways = MAP.read_text(encoding="utf-8").split("## The way of")[1:]
    assert len(ways) == 2
    for way in ways:
        steps = re.findall(r"^\| `([^`]+)` \|", way.partition("## Where to change")[0], re.MULTILINE)
        assert len(steps) > 10
        assert [step for step in steps if "::" not in step] == []
