"""Small pictures: words are escaped, every picture says what it shows, and knows light and dark screens."""

import xml.etree.ElementTree as ET

import pytest

from opsguard_assets.drawing import COLOURS, bar, column, cross, curve, dot, legend, line, svg, text

SVG = "{http://www.w3.org/2000/svg}"
EVIL = '"><script>alert(1)</script>&'


def drawn():
    parts = [text(1, 2, EVIL), bar(0, 0, 5, 5, "blue", words=EVIL), *legend([(EVIL, "red")], 10)]
    parts += [column(0, 9, 3, 4, "amber"), line((0, 0), (5, 5)), curve([(0, 0), (1, 1)], "blue"), dot(1, 1, "grey")]
    return svg(EVIL, [*parts, cross(3, 3, "red")], 100, 50)


def test_a_hostile_name_is_shown_as_it_is_and_changes_nothing():
    picture = ET.fromstring(drawn())
    assert picture.find(f".//{SVG}script") is None
    assert [found.text for found in picture.iter(f"{SVG}text")] == [EVIL] * 3
    assert [found.text for found in picture.iter(f"{SVG}title")] == [EVIL] * 2


def test_a_picture_begins_with_its_title_for_those_who_hear_it():
    first = next(iter(ET.fromstring(drawn())))
    assert (first.tag, first.text) == (f"{SVG}title", EVIL)


@pytest.mark.parametrize("name", COLOURS)
def test_every_colour_has_a_value_for_light_and_one_for_dark_screens(name):
    light, dark = drawn().decode().split("@media (prefers-color-scheme:dark)")
    for rules, value in ((light, COLOURS[name][0]), (dark, COLOURS[name][1])):
        assert f".d-{name}{{fill:{value}}}" in rules
        assert f".d-line-{name}{{stroke:{value}}}" in rules
    assert COLOURS[name][0] != COLOURS[name][1]


def test_every_shape_has_a_colour_of_the_style_sheet():
    known = {f"d-{name}" for name in COLOURS} | {f"d-line-{name}" for name in COLOURS} | {"d-none"}
    shapes = [found for found in ET.fromstring(drawn()).iter() if found.tag.removeprefix(SVG) not in ("title", "style")]
    assert len(shapes) > 10
    assert {word for shape in shapes for word in shape.get("class").split()} <= known


def test_a_column_without_height_is_not_drawn():
    assert column(0, 9, 3, 0, "red") == ""
