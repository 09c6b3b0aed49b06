"""What codes of a card are called: bands, reasons, kinds of risks and values, sections, plans.

Here: code to text, for the catalogue. Not here: definitions of key figures (the registry has these), sentences.

A code that is not listed is said as its own words, so that a new reason reaches readers before its translation does.
"""

from collections.abc import Mapping

from opsguard_assets.scorecards.forms.language import Words, msgid, plain

# In words and by a shape of its own: never by colour alone.
BANDS = {"good": msgid("on target"), "warning": msgid("watch"), "bad": msgid("off target")}
MARKS = {"good": "●", "warning": "▲", "bad": "■", None: "○"}
NO_DATA = msgid("no data")
# What stands in a table where there is nothing to say.
NOTHING = "\N{EN DASH}"

SECTIONS = {
    "operations": msgid("Operational excellence"),
    "quality": msgid("Quality"),
    "risk": msgid("Risk"),
    "shifts": msgid("Shifts"),
    "devices": msgid("Devices"),
    "vendors": msgid("Vendors"),
    "remediation": msgid("Remediation"),
    "predictions": msgid("Predictions"),
}
# Why there is no figure (`kpis.figures`).
MISSING = {
    "nothing": msgid("nothing of this kind was in the month"),
    "too_few": msgid("too few to say"),
    "mostly_unknown": msgid("more is unknown than known"),
    "no_feed": msgid("no source delivers this"),
}
# Why rows are not counted, of all key figures (the modules of `kpis`).
REASONS = {
    "acted_on": msgid("acted on"),
    "already_late": msgid("already late"),
    "cancelled": msgid("cancelled"),
    "duplicate": msgid("reported twice"),
    "excused": msgid("excused"),
    "false_alarm": msgid("false alarm"),
    "holiday": msgid("on holidays"),
    "maintenance": msgid("in maintenance"),
    "never_heard": msgid("never heard"),
    "no_due": msgid("without a due date"),
    "no_interval": msgid("without a known interval"),
    "no_playbook": msgid("before any playbook"),
    "no_position": msgid("without a position"),
    "no_radius": msgid("at a site without a radius"),
    "no_tone": msgid("tone unknown"),
    "not_acknowledged": msgid("not acknowledged"),
    "not_due": msgid("not due yet"),
    "opened_again": msgid("opened again"),
    "paused": msgid("paused"),
    "replaced_or_expired": msgid("replaced or expired"),
    "substituted": msgid("covered by a substitute"),
    "suppressed": msgid("kept from people"),
    "too_recent": msgid("too recent to tell"),
    "unknown_blind": msgid("unknown: nothing was received"),
    "unknown_feed": msgid("unknown: the source is behind"),
    "unknown_repairs": msgid("unknown: repairs are never named"),
    "unknown_response": msgid("unknown: nobody said when"),
}
ITEMS = {
    "breaches": msgid("Deadlines kept"),
    "device_failures": msgid("Device failures averted"),
    "no_shows": msgid("No-shows averted"),
    "alerts_resolved": msgid("Alerts resolved without hands"),
    "hours_saved": msgid("Hours saved"),
    "penalties": msgid("Penalties avoided"),
    "late_orders": msgid("Orders late by contract"),
}
METHODS = {
    "counted": msgid("counted one by one"),
    "measured": msgid("measured against a hold-out"),
    "too_few": msgid("too few held back to say"),
    "estimated": msgid("estimated, not measured"),
    "provider": msgid("all clients together"),
}
KINDS = {
    "ticket": msgid("ticket"),
    "device": msgid("device"),
    "shift": msgid("shift"),
    "work_order": msgid("work order"),
    "alert": msgid("alert"),
}
# What to do about something that is likely to go wrong (`card.likely`).
ACTIONS = {
    "move_ticket": msgid("escalate, or give to somebody with time"),
    "visit_device": msgid("have it inspected before"),
    "confirm_shift": msgid("ask for confirmation, have a substitute ready"),
    "chase_vendor": msgid("ask the vendor for a date"),
}
PLANS = {"bronze": msgid("Bronze"), "silver": msgid("Silver"), "gold": msgid("Gold")}
FEATURES = {
    "triage": msgid("triage"),
    "alerts_basic": msgid("basic alerts"),
    "scorecard": msgid("scorecard"),
    "sla_prevention": msgid("SLA prevention"),
    "shift_compliance": msgid("shift compliance"),
    "device_health": msgid("device health"),
    "vendor_performance": msgid("vendor performance"),
    "playbooks_basic": msgid("basic playbooks"),
    "remediation": msgid("remediation"),
    "device_assurance": msgid("device assurance"),
    "priority_support": msgid("priority support"),
}
# What predictions announce, in the plural.
PROBLEMS = {
    "sla_breach": msgid("late tickets"),
    "device_failure": msgid("device failures"),
    "no_show": msgid("no-shows"),
    "work_order_late": msgid("late work orders"),
    "alert_action": msgid("alerts that need a person"),
}


def term(words: Words, names: Mapping[str, str], code: str) -> str:
    """What a code is called; one that is not listed is its own words."""
    return words.say(names[code]) if code in names else plain(code.replace("_", " "))
