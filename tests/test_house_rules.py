"""The rules of the house, read from its source: who imports whom, what stays pure, how large anything may be."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.house import (
    ALLOWED_OUTSIDE,
    ARROWS,
    AVOIDED_NAMES,
    AVOIDED_PHRASES,
    CLOCKS,
    DAGSTER_READS_ANNOTATIONS,
    FILES,
    FLOORS,
    GROUND,
    MAY_IMPORT_DAGSTER,
    NAMED,
    OLD_WORDS,
    ONE_PIECE,
    ONE_SENTENCE,
    OUTSIDE_WORLD,
    PURE,
    PURE_INTAKE,
    ROOMS,
    ROOT,
    SHELL,
    SHELL_NAMES,
    SQL_IN_PYTHON,
)
from tests.house_frames import ANY_COLUMNS, UNTYPED_FRAMES, WITHOUT_SCHEMAS


def python_files(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    assert found, f"no Python files under {folders}: these rules read a checkout"
    return found


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


@cache
def imports_of(tree: ast.AST) -> tuple[str, ...]:
    """Every imported module in full, wherever the import stands; `from a import b` counts as `a.b` too."""
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            found += (f"{node.module}.{alias.name}" for alias in node.names)
    return tuple(found)


def is_pure(name: str) -> bool:
    if name.startswith(tuple(f"opsguard_assets/{room}/" for room in NAMED)) and name.endswith(SHELL_NAMES):
        return False
    return (name.startswith(PURE) and name not in SHELL) or name in PURE_INTAKE


def below(module: str, prefixes: Iterable[str]) -> bool:
    return any(module == prefix or module.startswith(f"{prefix}.") for prefix in prefixes)


def test_every_module_opens_by_saying_what_is_in_it_and_what_is_not():
    silent, charterless = [], []
    for path in python_files(*ROOMS):
        words = ast.get_docstring(tree_of(path))
        if not words:
            silent.append(name_of(path))
        elif "Not here" not in words and path.name != "__init__.py":
            charterless.append(name_of(path))
    assert silent == []
    assert set(charterless) == ONE_SENTENCE, "a module's docstring says `Not here: …`; exceptions that need none go"


@pytest.mark.parametrize("path", [p for p in python_files(*ROOMS) if is_pure(name_of(p))], ids=name_of)
def test_a_pure_module_imports_nothing_of_the_outside_world_and_reads_no_clock(path):
    tree, name = tree_of(path), name_of(path)
    outside = {module.partition(".")[0] for module in imports_of(tree)} & OUTSIDE_WORLD
    assert {(name, module) for module in outside} <= ALLOWED_OUTSIDE
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called, owner = _called(node)
            assert not (called in CLOCKS and owner in {"datetime", "date", "time", "dt"}), f"{name}:{node.lineno} clock"
            if name != "opsguard_assets/simulator/twin.py":
                assert called not in FILES, f"{name}:{node.lineno} calls {called}"


def _called(node: ast.Call) -> tuple[str, str]:
    """The name of a called function, and that of what it is called on."""
    if isinstance(node.func, ast.Name):
        return node.func.id, ""
    if isinstance(node.func, ast.Attribute):
        owner = node.func.value
        return node.func.attr, owner.id if isinstance(owner, ast.Name) else ""
    return "", ""


def test_the_list_of_shell_modules_names_files_that_exist():
    for name in (
        *SHELL,
        *PURE_INTAKE,
        *MAY_IMPORT_DAGSTER,
        *ARROWS,
        *SQL_IN_PYTHON,
        *(file for file, _ in ALLOWED_OUTSIDE),
    ):
        assert (ROOT / name).exists(), f"{name} is gone: take it off the list"


def test_dagster_is_imported_by_the_modules_that_speak_to_it_and_by_no_other():
    speaking = {name_of(path) for path in python_files(*ROOMS) if "dagster" in _roots(path)}
    rooms = {n for n in speaking if n.startswith("opsguard_assets/") and n.endswith(("/assets.py", "_assets.py"))}
    assert rooms, "every room with assets imports dagster"
    assert speaking - rooms == MAY_IMPORT_DAGSTER


def _roots(path: Path) -> set[str]:
    return {module.partition(".")[0] for module in imports_of(tree_of(path))}


def test_imports_between_our_own_modules_follow_the_arrows():
    wrong = []
    for path in python_files(*ROOMS):
        name = name_of(path)
        rule = max((prefix for prefix in ARROWS if name.startswith(prefix)), key=len, default=None)
        if rule is None:
            continue
        ours = {module for module in imports_of(tree_of(path)) if below(module, (*ROOMS, "tests", "benchmarks"))}
        wrong += [f"{name} imports {module}" for module in sorted(ours) if not below(module, ARROWS[rule])]
    assert wrong == []


def test_no_module_imports_itself_by_way_of_others():
    files = {
        name_of(path).removesuffix(".py").removesuffix("/__init__").replace("/", "."): path
        for path in python_files(*ROOMS)
    }
    needed = {
        module: {
            found for name in imports_of(tree_of(path)) if (found := _module_of(name, files)) not in (None, module)
        }
        for module, path in files.items()
    }
    try:
        assert len(list(TopologicalSorter(needed).static_order())) == len(files)
    except CycleError as error:
        pytest.fail(f"an import circle: {' -> '.join(error.args[1])}")


def _module_of(imported, files):
    """Our module that an import runs; of `from module import name` that is the module, unless the name is one."""
    return next((name for name in (imported, imported.rpartition(".")[0]) if name in files), None)


@pytest.mark.parametrize("room", FLOORS)
def test_a_sub_package_imports_another_of_its_room_only_downwards(room):
    floors = FLOORS[room]
    folders = {path.name for path in (ROOT / room).iterdir() if (path / "__init__.py").exists()}
    assert folders == set(floors), f"FLOORS names the sub-packages of {room}"
    wrong = []
    for height, floor in enumerate(floors):
        allowed = [f"{room}/{lower}".replace("/", ".") for lower in floors[: height + 1]]
        for path in python_files(f"{room}/{floor}"):
            inside = [module for module in imports_of(tree_of(path)) if below(module, (room.replace("/", "."),))]
            wrong += [f"{name_of(path)} imports {m}" for m in inside if not below(m, [*allowed, *GROUND])]
    assert wrong == []


def test_frames_that_cross_the_border_of_a_sub_package_have_a_schema():
    untyped = {
        name: found for path in python_files(*ROOMS) if (found := _untyped(path)) and _is_held(name := name_of(path))
    }
    assert untyped == UNTYPED_FRAMES, "annotate with dy.DataFrame[Schema]; what is typed leaves tests/house_frames.py"


def _is_held(name: str) -> bool:
    return not name.startswith((*ANY_COLUMNS, *WITHOUT_SCHEMAS))


def _untyped(path: Path) -> set[str]:
    """The functions and classes of a module that hold frames of no schema and that another sub-package imports."""
    module = name_of(path).removesuffix(".py").replace("/", ".")
    return {
        node.name
        for node in tree_of(path).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        if f"{module}.{node.name}" in _crossing()
        if any(frame in words for words in _annotations(node) for frame in ("pl.DataFrame", "pl.LazyFrame"))
    }


@cache
def _crossing() -> frozenset[str]:
    """Every name that a module of another package imports, by itself or with its module."""
    found = set()
    for path in python_files(*ROOMS):
        tree, package = tree_of(path), name_of(path).rpartition("/")[0].replace("/", ".")
        named = set(imports_of(tree))
        modules = {name.rpartition(".")[2]: name for name in named}
        used = {
            f"{modules[node.value.id]}.{node.attr}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules
        }
        found |= {name for name in named | used if name.rpartition(".")[0].rpartition(".")[0] != package}
    return frozenset(found)


def _annotations(node: ast.FunctionDef | ast.ClassDef) -> Iterator[str]:
    """What a function takes and returns; what a class holds, and its public methods take and return."""
    if isinstance(node, ast.ClassDef):
        for part in node.body:
            if isinstance(part, ast.AnnAssign):
                yield ast.unparse(part.annotation)
            if isinstance(part, ast.FunctionDef) and not part.name.startswith("_"):
                yield from _annotations(part)
        return
    given = node.args
    for arg in (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg):
        if arg is not None and arg.annotation is not None:
            yield ast.unparse(arg.annotation)
    if node.returns is not None:
        yield ast.unparse(node.returns)


def test_nobody_imports_the_composition_root_but_the_code_location_and_the_commands():
    importing = {
        name_of(path)
        for path in python_files(*ROOMS)
        if any(below(module, ("opsguard_assets.build",)) for module in imports_of(tree_of(path)))
    }
    outside = {name for name in importing if not name.startswith("opsguard_assets/commands/")}
    assert outside == {"opsguard_assets/definitions.py"}


def test_product_code_never_imports_tests_or_benchmarks():
    wrong = [name_of(path) for path in python_files(*ROOMS) if _roots(path) & {"tests", "benchmarks", "pytest"}]
    assert wrong == []


def test_no_file_is_longer_than_400_lines_and_no_function_longer_than_60():
    long = []
    for path in python_files(*ROOMS, "tests"):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > 400:
            long.append(f"{name_of(path)}: {lines} lines")
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > 60 and (name_of(path), node.name) not in ONE_PIECE:
                    long.append(f"{name_of(path)}:{node.lineno}: {node.name} has {length} lines")
    assert long == []


SQL = re.compile(
    r"\bSELECT\b.*\bFROM\b|\bINSERT INTO\b|\bUPDATE\b.*\bSET\b|\bDELETE FROM\b|\bCREATE (TEMP|TABLE|OR)\b", re.DOTALL
)


def test_sql_of_more_than_three_lines_lies_in_a_file_of_its_own():
    long, silenced = [], []
    for path in python_files(*ROOMS):
        source, name = path.read_text(encoding="utf-8"), name_of(path)
        if name in SQL_IN_PYTHON:
            continue
        lines = source.splitlines()
        silenced += [name] if "noqa: S608" in source else []
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.JoinedStr | ast.Constant) and _lines(node) > 3:
                words = "\n".join(lines[node.lineno - 1 : node.end_lineno])
                long += [f"{name}:{node.lineno}"] if SQL.search(words) else []
    assert long == [], "write it to sql/<name>.sql beside the module and read it with resources.sql.statement"
    assert silenced == [], "SQL is not put together from strings: use parameters, or SQLAlchemy Core"


def test_pictures_are_drawn_by_one_module():
    shapes = re.compile(r"<(svg|rect|path|circle|polyline)[ >]")
    drawing = {name_of(path) for path in python_files(*ROOMS) if shapes.search(path.read_text(encoding="utf-8"))}
    assert drawing == {"opsguard_assets/drawing.py"}


def _lines(node: ast.expr) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_annotations_stay_what_dagster_can_read():
    folders = [folder.rstrip("/") for folder in DAGSTER_READS_ANNOTATIONS]
    postponed = [name_of(p) for p in python_files(*folders) if "__future__.annotations" in set(imports_of(tree_of(p)))]
    assert postponed == [], "Dagster resolves annotations at run time and fails on postponed ones"


def test_the_code_location_loads_without_the_libraries_that_only_some_runs_need():
    program = "import sys, opsguard_assets.build; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = set(done.stdout.split())
    assert {"dagster", "polars"} <= loaded
    heavy = {"dlt", "mlflow", "matplotlib", "scipy", "sklearn", "typst", "xlsxwriter"}
    assert loaded & heavy == set(), "import it where it is used: every run pays for what the code location imports"


def test_the_records_of_the_domains_load_without_what_their_assets_and_models_need():
    program = "import sys, opsguard_assets.domains; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = set(done.stdout.split())
    assert "dataframely" in loaded
    assert loaded & {"dagster", "deltalake", "scipy", "ml", "resources"} == set(), "`status` reads them"


def docstrings_of(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield " ".join((ast.get_docstring(node) or "").lower().split())


def names_in(tree: ast.AST) -> Iterator[str]:
    """Every name that code gives: of modules' functions, classes, parameters and variables."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def test_docstrings_and_names_use_the_words_of_the_glossary():
    files = [path for path in python_files(*ROOMS) if not name_of(path).startswith(OLD_WORDS)]
    phrases = [
        (name_of(path), phrase)
        for path in files
        for text in docstrings_of(tree_of(path))
        for phrase in AVOIDED_PHRASES
        if phrase in text
    ]
    names = [
        (name_of(path), name) for path in files for name in [path.stem, *names_in(tree_of(path))]
        if name.lower().strip("_") in AVOIDED_NAMES
    ]  # fmt: skip
    assert (phrases, names) == ([], []), "docs/glossary.md has the word that is used instead"


