"""A dispatcher with a phone, without JavaScript: opens the link, presses Tab and Enter, and has it."""

import time

import pytest

from tests.long import chosen
from tests.web.browser import browser, needs_chromium


@needs_chromium
def test_keys_alone_acknowledge_in_a_browser_that_runs_no_script(site):
    number, alerts = site.incident("Lift 3 stuck", title="Lift 3 stuck at Harbour")
    with browser() as page:
        page.open(site.url + site.link(f"incident/{number}"))
        assert "Acknowledge: I have it" in page.text()
        page.press("Tab", "Tab", "Enter")  # past the link to the content
        page.wait_for("Page.loadEventFired")
        assert "Ada Byron acknowledged it." in page.text()
        assert 'class="big"' not in page.text()
    asked = "SELECT acknowledged_by FROM alerts WHERE alert_id = ANY (:n)"
    assert site.rows(asked, n=alerts) == [("Ada Byron",)]


@needs_chromium
@pytest.mark.parametrize("width", chosen([360, 800]))
def test_no_page_is_wider_than_the_screen_whatever_a_title_says(site, width):
    number, (alert,) = site.incident("W" * 5_000, title="<b>" + "M" * 5_000)
    link = site.url + site.link(f"incident/{number}")
    with browser(width=width) as page:
        for address in (link, f"{link}/alerts/{alert}", site.url + "/a/forged"):
            page.open(address)
            assert page.width() == width


@needs_chromium
def test_a_storm_is_a_page_that_a_phone_loads_at_once(site):
    number, _ = site.incident(*(f"Lift {n} stuck" for n in range(1_000)), title="Lifts stuck at Harbour")
    link = site.link(f"incident/{number}")
    answer = site.asked.get(link)
    assert len(answer.content) < 100_000
    assert "And 900 more" in answer.text
    with browser() as page:
        begun = time.monotonic()
        page.open(site.url + link)
        took = time.monotonic() - begun
        assert page.text().count("Lift") > 100
        assert page.width() == 360
    assert took < 10, f"{took:.1f} s"  # 1 s where nothing else runs
