"""Alerts of other systems follow the loads of their source, and what follows from alerts does, too."""

import pytest

from opsguard_assets import build
from opsguard_assets.build import build_defs
from opsguard_assets.config.load import parse_settings

BOTH = """
sources:
  - {name: desk, kind: files, path: in, feeds: [{table: tickets, same_names: true}]}
  - {name: nvr, kind: files, path: out, feeds: [{table: external_alerts, same_names: true}]}
"""
DESK = "\n".join(BOTH.splitlines()[:3])


@pytest.fixture
def followed(monkeypatch):
    """What each source's sensor requests."""
    found = {}
    kept = build._following

    def noting(source, *others):
        found[source.name] = {key.to_user_string() for key in kept(source, *others)}
        return kept(source, *others)

    monkeypatch.setattr(build, "_following", noting)
    return found


def computed(defs, job):
    return {key.to_user_string() for key in defs.resolve_job_def(job).asset_layer.executable_asset_keys}


def test_a_load_of_other_systems_alerts_settles_and_triages_them_at_once(followed):
    defs = build_defs(settings=parse_settings(BOTH, name="opsguard.yaml", variables={}))
    assert {"security/external_alerts", "alerts/external", "alerts/priorities"} <= followed["nvr"]
    assert {"alerts/external", "alerts/priorities"} <= computed(defs, "sync_sources_job")
    assert {"alerts/external", "alerts/priorities"} <= computed(defs, "settle_external_job")


def test_a_load_of_tickets_triages_nothing_because_their_tick_does(followed):
    build_defs(settings=parse_settings(BOTH, name="opsguard.yaml", variables={}))
    assert not {each for each in followed["desk"] if each.startswith("alerts/")}
    defs = build_defs(settings=parse_settings(DESK, name="opsguard.yaml", variables={}))
    assert not {each for each in computed(defs, "sync_sources_job") if each.startswith("alerts/")}
    assert "alerts/priorities" in computed(defs, "score_sla_job")
