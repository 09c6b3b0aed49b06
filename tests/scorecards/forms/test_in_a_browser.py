"""The page in Chromium: axe finds nothing, nothing is wider than the screen, and the figures print on two pages."""

import base64

import pikepdf
import pytest

from opsguard_assets.scorecards.forms.html import html
from tests.scorecards.forms.cards import KPIS, card, restated
from tests.web.browser import browser, needs_axe, needs_chromium


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    folder = tmp_path_factory.mktemp("score cards")
    pages = {"card": card(), "restated": restated()}
    for name, made in pages.items():
        (folder / f"{name}.html").write_text(html(made, KPIS), encoding="utf-8")
    return folder


@needs_chromium
@needs_axe
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(shown):
    found, wide = {}, {}
    with browser() as page:
        page.call("Emulation.setScriptExecutionDisabled", value=False)
        page.call("Page.setBypassCSP", enabled=True)  # or the page's policy keeps axe out
        for name, width, scheme in (("restated", 360, "dark"), ("card", 1600, "light")):
            page.shown_as(width=width, scheme=scheme)
            page.open((shown / f"{name}.html").as_uri())
            found[name, width, scheme] = page.violations()
            for narrower in (width, 360, 800):
                page.shown_as(width=narrower, scheme=scheme)
                wide[name, narrower] = page.width() - narrower
    assert not any(found.values()), found
    assert max(wide.values()) <= 0, wide


@needs_chromium
def test_the_figures_print_on_two_pages(shown, tmp_path):
    with browser() as page:
        page.call("Emulation.clearDeviceMetricsOverride")
        page.open((shown / "card.html").as_uri())
        root = page.call("DOM.getDocument", depth=0)["root"]["nodeId"]
        for part in (".definitions", "footer"):
            node = page.call("DOM.querySelector", nodeId=root, selector=part)["nodeId"]
            page.call("DOM.removeNode", nodeId=node)
        printed = page.call("Page.printToPDF", preferCSSPageSize=True, printBackground=True)["data"]
    (tmp_path / "card.pdf").write_bytes(base64.b64decode(printed))
    with pikepdf.open(tmp_path / "card.pdf") as paper:
        assert len(paper.pages) == 2
