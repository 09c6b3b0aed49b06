"""What settings of remediation do: which playbooks are in use, and which names they may call.

Not here: reading playbooks in all ways (`tests/remediation`).
"""

import tempfile
from pathlib import Path

from opsguard_assets.config.settings import Settings
from opsguard_assets.remediation.playbook.lint import Surroundings, lint
from opsguard_assets.remediation.playbook.load_io import library
from opsguard_assets.remediation.playbook.model import Playbook
from tests.config.consequences.given import Seen

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
