"""Clients and sites that settings name are found wherever a setting names one."""

from opsguard_assets.config.names import named_in
from opsguard_assets.config.settings import Settings
from opsguard_assets.remediation.playbook.model import Playbook

EVERYWHERE = {
    "plans": {"clients": {"C1": {"ends_on": "2027-01-01"}}},
    "scorecards": {"clients": {"C2": {"language": "de"}}},
    "kpis": {"clients": {"C3": {"sla_performance": {"target": 90}}}},
    "money": {"clients": {"C4": {"breach_cost": 3}}},
    "routing": {
        "routes": [{"name": "night", "when": {"all": [{"client": ["C5", "C6"]}, {"not": {"site": "S1"}}]}}],
    },
}


def test_every_setting_that_is_by_client_is_found_with_its_place():
    assert [tuple(each) for each in named_in(Settings.model_validate(EVERYWHERE))] == [
        ("client", "C1", "plans.clients"),
        ("client", "C4", "money.clients"),
        ("client", "C5", "routing.routes.0.when.all.0.client"),
        ("client", "C6", "routing.routes.0.when.all.0.client"),
        ("site", "S1", "routing.routes.0.when.all.1.not.site"),
        ("client", "C2", "scorecards.clients"),
        ("client", "C3", "kpis.clients"),
    ]


def test_so_are_those_of_a_playbook():
    trigger = {"when": {"type": "device_silent", "client": "C9"}}
    steps = [{"do": "notify", "text": "x"}]
    made = Playbook.model_validate({"playbook": "own", "title": "Own", "trigger": trigger, "steps": steps})
    assert [each.name for each in named_in(made)] == ["C9"]
