"""Links and buttons that were sent while a plan held what they are about: they end with the plan."""

from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from opsguard_assets.config.settings import Settings
from opsguard_assets.web import tokens
from opsguard_assets.web.gate import ENDED
from opsguard_assets.web.service import Service
from resources.lake import Lake
from tests.commands.test_alerts import record
from tests.remediation.questions import approval, execution_about, offer
from tests.web.sites import furnished, site_here
from tests.web.test_slack import SECRET, clicked, payload, told
from tests.web.test_slack import answers as answers  # noqa: PLC0414 - a fixture

ACME = {"client_id": "C1", "name": "Acme", "timezone": "UTC"}


@pytest.fixture
def site(database, tmp_path, answers):
    lake = Lake(str(tmp_path / "lake"))
    furnished(lake)
    service = Service(database, lake, Settings(), SecretStr(SECRET), slack_answers=(answers,))
    with site_here(service) as running:
        yield running


def test_what_a_smaller_plan_does_not_hold_is_neither_shown_nor_done_any_longer(site, answers):
    number, (alert,) = site.incident("Lift 3 stuck")
    execution, now = execution_about(site.database, alert), datetime.now(UTC)
    asked, offered = approval(site.database, execution, now), offer(site.database, execution, now)
    about = [f"incident/{number}", f"alert/{alert}", f"approval/{asked}", f"offer/{offered}"]
    links = {each: site.link(each, tokens.purposes_of(each)) for each in about}
    pages = [*links.values(), f"{links[about[0]]}/alerts/{alert}", f"{links[about[0]]}/executions/{execution}"]
    assert [site.asked.get(page).status_code for page in pages] == [200] * len(pages)

    record(site.lake, "clients", {**ACME, "plan": "bronze"}, datetime.now(UTC))
    assert [site.asked.get(page).status_code for page in pages] == [410] * len(pages)
    assert site.asked.post(f"{links[about[0]]}/acknowledge").status_code == 410
    assert site.asked.post(f"{links[about[1]]}/feedback", data={"verdict": "noise"}).status_code == 410
    for each, answer in ((about[2], "approve"), (about[3], "yes")):
        assert site.asked.post(f"{links[each]}/answer", data={"answer": answer, "sure": "yes"}).status_code == 410
    clicked(site, payload(value=about[0], answer_to=answers))
    assert told()["text"] == ENDED
    assert site.rows("SELECT state FROM alerts WHERE alert_id = :n", n=alert) == [("open",)]
    assert site.rows("SELECT count(*) FROM approval_votes") == [(0,)]
    assert site.rows("SELECT answer FROM shift_offers") == [(None,)]

    record(site.lake, "clients", {**ACME, "plan": "gold"}, datetime.now(UTC))
    assert site.asked.get(pages[0]).status_code == 200, "the plan was bought again before the link ran out"
