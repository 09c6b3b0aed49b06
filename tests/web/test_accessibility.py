"""What axe finds on the pages: nothing, in light and dark, on a phone and a wide screen.

axe itself needs a script to run, so it is brought in from outside; that pages work without one, `test_in_a_browser`
shows.
"""

from tests.web.browser import browser, needs_axe, needs_chromium


@needs_chromium
@needs_axe
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
                found[address, width, scheme] = page.violations()
        page.open("data:text/html,<html><body><img src=x><p style='color:%23eee;background:white'>pale")
        wrong = {one for one, _ in page.violations()}
    assert wrong >= {"image-alt", "color-contrast", "html-has-lang"}  # it does look
    assert not any(found.values()), found
