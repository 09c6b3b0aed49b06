"""The features that plans are made of. Not here: prices (`plans`), who receives what (`entitlements`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

FeatureName = Literal[
    "triage", "alerts_basic", "scorecard", "sla_prevention", "shift_compliance", "device_health", "vendor_performance",
    "playbooks_basic", "remediation", "device_assurance", "priority_support",
]  # fmt: skip
FEATURE_NAMES: Final[tuple[FeatureName, ...]] = get_args(FeatureName)


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One feature.

    Attributes:
        plan: The smallest plan that holds it.
        gives: What a client receives by it.
        includes: Features that come with it, also where it is added by itself.
        acts: Whether it changes something for the client: then it needs a plan that is known. Everything else is
            received without one.
    """

    plan: str
    gives: str
    includes: tuple[FeatureName, ...] = ()
    acts: bool = False


FEATURES: Final[Mapping[FeatureName, Feature]] = {
    "triage": Feature(plan="bronze", gives="alerts in the order of what waiting costs, with reasons"),
    "alerts_basic": Feature(plan="bronze", gives="alerts of missed deadlines, and playbooks that collect and tell"),
    "scorecard": Feature(plan="bronze", gives="the monthly scorecard, with its files"),
    "sla_prevention": Feature(plan="silver", gives="alerts of deadlines that will be missed, and escalation"),
    "shift_compliance": Feature(plan="silver", gives="alerts of shifts and posts, and their section of the scorecard"),
    "device_health": Feature(plan="silver", gives="alerts of silent and worn devices, and their section"),
    "vendor_performance": Feature(plan="silver", gives="alerts of work orders that are late or will be, their section"),
    "playbooks_basic": Feature(
        plan="silver", gives="playbooks that assign, escalate, mute, resolve and suggest", acts=True
    ),
    "remediation": Feature(
        plan="gold",
        gives="playbooks that restart devices, order jobs, open tickets and offer shifts; their section",
        includes=("playbooks_basic",),
        acts=True,
    ),
    "device_assurance": Feature(plan="gold", gives="alerts of devices that will fail", includes=("device_health",)),
    "priority_support": Feature(plan="gold", gives="answers before others, by your people: no channel depends on it"),
}


def with_included(features: tuple[FeatureName, ...]) -> tuple[FeatureName, ...]:
    """Features with those that come with them, in the order of `FEATURES`."""
    found = {*features, *(each for name in features for each in FEATURES[name].includes)}
    return tuple(name for name in FEATURE_NAMES if name in found)
