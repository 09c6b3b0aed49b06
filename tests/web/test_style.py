"""The stylesheet keeps the contrast that people need at night: WCAG 2.2 AA, in both themes."""

import importlib.resources
import re

import pytest

CSS = (importlib.resources.files("templates") / "web/style.css").read_text(encoding="utf-8")
LIGHT, DARK = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block)) for block in CSS.split("@media")[:2])
TEXTS = ("text", "quiet", "link", "critical", "high", "medium", "low", "done")
PAIRS = [
    *((text, ground) for text in TEXTS for ground in ("ground", "card")),
    ("on-act", "act"), ("done", "done-ground"), ("text", "warn-ground"),
]  # fmt: skip


def luminance(colour):
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_can_be_read_on_its_ground(theme):
    found = {pair: contrast(theme[pair[0]], theme[pair[1]]) for pair in PAIRS}
    assert {pair: round(ratio, 2) for pair, ratio in found.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_focus_and_buttons_stand_out_from_the_page(theme):
    assert min(contrast(theme["focus"], theme["ground"]), contrast(theme["act"], theme["ground"])) >= 3


def test_both_themes_have_the_same_colours_and_nothing_comes_from_elsewhere():
    assert set(LIGHT) == set(DARK)
    assert not re.search(r"url\(|@import", CSS)


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
