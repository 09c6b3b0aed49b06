"""What axe finds on the pages: nothing, in light and dark, on a phone and a wide screen.

axe itself needs a script to run, so it is brought in from outside; that pages work without one, `test_in_a_browser`
shows.
"""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.web.browser import browser, needs_chromium

# Packages that hold axe's script, the newest first. None of them is imported.
HOLDERS = ("axe_playwright_python", "axe_core_python")
SCRIPTS = [
    Path(found.origin).with_name("axe.min.js") for name in HOLDERS if (found := find_spec(name)) and found.origin
]
RUN = "axe.run().then(done => JSON.stringify(done.violations.map(one => [one.id, one.nodes.map(node => node.html)])))"


@needs_chromium
@pytest.mark.skipif(not SCRIPTS, reason="no axe is installed: pip install axe-core-python")
def test_axe_finds_nothing_on_any_page(site):
    number, (alert, *_) = site.incident("Lift 3 stuck", "Door 7 open", title="Lift 3 stuck at Harbour")
    link = site.url + site.link(f"incident/{number}")
    found = {}
    with browser() as page:
        page.call("Emulation.setScriptExecutionDisabled", value=False)
        for width, scheme in ((360, "light"), (360, "dark"), (800, "light"), (800, "dark")):
            page.shown_as(width=width, scheme=scheme)
            for address in (link, f"{link}/alerts/{alert}", f"{site.url}/a/forged"):
                page.open(address)
                page.run(SCRIPTS[0].read_text(encoding="utf-8"))
                found[address, width, scheme] = json.loads(page.run(RUN))
        page.open("data:text/html,<html><body><img src=x><p style='color:%23eee;background:white'>pale")
        page.run(SCRIPTS[0].read_text(encoding="utf-8"))
        wrong = {one for one, _ in json.loads(page.run(RUN))}
    assert wrong >= {"image-alt", "color-contrast", "html-has-lang"}  # it does look
    assert not any(found.values()), found
