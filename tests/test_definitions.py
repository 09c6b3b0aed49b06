"""The code location: what people see before anything ran, and the documented cadences."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from opsguard_assets.build import build_defs
from opsguard_assets.cadences import keys_of
from opsguard_assets.config.load import parse_settings
from opsguard_assets.config.settings import Settings
from opsguard_assets.domains import AFTER_ALERTS, JOBS

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples/incident_log/opsguard.yaml"
ROOMS = {
    "alerts", "delivery", "devices", "finance", "incidents", "intake", "models", "reference", "remediation",
    "scorecards", "security", "shifts", "tickets", "triage", "vendors",
}  # fmt: skip


def definitions(text, **variables):
    return build_defs(settings=parse_settings(text, name="opsguard.yaml", variables=variables))


@pytest.fixture(scope="module")
def simulated():
    template = (ROOT / "templates/opsguard.yaml").read_text()
    return definitions(template, OPSGUARD_HOME="somewhere")


@pytest.fixture(scope="module", params=["simulated", "example"])
def defs(request, simulated):
    return simulated if request.param == "simulated" else definitions(EXAMPLE.read_text())


def test_every_asset_says_what_it_is_and_who_looks_after_it(defs):
    graph = defs.resolve_asset_graph()
    assert len(graph.get_all_asset_keys()) > 10
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.description, key
        assert node.owners, key
        assert node.group_name in ROOMS, key
        assert node.kinds, key
        if key.path[0] not in {"alerts", "delivery", "incidents", "models", "raw", "remediation", "simulated"}:
            assert "dagster/column_schema" in node.metadata, key
            columns = node.metadata["dagster/column_schema"].columns
            assert all(column.description for column in columns), key


def room_of(key):
    """Whose records an asset is about: its room, but for alerts, and for what lies in two."""
    about = {
        "sla_alerts": "tickets",
        "escalations": "tickets",
        "health_outcomes": "devices",
        "priorities": "triage",
        "external": "external",
    }
    others = {"raw": "intake", "simulated": "intake", "alerts": f"{key.path[-1].split('_')[0]}s"}
    return about.get(key.path[-1]) or others.get(key.path[0], key.path[0])


def test_every_asset_belongs_to_the_team_of_its_domain(simulated):
    owners = {
        "tickets": "team:helpdesk-analytics",
        "devices": "team:iot",
        "shifts": "team:workforce",
        "vendors": "team:procurement",
        "models": "team:ml",
        "finance": "team:finance",
        **dict.fromkeys(("scorecards", "satisfaction"), "team:client-success"),
        **dict.fromkeys(("external", "triage", "incidents", "remediation"), "team:operations"),
        **dict.fromkeys(("intake", "reference", "security", "delivery"), "team:data-platform"),
    }
    graph = simulated.resolve_asset_graph()
    found = {key: graph.get(key).owners for key in graph.get_all_asset_keys()}
    assert found == {key: [owners[room_of(key)]] for key in found}


def test_every_check_says_what_it_looks_at_and_what_to_do(defs):
    checks = [spec for asset in defs.assets for spec in asset.check_specs]
    assert len(checks) > 20
    for check in checks:
        assert len((check.description or "").split(". ")) >= 2, check.name
        assert check.description.endswith("."), check.name


def test_the_cadences_are_those_of_the_mission(simulated):
    cadences = {schedule.job_name: schedule.cron_schedule for schedule in simulated.schedules}
    assert cadences["score_sla_job"] == "*/15 * * * *"
    assert cadences["escalate_sla_job"] == "*/30 * * * *"
    assert cadences["score_devices_job"] == "0 * * * *"
    assert cadences["judge_shifts_job"] == "5,35 * * * *"
    assert cadences["plan_shifts_job"] == "0 2 * * *"
    assert cadences["score_vendors_job"] == "30 2 * * *"
    assert cadences["build_scorecards_job"] == "0 3 1 * *"
    assert cadences["train_sla_breach_job"] == "0 4 * * 1"
    assert set(cadences) == {
        "score_sla_job",
        "escalate_sla_job",
        "sync_sources_job",
        "keep_house_job",
        "train_sla_breach_job",
        "watch_sla_breach_job",
        "score_devices_job",
        "judge_health_job",
        "judge_shifts_job",
        "plan_shifts_job",
        "train_device_failure_job",
        "watch_device_failure_job",
        "score_vendors_job",
        "watch_orders_job",
        "train_work_order_late_job",
        "watch_work_order_late_job",
        "settle_external_job",
        "triage_alerts_job",
        "judge_noise_job",
        "judge_remediation_job",
        "account_revenue_job",
        "compute_kpis_job",
        "build_scorecards_job",
        "ask_satisfaction_job",
        "train_alert_action_job",
        "watch_alert_action_job",
    }
    assert all(schedule.default_status == dg.DefaultScheduleStatus.RUNNING for schedule in simulated.schedules)


def gap(cron):
    """Time between two ticks of one of our cron strings."""
    minute, hour, day, *_ = cron.split()
    if day != "*":
        return timedelta(days=31)
    if hour != "*":
        return timedelta(days=1)
    if minute.startswith("*/"):
        return timedelta(minutes=int(minute.removeprefix("*/")))
    return timedelta(hours=1) / len(minute.split(","))


def test_the_pace_of_every_job_is_that_of_its_schedule(simulated):
    learning = ("train_", "watch_sla", "watch_device", "watch_work", "watch_no", "watch_alert")
    paced = {s.job_name: gap(s.cron_schedule) for s in simulated.schedules if not s.job_name.startswith(learning)}
    assert paced == {name: job.cadence.every for name, job in JOBS.items()}


def test_whatever_has_a_cadence_says_when_it_is_stale_no_sooner_than_a_tick_may_be_left_out(simulated):
    graph, stale = simulated.resolve_asset_graph(), {}
    ticking = [s for s in simulated.schedules if not s.job_name.startswith(("sync_", "keep_", "train_"))]
    shared = set(keys_of(AFTER_ALERTS))  # by the most frequent of their jobs
    for schedule in ticking:
        for key in simulated.resolve_job_def(schedule.job_name).asset_layer.executable_asset_keys - shared:
            policy = graph.get(key).freshness_policy
            assert policy is not None, key
            stale[key.to_user_string()] = policy.warn_window.to_timedelta() / gap(schedule.cron_schedule)
    assert {"alerts/sla_alerts", "alerts/escalations", "models/sla_breach_watch", "shifts/shift_risk"} <= set(stale)
    assert all(1 < ticks <= 2 for ticks in stale.values()), stale
    assert {graph.get(key).freshness_policy.warn_window.to_timedelta() for key in shared} == {timedelta(minutes=30)}


def test_frequent_jobs_run_in_one_process_and_never_beside_themselves(simulated):
    assert simulated.resolve_all_job_defs()
    for job in simulated.resolve_all_job_defs():
        assert job.executor_def.name == "in_process"
        if not job.name.startswith("__"):
            assert job.tags["opsguard/exclusive"] == job.name


def test_the_tick_is_not_part_of_the_load(simulated):
    keys = {
        key.to_user_string() for key in simulated.resolve_job_def("sync_sources_job").asset_layer.executable_asset_keys
    }
    assert "tickets/sla_clocks" in keys
    assert not {"tickets/sla_risk", "alerts/sla_alerts", "alerts/escalations", "models/sla_breach_model"} & keys


def test_without_sources_there_is_nothing_to_run_but_housekeeping():
    defs = build_defs(settings=Settings())
    assert [job.name for job in defs.resolve_all_job_defs() if not job.name.startswith("__")] == ["keep_house_job"]


def test_definitions_load_on_a_machine_that_holds_no_secret(tmp_path):
    config = tmp_path / "opsguard.yaml"
    config.write_text(
        "sources:\n  - {name: erp, kind: sql, url: 'postgresql://u:${ERP_PASSWORD}@h/d', table: jobs, cursor: at, "
        "feeds: [{table: work_orders, same_names: true}]}\n"
    )
    variables = {k: v for k, v in os.environ.items() if not k.startswith("OPSGUARD")}
    result = subprocess.run(
        [sys.executable, "-c", "from opsguard_assets.definitions import defs; defs.resolve_asset_graph()"],
        env={**variables, "OPSGUARD_CONFIG": str(config), "OPSGUARD_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert not (tmp_path / "home").exists()


def test_a_sensor_watches_every_source_that_it_can_glance_at():
    text = """
