"""Every sentence on alerts, against the facts that its row was made of."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ml.problems.alert_action.features import FEATURES
from ml.problems.alert_action.words import topics
from tests.ml.words.facts import (
    a_few,
    maybe,
    minutes_said,
    number_of,
    percent_said,
    rounded,
    rows_of,
    said_by,
    shrunk,
    times_said,
)
from tests.properties import examples

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
GROUPS = ("recent", "rule_site", "site", "client", "hour")


@st.composite
def alerts(draw):
    """An alert as facts, and the features that these make."""
    rule, entity = draw(st.integers(0, 100)), draw(st.integers(0, 30))
    facts = {"rule": (draw(st.integers(0, rule)), rule), "entity": (draw(st.integers(0, entity)), entity)}
    everywhere = draw(st.floats(0, 0.9))
    own = shrunk(*facts["rule"], 4.0, everywhere)
    shares = {}
    for name in GROUPS:
        number = draw(st.integers(0, 50))
        facts[name] = number
        usual = own if name in {"recent", "rule_site"} else everywhere
        shares[name] = shrunk(draw(st.integers(0, number)), number, 4.0, usual)
    counts = ("entity_day", "entity_week", "rule_day", "rule_week", "site_half_hour", "all_half_hour", "site_open",
              "all_open")  # fmt: skip
    row = {
        "all_share": everywhere,
        "rule_share": own,
        "rule_settled": float(rule),
        "entity_share": shrunk(*facts["entity"], 4.0, own),
        "entity_settled": float(entity),
        "rule_recent_share": shares["recent"],
        **{f"{name}_share": shares[name] for name in GROUPS if name != "recent"},
        **{name: float(draw(a_few)) for name in counts},
        "entity_gap_hours": draw(maybe(st.floats(0, 2_000))),
        "hour": float(draw(st.integers(0, 23))),
        "weekday": float(draw(st.integers(1, 7))),
        "is_working_hours": float(draw(st.booleans())),
        "on_duty": draw(maybe(a_few.map(float))),
        "severity_rank": draw(maybe(st.integers(1, 4).map(float))),
        "score": draw(maybe(st.floats(0, 1))),
        "plan_rank": draw(maybe(st.integers(1, 3).map(float))),
        "type_minutes": draw(maybe(st.floats(0, 5_000))),
        "is_life_safety": float(draw(st.booleans())),
        "age_minutes": draw(st.floats(0, 9_000)),
    }
    return facts, row


def needed(facts, name, about=""):
    acted, number = facts[name]
    return f"{acted} of {number_of(number, 'alert')} of this type{about} needed a person" if acted else None


def known_of(number, about=""):
    return f"{number_of(number, 'alert') if number else 'no alert'} of this type{about} known"


def expected(facts, row):
    everywhere, own = row["all_share"], row["rule_share"]

    def above(name, usual, of, whose):
        share = row[name]
        said = f"{of} need a person in {percent_said(share)} of cases, {whose} in {percent_said(usual)}"
        return said if share > usual + 1e-9 else None

    def others(name, where):
        return f"{number_of(row[name], 'other alert')} {where}" if row[name] else None

    def again(span):
        count = row[f"entity_{span}"]
        return f"raised {times_said(count)} before in the last {span}" if count else None

    duty, hour = row["on_duty"], int(row["hour"])
    severity = {1: "of low severity", 2: "of medium severity", 3: "of high severity", 4: "critical"}
    return {
        "rule_share": needed(facts, "rule"),
        "entity_share": needed(facts, "entity", " about the same thing"),
        "rule_settled": known_of(facts["rule"][1]),
        "entity_settled": known_of(facts["entity"][1], " about the same thing"),
        "rule_recent_share": above("rule_recent_share", own, "alerts of this type lately", "of this type usually"),
        "rule_site_share": above("rule_site_share", own, "alerts of this type at this site", "of this type anywhere"),
        "site_share": above("site_share", everywhere, "alerts of this site", "of all"),
        "client_share": above("client_share", everywhere, "alerts of this client", "of all"),
        "hour_share": above("hour_share", everywhere, "alerts at this time of day", "of all"),
        "all_share": f"{percent_said(everywhere)} of all alerts need a person",
        "rule_day": others("rule_day", "of this type in the last day"),
        "rule_week": others("rule_week", "of this type in the last week"),
        "site_half_hour": others("site_half_hour", "of this site in the last half hour"),
        "all_half_hour": others("all_half_hour", "anywhere in the last half hour"),
        "site_open": others("site_open", "of this site unresolved"),
        "all_open": others("all_open", "anywhere unresolved"),
        "entity_day": again("day"),
        "entity_week": again("week"),
        "entity_gap_hours": None
        if row["entity_gap_hours"] is None
        else f"the same was raised {rounded(row['entity_gap_hours'], 1)} h before",
        "on_duty": None
        if duty is None
        else f"{number_of(duty, 'person', 'people')} on duty"
        if duty
        else "nobody is on duty",
        "severity_rank": None if row["severity_rank"] is None else severity[int(row["severity_rank"])],
        "score": None if row["score"] is None else f"its monitor puts it at {percent_said(row['score'])}",
        "plan_rank": None
        if row["plan_rank"] is None
        else f"the client's plan is {('bronze', 'silver', 'gold')[int(row['plan_rank']) - 1]}",
        "type_minutes": None
        if row["type_minutes"] is None
        else f"alerts of this type take {rounded(row['type_minutes'])} min on average",
        "is_life_safety": "it protects lives" if row["is_life_safety"] else None,
        "hour": f"raised between {hour}:00 and {hour}:59",
        "weekday": f"raised on a {DAYS[int(row['weekday']) - 1]}",
        "is_working_hours": "raised in working hours" if row["is_working_hours"] else "raised outside working hours",
    }


@settings(max_examples=examples(100))
@given(st.lists(alerts(), min_size=1, max_size=4))
def test_every_sentence_on_an_alert_is_made_of_its_own_feature_and_holds(drawn):
    told = topics(rows_of(FEATURES, [row for _, row in drawn]))
    said_by(told, [expected(*one) for one in drawn])
    members = {name for features in told.members.values() for name in features}
    assert members == set(FEATURES)
    assert members - set(told.phrases) == {"age_minutes"}  # which is always said
    for (_, row), always in zip(drawn, told.always, strict=True):
        age = row["age_minutes"]
        assert always == ("just raised" if age < 1 else f"raised {minutes_said(age)} ago")


@given(alerts())
def test_a_group_without_a_history_is_no_reason(drawn):
    facts, row = drawn
    told = topics(rows_of(FEATURES, [row])).phrases
    names = {"recent": "rule_recent_share"} | {name: f"{name}_share" for name in GROUPS[1:]}
    without = [names[name] for name in GROUPS if not facts[name]]
    assert {name: told[name].to_list() for name in without} == {name: [None] for name in without}
