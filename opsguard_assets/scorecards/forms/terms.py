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
# Why there is no figure.
MISSING = {
    "none": msgid("nothing of this kind was in the month"),
    "few": msgid("too few to say"),
    "unknown": msgid("more than half is unknown"),
    "no_feed": msgid("no source delivers this"),
    "not_complete": msgid("complete one month later"),
}
# Why rows are not counted.
REASONS = {
    "cancelled": msgid("cancelled"),
    "paused": msgid("paused over the end of the month"),
    "unknown": msgid("not known"),
    "excused": msgid("excused"),
    "not_due": msgid("not due"),
    "covered_by_substitute": msgid("covered by a substitute"),
    "upcoming": msgid("not over yet"),
    "called_off": msgid("called off"),
    "no_due_at": msgid("without a due date"),
    "false_alarm": msgid("false alarm"),
    "duplicate": msgid("reported twice"),
    "maintenance": msgid("in maintenance"),
    "no_position": msgid("without a position"),
    "no_radius": msgid("site without a radius"),
    "feed_behind": msgid("the source is behind"),
    "blind": msgid("no source delivered at all"),
    "expired": msgid("expired"),
    "muted": msgid("muted"),
    "held_back": msgid("held back to measure the effect"),
    "tone_unknown": msgid("tone unknown"),
    "already_late": msgid("already late"),
}
ITEMS = {
    "breaches": msgid("Deadlines kept"),
    "device_failures": msgid("Device failures averted"),
    "no_shows": msgid("No-shows averted"),
    "alerts_resolved": msgid("Alerts resolved without hands"),
    "hours_saved": msgid("Hours saved"),
    "penalties": msgid("Penalties of vendors"),
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
# What to do about something that is likely to go wrong.
ACTIONS = {
    "escalate": msgid("escalate, or give to somebody with time"),
    "inspect": msgid("inspect before it happens"),
    "replace": msgid("replace"),
    "fill": msgid("have a substitute ready"),
    "chase": msgid("ask the vendor for a date"),
    "look": msgid("look at once"),
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
