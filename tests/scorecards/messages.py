"""Texts that the catalogues have to hold, collected from source, and the catalogues brought up to date with them.

`python -m tests.scorecards.messages` (`make catalogue`) adds new texts without a translation and drops old ones.
"""

import ast
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment, nodes

ROOT = Path(__file__).parents[2]
FORMS = [ROOT / f"opsguard_assets/{name}" for name in ("scorecards/forms", "satisfaction", "finance/pilot")]
TEMPLATES = ROOT / "templates/scorecard"
GERMAN = ROOT / "templates/locale/de/LC_MESSAGES/opsguard.po"
# Texts of a record of the registry.
TEXTS = ("label", "formula", "population", "membership", "exclusions", "no_data", "source")


def messages():
    """Every text: a string, or a pair of strings that a number chooses from."""
    found = []
    for path in sorted(file for folder in FORMS for file in folder.rglob("*.py")):
        found += _of_python(ast.parse(path.read_text(encoding="utf-8")))
    for path in sorted(TEMPLATES.rglob("*.j2")):
        found += _of_template(Environment(autoescape=True).parse(path.read_text(encoding="utf-8")))
    return list(dict.fromkeys([*found, *registered()]))


def _of_python(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
            yield from _texts(name, [_chosen(arg) for arg in node.args[:2]])


def _of_template(template):
    for node in template.find_all(nodes.Call):
        name = getattr(node.node, "name", getattr(node.node, "attr", None))
        yield from _texts(name, [_chosen(arg) for arg in node.args[:2]])


def _chosen(argument):
    """The literals that an argument may be."""
    if isinstance(argument, ast.Constant | nodes.Const):
        return [argument.value] if isinstance(argument.value, str) else []
    if isinstance(argument, ast.IfExp):
        return [*_chosen(argument.body), *_chosen(argument.orelse)]
    if isinstance(argument, nodes.CondExpr):
        return [*_chosen(argument.expr1), *_chosen(argument.expr2)]
    return []


def _texts(name, literals):
    if name in {"say", "msgid"} and literals:
        yield from literals[0]
    if name == "count" and len(literals) == 2 and all(literals):
        yield literals[0][0], literals[1][0]


def registered():
    """Texts of the key figures."""
    from opsguard_assets.scorecards.kpis.registry import KPIS

    return [getattr(kpi, name) for kpi in KPIS.values() for name in TEXTS]


def catalogue():
    """The German one."""
    with GERMAN.open("rb") as source:
        return read_po(source, locale="de", domain="opsguard")


def update():
    """Writes it anew: new texts without a translation, old ones dropped."""
    template = Catalog()
    for one in messages():
        template.add(one)
    german = catalogue()
    german.update(template, no_fuzzy_matching=True, update_creation_date=False)
    german.obsolete.clear()
    with GERMAN.open("wb") as target:
        write_po(target, german, width=116, sort_output=True, no_location=True)
    return [one.id for one in german if one.id and not all(one.string if one.pluralizable else [one.string])]


if __name__ == "__main__":
    missing = update()
    sys.stdout.write(f"{len(missing)} texts wait for their German words in {GERMAN.relative_to(ROOT)}\n")
