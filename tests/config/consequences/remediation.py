"""What settings of remediation do: which playbooks are in use, and which names they may call.

Not here: reading playbooks in all ways (`tests/remediation`).
"""

import tempfile
from functools import cache
from pathlib import Path

from opsguard_assets.config.settings import Settings
from opsguard_assets.remediation.engine.breaker import why_to_pause
from opsguard_assets.remediation.engine.triggers import mode_of
from opsguard_assets.remediation.playbook.lint import Surroundings, lint
from opsguard_assets.remediation.playbook.load_io import library
from opsguard_assets.remediation.playbook.model import Playbook
from resources.lake import Lake
from tests.config.consequences.given import STORES, Seen
from tests.remediation.engines import WAIT, Engine
from tests.remediation.engines import lake_of as people_of

ADDRESS = "https://crm.example/hook"
_OWN = """\
playbook: own
title: Of our own
trigger: {when: {type: door_open}}
steps: [{do: notify, text: "{what}"}]
"""
_CALLS = {
    "playbook": "calls",
    "title": "Calls both",
    "trigger": {"when": {"type": "door_open"}},
    "approval": {"required": "one"},
    "steps": [{"do": "webhook", "to": "crm"}, {"do": "reboot_device", "command": "restart"}],
}


def playbooks(settings: Settings) -> Seen:
    """The names of those in use where one lies in the folder `playbooks`."""
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder, "playbooks", "own.yaml")
        own.parent.mkdir()
        own.write_text(_OWN, encoding="utf-8")
        held = library(settings.remediation, Path(folder, "opsguard.yaml"))
        return sorted(held.playbooks)


def findings(settings: Settings) -> Seen:
    """What is wrong with a playbook that calls a webhook and a command."""
    named = settings.remediation
    around = Surroundings(
        types=("door_open",), teams=None, led=set(), webhooks=tuple(named.webhooks), commands=tuple(named.commands)
    )
    return [each.words for each in lint([Playbook.model_validate(_CALLS)], around)]


def mode(settings: Settings) -> Seen:
    """How much an execution does by itself whose playbook may act alone."""
    return mode_of(Playbook.model_validate(_CALLS), "alone", settings.remediation.max_mode)


def pauses(settings: Settings) -> Seen:
    """After how many failures a playbook pauses itself: in a row, and among successes."""
    rules = settings.remediation.breaker
    in_a_row = [number for number in range(1, 9) if why_to_pause(number, [], rules)]
    ends = [["failed"] * failed + ["succeeded"] * (last - failed) for last in range(1, 13) for failed in range(last)]
    return in_a_row[:1], [each for each in ends if why_to_pause(0, each, rules)]


@cache
def _lake() -> Lake:
    return people_of(Path(tempfile.mkdtemp(prefix="effects of remediation ")))


def looked_again(settings: Settings) -> Seen:
    """After how many seconds a condition is looked at again that a step waits for."""
    (databases,) = STORES
    database = databases.migrated()
    try:
        engine = Engine(database, _lake(), poll_seconds=settings.remediation.poll_seconds)
        engine.use(WAIT)
        engine.goes("D1")
        (row,) = engine.executions()
        return (row["due_at"] - engine.clock()).total_seconds()
    finally:
        databases.drop(database)
