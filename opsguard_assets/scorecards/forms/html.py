"""The scorecard as one HTML page that needs nothing else: no script, no picture from elsewhere, light and dark.

Here: filling the templates. Not here: what they are filled with (`page`), words (`figures`, `sentences`, `headline`).

The page's policy allows the one style sheet by its digest and nothing else, so that a name that smuggled markup past
escaping would neither run nor load anything. Nothing depends on the machine: the same card gives the same bytes.
"""

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from opsguard_assets import drawing
from opsguard_assets.scorecards.card.card import Card
from opsguard_assets.scorecards.forms import headline, page, seal, sentences
from opsguard_assets.scorecards.forms.figures import Kpis, months
from opsguard_assets.scorecards.forms.language import plain
from opsguard_assets.scorecards.forms.spoken import Speaker, speaker
from opsguard_assets.scorecards.forms.terms import PLANS, term


def html(card: Card, kpis: Kpis) -> str:
    """The page of a card.

    Args:
        card: With its seal; without one the page says that it is a preview.
        kpis: The registry.
    """
    by = speaker(card)
    said = page.every_figure(card, kpis, by)
    parts = {**_answers(card, kpis, by, said), **_rest(card, kpis, by, said)}
    return rendered("card.html.j2", by, parts)


def rendered(template: str, by: Speaker, parts: Mapping[str, Any]) -> str:
    """A page of one of the templates, with the one style sheet and the policy that allows it.

    Args:
        template: Its file in `templates/scorecard`.
        by: Who says its words.
        parts: What it shows.
    """
    found = _environment().get_template(template)
    return found.render(say=by.say, words=by.words, style=_style(), policy=_policy(), **parts)


def _answers(card: Card, kpis: Kpis, by: Speaker, said: Mapping[str, page.Figure]) -> Mapping[str, Any]:
    """What the first page shows."""
    return {
        "card": card,
        "client": plain(card.client_name),
        "month": by.month(card.month),
        "marks": seal.marks(card, by),
        "is_signed": seal.is_signed(card),
        "standing": seal.standing(card, by),
        "through": by.instant(card.data_through) if card.data_through else None,
        "plan": term(by.words, PLANS, card.plan) if card.plan else None,
        "headline": headline.headline(card, kpis, by),
        "advice": headline.advice(card, kpis, by),
        "tiles": [said[one.kpi] for one in headline.first(card, kpis)],
        "worth": [page.worth(one, card, by) for one in card.value],
        "worth_lines": sentences.value_lines(card, by),
        "likely": [page.likely(one, by) for one in card.likely],
        "zone": card.timezone,
        **_money(card, by),
    }


def _money(card: Card, by: Speaker) -> Mapping[str, Any]:
    return {
        "returns": sentences.return_lines(card, by),
        "caveat": by.say(sentences.CAVEAT) if any(one.method == "measured" for one in card.value) else None,
    }


def _rest(card: Card, kpis: Kpis, by: Speaker, said: Mapping[str, page.Figure]) -> Mapping[str, Any]:
    """What follows the first page."""
    labels, sites = page.sites(card, kpis, by)
    shown = [kpis[one.kpi] for one in card.measures if one.kpi in kpis]
    return {
        "groups": page.groups(said, kpis, by),
        "changes": page.moved(card.changes, kpis, by),
        "restated": page.moved(card.restated, kpis, by),
        "reason": plain(card.reason, 600) if card.reason else None,
        "shadow": [page.shadow(one, by) for one in card.shadow],
        "predictions": [sentences.predicted_line(one, by) for one in card.predictions],
        "vendors": [page.vendor(one, by) for one in card.vendors],
        "columns": labels,
        "sites": sites,
        "plots": page.plots(card, kpis, by),
        "trend_months": [by.short_month(one) for one in months(card.month, 12)],
        "trend_first": by.month(months(card.month, 12)[0]),
        "definitions": [
            (by.say(kpi.label), [(name, by.say(text)) for name, text in page.definition(kpi, by)]) for kpi in shown
        ],
        "digest": seal.digest_of(card),
        "link": card.seal.link if card.seal else None,
        "made": by.instant(card.origin.as_of),
        "recorded": by.instant(card.origin.recorded_upto),
        "code": plain(card.origin.code),
        "models": ", ".join(f"{plain(name)} {plain(version)}" for name, version in sorted(card.origin.models.items())),
    }


@cache
def _environment() -> Environment:
    return Environment(
        autoescape=True,
        loader=PackageLoader("templates", "scorecard"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _style() -> str:
    return _environment().get_template("style.css.j2").render(pictures=drawing.rules())


@cache
def _policy() -> str:
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
