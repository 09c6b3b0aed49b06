"""What grouping has to know, made of the settings, the declared types and the lake.

Here: reading and composing. Not here: grouping (`grouping`), its transaction (`io`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import polars as pl

from opsguard_assets.alerts.alert_type import AlertType, features_of
from opsguard_assets.alerts.kinds import life_safety_kinds, type_of_kind
from opsguard_assets.config.matching import Matcher
from opsguard_assets.config.settings import Settings
from opsguard_assets.entitlements.io import entitlements_at
from opsguard_assets.incidents.grouping import GroupRules
from opsguard_assets.incidents.io import Context
from resources.lake import Lake


def context_of(settings: Settings, declared: Mapping[str, AlertType], lake: Lake, as_of: datetime) -> Context:
    """Types, plans and what protects lives, as known at a moment."""
    further = settings.triage.life_safety
    return Context(
        describe=lambda kinds: described_types(kinds, declared, further),
        entitlements=entitlements_at(lake, settings, as_of),
        features=features_of(declared.values()),
        life_safety=life_safety_kinds(further),
    )


def described_types(
    kinds: Sequence[str], declared: Mapping[str, AlertType], further: Sequence[str] = ()
) -> pl.DataFrame:
    """(`alert_type`, `cause`, `team`) of some types, also of such that no domain declares."""
    known = [declared.get(kind) or type_of_kind(kind, further) for kind in kinds]
    rows = [(kind, each.cause, each.team) for kind, each in zip(kinds, known, strict=True)]
    schema = {"alert_type": pl.String, "cause": pl.String, "team": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def rules_of(settings: Settings) -> GroupRules:
    """What is one incident, and at which priorities something happens."""
    own = settings.routing
    levels = {own.interrupt_from, own.supervisor_from, own.client_from, own.executives_from}
    levels |= {int(level) for route in own.routes for level in _levels(route.when)}
    return GroupRules(
        group_by=own.group_by, inhibit=own.inhibit_rules, levels=sorted(level for level in levels if level is not None)
    )


def _levels(matcher: Matcher | None) -> list[float]:
    """The priorities that a matcher names, with those just above."""
    if matcher is None:
        return []
    inner = [*(matcher.all_ or ()), *(matcher.any_ or ()), *([matcher.not_] if matcher.not_ else [])]
    found = [level for part in inner for level in _levels(part)]
    if matcher.priority is not None:
        own = matcher.priority
        exact = [*(own.in_ or ()), *([own.is_] if own.is_ is not None else [])]
        found += [*exact, *(value + 1 for value in exact)]
        found += [own.at_least] if own.at_least is not None else []
        found += [own.at_most + 1] if own.at_most is not None else []
    return found
