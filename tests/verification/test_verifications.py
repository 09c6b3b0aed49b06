"""Each verification can fail: where its capability is broken on purpose it says what, and nothing else is wrong.

Every test breaks one function or setting of the product and runs the verification that looks at it. All claims beside
the expected ones still hold, so the same test shows what passes.
"""

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from opsguard_assets import verification
from opsguard_assets.cadence import DAY, HOUR, Cadence
from opsguard_assets.cadences import documented_cadences
from opsguard_assets.cli import app
from opsguard_assets.config.settings import Settings
from opsguard_assets.devices.alerts.findings import Levels
from opsguard_assets.domains import JOBS
from opsguard_assets.shifts.alerts import assets as shifts
from opsguard_assets.shifts.job_names import PLAN_JOB
from opsguard_assets.tables.registry import TICKETS
from opsguard_assets.tickets.risk.findings import RiskLevels
from opsguard_assets.vendors.alerts import assets as vendors
from opsguard_assets.verification.catalog import NAMES, verifications
from opsguard_assets.verification.run_io import run
from opsguard_assets.verification.schedules import SETTINGS, ZONE
from opsguard_assets.verification.world_io import prepare
from sensors.cadences import schedule_for
from tests.long import long

EVERY = {each.name: each for each in verifications()}
PLANS = {"bronze": {"features": ["triage", "alerts_basic", "scorecard", "device_health"]}}


def schedules():
    """The schedules of all jobs of the records, as an installation with records for every domain has them."""
    found = documented_cadences(SETTINGS)
    return [schedule_for(each, timezone=ZONE, now=lambda: datetime.now(UTC)) for each in found]


@pytest.fixture(scope="module")
def prepared(server, tmp_path_factory):
    planted = [each.records() for each in EVERY.values()]
    made = prepare(tmp_path_factory.mktemp("a world"), server, Settings(), planted, schedules)
    yield made
    made.remove()


def late_levels(_settings):
    """Alerts from a risk that nothing reaches in time."""
    return RiskLevels(alert_from=0.95, high_from=0.97, clear_below=0.92)


def deaf_levels(_settings):
    """Alerts of devices from a risk that nothing reaches, and of batteries that are empty."""
    return Levels(alert_from=1.0, medium_from=1.0, high_from=1.0, empty_within_hours=0.1)


def no_rows(function):
    """The same function, whose result has no rows."""
    return lambda *given, **more: function(*given, **more).clear()


def twice_as_much(number):
    return "" if number is None else format(2 * number, "f")


# By verification: what is broken, by what it is replaced, and the claims that fail for it: these and no others.
PATCHES = {
    "sla": ("opsguard_assets.tickets.risk.alert_assets.levels_of", late_levels),
    "devices": ("opsguard_assets.devices.alerts.assets.levels_of", deaf_levels),
    "shifts": ("opsguard_assets.shifts.alerts.assets.proposals", no_rows(shifts.proposals)),
    "vendors": ("opsguard_assets.vendors.alerts.assets.overdue_at", no_rows(vendors.overdue_at)),
    "remediation": ("opsguard_assets.remediation.engine.advance_io.gate_of", lambda *_: None),
    "scorecard": ("opsguard_assets.scorecards.forms.csv._number", twice_as_much),
    "delivery": ("resources.channels.slack.SlackChannel.read", lambda *_, **__: {}),
}
SETTINGS_OF = {
    "triage": {"routing": {"group_by": ["client", "site", "cause", "entity"]}},
    "plans": {"plans": PLANS},
}
SAID = {
    "sla": r"doomed-\d has no open alert before its deadline",
    "devices": r"device-d\w+ fails at \d\d:\d\d, and no alert was raised before",
    "shifts": r"guard-relief is free and near, and proposed are: nobody",
    "vendors": r"orders alerted as overdue: found nothing, planted order-overdue",
    "remediation": r"(states|restarts) before anybody agreed: found .*",
    "scorecard": r"forms that say something else: found csv says .*",
    "delivery": r"(messages that readers have twice in Slack|messages in Slack.*): found .*",
    "triage": r"8 alerts of one cause became 8 incidents",
    "plans": r"(alerts|messages|sections of scorecards) that Bronze receives and has not bought: found .*",
    "schedules": r"on 20\d\d-\d\d-\d\d it is due at .* UTC, and runs at .*",
}


@pytest.fixture
def broken(prepared, monkeypatch, request):
    """The world with one capability broken."""
    name = request.param
    if name == "schedules":
        cadence = Cadence(DAY, 3 * HOUR)
        jobs = {**JOBS, PLAN_JOB: replace(JOBS[PLAN_JOB], cadence=cadence)}
        monkeypatch.setattr("opsguard_assets.cadences.JOBS", jobs)
        return name, prepared
    if name in SETTINGS_OF:
        return name, replace(prepared, settings=Settings.model_validate(SETTINGS_OF[name]))
    target, instead = PATCHES[name]
    monkeypatch.setattr(target, instead)
    return name, prepared


def wrong(prepared, name):
    (result,) = run(prepared, [EVERY[name]])
    return [each.what for each in result.wrong], result


@pytest.mark.parametrize("broken", NAMES, indirect=True)
def test_a_verification_fails_where_its_capability_is_broken_and_says_what(broken):
    name, world = broken
    said, result = wrong(world, name)
    assert said, f"{name} passed: {result.found}"
    assert [each for each in said if not re.fullmatch(SAID[name], each)] == []
    assert result.claims > len(said)
    assert all(each.where and each.remedy for each in result.wrong)


@long
@pytest.mark.parametrize("broken", NAMES, indirect=True)
def test_no_other_verification_fails_with_it(broken):
    name, world = broken
    failed = [each.name for each in run(world, EVERY.values()) if not each.passed]
    assert failed == [name]


def test_every_command_that_a_remedy_names_exists():
    texts = " ".join(path.read_text(encoding="utf-8") for path in Path(verification.__file__).parent.glob("*.py"))
    named = set(re.findall(r"`opsguard ([a-z]+ [a-z]+)", texts))
    assert len(named) > 5
    assert [words for words in named if CliRunner().invoke(app, [*words.split(), "--help"]).exit_code] == []


def test_what_a_verification_raises_is_its_failure_and_stops_no_other(prepared, monkeypatch):
    def fails(*_):
        raise OSError("no space\nleft")

    monkeypatch.setattr("opsguard_assets.verification.schedules._ticks", fails)
    first, second = run(prepared, [EVERY["schedules"], replace(EVERY["schedules"], check=lambda _: fails())])
    assert (first.passed, second.passed) == (False, False)
    (one,) = first.wrong
    assert one.what == "OSError: no space left"
    assert one.where.startswith("tests/verification/test_verifications.py:")


def test_a_copy_leaves_nothing_and_touches_no_other(prepared):
    with prepared.copy("one") as world:
        assert world.rows("SELECT count(*) AS number FROM alerts") == [{"number": 0}]
        place = world.folder
        assert (place / "lake").is_dir()
    assert not place.exists()
    with prepared.copy("one") as again:
        assert again.lake.known(TICKETS).select(pl.len()).collect().item() > len(EVERY)