def tracked_texts() -> dict[str, str]:
    """Every text file under version control."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: there is no list of the project's files")
    listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True, cwd=ROOT)
    texts = {}
    for name in filter(None, listed.stdout.split("\0")):
        data = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b""
        if b"\0" not in data:
            texts[name] = data.decode("utf-8", errors="replace")
    return texts


def test_pinned_packages_name_no_registry():
    pins = tracked_texts()["requirements.txt"]
    assert "==" in pins
    assert [line for line in pins.splitlines() if any(w in line for w in ("pypi", "pythonhosted", "://", "-url"))] == []


def test_no_file_names_a_folder_of_the_machine_that_it_was_written_on():
    machine = tuple(f"/{folder}/" for folder in ("work", "root", "opt/pypi"))
    naming = [name for name, text in tracked_texts().items() if any(place in text for place in machine)]
    assert naming == []


def test_printed_templates_take_data_as_text_and_nothing_from_the_network():
    templates = sorted((ROOT / "templates").rglob("*.typ"))
    assert templates
    for path in templates:
        code = re.sub(r"//.*", "", path.read_text(encoding="utf-8"))
        found = re.findall(r"@\w+/|\beval\b|#?\bimport\b|\binclude\b|\bplugin\b|\bread\(", code)
        assert found == [], f"{name_of(path)}: a package is fetched, and `eval` makes markup of what is received"
