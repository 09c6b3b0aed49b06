"""What axe finds on the pages: nothing, in light and dark, on a phone and a wide screen.

axe itself needs a script to run, so it reads the pages from outside; that they work without one, `test_in_a_browser`
shows.
"""

import pytest

from tests.web.browser import CHROMIUM, needs_chromium


@needs_chromium
@pytest.mark.parametrize("width", [360, 800])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(site, width, scheme):
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed: pip install axe-playwright-python"
    )
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe is not installed: pip install axe-playwright-python"
    )
    number, (alert, *_) = site.incident("Lift 3 stuck", "Door 7 open", title="Lift 3 stuck at Harbour")
    link = site.url + site.link(f"incident/{number}")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = chromium.new_context(
            viewport={"width": width, "height": 740}, color_scheme=scheme, bypass_csp=True
        ).new_page()
        found = {}
        for address in (link, f"{link}/alerts/{alert}", f"{site.url}/a/forged"):
            page.goto(address)
            violations = axe.Axe().run(page).response["violations"]
            found[address] = [(each["id"], [node["html"][:120] for node in each["nodes"]]) for each in violations]
        chromium.close()
    assert not any(found.values()), found