sources:
  - {name: exports, kind: files, path: in, feeds: [{table: tickets, same_names: true}]}
  - {name: erp, kind: sql, url: 'sqlite://', table: jobs, feeds: [{table: work_orders, same_names: true}]}
"""
    watching = {sensor.name for sensor in definitions(text).sensors}
    assert watching == {
        "deliveries_sensor",
        "remediations_sensor",
        "new_files_sensor",
        "new_rows_sensor",
        "failed_runs_sensor",
        "sla_breach_champion_sensor",
        "sla_breach_retraining_sensor",
        "work_order_late_champion_sensor",
        "work_order_late_retraining_sensor",
        "alert_action_champion_sensor",
        "alert_action_retraining_sensor",
    }


def test_a_sensor_requests_all_tables_that_are_accepted_together_with_a_new_file(tmp_path):
    (tmp_path / "new.csv").write_text("ticket_id\n1\n")
    (tmp_path / "quiet").mkdir()
    text = f"""
sources:
  - {{name: exports, kind: files, path: '{tmp_path}/*.csv', feeds: [{{table: tickets, same_names: true}}]}}
  - name: erp
    kind: files
    path: '{tmp_path}/quiet'
    feeds: [{{table: tickets, same_names: true}}, {{table: sites, same_names: true}}]
"""
    defs = definitions(text)
    with dg.instance_for_test() as instance:
        context = dg.build_sensor_context(instance, repository_def=defs.get_repository_def())
        (request,) = defs.sensors[0].evaluate_tick(context).run_requests
    selected = defs.resolve_job_def("sync_sources_job").get_subset(asset_selection=set(request.asset_selection))
    keys = {key.to_user_string() for key in selected.asset_layer.executable_asset_keys}
    assert {"raw/exports", "tickets/tickets", "reference/sites", "tickets/sla_clocks"} <= keys
    assert "raw/erp" not in keys
