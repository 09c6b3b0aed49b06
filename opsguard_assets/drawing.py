"""Small pictures as SVG text: their frame, colours, words and shapes, in one look for light and dark screens.

Here: how anything is drawn. Not here: what is drawn (each domain's plots), and plots that are drawn seldom and use a
library (`ml.evaluation.pictures`).

Importing a plotting library takes longer than the ticks that show these pictures. Every word is escaped: names come
from outside and are hostile. Colours have names; a style sheet inside the picture gives each of them a value for light
and one for dark screens, which browsers follow in pictures that are embedded as data, too.
"""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final, Literal

Colour = Literal["ink", "line", "ground", "blue", "pale", "mist", "amber", "sand", "red", "rose", "violet", "grey"]
# Name to the value on light and on dark screens.
COLOURS: Final[dict[Colour, tuple[str, str]]] = {
    "ink": ("#333333", "#e4e4e4"),
    "line": ("#cccccc", "#4a4f57"),
    "ground": ("#ffffff", "#171a1f"),
    "blue": ("#4c78a8", "#7fb0e3"),
    "pale": ("#9cb8d6", "#4d6f94"),
    "mist": ("#dbe6f1", "#2c3f54"),
    "amber": ("#d98e04", "#f0b13c"),
    "sand": ("#e0a95c", "#b98a45"),
    "red": ("#c0392b", "#f0705f"),
    "rose": ("#e07a6a", "#b85a4c"),
    "violet": ("#8e44ad", "#c58be0"),
    "grey": ("#999999", "#8b9098"),
}


def svg(title: str, parts: Iterable[str], width: float, height: float) -> bytes:
    """A whole picture on its own ground.

    Args:
        title: Said above the parts, and to those who hear the picture.
        parts: What the other functions return.
        width: Pixels.
        height: Pixels.
    """
    words = escape(title)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" role="img" font-family="system-ui, sans-serif" class="d-ink"><title>{words}</title>'
        f'<style>{_STYLE}</style><rect width="100%" height="100%" class="d-ground"/>'
        f"{text(10, 24, title, size=15)}{''.join(parts)}</svg>"
    ).encode()


def inline(title: str, parts: Iterable[str], width: float, height: float, *, is_paper: bool = False) -> str:
    """A picture without ground and heading, as part of a page whose style sheet holds `rules()`.

    Args:
        title: Said to those who hear the picture.
        parts: What the other functions return.
        width: Pixels.
        height: Pixels.
        is_paper: Whether it stands alone on white paper: then it holds the colours of light screens itself.
    """
    style = f"<style>{_PAPER}</style>" if is_paper else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" role="img" font-family="sans-serif" class="d-ink"><title>{escape(title)}</title>'
        f"{style}{''.join(parts)}</svg>"
    )


def rules() -> str:
    """The style sheet of inline pictures: for light and dark screens, and for print."""
    return f"{_PAPER}@media screen and (prefers-color-scheme:dark){{{_rules(1)}}}"


def text(x: float, y: float, words: str, *, size: int = 11, anchor: str = "start", colour: Colour = "ink") -> str:
    """Words at a place; `anchor` is the part of them that stands there: start, middle or end."""
    place = f'x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"'
    return f'<text {place} class="d-{colour}">{escape(words)}</text>'


def bar(
    x: float, y: float, width: float, height: float, colour: Colour, *, words: str = "", is_frame: bool = False
) -> str:
    """A bar whose upper left corner is (x, y); `words` show where the pointer rests. A frame is not filled."""
    look = f'class="d-none d-line-{colour}"' if is_frame else f'class="d-{colour}"'
    shape = f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" {look}'
    return f"{shape}><title>{escape(words)}</title></rect>" if words else f"{shape}/>"


def column(x: float, base: float, width: float, height: float, colour: Colour, *, words: str = "") -> str:
    """A bar that stands on `base`; nothing where it has no height."""
    return bar(x, base - height, width, height, colour, words=words) if height else ""


def line(
    start: tuple[float, float], end: tuple[float, float], colour: Colour = "line", *, width: float = 1, dashes: str = ""
) -> str:
    """A straight line; a wide pale one is a band."""
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    way = f"M{start[0]:.1f} {start[1]:.1f}L{end[0]:.1f} {end[1]:.1f}"
    return f'<path d="{way}" class="d-line-{colour}" stroke-width="{width:g}"{dashed}/>'


def curve(points: Sequence[tuple[float, float]], colour: Colour, *, width: float = 1.5) -> str:
    """A line through points, in order."""
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{places}" class="d-none d-line-{colour}" stroke-width="{width:g}"/>'


def dot(x: float, y: float, colour: Colour, *, radius: float = 5, is_hollow: bool = False) -> str:
    """A dot; a hollow one shows the ground within its ring."""
    look = f"d-{'ground' if is_hollow else colour} d-line-{colour}"
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" class="{look}" stroke-width="1.5"/>'


def cross(x: float, y: float, colour: Colour) -> str:
    """A small x."""
    return f'<path d="M{x - 4:.1f} {y - 4:.1f}l8 8m-8 0l8 -8" class="d-none d-line-{colour}" stroke-width="1.5"/>'


def legend(entries: Iterable[tuple[str, Colour]], y: float) -> list[str]:
    """Colours and what they mean, in one row."""
    parts, x = [], 10.0
    for words, colour in entries:
        parts += [bar(x, y, 10, 10, colour), text(x + 14, y + 9, words)]
        x += 28 + 6.6 * len(words)
    return parts


def _rules(place: int) -> str:
    return "".join(
        f".d-{name}{{fill:{values[place]}}}.d-line-{name}{{stroke:{values[place]}}}" for name, values in COLOURS.items()
    )


_PAPER = f"{_rules(0)}.d-none{{fill:none}}"
_STYLE = f"{_PAPER}@media (prefers-color-scheme:dark){{{_rules(1)}}}"
