"""The German catalogue holds every text that a form can say, and no other."""

import re

from opsguard_assets.scorecards.forms.language import Words
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
