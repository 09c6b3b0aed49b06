"""Pages from templates: autoescaped, and every text without control characters and without changes of direction.

Here: the templates' environment. Not here: what a page says (`links`), and the templates (`templates/web`).
"""

import hashlib
import importlib.resources
from datetime import datetime
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from opsguard_assets.views.alerts import place_of
from opsguard_assets.views.clocks import clock, day_clock, time_left
from opsguard_assets.views.evidence import facts_of
from opsguard_assets.views.questions import agreement
from opsguard_assets.views.texts import shortened, visible

_STYLE_SECONDS = 86_400
# The states of a message's effect as people say them.
_DELIVERY = {
    "planned": "waits to be sent",
    "sending": "is being sent",
    "done": "sent",
    "failed": "could not be sent",
    "superseded": "not sent, no longer needed",
    "unknown": "unknown whether it was sent",
}


def page(name: str, *, status: int = 200, now: datetime, zone: str, **values: Any) -> HTMLResponse:
    """A page.

    Args:
        name: The template below `templates/web`, without ending.
        status: The status of the answer.
        now: The time of the clock, for words such as "today".
        zone: The reader's time zone.
        values: What else the template uses.
    """
    shared = {"now": now, "zone": zone, "style": f"/style.css?v={_style()[1]}"}
    return HTMLResponse(_templates().get_template(f"{name}.html.j2").render(**shared, **values), status)


def style() -> Response:
    """The stylesheet; its address changes with its content."""
    headers = {"cache-control": f"public, max-age={_STYLE_SECONDS}, immutable"}
    return Response(_style()[0], media_type="text/css", headers=headers)


@cache
def _style() -> tuple[str, str]:
    text = (importlib.resources.files("templates") / "web/style.css").read_text(encoding="utf-8")
    return text, hashlib.sha256(text.encode()).hexdigest()[:12]


@cache
def _templates() -> Environment:
    made = Environment(
        autoescape=True,
        loader=PackageLoader("templates", "web"),
        undefined=StrictUndefined,
        finalize=_clean,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "clock": clock, "day_clock": day_clock, "time_left": time_left, "shortened": shortened, "facts_of": facts_of,
        "delivery_words": _DELIVERY.get, "agreement": agreement, "place_of": place_of,
        "begun": lambda words: f"{words[:1].upper()}{words[1:]}",
    }  # fmt: skip
    return made


def _clean(value: Any) -> Any:
    """What a template prints: received texts made harmless, nothing for None."""
    if value is None:
        return ""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
