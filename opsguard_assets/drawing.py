"""SVG pictures as text: the words and the frame that all of them share.

Here: escaped words, the outermost element. Not here: what is drawn (each domain's plots). Names come from outside and
are hostile until they are escaped.
"""

from collections.abc import Sequence
from html import escape

INK, LINE = "#333333", "#cccccc"


def text(x: float, y: float, words: str, *, size: int = 11, anchor: str = "start") -> str:
    """Words at a place, escaped."""
    return f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" text-anchor="{anchor}">{escape(words)}</text>'


def svg(parts: Sequence[str], width: float, height: float) -> bytes:
    """A picture on white."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" font-family="sans-serif" fill="{INK}">'
        f'<rect width="100%" height="100%" fill="white"/>'
    )
    return (head + "".join(parts) + "</svg>").encode()
