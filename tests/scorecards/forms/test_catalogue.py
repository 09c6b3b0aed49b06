"""The German catalogue holds every text that a form can say, and no other."""

import ast
import importlib
import pkgutil
import re
from pathlib import Path
from typing import get_args

import pytest

from opsguard_assets.config.features import FEATURE_NAMES
from opsguard_assets.config.plans import PLAN_NAMES
from opsguard_assets.domains import PROBLEMS
from opsguard_assets.scorecards import card, kpis
from opsguard_assets.scorecards.card import likely
from opsguard_assets.scorecards.card.card import Measure, Method
from opsguard_assets.scorecards.forms import terms
from opsguard_assets.scorecards.forms.language import Words
from opsguard_assets.scorecards.kpis.figures import MOSTLY_UNKNOWN, NO_FEED, NOTHING, TOO_FEW
from opsguard_assets.scorecards.kpis.kpi import Section
from opsguard_assets.scorecards.value import worth
from tests.scorecards.messages import catalogue, messages


def test_no_text_lacks_its_german_words_and_none_is_left_over():
    held = {one.id: one.string for one in catalogue() if one.id}
    wanted = set(messages())
    assert len(wanted) > 150
    empty = {text for text, german in held.items() if not (all(german) if isinstance(text, tuple) else german)}
    assert wanted - set(held) == set(), "run `make catalogue` and translate"
    assert set(held) - wanted == set(), "run `make catalogue`"
    assert empty == set()


def test_a_translation_has_the_names_of_its_text():
    for one in catalogue():
        if one.id:
            texts = one.id if isinstance(one.id, tuple) else (one.id,)
            german = one.string if isinstance(one.string, tuple) else (one.string,)
            names = [sorted(re.findall(r"\{(\w*)\}", text)) for text in texts]
            assert [sorted(re.findall(r"\{(\w*)\}", text)) for text in german] == names, one.id


def test_plurals_and_swiss_spelling():
    german = Words("de")
    assert [german.count("{number} alert is open", "{number} alerts are open", n) for n in (0, 1, 2)] == [
        "0 Alarme sind offen",
        "1 Alarm ist offen",
        "2 Alarme sind offen",
    ]
    assert (german.say("Top risks"), Words("de", is_swiss=True).say("Top risks")) == (
        "Größte Risiken",
        "Grösste Risiken",
    )
    assert Words("de").say("not in the catalogue") == "not in the catalogue"


def literals(package):
    """The texts that modules of a package put into columns: of `pl.lit` and of what words are replaced by."""
    for each in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{each.name}")
        for node in ast.walk(ast.parse(Path(module.__file__).read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "attr", None) in {"lit", "replace_strict"}
                and node.args
            ):
                (given, *_) = node.args
                held = (
                    given.value if isinstance(given, ast.Constant) else getattr(module, getattr(given, "id", ""), None)
                )
                yield from held.values() if isinstance(held, dict) else [held]


# What columns of key figures hold beside reasons: entities, bands, why there is no figure, names of figures.
NO_REASONS = {
    "-", "/", "alert", "bad", "client", "critical_security_events", "device", "device_uptime", "event", "good",
    "not_in_service", "predictions_came_true", "rule", "site", "sla_breach_risk", "ticket", "tickets_at_risk",
    "warning", "work_order", *terms.MISSING,
}  # fmt: skip
# Of alerts of other systems: what these say about an alert themselves.
SAID_BY_OTHERS = {"duplicate", "false_alarm"}


def test_every_reason_that_a_key_figure_gives_has_words_and_no_other_has():
    reasons = {code for code in literals(kpis) if isinstance(code, str)} - NO_REASONS
    assert reasons | SAID_BY_OTHERS == set(terms.REASONS)


@pytest.mark.parametrize(
    ("named", "codes"),
    [
        (terms.BANDS, ("good", "warning", "bad")),
        (terms.SECTIONS, get_args(Section)),
        (terms.MISSING, {NO_FEED, NOTHING, MOSTLY_UNKNOWN, TOO_FEW}),
        (terms.ITEMS, worth.ITEMS),
        (terms.METHODS, get_args(Method)),
        (terms.PLANS, PLAN_NAMES),
        (terms.FEATURES, FEATURE_NAMES),
        (terms.PROBLEMS, PROBLEMS),
    ],
    ids=["bands", "sections", "missing", "items", "methods", "plans", "features", "problems"],
)
def test_every_code_of_a_card_has_words_and_no_word_has_no_code(named, codes):
    assert set(named) == set(codes)


def test_what_is_likely_next_has_words_for_its_things_and_for_what_to_do():
    told = {code for code in literals(card) if re.fullmatch(r"(move|visit|confirm|chase)_\w+", str(code))}
    assert told == set(terms.ACTIONS)
    assert set(likely._KINDS) <= set(terms.KINDS)
    assert {*get_args(Measure.model_fields["band"].annotation)[0].__args__} == set(terms.BANDS)
