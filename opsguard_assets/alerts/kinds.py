"""Kinds of alerts that no domain declares: how they are written, which protect lives, who handles them.

Here: words that other systems use, and what they mean. Not here: alerts of other systems (`opsguard_assets.external`),
types that a domain declares (its `alert_types.py`).
"""

import re
from collections.abc import Sequence

import polars as pl

from opsguard_assets.alerts.alert_type import (
    EMERGENCY,
    FIELD,
    HELPDESK,
    IOT,
    NETWORK,
    NOC,
    PROCUREMENT,
    SECURITY,
    AlertType,
)
from opsguard_assets.alerts.finding import LIFE_SAFETY

UNNAMED = "external_alert"
_LONGEST = 60
# What is about the equipment, or says itself that nothing happened, protects no life: "smoke detector fault". The words
# must follow each other: a "fire in the test lab" does.
_NO_DANGER = (
    r"drill|fire_doors?|smoke_doors?|extinguisher|"
    r"(alarm|detector|panel|system|button|sensor|fire|smoke|panic|gas|intrusion|burglary|co)_"
    r"(test|tests|testing|fault|trouble|offline|disabled|bypass|bypassed|restored?|cleared|cancell?ed|maintenance|"
    r"inspection|supervisory|low_battery|battery|meter)"
)
# Canonical kind -> the words that mean it, in the order in which they are looked for.
_SPELLINGS = {
    "fire": r"fire|fires|flame|flames|firealarm",
    "smoke": r"smoke|smokealarm",
    "panic": r"panic|duress|hold_up|holdup|robbery|sos|man_down",
    "intrusion": r"intrusion|intrusions|intruder|intruders|burglary|burglar|break_in|breakin|forced_entry",
    "gas": r"gas|gas_leak|carbon_monoxide|co_alarm|co_detected|co_detector|co_high",
    "water_leak": r"water_leak|water_leakage|leak_detected|water_detected|flood|flooding",
}
_TEAMS = (
    (EMERGENCY, r"fire|smoke|gas|evacuation|medical"),
    (SECURITY, r"intrusion|panic|access|door|doors|camera|tamper|theft|security|loitering|perimeter|trespass"),
    (NETWORK, r"network|connectivity|link|wan|lan|vpn|gateway|router|switch|line|internet"),
    (IOT, r"device|sensor|battery|temperature|humidity|hvac|power|water_leak|elevator|lift|pump|meter"),
    (HELPDESK, r"sla|ticket|helpdesk"),
    (FIELD, r"shift|guard|patrol|tour|attendance"),
    (PROCUREMENT, r"vendor|contractor|work_order"),
)
_BY_SECURITY = ("intrusion", "panic")


def normalised(kind: pl.Expr) -> pl.Expr:
    """The kind of an alert as a name: lower case, words joined by "_"; usual spellings of life-safety kinds as one.

    "Fire alarm", "fire_alarm" and "FireAlarm" are `fire`; "Panic Button" is `panic`; a "fire drill" stays `fire_drill`.
    A kind without a letter or digit is `UNNAMED`.
    """
    split = kind.str.normalize("NFKC").str.replace_all(r"(\p{Ll})(\p{Lu})", "${1}_${2}").str.to_lowercase()
    name = split.str.replace_all(r"[^\p{L}\p{N}]+", "_").str.slice(0, _LONGEST).str.strip_chars("_")
    found = pl.when(name == "").then(pl.lit(UNNAMED)).when(_has(name, _NO_DANGER)).then(name)
    for canonical, words in _SPELLINGS.items():
        found = found.when(_has(name, words)).then(pl.lit(canonical))
    return found.otherwise(name).fill_null(UNNAMED)


def name_of(kind: str) -> str:
    """The same, of one kind: of a setting."""
    return str(pl.select(normalised(pl.lit(kind, pl.String))).item())


def life_safety_kinds(further: Sequence[str] = ()) -> tuple[str, ...]:
    """All kinds that protect lives, with those that the settings add (`triage.life_safety`)."""
    return tuple(dict.fromkeys([*LIFE_SAFETY, *map(name_of, further)]))


def type_of_kind(kind: str, further: Sequence[str] = ()) -> AlertType:
    """The description of a kind that no domain declares.

    Args:
        kind: Its name (`normalised`).
        further: Kinds that protect lives beside the usual ones (`triage.life_safety`).
    """
    words = kind.replace("_", " ")
    protects = kind in life_safety_kinds(further)
    return AlertType(
        name=kind,
        meaning=f"Another system reports: {words}.".replace("{", "{{").replace("}", "}}"),
        next_step="go and see" if protects else "look at it in the system that raised it",
        feature="alerts_basic",
        team=_team_of(kind),
        cause=kind,
        cost="life_safety_cost" if protects else "service_call_cost",
        needs_person=0.9 if protects else 0.5,
        minutes=60,
    )


def _team_of(kind: str) -> str:
    if kind in _BY_SECURITY:
        return SECURITY
    return next((team for team, words in _TEAMS if re.search(_pattern(words), kind)), NOC)


def _has(name: pl.Expr, words: str) -> pl.Expr:
    return name.str.contains(_pattern(words))


def _pattern(words: str) -> str:
    return rf"(^|_)({words})(_|$)"
