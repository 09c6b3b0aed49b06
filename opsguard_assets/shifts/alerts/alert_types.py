"""The alerts of shifts, as people meet them. Not here: the rules that find them (`alerts.findings`)."""

from opsguard_assets.alerts.alert_type import AlertType, names, smallest_plans

MONITOR = "shifts"
LATE_ARRIVAL, UNCONFIRMED, COVERAGE_GAP, GEOFENCE = (
    "late_arrival",
    "shift_unconfirmed",
    "coverage_gap",
    "geofence_violation",
)
LIKELY = "no_show_risk"
# Of the same names as the verdicts that they tell of.
NOBODY_CAME, ELSEWHERE, LEFT_EARLY = "no_show", "wrong_site", "early_exit"
TYPES = (
    AlertType(
        name=LATE_ARRIVAL,
        meaning="Nobody has arrived for a shift {shifts.late_after_minutes:g} minutes after its start.",
        next_step="call the guard",
        due="expected_until",
        plan="silver",
    ),
    AlertType(
        name=NOBODY_CAME,
        meaning="Nobody came to a shift within {shifts.no_show_after_minutes:g} minutes, or until its end.",
        next_step="find a substitute",
        due="expected_until",
        plan="silver",
    ),
    AlertType(
        name=LIKELY,
        meaning="The chance that nobody comes to a shift of the next 24 hours is {shifts.no_show_alert_from:.0%} or "
        "more.",
        next_step="ask whether the person comes",
        due="starts",
        plan="silver",
    ),
    AlertType(
        name=UNCONFIRMED,
        meaning="No punch is known for a shift, because the feed of its site is late.",
        next_step="check the clock of the site, or call the guard",
        due="expected_until",
        plan="silver",
    ),
    AlertType(
        name=ELSEWHERE,
        meaning="Somebody punched at another site than planned.",
        next_step="call the guard",
        due="expected_until",
        plan="silver",
    ),
    AlertType(
        name=LEFT_EARLY,
        meaning="Somebody left a shift more than {shifts.early_before_minutes:g} minutes before its end.",
        next_step="call the guard",
        due="expected_until",
        plan="silver",
    ),
    AlertType(
        name=COVERAGE_GAP,
        meaning="A post has fewer people than it needs, now or by the plan of the next day.",
        next_step="find somebody",
        due="due",
        plan="silver",
    ),
    AlertType(
        name=GEOFENCE,
        meaning="Somebody punched from outside the geofence of the site.",
        next_step="ask where the person was",
        plan="silver",
    ),
)
ALERT_TYPES, PLANS = names(TYPES), smallest_plans(TYPES)
