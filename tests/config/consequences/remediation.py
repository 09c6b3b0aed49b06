"""What settings of remediation do: which playbooks are in use, what they may call, how they are judged.

Not here: reading playbooks in all ways (`tests/remediation`).
"""

import tempfile
from datetime import timedelta
from functools import cache
from pathlib import Path

import polars as pl

from opsguard_assets.config.remediation import Remediation
from opsguard_assets.config.settings import Settings
from opsguard_assets.remediation.actions.adapters_io import addresses_of
from opsguard_assets.remediation.autonomy.io import _standing
from opsguard_assets.remediation.autonomy.ladder import RUN, STANDING, moves
from opsguard_assets.remediation.engine.breaker import why_to_pause
from opsguard_assets.remediation.engine.triggers import mode_of
from opsguard_assets.remediation.outcomes.io import achieved, outcomes_at
from opsguard_assets.remediation.outcomes.verdicts import EPISODE, EXECUTION
from opsguard_assets.remediation.playbook.lint import Surroundings, lint
from opsguard_assets.remediation.playbook.load_io import library
from opsguard_assets.remediation.playbook.model import Playbook
from resources.lake import Lake
from tests.config.consequences.given import NOW, STORES, Seen, asked_by, stop
from tests.incidents.world import context
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


def targets(settings: Settings) -> Seen:
    """What steps can reach outside."""
    return [target for target, _ in addresses_of(settings.remediation)]


def findings(settings: Settings) -> Seen:
    """What is wrong with a playbook that calls a webhook and a command."""
    named = settings.remediation
    around = Surroundings(
        types=("door_open",), teams=None, led=set(), webhooks=tuple(named.webhooks), commands=tuple(named.commands)
    )
    return [each.words for each in lint([Playbook.model_validate(_CALLS)], around)]


def mode(settings: Settings) -> Seen:
    """How much an execution does by itself whose playbook may act alone."""
    return mode_of(Playbook.model_validate(_CALLS), "alone", settings.remediation.max_autonomy)


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


# Executions by playbook: its mode, how many people agreed and how many not, how many succeeded and failed, harms.
_LIVES = {
    "few": ("shadow", 15, 0, 0, 0, 0),
    "doubted": ("shadow", 15, 5, 0, 0, 0),
    "unproven": ("approval", 20, 0, 14, 6, 0),
    "failing": ("approval", 0, 0, 0, 3, 0),
    "so-so": ("approval", 0, 0, 12, 8, 0),
    "harmful": ("alone", 0, 0, 20, 0, 1),
}


def ladder(settings: Settings) -> Seen:
    """Where playbooks go that are each near another of the bounds."""
    return _climbed(settings.remediation)


def ladder_alone(settings: Settings) -> Seen:
    """The same where the settings let playbooks act alone."""
    return _climbed(settings.remediation.model_copy(update={"max_autonomy": "alone"}))


def _climbed(chosen: Remediation) -> Seen:
    rows = [
        {"playbook": name, "execution_id": 1, "is_of_mode": True, **said}
        for name, (_, agreed, disagreed, done, failed, harms) in _LIVES.items()
        for said in [
            *[{"agreed": True}] * agreed, *[{"agreed": False}] * disagreed, *[{"succeeded": True}] * done,
            *[{"succeeded": False}] * failed, *[{"was_harm": True}] * harms,
        ]
    ]  # fmt: skip
    playbook = Playbook.model_validate(_CALLS)
    standing = [
        _standing({"playbook": name, "mode": life[0], "digest": "", "figures": None, "actor": None}, playbook, chosen)
        for name, life in _LIVES.items()
    ]  # fmt: skip
    runs = pl.DataFrame(rows, schema=RUN).with_columns(pl.col("was_harm").fill_null(value=False))
    return moves(pl.DataFrame(standing, schema=STANDING), runs, chosen.ladder).select("playbook", "to_mode").rows()


def outcomes(settings: Settings) -> Seen:
    """What two playbooks achieved: an alert cleared after two hours, another one after thirty; one needs approval."""
    hour = timedelta(hours=1)
    raised = NOW - 100 * hour
    shared = {"opening": 1, "client_id": "C1", "site_id": "S1"}
    episodes = [
        {
            **shared, "alert_id": number, "alert_type": "device_silent", "entity_type": "device", "entity_id": "D1",
            "severity": "high", "raised_at": raised, "over_at": raised + hours * hour, "was_suppressed": False,
            "cleared_at": raised + hours * hour, "resolution": "cleared", "last_seen_at": raised,
        }
        for number, hours in enumerate((2, 30, 2, 30, 2, 30))
    ]  # fmt: skip
    executions = [
        {
            **shared, "execution_id": number, "alert_id": number, "playbook": "own", "mode": "approval",
            "state": "succeeded", "triggered_at": raised, "acted_at": raised + hour, "ended_at": raised + hour,
            "approvals": 1,
        }
        for number in range(3)
    ]  # fmt: skip
    found = achieved(
        pl.DataFrame(executions, schema=EXECUTION), pl.DataFrame(episodes, schema=EPISODE), [], context(), settings, NOW
    )
    return found.by_playbook.rows(), found.automate_next.rows()


class _Asked:
    """A database of which only the first statement is asked."""

    def begin(self):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False

    execute = staticmethod(lambda _, values: stop(values["since"]))


def outcome_period(settings: Settings) -> Seen:
    """From when on alerts are read."""
    return asked_by(lambda: outcomes_at(_Asked(), None, settings, {}, [], NOW))
