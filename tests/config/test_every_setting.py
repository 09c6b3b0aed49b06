"""Every setting of `opsguard.yaml`, changed alone, changes something that can be seen.

The settings are found by walking their models: one that is new fails until it has a case here.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel

from opsguard_assets.config.settings import Settings
from tests.config.consequences import (
    delivery,
    devices,
    finance,
    house,
    kpis,
    plans,
    remediation,
    routing,
    satisfaction,
    scorecards,
    shifts,
    tickets,
    triage,
    value,
    vendors,
    web,
)
from tests.config.consequences.given import STORES, as_text

# Setting -> another value than its default, and what shows it.
CASES = {
    "operations.timezone": ("Asia/Tokyo", house.definitions),
    "sla.alert_from": (0.65, tickets.sla_findings),
    "sla.high_from": (0.75, tickets.sla_findings),
    "sla.clear_below": (0.65, tickets.sla_findings),
    "sla.escalate_from": (0.9, tickets.escalation_asked),
    "sla.holdout_share": (0.5, tickets.sla_findings),
    "sla.alerts_per_day": (1, tickets.sla_findings),
    "sla.missed_tick_limit_minutes": (20, tickets.late_ticks),
    "retention.lake_days": (8, house.housekeeping_asked),
    "retention.decision_days": (8, house.housekeeping_asked),
    "retention.raw_days": (8, house.housekeeping_asked),
    "retention.risk_days": (8, house.housekeeping_asked),
    "retention.run_days": (8, house.housekeeping_asked),
    "alerts.reopen_within_minutes": (5, house.reopened),
    "alert_action.matures_after_hours": (1, triage.alert_labels),
    "alert_action.alert_from": (0.7, house.thresholds),
    "alert_action.noise_days": (1, triage.noise_of),
    "alert_action.noisy_below": (0.9, triage.noise_of),
    "alert_action.desk_alerts_per_day": (20, triage.noise_of),
    "alert_action.desk_real_per_day": (3, triage.noise_of),
    "alert_action.desks": ({"security": {"alerts_per_day": 5, "real_per_day": 2}}, triage.noise_of),
    "escalation.cooldown_minutes": (30, tickets.escalation_asked),
    "escalation.max_steps": (1, tickets.escalation_asked),
    "escalation.risk_minutes": (5, tickets.escalation_asked),
    "escalation.give_up_minutes": (5, tickets.escalation_asked),
    "escalation.unknown_minutes": (5, tickets.escalation_asked),
    "plans.bronze.alerts": (("sla_breach_risk",), tickets.sla_findings),
    "plans.silver.alerts": (("sla_breached",), tickets.sla_findings),
    "plans.gold.alerts": (("sla_breached",), tickets.sla_findings),
    **{
        f"plans.{plan}.features": (("triage", "vendor_performance"), plans.received)
        for plan in ("bronze", "silver", "gold")
    },
    "plans.currency": ("EUR", plans.paid),
    "plans.add_ons": ({"remediation": {"price": 80}}, plans.paid),
    "plans.clients": ({"s": {"remove": ["vendor_performance"]}}, plans.received),
    "billing.changes": ("daily", finance.invoices),
    "billing.adoption_targets": ({"triage": 0.9}, finance.adoption_targets),
    "billing.shadow_days": (1, finance.shadow),
    "remediation.folder": ("elsewhere", remediation.playbooks),
    "remediation.ready": (("device-offline",), remediation.playbooks),
    "remediation.max_autonomy": ("shadow", remediation.mode),
    "remediation.poll_seconds": (30, remediation.looked_again),
    "remediation.breaker.failures_in_a_row": (5, remediation.pauses),
    "remediation.breaker.failed_share": (0.8, remediation.pauses),
    "remediation.breaker.of_last": (5, remediation.pauses),
    "remediation.webhooks": ({"crm": remediation.ADDRESS}, remediation.findings),
    "remediation.commands": ({"restart": remediation.ADDRESS}, remediation.findings),
    "remediation.work_orders": (remediation.ADDRESS, remediation.targets),
    "remediation.ladder.least_runs": (10, remediation.ladder),
    "remediation.ladder.agreement_from": (0.5, remediation.ladder),
    "remediation.ladder.success_from": (0.4, remediation.ladder_alone),
    "remediation.ladder.demote_below": (0.9, remediation.ladder),
    "remediation.ladder.confidence": (0.99, remediation.ladder),
    "remediation.ladder.harms_to_demote": (1, remediation.ladder_alone),
    "remediation.outcome_hours": (48, remediation.outcomes),
    "remediation.outcome_days": (30, remediation.outcome_period),
    "remediation.approval_minutes": (10, remediation.outcomes),
    "device_alerts.silent_intervals": (2.5, devices.device_findings),
    "device_alerts.empty_within_hours": (30, devices.device_findings),
    "device_alerts.replace_below": (40, devices.device_findings),
    "device_alerts.replace_after_days": (10, devices.device_findings),
    "device_alerts.site_devices": (6, devices.device_findings),
    "device_alerts.site_share": (0.9, devices.device_findings),
    "device_alerts.site_within_intervals": (0.5, devices.device_findings),
    "device_alerts.maintenance_minutes": (60, devices.device_findings),
    "device_failure.judged_within": ("7d", devices.device_findings),
    "device_failure.alert_from": (0.6, devices.device_findings),
    "device_failure.medium_from": (0.75, devices.device_findings),
    "device_failure.high_from": (0.9, devices.device_findings),
    "device_failure.clear_below": (0.4, devices.device_findings),
    "device_failure.visits_per_day": (2, devices.device_risk),
    "shifts.late_after_minutes": (5, shifts.verdicts),
    "shifts.no_show_after_minutes": (60, shifts.verdicts),
    "shifts.early_before_minutes": (5, shifts.verdicts),
    "shifts.open_after_minutes": (10, shifts.verdicts),
    "shifts.days_ahead": (5, shifts.calendar),
    "shifts.rest_hours": (5, shifts.substitutes),
    "shifts.substitute_within_km": (5, shifts.substitutes),
    "shifts.substitute_travel_minutes": (20, web.shift_taken_over),
    "shifts.no_show_risk_for": (("*",), house.definitions),
    "shifts.no_show_alert_from": (0.6, shifts.shift_alerts),
    "shifts.proposals": (1, shifts.substitutes),
    "vendors.window_days": (30, vendors.vendor_scores),
    "vendors.fewest_jobs": (10, vendors.vendor_scores),
    "vendors.score_drop": (5, vendors.vendor_alerts),
    "vendors.sla_target": (0.8, vendors.vendor_alerts),
    "vendors.late_alert_from": (0.7, vendors.vendor_alerts),
    "vendors.overdue_high_hours": (2, vendors.vendor_alerts),
    "vendors.cancelled": (("storno",), vendors.vendor_scores),
    "vendors.sentiment_days": (1, vendors.vendor_scores),
    "kpis.figures": ({"sla_performance": {"good": 99}}, kpis.bands),
    "kpis.clients": ({"c1": {"sla_performance": {"good": 99}}}, kpis.bands),
    "kpis.planned_categories": (("SERVICE",), kpis.planned),
    "kpis.tour_grace_minutes": (20, kpis.tours),
    "learning.tuning_seconds": (1, house.training_asked),
    "learning.tuning_trials": (1, house.training_asked),
    "learning.candidates": (("lightgbm",), house.training_asked),
    "money.breach_cost": (2000, house.costs),
    "money.failure_cost": (2000, house.costs),
    "money.no_show_cost": (2000, house.costs),
    "money.late_order_cost": (2000, house.costs),
    "money.service_call_cost": (500, triage.priorities_of),
    "money.life_safety_cost": (500, triage.priorities_of),
    "triage.life_safety": (("Water leak",), triage.priorities_of),
    "routing.group_by": (("client",), routing.incidents_of),
    "routing.group_wait_seconds": (0, routing.decided),
    "routing.group_interval_minutes": (60, routing.decided),
    "routing.repeat_interval_minutes": (60, routing.decided),
    "routing.channels": (("mail",), routing.decided),
    "routing.interrupt_from": (70, routing.decided),
    "routing.supervisor_from": (97, routing.decided),
    "routing.client_from": (97, routing.decided),
    "routing.executives_from": (97, routing.decided),
    "routing.chain": (("noc",), routing.decided),
    "routing.chain_minutes.critical": (5, routing.decided),
    "routing.chain_minutes.high": (5, routing.decided),
    "routing.chain_minutes.medium": (5, routing.decided),
    "routing.chain_minutes.low": (5, routing.decided),
    "routing.quiet_hours.begins": ("13:00", routing.decided),
    "routing.quiet_hours.ends": ("09:00", routing.decided),
    "routing.digest_at": (("09:30",), routing.decided),
    "routing.messages_per_hour": (2, routing.decided),
    "routing.age_limit_minutes": (30, routing.decided),
    "triage.external_days": (3, triage.external_alerts),
    "triage.costs": ({"device_silent": 5000}, triage.priorities_of),
    "money.alert_minutes": (60, house.costs),
    "money.hourly_cost": (60, house.costs),
    "money.prevented_share": (0.9, house.costs),
    "money.lead_minutes": (10, house.costs),
    "money.clients": ({"acme": {"breach_cost": 2500}}, value.worth),
    "web.host": ("127.0.0.2", web.listens_at),
    "web.port": (3199, web.listens_at),
    "web.base_url": ("https://ops.example.org", web.names_answered),
    "web.allowed_hosts": (("desk.internal",), web.names_answered),
    "web.proxies": (("10.0.0.7",), web.asked_often),
    "web.slack_signing_secret": ("${SLACK_SECRET}", web.slack_answered),
    "web.link_hours": (24, web.links_work),
    "web.requests_per_minute": (60, web.asked_often),
    "scorecards.sign_off": ("optional", scorecards.sign_off),
    "scorecards.four_eyes": (True, scorecards.sign_off),
    "scorecards.language": ("de", scorecards.readers),
    "scorecards.locale": ("de_CH", scorecards.readers),
    "scorecards.recipients": (("cfo@ops.example",), scorecards.readers),
    "scorecards.subject": ("{month}: {client}", scorecards.subject),
    "satisfaction.target": (4.0, satisfaction.standings),
    "satisfaction.clients": ({"C1": {"contacts": ["ann@one.example"]}}, satisfaction.asked),
    "scorecards.clients": ({"C1": {"language": "de"}}, scorecards.readers),
    "delivery.channels": ({"desk": {"kind": "folder"}}, delivery.channels),
    "delivery.give_up_minutes": (60, delivery.rounds),
    "delivery.unknown_minutes": (20, delivery.doubts),
    **{f"ticket_system[sql].{name}": (value, house.sql_desk) for name, value in house.OTHER_SQL.items()},
    **{f"ticket_system[webhook].{name}": (value, house.webhook_desk) for name, value in house.OTHER_WEBHOOK.items()},
}
# What else follows the thresholds of alerts: figures, gates and replays of each problem, and the reasons of a tick.
ALSO = {
    "remediation.max_autonomy": remediation.ladder,
    "sla.alert_from": house.thresholds,
    "sla.clear_below": tickets.reasons,
    "sla.escalate_from": house.thresholds,
    "device_failure.alert_from": house.thresholds,
    "device_failure.clear_below": house.thresholds,
    "shifts.no_show_alert_from": house.thresholds,
    "shifts.no_show_after_minutes": shifts.no_show_labels,
    "shifts.late_after_minutes": shifts.no_show_labels,
    "vendors.late_alert_from": house.thresholds,
    "vendors.fewest_jobs": vendors.vendor_alerts,
    "device_alerts.silent_intervals": devices.gaps_of_devices,
    "device_alerts.replace_below": devices.health,
}
# Sources have tests of their own, word by word (tests/intake), and `kind` says which settings there are.
# Routes and inhibit rules are lists of rules, which tests/routing and tests/incidents go through,
# and price lists are gone through by tests/entitlements.
ELSEWHERE = {"sources", "routing.routes", "routing.inhibit_rules"} | {
    f"plans.{plan}.price" for plan in ("bronze", "silver", "gold")
}


def leaves(model: type[BaseModel], place: str = "") -> Iterator[str]:
    """The names of all settings, in which sections they are; of a choice, those of each kind."""
    for name, field in model.model_fields.items():
        if name == "kind" or place + name in ELSEWHERE:
            continue
        parts = [part for part in (field.annotation, *get_args(field.annotation)) if _is_model(part)]
        kinds = [(part, part.model_fields["kind"].annotation) for part in parts if "kind" in part.model_fields]
        if get_origin(field.annotation) is Mapping:
            yield place + name
        elif kinds:
            for part, kind in kinds:
                yield from leaves(part, f"{place}{name}[{get_args(kind)[0]}].")
        elif parts:
            yield from leaves(parts[0], f"{place}{name}.")
        else:
            yield place + name


def _is_model(part: Any) -> bool:
    return isinstance(part, type) and issubclass(part, BaseModel)


def changed(place: str, value: object) -> Settings:
    """The default settings with one other value."""
    first, *rest = place.split(".")
    if "[" in first:
        return house.with_desk(first.partition("[")[2].rstrip("]"), rest[0], value)
    node: dict[str, object] = {}
    inner = node
    for name in (first, *rest[:-1]):
        inner[name] = inner = {}
    inner[rest[-1]] = value
    return Settings.model_validate(node)


@pytest.fixture(scope="module", autouse=True)
def stores(databases):
    """Where effects that need a database get one."""
    STORES.append(databases)
    yield
    STORES.clear()


@cache
def seen_by_default(place: str, effect) -> str:
    kind = place.partition("[")[2].partition("]")[0]
    return as_text(effect(house.with_desk(kind) if kind else Settings()))


def test_every_setting_has_a_case_and_every_case_a_setting():
    assert sorted(leaves(Settings)) == sorted(CASES)
    assert set(ALSO) <= set(CASES)


@pytest.mark.parametrize(
    ("place", "effect"),
    [*((place, effect) for place, (_, effect) in CASES.items()), *ALSO.items()],
    ids=lambda each: each if isinstance(each, str) else each.__name__,
)
def test_changed_alone_a_setting_changes_what_it_says(place, effect):
    settings = changed(place, CASES[place][0])
    assert as_text(effect(settings)) != seen_by_default(place if "[" in place else "", effect)
