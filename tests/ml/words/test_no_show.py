"""Every sentence on parts in shifts, against the facts that its row was made of."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ml.problems.no_show.features import FEATURES
from ml.problems.no_show.rule import NoShowRule
from ml.problems.no_show.words import topics
from tests.ml.words.facts import maybe, number_of, percent_said, rounded, rows_of, said_by, shrunk
from tests.properties import examples

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@st.composite
def parts(draw):
    """A part in a shift as facts, and the features that these make."""
    shifts = draw(st.integers(0, 300))
    missed, late = draw(st.integers(0, shifts)), draw(st.integers(0, shifts))
    everywhere = draw(st.floats(0, 0.5))
    at_site = draw(st.integers(0, 500))
    missed_there = draw(st.integers(0, at_site))
    hour, weekday = draw(st.integers(0, 23)), draw(st.integers(1, 7))
    substitute = draw(st.booleans())
    row = {
        "hours_ahead": draw(st.floats(-5, 24)),
        "duration_hours": draw(st.floats(1, 14)),
        "start_hour": float(hour),
        "weekday": float(weekday),
        "is_weekend": float(weekday >= 6),
        "is_night": float(hour >= 19),
        "is_critical": float(draw(st.booleans())),
        "is_substitute": float(substitute),
        "notice_hours": draw(st.floats(0, 100)) if substitute else None,
        "distance_km": draw(maybe(st.floats(0, 900))),
        "person_shifts": float(shifts),
        "person_rate": shrunk(missed, shifts, 20, everywhere),
        "person_late_rate": shrunk(late, shifts, 20, 0.02),
        "days_since_no_show": draw(st.floats(0, 180)) if missed else None,
        "rest_hours": draw(maybe(st.floats(0, 2_000))),
        "arrivals_7d": float(draw(st.integers(0, 9))),
        "days_since_arrival": draw(maybe(st.floats(0, 100))),
        "site_rate": shrunk(missed_there, at_site, 50, everywhere),
        "fleet_rate": everywhere,
    }
    return {"missed": missed, "late": late, "shifts": shifts, "at_site": at_site}, row


def record_of(facts):
    shifts, missed = facts["shifts"], facts["missed"]
    if not shifts:
        return "no past shift is known"
    if missed:
        return f"did not come to {missed} of {number_of(shifts, 'past shift')}"
    return "came to the only past shift" if shifts == 1 else f"came to all {shifts} past shifts"


def expected(facts, row):
    hour, km = int(row["start_hour"]), row["distance_km"]
    known = {name: value is not None for name, value in row.items()}
    return {
        "person_rate": record_of(facts),
        "person_shifts": record_of(facts),
        "days_since_no_show": f"a shift without a show became known {number_of(row['days_since_no_show'], 'day')} ago"
        if facts["missed"] else None,
        "person_late_rate": f"late at {facts['late']} of {number_of(facts['shifts'], 'past shift')}"
        if facts["late"] else None,
        "rest_hours": f"{rounded(row['rest_hours'])} h between the last punch and the start"
        if known["rest_hours"] else None,
        "days_since_arrival": f"last punch {number_of(row['days_since_arrival'], 'day')} ago"
        if known["days_since_arrival"] else None,
        "arrivals_7d": f"came to {number_of(row['arrivals_7d'], 'shift')} in the last seven days"
        if row["arrivals_7d"] else None,
        "start_hour": f"starts between {hour}:00 and {hour}:59 local time",
        "is_night": "starts at 19:00 or later" if hour >= 19 else None,
        "is_weekend": "a weekend shift" if row["weekday"] >= 6 else None,
        "weekday": f"a {DAYS[int(row['weekday']) - 1]}",
        "duration_hours": f"lasts {rounded(row['duration_hours'], 1)} h",
        "is_substitute": "a substitute" if row["is_substitute"] else None,
        "notice_hours": f"a substitute told {rounded(row['notice_hours'])} h before" if row["is_substitute"] else None,
        "is_critical": "a critical post" if row["is_critical"] else None,
        "distance_km": f"{rounded(km)} km from the usual site" if km is not None and km > 1 else None,
        "site_rate": f"no-shows at this site are put at {percent_said(row['site_rate'], 1)}, "
        f"everywhere at {percent_said(row['fleet_rate'], 1)}"
        if row["site_rate"] > row["fleet_rate"] + 1e-9 else None,
        "fleet_rate": f"no-shows everywhere are put at {percent_said(row['fleet_rate'], 1)}",
    }  # fmt: skip


@settings(max_examples=examples(100))
@given(st.lists(parts(), min_size=1, max_size=4))
def test_every_sentence_on_a_shift_is_made_of_its_own_feature_and_holds(drawn):
    frame = rows_of(FEATURES, [row for _, row in drawn])
    reasons = topics(frame)
    said_by(reasons, [expected(*one) for one in drawn])
    members = {name for features in reasons.members.values() for name in features}
    assert members - set(reasons.phrases) == {"hours_ahead"}  # which is always said
    for (facts, row), always, rule in zip(drawn, reasons.always, NoShowRule().reasons(frame), strict=True):
        hours = rounded(row["hours_ahead"], 1)
        assert always == (f"starts in {abs(hours)} h" if hours >= 0 else f"started {-hours} h ago")
        assert rule == f"{record_of(facts)}; the estimate is {percent_said(row['person_rate'], 1)}"


@given(parts())
def test_a_site_without_a_history_is_no_reason(drawn):
    facts, row = drawn
    assert facts["at_site"] or topics(rows_of(FEATURES, [row])).phrases["site_rate"].to_list() == [None]
